"""COCO keypoints of photographs as a dataset of this suite: datasets `coco` and `coco-fld8`.

What is written is the layout of `python -m ffld build`, with the photographs' own files where all
readers see the same in them (`ffld.coco_pictures`), so imported sets are read, validated and passed
on like built ones. A garment is a row; garments of one photograph each carry it. What other tools
call garments and landmarks is told in a mapping, a JSON file:

    {"schema": "ffld",
     "types": {"blouse": "long_sleeve_top", "bag": null},
     "landmarks": {"neckline_left": "left_collar", "neck_centre": null}}

null leaves out a category's annotations, or a landmark. Names that are the schema's own need no
entry. Several of their landmarks may be one of ours where no annotation has two of them.

Ids are the annotations' `sample_id`; without it the photograph's name without extension, where it
shows several garments followed by # and the annotation's id (`ffld.ids`). `attributes` are kept,
numbers and booleans as text; one that is named like a column, such as size, becomes
attribute_size. Other garments of a photograph are those of the file, or what `rivals` says.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tqdm import tqdm

from ffld import catalog, coco_folder, shards
from ffld.atomic import leftovers, replacing
from ffld.coco import PIXEL_CENTRE
from ffld.coco_annotations import Garment, Problem, read_garments
from ffld.coco_pictures import ORIENTATIONS, Picture, look, stored
from ffld.datasets._photographs import refuse
from ffld.sample import DataError, Targets
from ffld.schema import LandmarkSchema, Visibility
from ffld.validate.labels import LEAST_SIDE, listed, outside

DATASETS = {"ffld": "coco", "fld8": "coco-fld8"}  # by the name of the schema

_REMEDY = "correct these entries, or leave them out; nothing was written"


@dataclass(frozen=True)
class Imported:
    """What was written.

    Attributes:
        dataset: the name to load it by.
        revision: of the split's labels.
        left_out: annotations of categories that the mapping leaves out.
        skipped: what is wrong with the entries that were skipped; none unless asked for.
    """

    dataset: str
    revision: str
    samples: int
    left_out: int
    skipped: tuple[str, ...] = ()


def import_coco(
    annotations: str | Path,
    images: str | Path,
    out: str | Path,
    *,
    split: str = "test",
    mapping: str | Path | None = None,
    orientation: str | None = None,
    skip_invalid: bool = False,
) -> Imported:
    """Write one split into OUT, beside those that were imported into it before.

    Args:
        annotations: a COCO keypoints file.
        images: the folder that its `file_name`s are relative to.
        mapping: a JSON file as above, where names are not those of a schema.
        orientation: what the labels of photographs with an EXIF orientation are of: the picture as
            it is "stored", or turned "upright", as it then is stored; None where the file or the
            sizes that it states tell.
        skip_invalid: import what is fine, and list the rest in OUT/skipped_<split>.json.

    Raises:
        DataError: files that cannot be used; all that is wrong with the entries at once.
    """
    images, out = Path(images), Path(out)
    _check(split, orientation, images)
    read = read_garments(Path(annotations), mapping and Path(mapping), images)
    spec = catalog.spec(DATASETS[read.schema.name])
    about = {
        "dataset": spec.name,
        "revision": spec.revision,
        "schema": spec.schema.fingerprint,
        "limit": None,
        "row_group": shards.ROW_GROUP,
    }
    older = coco_folder.splits(out, split, about)
    problems = read.problems
    told = read.orientation if read.orientation in ORIENTATIONS else None
    photographs = list(dict.fromkeys(garment.photograph for garment in read.garments))
    pictures = look(photographs, images, orientation or told, problems)
    garments = _sound(read.garments, pictures, read.schema, problems)
    if not skip_invalid or not garments:
        refuse([str(problem) for problem in problems], _REMEDY)
    targets = _targets(garments, pictures, split, spec)
    planned = shards.plan({split: len(targets)})
    _write(out, planned, targets, [g.photograph.file for g in garments], pictures, images, about)
    content = {**shards.entry(out, planned), "revision": targets.revision}
    coco_folder.finish(out, split, about, {**older, split: content}, problems)
    skipped = tuple(map(str, problems))
    return Imported(spec.name, targets.revision, len(targets), read.left_out, skipped)


def _check(split: str, orientation: str | None, images: Path) -> None:
    if split not in catalog.SPLITS:
        raise DataError(f"no split {split!r}; there are {', '.join(catalog.SPLITS)}")
    if orientation not in (None, *ORIENTATIONS):
        raise DataError(f"no orientation {orientation!r}; there are {', '.join(ORIENTATIONS)}")
    if not images.is_dir():
        raise DataError(f"images {str(images)!r} is no folder; give the one of the image files")


def _sound(
    garments: Sequence[Garment],
    pictures: Mapping[str, Picture],
    schema: LandmarkSchema,
    problems: list[Problem],
) -> list[Garment]:
    """The garments that nothing is wrong with.

    Boxes that `ffld validate` calls too small and visible points outside the picture are added to
    the problems.
    """
    for garment in garments:
        picture = pictures.get(garment.photograph.file)
        if picture is None:
            continue  # told already
        x1, y1, x2, y2 = _clipped(garment, picture)
        wide, high = max(x2 - x1, 0.0), max(y2 - y1, 0.0)
        if min(wide, high) < LEAST_SIDE:
            width, height = picture.size
            text = (
                f"of the box {garment.box} {wide:g} x {high:g} pixels lie inside its image of "
                f"{width} x {height}; sides of at least {LEAST_SIDE} are needed"
            )
            problems.append(Problem(garment.origin, text))
        size = np.array(picture.size)
        if (slots := np.flatnonzero(outside(garment.xy, garment.visibility, size))).size:
            points = listed(schema, slots, garment.xy - PIXEL_CENTRE)  # as the file has them
            text = (
                f"found {points} outside the image of {size[0]} x {size[1]}, yet visible; correct "
                "them, or set their v to 1 (occluded) or 0 (cut off)"
            )
            problems.append(Problem(garment.origin, text))
    wrong = {problem.origin for problem in problems}
    return [g for g in garments if not wrong & {g.origin, g.photograph.origin}]


def _clipped(garment: Garment, picture: Picture) -> np.ndarray:
    return np.clip(garment.box, 0, np.tile(picture.size, 2))


def _targets(
    garments: Sequence[Garment],
    pictures: Mapping[str, Picture],
    split: str,
    spec: catalog.DatasetSpec,
) -> Targets:
    of = [pictures[garment.photograph.file] for garment in garments]
    xy = np.stack([garment.xy for garment in garments])
    visibility = np.stack([garment.visibility for garment in garments])
    labels = {
        "ids": np.array([garment.id for garment in garments], np.str_),
        "xy": np.where((visibility == Visibility.ABSENT)[..., None], np.nan, xy),
        "visibility": visibility,
        "garment_type": np.array([garment.garment_type for garment in garments], np.str_),
        "box": np.stack([_clipped(*pair) for pair in zip(garments, of, strict=True)]).astype(float),
        "size": np.array([picture.size for picture in of], np.int64),
    }
    rivals = _rivals(garments, labels["xy"], spec.schema)
    stated = {"rivals": rivals} if any(garment.rivals for garment in garments) else {}
    return Targets(
        dataset=spec.name,
        split=split,
        revision=f"{spec.name}-{_digest(labels | stated)}",
        schema=spec.schema,
        rivals=rivals,
        attributes=_attributes(garments),
        **labels,
    )


def _attributes(garments: Sequence[Garment]) -> dict[str, np.ndarray]:
    """Column -> (N,) str, in an order that only depends on their names."""
    names = {name for garment in garments for name in garment.attributes}
    columns: dict[str, np.ndarray] = {}
    for name in sorted(names):
        column = name
        while not column or column in shards.COLUMNS or (column != name and column in names):
            column = f"attribute_{column}"
        values = [garment.attributes.get(name, "") for garment in garments]
        columns[column] = np.array(values, np.str_)
    return columns


def _digest(labels: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name, values in labels.items():
        text = json.dumps([name, values.tolist()]) if values.dtype.kind == "U" else name
        digest.update(text.encode())
        digest.update(b"" if values.dtype.kind == "U" else np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:8]


def _rivals(garments: Sequence[Garment], xy: np.ndarray, schema: LandmarkSchema) -> np.ndarray:
    """(N, R, K, 2), R at least 1: landmarks of the other garments of their image, NaN-padded."""
    rows_of: dict[str, list[int]] = {}
    for row, garment in enumerate(garments):
        rows_of.setdefault(garment.photograph.file, []).append(row)
    others = [
        [xy[other] for other in rows_of[garment.photograph.file] if other != row]
        if garment.rivals is None
        else garment.rivals
        for row, garment in enumerate(garments)
    ]
    rivals = np.full((len(garments), max(1, *map(len, others)), len(schema), 2), np.nan)
    for row, found in enumerate(others):
        rivals[row, : len(found)] = found if len(found) else np.nan
    return rivals


def _write(
    out: Path,
    planned: Sequence[shards.Shard],
    targets: Targets,
    files: Sequence[str],
    pictures: Mapping[str, Picture],
    images: Path,
    about: Mapping[str, Any],
) -> None:
    """Write the shards of a split; of the images no more than a row group is held."""

    def tables(shard: shards.Shard) -> Iterator[pa.Table]:
        for start in range(shard.start, shard.stop, shards.ROW_GROUP):
            rows = range(start, min(start + shards.ROW_GROUP, shard.stop))
            names = [files[row] for row in rows]
            read = [stored(images / name, pictures[name].turn) for name in names]
            paths = [name + more for name, (_, more) in zip(names, read, strict=True)]
            yield shards.lay_out(targets.select(rows), paths, [data for data, _ in read])
            bar.update(len(rows))

    total = len(targets)
    with tqdm(total=total, desc="writing", file=sys.stderr, leave=False, unit="sample") as bar:
        for shard in planned:
            path = out / shard.file
            for left in leftovers(path.parent, path.name):
                left.unlink(missing_ok=True)
            with replacing(path) as temporary:
                shards.write(temporary, tables(shard), {**about, "file": shard.file})
