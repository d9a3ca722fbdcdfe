"""Where what can be made again is kept."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """$FFLD_CACHE, else ffld in the user's cache folder; it need not exist."""
    if own := os.environ.get("FFLD_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ffld"
