"""Fetch a published dataset into a folder as `python -m ffld build` leaves it, or open it.

    OUT/.download/    what is on its way, and a lock; nothing else in OUT is ever half there

A file moves to its place when its SHA-256 is that of the manifest; the manifest comes last. So a
download can be killed at any moment, and the next one keeps what is there and sound. The card of a
folder with some of the splits is of these alone, as `load_dataset` looks for every split of a card.
"""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm import tqdm

from ffld import shards
from ffld.atomic import is_litter, leftovers, replacing
from ffld.built import open_built
from ffld.catalog import SPLITS, DatasetSpec
from ffld.hub import client, transfer
from ffld.hub.about import describe
from ffld.hub.card import card
from ffld.hub.client import Repository, Snapshot
from ffld.hub.errors import HubError
from ffld.manifest import Manifest
from ffld.sample import DataError, Split

CARD = "README.md"
DOCUMENTS = (CARD, "croissant.json")
_STAGING = ".download"


@dataclass(frozen=True)
class Downloaded:
    """What a download left in a folder: of which commit, how much of it was fetched now."""

    commit: str
    manifest: Manifest
    fetched: int
    kept: int


def download(
    repository: Repository,
    out: str | Path,
    *,
    revision: str | None = None,
    splits: Sequence[str] | None = None,
) -> Downloaded:
    """Fetch a dataset, or what a killed download left to fetch, into a folder.

    Args:
        out: a new or empty folder, or one where this was begun or where other splits are.
        revision: a branch, a tag or a commit; the head of the main branch unless told.
        splits: all that there are, unless told.

    Raises:
        DataError: the repository can't be read, holds no dataset of ours or one of another
            edition, or the folder holds something else.
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file; give a folder")
    snapshot = client.look_up(repository, revision)
    manifest = _manifest(snapshot)
    staging = out / _STAGING
    staging.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(staging / "lock", timeout=0):
            try:
                return _download(snapshot, manifest, splits, out)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except Timeout as error:
        raise DataError(f"another download into {out} is running; wait for it") from error


def open_published(address: str, split: str, description: DatasetSpec, limit: int | None) -> Split:
    """A split of a published dataset, fetched into the client's cache where it isn't there.

    Args:
        address: hf://ORG/NAME@REVISION. Without a commit's whole id, the hub is asked what the
            revision is now; with HF_HUB_OFFLINE, a warning says which commit is in the cache.

    Raises:
        DataError: see `download` and `ffld.built.open_built`.
    """
    repository, revision = client.parse(address)
    manifest, folder = _cached_manifest(repository, revision)
    commit = folder.name
    if manifest.dataset != description.name:
        raise DataError(f"{address} is of dataset {manifest.dataset}, not {description.name}")
    wanted = manifest.of([split], address).files
    missing = {
        file: entry.sha256
        for file, entry in wanted.items()
        if transfer.cached(repository, commit, file) is None
    }
    with _bar(sum(wanted[file].bytes for file in missing), 0, repository) as bar:
        for _ in transfer.fetch(repository, commit, missing, bar=bar):
            pass
    return open_built(
        folder,
        split,
        dataset=description.name,
        revision=description.revision,
        schema=description.schema,
        limit=limit,
        whole=description.splits[split],
        remedy="Delete it, and it will be fetched again",
    )


def pinned(address: str) -> tuple[str, Path]:
    """The address with the commit that it stands for now, and the manifest of that in the cache.

    Raises:
        DataError: see `open_published`.
    """
    repository, revision = client.parse(address)
    _, folder = _cached_manifest(repository, revision)
    return f"hf://{repository.name}@{folder.name}", folder / shards.MANIFEST


def _download(
    snapshot: Snapshot, manifest: Manifest, splits: Sequence[str] | None, out: Path
) -> Downloaded:
    staging = out / _STAGING / "files"
    shutil.rmtree(staging, ignore_errors=True)
    for left in (*leftovers(out, shards.MANIFEST), *leftovers(out, CARD)):
        left.unlink(missing_ok=True)
    repository, commit = snapshot.repository, snapshot.commit
    chosen = manifest.of(splits or manifest.splits, snapshot)
    older = _older(out, manifest)
    _refuse_foreign(out, manifest)
    kept = set(older.splits if older else ()) | set(chosen.splits)
    written = manifest.of((split for split in SPLITS if split in kept), snapshot)
    part = len(written.splits) < len(manifest.splits)
    wanted = {entry.file: entry.sha256 for entry in chosen.files.values()}
    sizes = {entry.file: entry.bytes for entry in chosen.files.values()}
    for name in DOCUMENTS:
        if name in snapshot.hashes and not (part and name == CARD):
            wanted[name], sizes[name] = snapshot.hashes[name], snapshot.sizes[name]
    missing = {
        f: digest for f, digest in wanted.items() if not _is_there(out / f, sizes[f], digest)
    }
    size = sum(sizes[file] for file in missing)
    _refuse_full_disk(out, size)
    with _bar(sum(sizes.values()), sum(sizes.values()) - size, repository) as bar:
        for file, path in transfer.fetch(repository, commit, missing, staging, bar):
            (out / file).parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, out / file)
    if part:
        with replacing(out / CARD) as temporary:
            text = card(describe(out, written, written.edition(snapshot)), repository.name)
            temporary.write_text(text, encoding="utf-8")
    with replacing(out / shards.MANIFEST) as temporary:
        temporary.write_text(written.text(), encoding="utf-8")
    return Downloaded(commit, written, len(missing), len(wanted) - len(missing))


def _manifest(snapshot: Snapshot) -> Manifest:
    """The manifest of a snapshot, of an edition that can be read, and of the files that it has."""
    hashes = {shards.MANIFEST: _hash_of_manifest(snapshot)}
    ((_, path),) = transfer.fetch(snapshot.repository, snapshot.commit, hashes)
    return _read(path, snapshot)


def _cached_manifest(repository: Repository, revision: str | None) -> tuple[Manifest, Path]:
    """The manifest of a revision and the folder that the cache has for its commit."""
    revision = revision or "main"
    place = f"{repository.name}@{revision}"
    path = transfer.cached(repository, revision, shards.MANIFEST)
    if client.is_offline():
        if path is None:
            raise HubError(
                f"{place} isn't in the cache, and HF_HUB_OFFLINE is set: unset it to fetch it once"
            )
        if not client.is_commit(revision):
            warnings.warn(
                f"HF_HUB_OFFLINE is set: {place} is taken from the cache as commit "
                f"{path.parent.name}, whatever it is by now",
                stacklevel=2,
            )
    elif path is None or not client.is_commit(revision):
        snapshot = client.look_up(repository, revision)
        _hash_of_manifest(snapshot)
        path = transfer.remember(snapshot, revision, shards.MANIFEST)
        return _read(path, snapshot), path.parent
    return _read(path, place), path.parent


def _hash_of_manifest(snapshot: Snapshot) -> str:
    if shards.MANIFEST not in snapshot.hashes:
        raise HubError(
            f"{snapshot} has no {shards.MANIFEST}, so it isn't a dataset of this project"
        )
    return snapshot.hashes[shards.MANIFEST]


def _read(path: Path, place: Snapshot | str) -> Manifest:
    """A fetched manifest, which must be of an edition known here, and of the files listed."""
    manifest = Manifest.parse(path.read_bytes(), f"{shards.MANIFEST} of {place}")
    manifest.edition(place)
    for file, entry in manifest.files.items() if isinstance(place, Snapshot) else ():
        listed = place.hashes.get(file)
        # a hub may keep a small file as git does, under a hash of another kind
        if listed is None or (len(listed) == len(entry.sha256) and listed != entry.sha256):
            found = "isn't there" if listed is None else "is another one"
            raise HubError(
                f"{place} isn't whole: {file}, which its manifest names, {found}; choose another "
                "revision, or tell its owners"
            )
    return manifest


def _older(out: Path, manifest: Manifest) -> Manifest | None:
    """The manifest of what the folder holds, which may be other splits of the same."""
    path = out / shards.MANIFEST
    if not path.exists():
        return None
    older = Manifest.parse(path.read_bytes(), path)
    same = all(manifest.splits.get(split) == entries for split, entries in older.splits.items())
    if not same or older.of((), path) != manifest.of((), path):
        raise DataError(f"{path} is of another build; choose a folder that is new or empty")
    return older


def _refuse_foreign(out: Path, manifest: Manifest) -> None:
    ours = {shards.MANIFEST, *DOCUMENTS, *manifest.files}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out)
        if is_litter(path):
            continue
        if path.is_file() and name.parts[0] != _STAGING and name.as_posix() not in ours:
            raise DataError(
                f"{out} holds {name}, which isn't of this dataset; choose a folder that is new or "
                "empty"
            )


def _refuse_full_disk(out: Path, size: int) -> None:
    free = shutil.disk_usage(out).free
    if free < size:
        raise DataError(f"{out} has room for {free / 1e6:,.1f} MB; {size / 1e6:,.1f} MB are needed")


def _is_there(path: Path, size: int, expected: str) -> bool:
    return (
        path.is_file()
        and path.stat().st_size == size
        and transfer.digest_of(path, expected) == expected
    )


def _bar(total: int, done: int, repository: Repository) -> tqdm:
    return tqdm(
        total=total,
        initial=done,
        desc=f"fetching {repository.name}",
        unit="B",
        unit_scale=True,
        file=sys.stderr,
        leave=False,
        disable=total == done,
    )
