"""The manifest of a built dataset: what its shards are of, their sizes and SHA-256."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ffld import shards
from ffld.catalog import SPLITS, DatasetSpec, available, spec
from ffld.datasets._imported import REVISION as IMPORTED
from ffld.sample import DataError

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Entry:
    """A shard in a manifest: its path in the folder, samples, bytes and SHA-256."""

    file: str
    count: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What `python -m ffld build` says of the folder that it wrote.

    Attributes:
        revision, schema, renderer: of the edition; fingerprints of its schema and of the code.
        opencv: version that the images were painted with; None of what was built before it was
            told.
        limit: samples of each split where only a subset was built.
        row_group: samples of a row group, the last of a shard excepted.
        splits: split -> its shards, in order.
    """

    dataset: str
    revision: str
    schema: str
    renderer: str
    opencv: str | None
    limit: int | None
    jpeg_quality: int
    row_group: int
    splits: Mapping[str, tuple[Entry, ...]]

    @classmethod
    def parse(cls, text: str | bytes, place: str | Path) -> Manifest:
        """Read a manifest that anybody may have written.

        Raises:
            DataError: it isn't one, or names files that no build writes.
        """
        try:
            content = json.loads(text)
            about = {name: content[name] for name in _TYPES if name != "opencv"}
            about["opencv"] = content.get("opencv")
            splits = {name: _entries(name, split) for name, split in content["splits"].items()}
            odd = [name for name, kind in _TYPES.items() if not isinstance(about[name], kind)]
            if odd or not splits or about["row_group"] < 1:
                raise ValueError(f"{odd[0]} is {about[odd[0]]!r}" if odd else "it lists nothing")
        except KeyError as error:
            if content.get("revision") == IMPORTED:
                raise DataError(
                    f"{place} is of imported photographs, and published are rendered sets alone: "
                    "whether photographs may be passed on is for their owners to say. Where they "
                    "agree, send the folder as it is: hf upload ORG/NAME DIR --repo-type dataset"
                ) from error
            raise DataError(f"{place} is not the manifest of a build: it has no {error}") from error
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(f"{place} is not the manifest of a build: {error}") from error
        return cls(**about, splits=splits)

    @property
    def files(self) -> dict[str, Entry]:
        """All shards by their path."""
        return {entry.file: entry for split in self.splits.values() for entry in split}

    def count(self, split: str) -> int:
        """Samples of a split."""
        return sum(entry.count for entry in self.splits[split])

    def of(self, splits: Iterable[str], place: str | Path) -> Manifest:
        """The manifest of some of the splits alone."""
        wanted = list(splits)
        if missing := [name for name in wanted if name not in self.splits]:
            raise DataError(f"{place} has no {missing[0]}; it has {', '.join(self.splits)}")
        return replace(self, splits={k: v for k, v in self.splits.items() if k in wanted})

    def edition(self, place: str | Path) -> DatasetSpec:
        """The dataset that it is of, for the hub.

        Raises:
            DataError: one that isn't procedural, or that this version of the project can't read.
        """
        names = [name for name in available() if spec(name).procedural]
        if self.dataset not in names:
            raise DataError(
                f"{place} is of dataset {self.dataset!r}; published are procedural ones alone: "
                f"{', '.join(names)}"
            )
        description = spec(self.dataset)
        if self.revision.startswith(f"{description.revision}+"):
            raise DataError(
                f"{place} was built with dials turned ({self.revision}); published are the "
                "editions as they are: build without --dial"
            )
        for name, value in (
            ("revision", description.revision),
            ("schema", description.schema.fingerprint),
        ):
            if getattr(self, name) != value:
                raise DataError(
                    f"{place} is of {name} {getattr(self, name)}, and this version of the project "
                    f"reads {value}: choose another revision or repository, install the version "
                    "that goes with it, or leave out source to render"
                )
        return description

    def text(self) -> str:
        """As it is written to a file."""
        about = {name: getattr(self, name) for name in _TYPES}
        if self.opencv is None:
            del about["opencv"]
        splits = {
            split: {"count": self.count(split), "shards": [asdict(entry) for entry in entries]}
            for split, entries in self.splits.items()
        }
        return json.dumps({**about, "splits": splits}, indent=2) + "\n"


_TYPES = {
    "dataset": str,
    "revision": str,
    "schema": str,
    "renderer": str,
    "opencv": str | None,
    "limit": int | None,
    "jpeg_quality": int,
    "row_group": int,
}


def _entries(split: str, content: Mapping[str, Any]) -> tuple[Entry, ...]:
    if split not in SPLITS:
        raise ValueError(f"it has a split {split!r}")
    listed = content["shards"]
    entries = tuple(Entry(**{f.name: item[f.name] for f in fields(Entry)}) for item in listed)
    for number, entry in enumerate(entries):
        # nothing but this name, which is a path, is ever read or written
        if entry.file != shards.Shard(split, number, len(entries), 0, 0).file:
            raise ValueError(f"a shard of {split} has the name {entry.file!r}")
        numbers = (entry.count, entry.bytes)
        if not all(type(number) is int and number > 0 for number in numbers):
            raise ValueError(f"{entry.file} has {entry.count!r} samples, {entry.bytes!r} bytes")
        if not isinstance(entry.sha256, str) or not _SHA256.fullmatch(entry.sha256):
            raise ValueError(f"{entry.file} has the SHA-256 {entry.sha256!r}")
    if content["count"] != sum(entry.count for entry in entries):
        raise ValueError(f"the shards of {split} don't add up to {content['count']!r}")
    return entries
