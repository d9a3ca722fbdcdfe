"""Worker processes that end with the process they work for, even if that is killed.

joblib's workers wait for further work, and don't learn that nobody is left to send any for as long
as five minutes.
"""

from __future__ import annotations

import os
import threading
import time

from joblib import Parallel

_LOOK = 1.0  # seconds between two looks at whether the parent is still there


def workers(count: int = -1) -> Parallel:
    """joblib's pool of `count` processes, -1 for as many as there are cores; results in order."""
    return Parallel(n_jobs=count, return_as="generator", initializer=_follow_parent)


def _follow_parent() -> None:
    parent = os.getppid()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:  # an orphan is given another one
        time.sleep(_LOOK)
    os._exit(1)
