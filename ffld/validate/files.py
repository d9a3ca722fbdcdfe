"""Whose files may be opened: nothing outside the folder, nothing that could run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ffld.atomic import is_litter
from ffld.validate.report import Report

# Formats that may run code when they are loaded; the suite has no use for any of them.
_RUNNABLE = {".pkl", ".pickle", ".pt", ".pth", ".joblib", ".npy", ".npz", ".py", ".so", ".dill"}


def leaves(path: Path, folder: Path) -> bool:
    """Whether a path leads out of its folder by a link.

    The cache of the Hugging Face clients is let pass: snapshots there are links to blobs.
    """
    folder = folder.resolve()
    try:
        real = path.resolve()
    except (OSError, RuntimeError):  # a link to itself
        return True
    blobs = folder.parent.parent / "blobs"
    homes = (folder, blobs) if folder.parent.name == "snapshots" else (folder,)
    return not any(real.is_relative_to(home) for home in homes)


def check_tree(folder: Path, report: Report, expected: Callable[[str], bool] | None = None) -> None:
    """Report links that lead out, what could run and, where it is known, what doesn't belong.

    Args:
        expected: whether a file belongs, by its relative name; None where others may be there.
    """
    for current, folders, files in os.walk(folder):
        here = Path(current)
        for name in sorted([*folders, *files]):
            path = here / name
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink() and leaves(path, folder):
                report.add("file-outside", relative, f"a link to {os.readlink(path)}")
            elif name in folders:
                continue
            elif Path(name).suffix.lower() in _RUNNABLE:
                report.add("file-unexpected", relative, "a file of a format that can run code")
            elif expected is not None and not (is_litter(path) or expected(relative)):
                report.add("file-unexpected", relative, f"{path.lstat().st_size:,} bytes")
        folders.sort()
