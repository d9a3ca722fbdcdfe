"""Fixtures for all tests: no network, a cache folder of their own, the real samples if present."""

from __future__ import annotations

import os
from pathlib import Path
from threading import RLock

import pytest
from tqdm import tqdm

# Before torch is imported: test workers share the cores, and waiting threads would spin.
os.environ["OMP_NUM_THREADS"] = "1"

if hasattr(os, "register_at_fork"):
    # tqdm's lock is one of all forks of a process: a test that kills one might take it along
    os.register_at_fork(after_in_child=lambda: tqdm.set_lock(RLock()))

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def fixtures_root() -> Path:
    """Folder of the real samples; their licences keep them out of the project."""
    folder = Path(os.environ.get("FFLD_FIXTURES") or ROOT.parent / "shared" / "fixtures")
    if not folder.is_dir():
        pytest.skip("no real samples: set FFLD_FIXTURES to a folder that holds them")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["FFLD_CACHE"] = str(tmp_path_factory.mktemp("cache"))
