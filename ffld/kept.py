"""What lies in the cache, and how to be rid of it.

All of it can be made or fetched again, at the cost of that time. An entry is what is of use as a
whole: a file of crops or labels, a commit's folder of weights. Its date is that of its last use.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ffld.cache import CROPS_LOCK, cache_folder
from ffld.sample import DataError

_DAY = 24 * 60 * 60.0


@dataclass(frozen=True)
class Kind:
    """Entries of one kind: what they are, and how deep in their folder they lie."""

    what: str
    depth: int = 1


KINDS = {
    "crops": Kind("images cut to a model's size; made again by the run that needs them"),
    "labels": Kind("labels of procedural splits; made again when one is opened"),
    "built": Kind("which shards of built datasets were verified"),
    "weights": Kind("weights fetched from a hub", depth=3),
    "submissions": Kind("predictions of leaderboard entries, fetched"),
}


@dataclass(frozen=True)
class Entry:
    """Something kept.

    Attributes:
        used: when it was last used, in seconds since the epoch.
    """

    path: Path
    size: int
    used: float


def entries(kind: str) -> list[Entry]:
    """Of a kind, the one that was used last first."""
    folder = cache_folder() / kind
    found = [_entry(path) for path in _at(folder, KINDS[kind].depth)]
    return sorted(found, key=lambda entry: -entry.used)


def remove(
    kinds: Sequence[str],
    unused: float = 0.0,
    *,
    dry: bool = False,
    each: Callable[[Entry], None] = lambda entry: None,
) -> int:
    """Delete entries of some kinds; how many bytes they had.

    Args:
        unused: leave those that were used in the last so many days.
        dry: delete nothing.
        each: is called with every entry that goes.

    Raises:
        DataError: a run is making crops, or something cannot be deleted.
    """
    latest, total = time.time() - unused * _DAY, 0
    for kind in kinds:
        with _held(kind):
            for entry in entries(kind):
                if entry.used > latest:
                    continue
                if not dry:
                    _delete(entry.path)
                each(entry)
                total += entry.size
    return total


@contextmanager
def _held(kind: str) -> Iterator[None]:
    """Keep runs from making crops meanwhile."""
    lock = FileLock(cache_folder() / CROPS_LOCK)
    if kind != "crops" or not cache_folder().is_dir():
        yield
        return
    try:
        lock.acquire(timeout=1)
    except Timeout as error:
        raise DataError(
            f"a run is making crops in {cache_folder()}: wait for it, or stop it"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _delete(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{path} cannot be deleted ({error.strerror})") from error


def _at(folder: Path, depth: int) -> Iterator[Path]:
    """What lies so deep in a folder."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if depth == 1:
            yield path
        elif path.is_dir() and not path.is_symlink():
            yield from _at(path, depth - 1)


def _entry(path: Path) -> Entry:
    single = path.is_symlink() or not path.is_dir()
    files = [path] if single else [file for file in path.rglob("*") if file.is_file()]
    states = [file.lstat() for file in files]
    # Crops are written in place, sparse until then: what takes room are blocks.
    size = sum(getattr(state, "st_blocks", state.st_size / 512) * 512 for state in states)
    return Entry(path, int(size), max([path.lstat().st_mtime, *(s.st_mtime for s in states)]))
