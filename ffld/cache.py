"""Where what can be made again is kept, and arrays in it."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

CROPS_LOCK = "crops.lock"  # held while crops are made


def cache_folder() -> Path:
    """$FFLD_CACHE, else ffld in the user's cache folder; it need not exist."""
    if own := os.environ.get("FFLD_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ffld"


def mark_used(path: Path) -> None:
    """Date something kept by this moment, for `ffld.kept`; where that can't be, it stays."""
    with suppress(OSError):
        os.utime(path)


def load_arrays(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays kept in a file; None where there is none, or none that can be read."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
    except Exception:  # NumPy, zipfile and zlib each have errors of their own for damaged files
        return None
    mark_used(path)
    return arrays


def keep_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to a file, whole or not at all; a cache that can't be written is a warning."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False, suffix=".part") as file:
            np.savez_compressed(file, **arrays)
        os.replace(file.name, path)
    except OSError as error:
        warnings.warn(
            f"nothing can be kept in {path.parent} ({error.strerror}), so it will be made again "
            "the next time; set FFLD_CACHE to a folder with room",
            stacklevel=2,
        )
