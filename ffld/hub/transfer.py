"""Files from a repository of a hub and into one: the official client moves them, this verifies.

What arrives is compared with its hash before it is used, and fetched again if it differs. The
client checks sizes alone, and takes what its cache has for sound.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    hf_hub_download,
    try_to_load_from_cache,
)
from tqdm import tqdm

from ffld import shards
from ffld.hub import client
from ffld.hub.client import Repository, Snapshot, patiently
from ffld.hub.errors import HubError

_AT_ONCE = 4  # files that are fetched at the same time


@dataclass(frozen=True)
class Published:
    """What publishing did: the commit that holds everything now; numbers of files."""

    commit: str
    sent: int
    kept: int
    removed: int


def fetch(
    repository: Repository,
    commit: str,
    hashes: Mapping[str, str],
    folder: Path | None = None,
    bar: tqdm | None = None,
) -> Iterator[tuple[str, Path]]:
    """Fetch files, several at a time, and yield each as (path, where it is) when it is verified.

    Args:
        hashes: path in the repository -> its hash, as in `Snapshot`.
        folder: to put them in; the client's cache unless told.
        bar: of bytes; moved on.

    Raises:
        HubError: a file can't be had, or arrives damaged every time.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        coming = {
            pool.submit(_fetch_one, repository, commit, path, expected, folder, bar): path
            for path, expected in hashes.items()
        }
        try:
            for done in as_completed(coming):
                yield coming[done], done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def cached(repository: Repository, revision: str, path: str) -> Path | None:
    """Where the client's cache has a file; None where it hasn't."""
    found = try_to_load_from_cache(
        repository.name, path, revision=revision, repo_type=repository.kind
    )
    return Path(found) if isinstance(found, str) else None


def remember(snapshot: Snapshot, revision: str, path: str) -> Path:
    """Fetch a file into the client's cache, so that it knows a revision's commit from then on."""
    repository = snapshot.repository

    def ask() -> str:
        return hf_hub_download(repository.name, path, repo_type=repository.kind, revision=revision)

    patiently(ask, repository, f"{path} of {repository.name}@{revision}")
    known = cached(repository, revision, path)
    if known is None or snapshot.commit not in known.parts:
        # the client gives what it had where the hub fails between two requests
        raise HubError(f"{repository.name}@{revision} has changed in the meantime: start again")
    ((_, found),) = fetch(repository, snapshot.commit, {path: snapshot.hashes[path]})
    return found


def text(snapshot: Snapshot, path: str) -> str | None:
    """A small file of a repository; None where it isn't there."""
    if path not in snapshot.hashes:
        return None
    hashes = {path: snapshot.hashes[path]}
    ((_, found),) = fetch(snapshot.repository, snapshot.commit, hashes)
    return found.read_text(encoding="utf-8", errors="replace")


def update(
    before: Snapshot, files: Mapping[str, Path | bytes], gone: Iterable[str], message: str
) -> Published:
    """Make a repository hold these files by a commit of what differs, if anything does.

    Args:
        gone: files that are to be taken out.
    """
    changed = {
        path: content
        for path, content in files.items()
        if path not in before.hashes
        or before.hashes[path] != digest_of(content, before.hashes[path])
    }
    gone = list(gone)
    commit = before.commit
    if changed or gone:
        commit = send(before, changed, gone, message)
    return Published(commit, len(changed), len(files) - len(changed), len(gone))


def send(
    before: Snapshot, files: Mapping[str, Path | bytes], gone: Iterable[str], message: str
) -> str:
    """Put files into a repository and take others out, in one commit; its id.

    Large files that a killed run has sent are not sent again.

    Args:
        before: what the repository was looked up to be; if it has changed since, nothing is done.
    """
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    operations += [CommitOperationDelete(path) for path in gone]

    def ask() -> str:
        return (
            HfApi()
            .create_commit(
                before.repository.name,
                operations,
                repo_type=before.repository.kind,
                commit_message=message,
                parent_commit=before.commit,
            )
            .oid
        )

    return patiently(ask, before.repository, f"sending to {before.repository.name}")


def digest_of(content: Path | bytes, like: str) -> str:
    """The hash of a file or of bytes, of the kind that another hash is."""
    if len(like) == 64 and isinstance(content, Path):
        return shards.digest(content)
    data = content if isinstance(content, bytes) else content.read_bytes()
    if len(like) == 64:
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()  # git's


def _fetch_one(
    repository: Repository,
    commit: str,
    path: str,
    expected: str,
    folder: Path | None,
    bar: tqdm | None,
) -> Path:
    counted = 0
    again = False

    class Forwarding(tqdm):
        """The client's bar of one file, unseen; it moves ours."""

        def __init__(self, *args: object, **options: object) -> None:
            options.pop("name", None)
            super().__init__(*args, **{**options, "disable": True})

        def update(self, n: float | None = 1) -> None:
            nonlocal counted
            counted += n or 0
            if bar is not None:
                bar.update(n)

    def ask() -> Path:
        nonlocal counted
        if bar is not None:
            bar.update(-counted)
        counted = 0
        return Path(
            hf_hub_download(
                repository.name,
                path,
                repo_type=repository.kind,
                revision=commit,
                local_dir=folder,
                force_download=again,
                tqdm_class=Forwarding,
            )
        )

    what = f"{path} of {repository.name}@{commit[:12]}"
    for _ in (*client.WAITS, None):
        found = patiently(ask, repository, what)
        if digest_of(found, expected) == expected:
            return found
        # a link into the cache, or a copy of what is in it: either would be given to us again
        again = True
        for file in (found.resolve(), found):
            with suppress(FileNotFoundError):
                file.unlink()
    raise HubError(
        f"{what} arrived damaged {len(client.WAITS) + 1} times: its hash isn't {expected}; tell "
        f"its owners at {repository.address}/discussions"
    )
