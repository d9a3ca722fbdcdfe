"""Sealed test sets: samples under a secret key, and their images without labels.

    DIR/data/season_NAME-00003-of-00032.parquet    image, id, garment_type, box, size, and no more
    DIR/manifest.json                              as of any build, with the season's name

A season's samples are those of its edition under its key and in a split of its own, so that no
sample of one season is one of another, whatever their keys. What is published of them is what a
method is given. The edition's revision goes on with a digest of the key, which says which key
images and predictions are of, and nothing of the key.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ffld import catalog
from ffld.atomic import leftovers
from ffld.sample import DataError, Split, Targets

# What renders, reads and writes images is imported where it is used: the record asks this module
# for names on every call, and needs no OpenCV for them.

COLUMNS = ("image", "id", "garment_type", "box", "size")  # what is published of a sample
MOST = 40_000  # samples

_NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
_LONGEST = 32
_PREFIX = "season_"
_AT_ONCE = 100  # samples; labels of fewer than 200 are never kept in the cache folder
_LABELS = ("ids", "garment_type", "xy", "visibility", "box", "size", "rivals")


@dataclass(frozen=True)
class Sealed:
    """A season's samples; all of them follow from these four.

    Attributes:
        key: the secret; at least 32 bytes of chance as hexadecimal digits.

    Raises:
        DataError: a name, dataset or number of samples that no season can have.
    """

    dataset: str
    name: str
    samples: int
    key: str = field(repr=False)

    def __post_init__(self) -> None:
        if problem := name_problem(self.name):
            raise DataError(problem)
        procedural = [name for name in catalog.available() if catalog.spec(name).procedural]
        if self.dataset not in procedural:
            raise DataError(
                f"dataset {self.dataset!r} can't be sealed; procedural ones can: "
                f"{', '.join(procedural)}"
            )
        if not 1 <= self.samples <= MOST:
            raise DataError(f"a season has 1 to {MOST:,} samples, not {self.samples}")

    @property
    def split(self) -> str:
        """The name of the split, such as season_2027."""
        return split_of(self.name)

    @property
    def revision(self) -> str:
        """What is stamped on images and predictions, such as ffld-1.0+0123456789abcdef."""
        digest = hashlib.sha256(f"{self.split}|{self.key}".encode()).hexdigest()[:16]
        return f"{catalog.spec(self.dataset).revision}+{digest}"

    def open(self) -> Split:
        """The samples with their labels; nothing is rendered until it is asked for."""
        from ffld.render.edition import open_edition

        module = importlib.import_module(f"ffld.datasets.{self.dataset.replace('-', '_')}")
        edition = replace(module.EDITION, splits={self.split: self.samples})
        whole = open_edition(edition, self.split, self.key)
        return Split(
            dataset=self.dataset,
            split=self.split,
            schema=whole.schema,
            ids=ids(self.dataset, self.name, self.samples),
            annotate=lambda rows: replace(whole.select(rows).targets, revision=self.revision),
            read_image=whole.image,
        )

    def parts(self) -> Iterator[Targets]:
        """The labels in parts that are never kept in the cache folder."""
        split = self.open()
        for start in range(0, self.samples, _AT_ONCE):
            yield split.select(range(start, min(start + _AT_ONCE, self.samples))).targets


def name_problem(name: str) -> str | None:
    """What is wrong with a season's name, if anything is."""
    if isinstance(name, str) and len(name) <= _LONGEST and _NAME.fullmatch(name):
        return None
    return (
        f"{ascii(name)[:60]} can't be a season's name: expected small letters and digits, in words "
        f"joined by _, at most {_LONGEST}, such as 2027_spring"
    )


def split_of(name: str) -> str:
    """The split of a season."""
    return f"{_PREFIX}{name}"


def season_of(split: str) -> str | None:
    """The season whose split this is; None for any other split."""
    name = split.removeprefix(_PREFIX)
    return name if name != split and name_problem(name) is None else None


def ids(dataset: str, name: str, samples: int) -> list[str]:
    """The ids of a season's samples, in order: they count, and say nothing."""
    return [f"{dataset}/{split_of(name)}/{index:06d}" for index in range(samples)]


def labels_digest(key: str, parts: Iterable[Targets]) -> str:
    """HMAC-SHA256 of all labels under the key: whoever has both can compare, nobody else can."""
    digest = hmac.new(key.encode(), digestmod=hashlib.sha256)
    for part in parts:
        for row in range(len(part)):
            digest.update(_row_bytes(part, row))
    return digest.hexdigest()


def write_images(out: Path, sealed: Sealed, *, processes: int = -1) -> None:
    """Write the images without labels, or what a killed call left to write.

    Raises:
        DataError: a folder that holds something else.
    """
    import cv2

    from ffld import build, shards
    from ffld.render.edition import source_hash

    about = {
        "dataset": sealed.dataset,
        "season": sealed.name,
        "revision": sealed.revision,
        "schema": catalog.spec(sealed.dataset).schema.fingerprint,
        "renderer": source_hash(),
        "opencv": cv2.__version__,
        "limit": None,
        "jpeg_quality": shards.JPEG_QUALITY,
        "row_group": shards.ROW_GROUP,
    }
    planned = shards.plan({sealed.split: sealed.samples})
    build.refuse_foreign(out, planned)
    for path in (out / file for file in [*(shard.file for shard in planned), shards.MANIFEST]):
        for left in leftovers(path.parent, path.name):
            left.unlink(missing_ok=True)
    pending = [shard for shard in planned if not build.is_finished(out, shard, about, {})]
    table = _Table(sealed)
    build.render(out, pending, about, table, done=sealed.samples, processes=processes)
    shards.write_manifest(out, about, {sealed.split: shards.entry(out, planned)})


def open_images(folder: Path) -> Split:
    """What `write_images` wrote, every file verified; no landmark of it is known.

    Raises:
        DataError: no such folder, one of something else, or with damaged files.
    """
    from ffld import shards
    from ffld.built import open_built

    path = folder / shards.MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        dataset, revision, name = content["dataset"], content["revision"], season_in(content)
        listed = {split: entry["shards"] for split, entry in content["splits"].items()}
        files = [shard["file"] for of_split in listed.values() for shard in of_split]
        sizes = {split: sum(s["count"] for s in of_split) for split, of_split in listed.items()}
        if name and files != [shard.file for shard in shards.plan(sizes)]:
            raise ValueError("it lists files that no season has")
    except OSError as error:
        raise DataError(f"{path}: no such file, so {folder} holds no season's images") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is not the manifest of a season's images: {error}") from error
    if name is None or dataset not in catalog.available():
        raise DataError(
            f"{folder} holds no season's images, but those of dataset {str(dataset)[:60]!r}"
        )
    remedy = "Get it again from where the season is published"
    opened = open_built(
        folder,
        split_of(name),
        dataset=dataset,
        revision=revision,
        schema=catalog.spec(dataset).schema,
        limit=None,
        whole=0,
        writer=f"(its organiser publishes it whole; {remedy.lower()})",
        remedy=remedy,
    )
    if opened.targets.ids.tolist() != ids(dataset, name, len(opened)):
        raise DataError(f"{folder}: its ids are not those of season {name}. {remedy}")
    return opened


def season_in(manifest: Mapping[str, Any]) -> str | None:
    """The season whose images a manifest is of; None for a build with labels."""
    name = manifest.get("season")
    return name if name is not None and name_problem(name) is None else None


def write_sheet(path: Path, folder: Path) -> None:
    """Write what a method is given of each sample besides the image: id, garment type, box, size.

    Args:
        folder: what `write_images` wrote.
    """
    from ffld import shards

    split = open_images(folder)
    blank = [b""] * len(split)
    table = shards.lay_out(split.targets, [""] * len(split), blank, labels=False)
    table = table.select(COLUMNS[1:]).replace_schema_metadata(None)
    pq.write_table(table, path, compression="zstd", use_dictionary=False, write_statistics=False)


def read_sheet(path: Path, **about: str) -> Targets:
    """What `write_sheet` wrote, as targets of which no landmark is known.

    Args:
        about: dataset, split, revision.

    Raises:
        DataError: no such file, or not of this layout.
    """
    from ffld import shards

    schema = catalog.spec(about["dataset"]).schema
    try:
        table = pq.ParquetFile(path).read()
        if tuple(table.column_names) != COLUMNS[1:]:
            raise ValueError(f"it has columns {', '.join(table.column_names)[:200]}")
        return shards.read_targets(table, schema, **about)
    except (OSError, ValueError, LookupError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path} is not the sheet of a season's samples: {reason}") from error


@dataclass(frozen=True)
class _Table:
    """Makes tables of some samples, in a worker process."""

    sealed: Sealed

    def __call__(self, split: str, positions: range) -> pa.Table:
        import cv2

        from ffld import shards

        cv2.setNumThreads(1)
        return shards.make_table(_opened(self.sealed).select(positions), labels=False)


@cache
def _opened(sealed: Sealed) -> Split:
    return sealed.open()


def _row_bytes(targets: Targets, row: int) -> bytes:
    """The labels of one sample, the same on every platform."""
    content = []
    for name in _LABELS:
        value = getattr(targets, name)[row]
        kind = "<f8" if isinstance(value, np.ndarray) and value.dtype.kind == "f" else "<i8"
        text = isinstance(value, str)
        content.append(str(value).encode() if text else np.asarray(value, kind).tobytes())
    content += [f"{name}={targets.attributes[name][row]}".encode() for name in targets.attributes]
    return b"\0".join(content) + b"\n"
