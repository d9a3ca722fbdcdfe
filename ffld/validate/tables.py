"""One Parquet shard: its layout, its rows and its images, opened with nothing in it trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ffld import shards
from ffld.duplicates import Look
from ffld.schema import LandmarkSchema
from ffld.validate import labels
from ffld.validate.labels import Batch, Ids
from ffld.validate.pictures import see
from ffld.validate.report import Problem, Report

MOST_BYTES = 1 << 30  # of a row group in memory
_ROWS = 4096  # that are checked at once


@dataclass
class Checked:
    """What a worker found in a shard.

    Attributes:
        rows: that the file says it has; None where it can't be opened.
        ids: hashes of the ids, in order.
        looks: image name, place and look of each image, at that level.
    """

    file: str
    rows: int | None = None
    samples: int = 0
    problems: list[Problem] = field(default_factory=list)
    ids: Ids = field(default_factory=Ids)
    looks: list[tuple[str, dict[str, object], Look]] = field(default_factory=list)


def check_shard(
    folder: Path, file: str, schema: LandmarkSchema, about: Mapping[str, Any], images: str
) -> Checked:
    """Look through a shard.

    Args:
        about: what its metadata must state.
        images: a level of `ffld.validate.pictures`.
    """
    cv2.setNumThreads(1)
    checked = Checked(file)
    report = Report(checked.problems.append)
    try:
        with pq.ParquetFile(folder / file, page_checksum_verification=True) as table:
            checked.rows = table.metadata.num_rows
            _check_metadata(table, file, about, report)
            if _check_layout(table.schema_arrow, file, schema, report):
                for start, rows in _groups(table, file, schema, images, report):
                    _check_rows(rows, start, file, schema, images, checked, report)
    except (OSError, pa.ArrowException) as error:
        report.add("file-unreadable", file, error)
    checked.samples = report.samples
    return checked


def expected_schema(schema: LandmarkSchema, rivals: int) -> pa.Schema:
    """The columns that every shard has; any others are attributes, strings."""
    pair = pa.list_(pa.float64(), 2)
    landmarks = pa.list_(pair, len(schema))
    return pa.schema(
        {
            "image": pa.struct({"bytes": pa.binary(), "path": pa.string()}),
            "id": pa.string(),
            "garment_type": pa.int64(),
            "xy": landmarks,
            "visibility": pa.list_(pa.uint8(), len(schema)),
            "box": pa.list_(pa.float64(), 4),
            "size": pa.list_(pa.int64(), 2),
            "rivals": pa.list_(landmarks, rivals),
        }
    )


def _check_metadata(
    table: pq.ParquetFile, file: str, about: Mapping[str, Any], report: Report
) -> None:
    found = shards.metadata(table)
    if found is None:
        report.add("metadata", file, "no description of the shard", field="ffld")
        return
    for name, value in about.items():
        if found.get(name) != value:
            report.add("metadata", file, found.get(name), field=name, expected=str(value))


def _check_layout(found: pa.Schema, file: str, schema: LandmarkSchema, report: Report) -> bool:
    """Whether the columns are those of the layout."""
    rivals = found.field("rivals").type if "rivals" in found.names else None
    count = rivals.list_size if rivals and pa.types.is_fixed_size_list(rivals) else 1
    expected, sound = expected_schema(schema, count), True
    for name in (*expected.names, *(n for n in found.names if n not in expected.names)):
        wanted = expected.field(name).type if name in expected.names else pa.string()
        if found.names.count(name) != 1:
            sound = False
            times = "nothing" if name not in found.names else "the column several times"
            report.add("column-missing", file, times, field=name, expected=str(wanted))
        elif found.field(name).type != wanted:
            sound = False
            report.add("column-type", file, found.field(name).type, field=name,
                       expected=str(wanted))  # fmt: skip
    return sound


def _groups(
    table: pq.ParquetFile, file: str, schema: LandmarkSchema, images: str, report: Report
) -> Iterator[tuple[int, pa.Table]]:
    """First row and content of row groups read together, none larger than memory may hold."""
    names = [name for name in table.schema_arrow.names if images != "none" or name != "image"]
    width = _row_bytes(table.schema_arrow)
    start, pending, size = 0, [], 0
    for number in range(table.num_row_groups):
        group = table.metadata.row_group(number)
        needed = group.num_rows * width + _variable_bytes(group, names)
        if needed > MOST_BYTES:
            found = f"row group {number} of {needed:,} bytes in memory"
            report.add("file-too-large", file, found, expected=f"at most {MOST_BYTES:,} bytes")
            continue
        most = _ROWS if images == "none" else shards.ROW_GROUP
        if pending and size + group.num_rows > most:
            yield from _read(table, pending, start, names, file, report)
            pending, size = [], 0
        if not pending:
            start = sum(table.metadata.row_group(n).num_rows for n in range(number))
        pending.append(number)
        size += group.num_rows
    if pending:
        yield from _read(table, pending, start, names, file, report)


def _read(
    table: pq.ParquetFile, groups: list[int], start: int, names: list[str], file: str,
    report: Report,
) -> Iterator[tuple[int, pa.Table]]:  # fmt: skip
    try:
        rows = table.read_row_groups(groups, columns=names, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        report.add("file-unreadable", file, error, row=start)
        return
    yield start, rows


def _row_bytes(schema: pa.Schema) -> int:
    """Bytes that a row's numbers take in memory."""
    total = 0
    for column in schema:
        kind, count = column.type, 1
        while pa.types.is_fixed_size_list(kind):
            kind, count = kind.value_type, count * kind.list_size
        total += 8 * count
    return total


def _variable_bytes(group: pq.RowGroupMetaData, names: list[str]) -> int:
    """At most as many bytes as its strings and images take in memory."""
    total = 0
    for column in (group.column(n) for n in range(group.num_columns)):
        if column.path_in_schema.partition(".")[0] in names:
            repeated = any("DICTIONARY" in encoding for encoding in column.encodings)
            total += column.total_uncompressed_size * (group.num_rows if repeated else 1)
    return total


def _check_rows(
    rows: pa.Table, start: int, file: str, schema: LandmarkSchema, images: str, checked: Checked,
    report: Report,
) -> None:  # fmt: skip
    whole = np.ones(len(rows), bool)
    for name in rows.column_names:
        null = np.asarray(rows[name].combine_chunks().is_null())
        for row in np.flatnonzero(null).tolist():
            report.add("column-null", file, "null", row=start + row, field=name)
        whole &= ~null
    numbers = start + np.flatnonzero(whole)
    rows = rows.filter(pa.array(whole))
    # what can't be read has a place of its own, so that ids keep their positions
    ids = np.full(start + len(whole) - len(checked.ids), "", object)
    ids[len(ids) - len(whole) :][whole] = rows["id"].to_pylist()
    first = len(checked.ids)
    checked.ids.add(name or f"\0{file}:{first + n}" for n, name in enumerate(ids.tolist()))
    if not len(rows):
        return
    visibility = _numbers(rows["visibility"])
    unknown = pa.array([""] * len(rows))
    viewpoint = rows["viewpoint"] if "viewpoint" in rows.column_names else unknown
    batch = Batch(
        schema=schema,
        files=[file] * len(rows),
        rows=numbers.tolist(),
        ids=rows["id"].to_pylist(),
        type_index=_numbers(rows["garment_type"]).astype(np.int64),
        xy=_numbers(rows["xy"]),
        visibility=np.where(np.isnan(visibility), -1, visibility).astype(np.int64),
        box=_numbers(rows["box"]),
        size=np.nan_to_num(_numbers(rows["size"])).astype(np.int64),
        viewpoint=np.array(viewpoint.to_pylist(), np.str_),
        rivals=_numbers(rows["rivals"]),
    )
    labels.check(batch, report)
    for row in np.flatnonzero((batch.size < 1).any(1)).tolist():
        report.add("size-invalid", found=batch.size[row], field="size", **batch.place(row))
    if images != "none":
        _check_images(rows["image"].combine_chunks(), batch, images, checked, report)


def _check_images(
    column: pa.StructArray, batch: Batch, images: str, checked: Checked, report: Report
) -> None:
    names, files = column.field("path").to_pylist(), column.field("bytes")
    for row in range(len(batch)):
        data = files[row].as_py() or b""
        picture = see(data, images, batch.box[row], batch.size[row].tolist())
        for rule, found in picture.faults:
            report.add(rule, found=found, field="image", **batch.place(row))
        if picture.look is not None:
            name = names[row] or batch.ids[row]
            checked.looks.append((name, batch.place(row), picture.look))


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """(N, ...) float64; NaN for null."""
    values, shape = column.combine_chunks(), [len(column)]
    while pa.types.is_fixed_size_list(values.type):
        shape.append(values.type.list_size)
        # not flatten(), which leaves out lists that are null
        start, stop = values.offset * shape[-1], (values.offset + len(values)) * shape[-1]
        values = values.values[start:stop]
    return values.to_numpy(zero_copy_only=False).astype(np.float64).reshape(shape)
