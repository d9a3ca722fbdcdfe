"""The files of a built dataset: Parquet shards that hold images and labels, and their layout.

A row is a sample: `image` a struct of the bytes of an image file, JPEG as built, and its name,
`garment_type` the type's slot in the schema, the other columns the fields of `Targets`, NaN where
they have it; a set without labels (`ffld.sealed`) has what a method is given of them, box and size,
alone. The schema carries the `datasets` features, so other readers see pictures and class names;
under the key `ffld` of its metadata stands what the shard is of. The same samples give the same
bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ffld.atomic import replacing
from ffld.sample import DataError, Split, Targets
from ffld.schema import LandmarkSchema

MANIFEST = "manifest.json"
JPEG_QUALITY = 95
ROW_GROUP = 16  # samples that are read at once: few, so that streams start and rows are found soon
METADATA_KEY = b"ffld"

# Annotations are of the stored image: whatever turn a camera noted beside it is not made.
_RGB = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
_SAMPLES = 1250  # in a shard of a whole dataset, some 30 MB
_FEW = 3, 32  # samples in a shard, shards of a split, where the samples are few
_ARRAYS = ("xy", "visibility", "box", "size", "rivals")
_GIVEN = ("box", "size")  # of these, what is no label
COLUMNS = ("image", "id", "garment_type", *_ARRAYS)  # any others are attributes
MOST_BYTES = 1000 << 20  # of the image files of a row group; validation reads 1 GiB at most


@dataclass(frozen=True)
class Shard:
    """A run of samples of a split, [start, stop), and the file that holds them."""

    split: str
    number: int
    of: int
    start: int
    stop: int

    @property
    def file(self) -> str:
        """Such as data/train-00003-of-00096.parquet."""
        return f"data/{self.split}-{self.number:05d}-of-{self.of:05d}.parquet"

    def __len__(self) -> int:
        return self.stop - self.start


def plan(sizes: Mapping[str, int]) -> list[Shard]:
    """The shards of splits of these numbers of samples; 32 or more for a split of 100 samples."""
    shards = []
    least, most = _FEW
    for split, count in sizes.items():
        of = max(-(-count // _SAMPLES), min(count // least, most), 1)
        edges = [number * count // of for number in range(of + 1)]
        pairs = zip(edges, edges[1:], strict=False)
        shards += [Shard(split, number, of, *pair) for number, pair in enumerate(pairs)]
    return shards


def make_table(samples: Split, *, labels: bool = True) -> pa.Table:
    """Samples as a table of the layout; renders them."""
    names = [f"{name.replace('/', '-')}.jpg" for name in samples.targets.ids.tolist()]
    files = [encode(samples.image(position)) for position in range(len(samples))]
    return lay_out(samples.targets, names, files, labels=labels)


def lay_out(
    targets: Targets, names: Sequence[str], files: Sequence[bytes], *, labels: bool = True
) -> pa.Table:
    """Samples as a table of the layout, from their labels and the bytes of their image files.

    Raises:
        DataError: attributes that are named like a column; image files too large to be read.
    """
    attributes = targets.attributes if labels else {}
    if taken := sorted(set(attributes) & set(COLUMNS)):
        raise DataError(
            f"attributes {', '.join(taken)} are named like a column of the layout; rename them"
        )
    if (size := sum(map(len, files))) > MOST_BYTES:
        raise DataError(
            f"the image files from {names[0]} to {names[-1]} have {size:,} bytes together, and "
            f"{len(files)} samples may have {MOST_BYTES:,}; scale these images down"
        )
    columns = {
        "image": pa.StructArray.from_arrays(
            [pa.array(files, pa.binary()), pa.array(names, pa.string())], ["bytes", "path"]
        ),
        "id": pa.array(targets.ids.tolist(), pa.string()),
        "garment_type": pa.array(targets.type_index),
        **{name: _lists(getattr(targets, name)) for name in (_ARRAYS if labels else _GIVEN)},
        **{name: pa.array(v.tolist(), pa.string()) for name, v in attributes.items()},
    }
    features = {name: _feature(column.type) for name, column in columns.items()}
    features["image"] = {"_type": "Image"}
    features["garment_type"] = {"names": list(targets.schema.type_names), "_type": "ClassLabel"}
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    return pa.table(columns).replace_schema_metadata(metadata)


def write(path: Path, tables: Iterable[pa.Table], about: Mapping[str, Any]) -> None:
    """Write a shard; `about` goes into its metadata.

    Args:
        tables: its rows, taken one table after another; each but the last has ROW_GROUP rows, or
            a multiple.
    """
    tables = iter(tables)
    first = next(tables)
    stated = {METADATA_KEY: json.dumps(about, sort_keys=True).encode()}
    schema = first.schema.with_metadata({**first.schema.metadata, **stated})
    with pq.ParquetWriter(
        path,
        schema,
        compression=_compression(schema),
        use_dictionary=False,
        write_statistics=False,
        write_page_checksum=True,
    ) as file:
        for table in chain([first], tables):
            file.write_table(table.cast(schema), row_group_size=ROW_GROUP)


def stated(path: Path) -> dict[str, Any] | None:
    """What a shard says it is, every page's checksum verified; None where it can't be read."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                file.read_row_group(group, use_threads=False)
            return metadata(file)
    except (OSError, pa.ArrowException):
        return None


def metadata(file: pq.ParquetFile) -> dict[str, Any] | None:
    """What the metadata of an opened shard say; None where it is no shard's."""
    try:
        found = json.loads(file.schema_arrow.metadata[METADATA_KEY])
    except (KeyError, TypeError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def read_targets(table: pa.Table, schema: LandmarkSchema, **about: str) -> Targets:
    """The label columns of a table of the layout; `about`: dataset, split, revision.

    Of a table without labels no landmark is known: NaN, absent, and no rivals.
    """
    types = np.array(schema.type_names)
    count, slots = len(table), len(schema)
    arrays = {
        "xy": np.full((count, slots, 2), np.nan),
        "visibility": np.zeros((count, slots), np.uint8),
        "rivals": np.empty((count, 0, slots, 2)),
    } | {name: _array(table[name]) for name in _ARRAYS if name in table.column_names}
    return Targets(
        schema=schema,
        ids=np.array(table["id"].to_pylist(), np.str_),
        garment_type=types[table["garment_type"].to_numpy()],
        attributes={
            name: np.array(table[name].to_pylist(), np.str_)
            for name in table.column_names
            if name not in COLUMNS
        },
        **arrays,
        **about,
    )


def encode(picture: np.ndarray, kind: str = ".jpg") -> bytes:
    """(H, W, 3) uint8 RGB as an image file: .jpg, of JPEG_QUALITY, or .png."""
    quality = (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY) if kind == ".jpg" else ()
    _, data = cv2.imencode(kind, picture[..., ::-1], quality)
    return data.tobytes()


def decode(data: bytes | pa.Buffer) -> np.ndarray | None:
    """(H, W, 3) uint8 RGB of an image file's bytes, as it is stored; None where they are none."""
    return cv2.imdecode(np.frombuffer(data, np.uint8), _RGB)


def entry(folder: Path, written: Sequence[Shard]) -> dict[str, Any]:
    """A split in the manifest."""
    files = [
        {
            "file": shard.file,
            "count": len(shard),
            "bytes": (folder / shard.file).stat().st_size,
            "sha256": digest(folder / shard.file),
        }
        for shard in written
    ]
    return {"count": sum(map(len, written)), "shards": files}


def write_manifest(folder: Path, about: Mapping[str, Any], splits: Mapping[str, Any]) -> None:
    """Write the manifest of these splits, as `entry` has them, whole or not at all."""
    with replacing(folder / MANIFEST) as temporary:
        text = json.dumps({**about, "splits": splits}, indent=2)
        temporary.write_text(text + "\n", encoding="utf-8")


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _compression(schema: pa.Schema) -> dict[str, str]:
    """How each column of the file is compressed; JPEG files are not, it would gain 5 %."""
    codecs = {}
    for field in schema:
        path, kind = field.name, field.type
        while pa.types.is_fixed_size_list(kind):
            path, kind = f"{path}.list.element", kind.value_type
        codecs[path] = "zstd"
    return codecs | {"image.bytes": "none", "image.path": "zstd"}


def _lists(array: np.ndarray) -> pa.Array:
    """(N, A, B, ...) as N lists of A lists of B ... values."""
    values = pa.array(array.ravel())
    for length in array.shape[:0:-1]:
        values = pa.FixedSizeListArray.from_arrays(values, length)
    return values


def _array(column: pa.ChunkedArray) -> np.ndarray:
    values, shape = column.combine_chunks(), [len(column)]
    while pa.types.is_fixed_size_list(values.type):
        shape.append(values.type.list_size)
        values = values.flatten()
    return values.to_numpy(zero_copy_only=False).reshape(shape).copy()


def _feature(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_fixed_size_list(kind):
        return {"feature": _feature(kind.value_type), "length": kind.list_size, "_type": "List"}
    name = "float64" if pa.types.is_float64(kind) else str(kind)
    return {"dtype": name, "_type": "Value"}
