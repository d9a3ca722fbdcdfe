"""What lies in the cache, and how to be rid of it.

All of it can be made or fetched again, at the cost of that time. An entry is what is of use as a
whole: a file of crops or labels, a commit's folder of weights. Its date is that of its last use.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ffld.cache import CROPS_LOCK, cache_folder
from ffld.sample import DataError

_DAY = 24 * 60 * 60.0
_GOING = ".removing-"  # a folder on its way out: of no use to anybody


@dataclass(frozen=True)
class Kind:
    """Entries of one kind.

    Attributes:
        what: for people.
        names: of its entries, in full; whatever else lies there is not ours to delete.
        depth: how many folders below the cache's they lie.
        lock: within the entry's folder or above, held by who makes them.
    """

    what: str
    names: str
    depth: int = 1
    lock: str | None = None


KINDS = {
    "crops": Kind(
        "images cut to a model's size; made again by the run that needs them",
        r".+-[0-9a-f]{16}\.(npy|part|done)",
        lock=f"../{CROPS_LOCK}",
    ),
    "labels": Kind("labels of procedural splits; made again when one is opened", r".+\.npz"),
    "built": Kind("which shards of built datasets were verified", r"[0-9a-f]{24}\.npz"),
    "weights": Kind(
        "weights fetched from a hub",
        rf"({re.escape(_GOING)})?[0-9a-f]{{40}}",  # what a killed removal left, too
        depth=3,
        lock=".lock",
    ),
    "submissions": Kind("predictions of leaderboard entries, fetched", r"[0-9a-f]{64}\.parquet"),
}


@dataclass(frozen=True)
class Entry:
    """Something kept.

    Attributes:
        size: bytes that it takes on the disk.
        used: when it was last used, in seconds since the epoch.
    """

    path: Path
    size: int
    used: float


def entries(kind: str) -> list[Entry]:
    """Of a kind, the one that was used last first."""
    found = filter(None, map(_entry, _paths(kind)))
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
        unused: leave those that were used in the last so many days; 0 for none.
        dry: delete nothing.
        each: is called with every entry that goes.

    Raises:
        DataError: somebody is making such an entry, or one cannot be deleted.
    """
    latest, total = time.time() - unused * _DAY, 0
    for kind in kinds:
        for path in _paths(kind):
            with contextlib.nullcontext() if dry else _held(path, KINDS[kind].lock):
                entry = _entry(path)  # as it is now: it may have been used, or gone, meanwhile
                if entry is None or (unused and entry.used > latest):
                    continue
                if not dry:
                    _delete(path)
            each(entry)
            total += entry.size
    return total


def _paths(kind: str) -> list[Path]:
    about = KINDS[kind]
    folder = cache_folder() / kind
    found = folder.glob("/".join("*" * about.depth))
    return sorted(path for path in found if re.fullmatch(about.names, path.name))


@contextlib.contextmanager
def _held(path: Path, lock: str | None) -> Iterator[None]:
    """Keep others from making such entries meanwhile."""
    if lock is None:
        yield
        return
    try:
        with FileLock(path.parent / lock, timeout=1):
            yield
    except Timeout as error:
        raise DataError(
            f"another process is making something in {path.parent}: wait for it, or stop it"
        ) from error


def _delete(path: Path) -> None:
    try:
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)
            return
        # Under another name first: a folder that is cut short must not be taken for a whole one.
        going = path
        if not path.name.startswith(_GOING):
            going = path.with_name(f"{_GOING}{path.name}")
            if going.exists():
                shutil.rmtree(going)
            os.rename(path, going)
        shutil.rmtree(going)
    except OSError as error:
        raise DataError(f"{path} cannot be deleted ({error.strerror})") from error


def _entry(path: Path) -> Entry | None:
    """What a path holds; None where it has gone meanwhile."""
    try:
        single = path.is_symlink() or not path.is_dir()
        states = [file.lstat() for file in ([path] if single else [path, *path.rglob("*")])]
    except OSError:
        return None
    # Crops are written into files that have their full length from the start: blocks count.
    size = sum(getattr(state, "st_blocks", state.st_size / 512) * 512 for state in states)
    return Entry(path, int(size), max(state.st_mtime for state in states))
