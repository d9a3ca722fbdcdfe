"""Repositories on a Hugging Face hub: what they are called, which files they have, asking of them.

Requests are repeated where the hub fails, and every error is one line (`ffld.hub.errors`).
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeVar

from huggingface_hub import HfApi, constants
from huggingface_hub.hf_api import RepoFile
from tqdm import tqdm

from ffld.hub.errors import CLIENT_ERRORS, HubError, cause_of, explain, passes, was_repeated

Answer = TypeVar("Answer")

WAITS = (1.0, 2.0, 4.0)  # seconds before a request is repeated
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)


@dataclass(frozen=True)
class Repository:
    """A repository of a hub; `kind` is dataset or model."""

    name: str
    kind: str = "dataset"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise HubError(f"{self.name!r} isn't the name of a repository: write ORG/NAME")

    @property
    def address(self) -> str:
        """Its page."""
        folder = "" if self.kind == "model" else f"{self.kind}s/"
        return f"{constants.ENDPOINT}/{folder}{self.name}"


@dataclass(frozen=True)
class Snapshot:
    """A repository at a commit.

    Attributes:
        hashes: path -> what its content must hash to: SHA-256 of large files, git's id of others.
        sizes: path -> bytes.
    """

    repository: Repository
    commit: str
    hashes: Mapping[str, str]
    sizes: Mapping[str, int]

    def __str__(self) -> str:
        return f"{self.repository.name}@{self.commit[:12]}"


def parse(address: str, kind: str = "dataset") -> tuple[Repository, str | None]:
    """The repository and the revision, if there is one, of hf://ORG/NAME@REVISION.

    Args:
        kind: of the repository; the hub's own hf://datasets/ORG/NAME is understood too.
    """
    found = re.fullmatch(rf"hf://(?:{kind}s/)?([^@]+?)/?(?:@(.+))?", str(address))
    if found is None:
        raise HubError(f"{address!r} isn't an address: write hf://ORG/NAME or hf://ORG/NAME@COMMIT")
    return Repository(found[1], kind), found[2]


def is_commit(revision: str | None) -> bool:
    """Whether a revision is a commit's whole id, so that what it names never changes."""
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def is_offline() -> bool:
    """Whether the user has set HF_HUB_OFFLINE."""
    return constants.HF_HUB_OFFLINE


def look_up(repository: Repository, revision: str | None = None) -> Snapshot:
    """The commit that a revision is now, and its files.

    Raises:
        HubError: there is no such thing, or a file has a name that no file of ours can have.
    """

    def ask() -> Snapshot:
        about = {"repo_id": repository.name, "repo_type": repository.kind}
        commit = HfApi().repo_info(**about, revision=revision).sha
        listing = HfApi().list_repo_tree(**about, revision=commit, recursive=True)
        files = {entry.path: entry for entry in listing if isinstance(entry, RepoFile)}
        return Snapshot(
            repository=repository,
            commit=commit,
            hashes={path: f.lfs.sha256 if f.lfs else f.blob_id for path, f in files.items()},
            sizes={path: file.size for path, file in files.items()},
        )

    what = repository.name if revision is None else f"{repository.name}@{revision}"
    found = patiently(ask, repository, what)
    for path in found.hashes:
        if not _stays_inside(path):
            raise HubError(
                f"{found} lists a file {path!r}, which would be written outside of its folder: "
                "don't use this repository"
            )
    return found


def create(repository: Repository, private: bool = False) -> None:
    """Make a repository, if it isn't there."""

    def ask() -> None:
        HfApi().create_repo(
            repository.name, repo_type=repository.kind, private=private or None, exist_ok=True
        )

    patiently(ask, repository, f"making {repository.name}")


def patiently(ask: Callable[[], Answer], repository: Repository, what: str) -> Answer:
    """Ask a hub, again where it fails in a way that passes; its errors as `HubError`."""
    waits = iter(WAITS)
    while True:
        try:
            return ask()
        except HubError:
            raise
        except CLIENT_ERRORS as error:
            cause = cause_of(error)
            wait = next(waits, None) if passes(cause) and not was_repeated(error) else None
            if wait is None:
                explained = explain(cause, what, repository.address)
                if explained is None:
                    raise
                raise explained from error
            tqdm.write(f"{what} failed; trying again in {wait:g} s", file=sys.stderr)
            time.sleep(wait)


def _stays_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and not (
        path.startswith("/") or ".." in parts or "\\" in path or ":" in path or "\0" in path
    )
