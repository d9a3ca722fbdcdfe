"""Files that appear whole or not at all, and those that nobody wrote."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SHADOW = "._"  # what macOS puts before a file's name for one with its attributes


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path in the same folder; it takes the place of `path` if the block succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def unwritable(folder: Path) -> str | None:
    """Why nothing can be written in a folder, which need not exist; None where it can."""
    nearest = folder.absolute()
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir():
        return f"cannot make {str(folder)!r}: {str(nearest)!r} is a file"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"cannot write in {str(nearest)!r}"
    return None


def misnamed(path: Path, suffixes: Sequence[str]) -> str | None:
    """Why a file that is written in the format of these suffixes can't be called so.

    None where it can, and where no suffix says anything of a format.
    """
    if path.suffix.lower() in ("", *suffixes):
        return None
    return f"{path.name!r} would not be a {path.suffix} file; name it {' or '.join(suffixes)}"


def is_litter(path: Path) -> bool:
    """Whether a file is one that file managers leave in every folder that they show."""
    return path.name in (".DS_Store", "Thumbs.db", "desktop.ini") or path.name.startswith(SHADOW)


def leftovers(folder: Path, name: str) -> list[Path]:
    """What writers of folder / name that were killed have left of it."""
    return [p for p in folder.glob(f".{name}.*") if p.suffix[1:].isdecimal()]
