"""Open what `python -m ffld build` wrote: the same splits as rendering gives, read from shards.

The first time that a split is opened, the SHA-256 of all its shards is compared with the manifest;
that is remembered in the cache folder until a shard's size or time of change differs, so later
openings look at those alone. Samples are read and decoded when they are asked for, and the checksum
of every page that is read is verified.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from ffld import shards
from ffld.cache import cache_folder, keep_arrays, load_arrays
from ffld.dials import words
from ffld.sample import DataError, Split, Targets
from ffld.schema import LandmarkSchema


@dataclass(frozen=True, eq=False)
class _Files:
    """The shards of a split: their paths, what tells versions of them apart, where each begins.

    Attributes:
        starts: (shards + 1,) int64, the first row of each, then the number of rows.
        row_group: rows of a row group, the last of a shard excepted.
        remedy: what to do where one can't be read.
    """

    paths: tuple[str, ...]
    stamps: tuple[int, ...]
    starts: np.ndarray
    row_group: int
    remedy: str = "Delete it and build again"

    def read(self, rows: Sequence[int] | np.ndarray, columns: Sequence[str]) -> pa.Table:
        """Some rows of the split, in the order asked for."""
        rows = np.asarray(rows, np.int64)
        shard_of = np.searchsorted(self.starts, rows, "right") - 1
        parts, places = [], []
        for shard in np.unique(shard_of):
            place = np.flatnonzero(shard_of == shard)
            group, within = np.divmod(rows[place] - self.starts[shard], self.row_group)
            groups, slot = np.unique(group, return_inverse=True)
            place_of = self.paths[shard], self.stamps[shard]
            table = _groups(*place_of, groups.tolist(), columns, self.remedy)
            parts.append(table.take(pa.array(slot * self.row_group + within)))
            places.append(place)
        order = np.argsort(np.concatenate(places))
        return pa.concat_tables(parts).take(pa.array(order))

    def image(self, row: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB of one row."""
        shard = int(np.searchsorted(self.starts, row, "right")) - 1
        group, within = divmod(int(row - self.starts[shard]), self.row_group)
        files = _image_files(self.paths[shard], self.stamps[shard], group, self.remedy)
        picture = shards.decode(files[within].as_buffer())
        if picture is None:
            name = self.read([row], ["id"])["id"][0]
            raise DataError(
                f"{self.paths[shard]}: row {row - self.starts[shard]}, {name}, holds no picture "
                f"that can be decoded. {self.remedy}"
            )
        return picture


def open_built(
    folder: Path,
    split: str,
    *,
    dataset: str,
    revision: str,
    schema: LandmarkSchema,
    limit: int | None,
    whole: int,
    dials: Mapping[str, Any] | None = None,
    writer: str | None = None,
    remedy: str | None = None,
) -> Split:
    """One split of a built dataset.

    Args:
        revision: of the whole; a split that states its own is of that.
        limit: how many samples are wanted; only compared with what was built.
        whole: how many samples the split has where all of it was built.
        dials: what it was built with, of which `revision` is.
        writer: the command that writes a split, without the split; `build` unless told.
        remedy: what to do with a damaged shard; to write the split again unless told.

    Raises:
        DataError: not a built folder, of another dataset, revision or schema, without the split,
            with fewer samples than `limit`, or with shards that are missing or damaged.
    """
    expected = {"dataset": dataset, "revision": revision, "schema": schema.fingerprint}
    by = writer or _command(dataset, folder, dials or {})
    content = _manifest(folder, expected, split, by)
    entries, built = content["splits"][split]["shards"], content["limit"]
    counts = [entry["count"] for entry in entries]
    mend = remedy or f"Mend it with {by} {split}" + (f" --limit {built}" if built else "")
    if sum(counts) < whole:
        if limit is not None and limit > built:
            raise DataError(
                f"{folder} was built with --limit {built}, so limit={limit} can't be read from it; "
                "build with a larger one, or leave out source to render"
            )
        if limit is None:
            warnings.warn(
                f"{folder} was built with --limit {built}: this is a subset of {dataset} {split}",
                stacklevel=3,
            )
    _verify(folder, entries, mend)
    revision = content["splits"][split].get("revision", revision)
    files = _files(folder, content, split)
    if writer is not None:
        files = replace(files, remedy=mend)
    rows = np.arange(files.starts[-1])
    return Split(
        dataset=dataset,
        split=split,
        schema=schema,
        ids=files.read(rows, ["id"])["id"].to_pylist(),
        annotate=partial(_annotate, files, schema, (dataset, split, revision)),
        read_image=files.image,
    )


def image_files(folder: Path, split: str, rows: Sequence[int]) -> list[bytes]:
    """The bytes of the image files of some rows of a built split, not decoded."""
    content = json.loads((folder / shards.MANIFEST).read_text(encoding="utf-8"))
    read = _files(folder, content, split).read(rows, ["image"])["image"].combine_chunks()
    return read.field("bytes").to_pylist()


def _files(folder: Path, content: Mapping[str, Any], split: str) -> _Files:
    entries = content["splits"][split]["shards"]
    counts = [entry["count"] for entry in entries]
    return _Files(
        paths=tuple(str(folder / entry["file"]) for entry in entries),
        stamps=tuple((folder / entry["file"]).stat().st_mtime_ns for entry in entries),
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        row_group=content["row_group"],
    )


def _annotate(
    files: _Files, schema: LandmarkSchema, about: tuple[str, str, str], rows: Sequence[int]
) -> Targets:
    dataset, split, revision = about
    names = _opened(files.paths[0], files.stamps[0]).schema_arrow.names
    table = files.read(rows, [name for name in names if name != "image"])
    return shards.read_targets(table, schema, dataset=dataset, split=split, revision=revision)


# The stamp is an argument because a file of the same name is another one when it was mended.
@lru_cache(maxsize=256)
def _opened(path: str, stamp: int) -> pq.ParquetFile:
    return pq.ParquetFile(path, memory_map=True, page_checksum_verification=True)


# Samples are mostly asked for in order, and a row group is the least that can be read.
@lru_cache(maxsize=4)
def _image_files(path: str, stamp: int, group: int, remedy: str) -> pa.BinaryArray:
    table = _groups(path, stamp, [group], ["image"], remedy)
    return table["image"].combine_chunks().field("bytes")


def _groups(
    path: str, stamp: int, groups: list[int], columns: Sequence[str], remedy: str
) -> pa.Table:
    try:
        file = _opened(path, stamp)
        return file.read_row_groups(groups, columns=columns, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path} can't be read ({reason}). {remedy}") from error


def _manifest(folder: Path, expected: Mapping[str, str], split: str, writer: str) -> dict[str, Any]:
    path = folder / shards.MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = {name: content[name] for name in expected}
        splits, _, _ = list(content["splits"]), content["limit"], content["row_group"]
    except OSError as error:
        raise DataError(
            f"{path}: no such file, so this is no finished build; write one with {writer} {split}"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not the manifest of a build; build again") from error
    for name, value in expected.items():
        if found[name] != value:
            turned = content.get("dials")
            given = shlex.join(words(turned)) if isinstance(turned, dict) else ""
            also = f"{given}, which this was built with, " if given else ""
            raise DataError(
                f"{path} is of {name} {found[name]}, not {value}; give {also}"
                f"{'or ' if also else ''}the folder of another build, or leave out source to render"
            )
    if split not in splits:
        raise DataError(
            f"{folder} was built without {split}; it has {', '.join(splits)}. Add it with {writer} "
            f"{split}"
        )
    return content


def _command(dataset: str, folder: Path, dials: Mapping[str, Any]) -> str:
    """What writes a split, without the split."""
    build = ["python", "-m", "ffld", "build", "--dataset", dataset, *words(dials)]
    return shlex.join([*build, "--out", str(folder), "--splits"])


def _verify(folder: Path, entries: list[dict[str, Any]], remedy: str) -> None:
    """Compare the shards of a split with the manifest."""
    problems, state = [], []
    for entry in entries:
        path = folder / entry["file"]
        if not path.is_file():
            problems.append(f"{path} is missing")
            continue
        found = path.stat()
        if found.st_size != entry["bytes"]:
            problems.append(f"{path} has {found.st_size} bytes in place of {entry['bytes']}")
        state.append([str(path.resolve()), found.st_mtime_ns, entry["sha256"]])
    name = hashlib.sha256(json.dumps(state).encode()).hexdigest()[:24]
    verified = cache_folder() / "built" / f"{name}.npz"
    if not problems and load_arrays(verified) is None:
        for entry in tqdm(entries, desc="verifying shards", file=sys.stderr, leave=False):
            if shards.digest(folder / entry["file"]) != entry["sha256"]:
                problems.append(f"{folder / entry['file']} is damaged: its SHA-256 differs")
        if not problems:
            keep_arrays(verified, {})
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise DataError(f"{'; '.join(problems[:3])}{more}. {remedy}")
