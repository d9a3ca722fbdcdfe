"""Put a built folder into a dataset repository of a Hugging Face hub: shards, manifest, documents.

Everything becomes one commit, so readers see the old dataset or the new one, never a mixture. A
file that is there with the same hash is not sent, and large ones that a killed run has sent are not
sent again.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from tqdm import tqdm

from ffld import shards
from ffld.hub import client, transfer
from ffld.hub.about import Built, describe
from ffld.hub.card import card
from ffld.hub.client import Repository, Snapshot
from ffld.hub.croissant import croissant
from ffld.hub.errors import HubError
from ffld.hub.transfer import Published
from ffld.manifest import Manifest
from ffld.sample import DataError

# what a repository may hold beside a dataset of ours
_OTHERS = {".gitattributes", "README.md", "LICENSE", "croissant.json", shards.MANIFEST}


def publish(folder: str | Path, repository: Repository, *, private: bool = False) -> Published:
    """Make a repository hold what a build wrote; it is made if it isn't there.

    Raises:
        DataError: the folder isn't a finished, sound build of an edition known here, the hub
            refuses, or the repository holds something else.
    """
    built = _checked(Path(folder))
    client.create(repository, private)
    before = client.look_up(repository)
    _refuse_foreign(before, built.manifest)
    files: dict[str, Path | bytes] = {file: Path(folder) / file for file in built.manifest.files}
    files[shards.MANIFEST] = (Path(folder) / shards.MANIFEST).read_bytes()
    files["README.md"] = card(built, repository.name).encode()
    files["croissant.json"] = _dated_croissant(built, before)
    gone = [path for path in before.hashes if path.startswith("data/") and path not in files]
    return transfer.update(before, files, gone, f"Publish {built.manifest.revision}")


def _checked(folder: Path) -> Built:
    """A built folder, every shard compared with the manifest."""
    path = folder / shards.MANIFEST
    if not path.is_file():
        raise DataError(
            f"{path}: no such file, so this is no finished build; finish it with python -m ffld "
            f"build --out {folder}"
        )
    manifest = Manifest.parse(path.read_bytes(), path)
    spec = manifest.edition(path)
    problems = []
    for file, entry in tqdm(
        manifest.files.items(), desc="verifying shards", file=sys.stderr, leave=False
    ):
        if not (folder / file).is_file():
            problems.append(f"{file} is missing")
        elif shards.digest(folder / file) != entry.sha256:
            problems.append(f"{file} is damaged: its SHA-256 differs")
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        limit = "" if manifest.limit is None else f" --limit {manifest.limit}"
        raise DataError(
            f"{folder}: {'; '.join(problems[:3])}{more}. Mend it with python -m ffld build "
            f"--dataset {manifest.dataset} --out {folder}{limit} --splits "
            f"{' '.join(manifest.splits)}"
        )
    return describe(folder, manifest, spec)


def _refuse_foreign(before: Snapshot, manifest: Manifest) -> None:
    """Publishing replaces what is under data/, which must have been an edition of the dataset."""
    others = [path for path in before.hashes if path not in _OTHERS]
    if not others:
        return
    try:
        found = json.loads(transfer.text(before, shards.MANIFEST) or "{}").get("dataset")
    except (ValueError, AttributeError):
        found = None
    if found != manifest.dataset:
        raise HubError(
            f"{before} holds {others[0]} and is not a repository of {manifest.dataset}; choose "
            "another one"
        )


def _dated_croissant(built: Built, before: Snapshot) -> bytes:
    """With the date of today, or of the earlier publication of the very same."""
    address = before.repository.address
    earlier = transfer.text(before, "croissant.json")
    try:
        date = str(json.loads(earlier or "{}").get("datePublished"))
        if earlier == croissant(built, address, date):
            return earlier.encode()
    except (ValueError, AttributeError):
        pass  # not a file that this wrote
    return croissant(built, address, datetime.now(UTC).strftime("%Y-%m-%d")).encode()
