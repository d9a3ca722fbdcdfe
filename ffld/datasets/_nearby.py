"""What lies close to where a copy of photographs was looked for: another folder, another name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path


def meant(root: Path, holds: Callable[[Path], bool]) -> str:
    """A question for the folder above or just below `root` that holds a dataset; "" for none."""
    root = Path(os.path.abspath(root))
    try:
        with os.scandir(root) as entries:
            below = sorted(entry.name for entry in entries if entry.is_dir())
    except OSError:
        below = []
    for folder in (root.parent, *(root / name for name in below)):
        if holds(folder):
            return f"did you mean root={str(folder)!r}?"
    return ""


def other_case(paths: Iterable[str], there: Callable[[str], bool] = os.path.isfile) -> str:
    """What to say where one of these files is there with its extension in other letters."""
    for path in paths:
        stem, extension = os.path.splitext(path)
        for letters in (extension.upper(), extension.lower(), f".{extension[1:].capitalize()}"):
            if letters != extension and there(stem + letters):
                name = os.path.basename(stem + letters)
                return f"there is {name}, which would have to be named {extension}"
    return ""
