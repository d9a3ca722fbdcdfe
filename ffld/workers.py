"""Worker processes that end with the process they work for, even if that is killed.

joblib's workers wait for further work, and don't learn that nobody is left to send any for as long
as five minutes. Ctrl-C goes to every process of a terminal; workers leave it to the one that they
work for, which ends them.
"""

from __future__ import annotations

import multiprocessing.resource_tracker
import os
import signal
import threading
import time
from collections.abc import Iterable
from typing import Any

from joblib import Parallel
from joblib.externals.loky.backend import resource_tracker

_LOOK = 1.0  # seconds between two looks at whether the parent is still there


def workers(count: int = -1) -> Parallel:
    """joblib's pool of `count` processes, -1 for as many as there are cores; results in order."""
    return _Workers(n_jobs=count, return_as="generator", initializer=_follow_parent)


class _Workers(Parallel):
    def __call__(self, iterable: Iterable[Any]) -> Any:
        """Start the work, with Ctrl-C held back: workers are born deaf to it, as they inherit."""
        if not hasattr(signal, "pthread_sigmask"):  # Windows
            return super().__call__(iterable)
        for tracker in (multiprocessing.resource_tracker, resource_tracker):
            tracker.ensure_running()  # whose start within would let it through again
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().__call__(iterable)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:  # an orphan is given another one
        time.sleep(_LOOK)
    os._exit(1)
