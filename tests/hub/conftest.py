"""A hub of this machine, the real clients pointed at it, and a small built set."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest

import ffld
from ffld.build import build
from ffld.hub import client
from ffld.hub.client import Repository
from ffld.hub.publish import publish
from tests.benchmark.conftest import dots, run  # noqa: F401  runs on a tiny dataset, here too
from tests.hub.server import Account, LocalHub

NAME, SPLITS, LIMIT = "ffld", ("train", "test"), 7
REVISION = ffld.spec(NAME).revision
WRITER, READER = "hf_writer", "hf_reader"


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built set; don't change it."""
    out = tmp_path_factory.mktemp("built") / "set"
    build(NAME, out, splits=SPLITS, limit=LIMIT, processes=1)
    return out


@pytest.fixture
def built(whole: Path, tmp_path: Path) -> Path:
    """A copy of the built set."""
    return shutil.copytree(whole, tmp_path / "set")


@pytest.fixture
def hub(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalHub]:
    """The hub, asked as somebody who may write; the clients have a cache of their own."""
    import datasets

    constants, home = huggingface_hub.constants, tmp_path_factory.mktemp("hf")
    with LocalHub() as server:
        server.tokens[WRITER] = Account("writer", writes=True, terms=frozenset({"org/set"}))
        server.tokens[READER] = Account("reader")
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
        monkeypatch.setattr(datasets.config, "HF_ENDPOINT", server.url)
        monkeypatch.setattr(client, "WAITS", (0.01, 0.01, 0.01))
        monkeypatch.setenv("HF_TOKEN", WRITER)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
        yield server


@pytest.fixture
def published(hub: LocalHub, whole: Path) -> tuple[Repository, str]:
    """The built set in a repository: its name and the commit."""
    repository = Repository("org/set")
    return repository, publish(whole, repository).commit


@pytest.fixture
def ffld_command(hub: LocalHub, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """Run `python -m ...` as a user whose hub this is."""
    own = {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_TOKEN": WRITER,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }

    def call(*arguments: object) -> subprocess.CompletedProcess:
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(
            command, env=os.environ | own, capture_output=True, text=True, check=False
        )

    return call


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder, by its path."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
