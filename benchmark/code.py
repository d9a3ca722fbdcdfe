"""Which code makes a run: the commit of this project that it is."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

UNKNOWN = "unknown"
DIRTY = "-dirty"  # behind the commit where files differ from it


@cache
def commit() -> str:
    """The commit of this code as it was first asked for; `UNKNOWN` outside of its repository.

    A copy that was installed into a repository of somebody else's is not of that one's commits.
    """
    try:
        _git("ls-files", "--error-unmatch", Path(__file__).name)
        found = _git("rev-parse", "HEAD")
        return found + DIRTY if _git("status", "--porcelain", "--untracked-files=no") else found
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN


def _git(*words: str) -> str:
    command = ["git", "-C", str(Path(__file__).parent), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
