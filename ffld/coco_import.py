"""COCO keypoints of photographs as a dataset of this suite: datasets `coco` and `coco-fld8`.

What is written is the layout of `python -m ffld build`, image files as they are, so imported sets
are read, validated and passed on like built ones. A garment is a row; garments of one photograph
each carry it. What other tools call garments and landmarks is told in a mapping, a JSON file:

    {"schema": "ffld",
     "types": {"blouse": "long_sleeve_top", "bag": null},
     "landmarks": {"neckline_left": "left_collar", "neck_centre": null}}

null leaves out a category's annotations, or a landmark. Names that are the schema's own need no
entry. Several of their landmarks may be one of ours where no annotation has two of them.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ffld import catalog, shards
from ffld.atomic import leftovers, replacing
from ffld.coco_annotations import Garment, read_garments
from ffld.datasets._photographs import image_size, refuse
from ffld.sample import DataError, Targets
from ffld.schema import LandmarkSchema, Visibility
from ffld.validate.files import is_inside, leaves

DATASETS = {"ffld": "coco", "fld8": "coco-fld8"}  # by the name of the schema

_REMEDY = "correct these entries, or leave them out; nothing was written"


@dataclass(frozen=True)
class Imported:
    """What was written.

    Attributes:
        dataset: the name to load it by.
        revision: of the split's labels.
        left_out: annotations of categories that the mapping leaves out.
    """

    dataset: str
    revision: str
    samples: int
    left_out: int


def import_coco(
    annotations: str | Path,
    images: str | Path,
    out: str | Path,
    *,
    split: str = "test",
    mapping: str | Path | None = None,
) -> Imported:
    """Write one split into OUT, beside those that were imported into it before.

    Args:
        annotations: a COCO keypoints file.
        images: the folder that its `file_name`s are relative to.
        mapping: a JSON file as above, where names are not those of a schema.

    Raises:
        DataError: files that cannot be used; all that is wrong with the entries at once.
    """
    images, out = Path(images), Path(out)
    if split not in catalog.SPLITS:
        raise DataError(f"no split {split!r}; there are {', '.join(catalog.SPLITS)}")
    if not images.is_dir():
        raise DataError(f"images {str(images)!r} is no folder; give the one of the image files")
    read = read_garments(Path(annotations), mapping and Path(mapping))
    spec = catalog.spec(DATASETS[read.schema.name])
    about = {
        "dataset": spec.name,
        "revision": spec.revision,
        "schema": spec.schema.fingerprint,
        "limit": None,
        "row_group": shards.ROW_GROUP,
    }
    older = _older(out, about)
    garments, problems = read.garments, list(read.problems)
    sizes = _sizes(garments, images, problems)
    boxes = _clipped(garments, sizes, problems)
    refuse(problems, _REMEDY)
    targets = _targets(garments, sizes, boxes, split, spec)
    planned = shards.plan({split: len(targets)})
    for shard in planned:
        _write(out, shard, targets, [g.file for g in garments], images, about)
    content = {**shards.entry(out, planned), "revision": targets.revision}
    new = {**older, split: content}
    shards.write_manifest(out, about, {name: new[name] for name in catalog.SPLITS if name in new})
    kept = {shard.file for shard in planned}
    for path in (out / "data").glob(f"{split}-*.parquet"):
        if f"data/{path.name}" not in kept:  # of an earlier import that had more or fewer samples
            path.unlink()
    return Imported(spec.name, targets.revision, len(targets), read.left_out)


def _older(out: Path, about: Mapping[str, Any]) -> dict[str, Any]:
    """The splits that are there already."""
    path = out / shards.MANIFEST
    if not path.exists():
        if out.is_dir() and any(out.iterdir()):
            raise DataError(f"{out} is not empty and holds no import; give a new folder")
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found, splits = {name: content[name] for name in about}, dict(content["splits"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not of an import; give a new folder") from error
    if found != about:
        raise DataError(
            f"{path} is of {found['dataset']}, schema {found['schema']}, not of "
            f"{about['dataset']}, schema {about['schema']}; give a new folder"
        )
    return splits


def _sizes(garments: Sequence[Garment], images: Path, problems: list[str]) -> np.ndarray:
    """(N, 2) width and height of each garment's image, from the files' headers."""
    known: dict[str, tuple[int, int]] = {}
    stated = {garment.file: garment for garment in garments}
    for name, garment in tqdm(
        stated.items(), "image sizes", file=sys.stderr, leave=False, unit="image"
    ):
        path = images / name
        known[name] = (0, 0)
        if not is_inside(name) or leaves(path, images):
            problems.append(f"{garment.origin}: file_name {name!r} leads out of {images}")
            continue
        try:
            known[name] = image_size(str(path))
        except DataError as error:
            problems.append(f"{garment.origin}: {error}")
            continue
        if garment.size not in ((0, 0), known[name]):
            problems.append(
                f"{garment.origin}: {name} is {known[name][0]} x {known[name][1]} pixels, its "
                f"entry states {garment.size[0]} x {garment.size[1]}"
            )
    return np.array([known[garment.file] for garment in garments], np.int64).reshape(-1, 2)


def _clipped(garments: Sequence[Garment], sizes: np.ndarray, problems: list[str]) -> np.ndarray:
    boxes = np.array([garment.box for garment in garments], np.float64).reshape(-1, 4)
    clipped = np.clip(boxes, 0, np.tile(sizes, 2))
    empty = (clipped[:, 2:] <= clipped[:, :2]).any(1) & (sizes > 0).all(1)
    for row in np.flatnonzero(empty).tolist():
        problems.append(
            f"{garments[row].origin}: the box {garments[row].box} has no area inside its image of "
            f"{sizes[row, 0]} x {sizes[row, 1]}"
        )
    return clipped


def _targets(
    garments: Sequence[Garment],
    sizes: np.ndarray,
    boxes: np.ndarray,
    split: str,
    spec: catalog.DatasetSpec,
) -> Targets:
    names = sorted({name for garment in garments for name in garment.attributes})
    xy = np.stack([garment.xy for garment in garments])
    visibility = np.stack([garment.visibility for garment in garments])
    labels = {
        "ids": np.array([garment.id for garment in garments], np.str_),
        "xy": np.where((visibility == Visibility.ABSENT)[..., None], np.nan, xy),
        "visibility": visibility,
        "garment_type": np.array([garment.garment_type for garment in garments], np.str_),
        "box": boxes,
        "size": sizes,
    }
    return Targets(
        dataset=spec.name,
        split=split,
        revision=f"{spec.name}-{_digest(labels)}",
        schema=spec.schema,
        rivals=_rivals([garment.file for garment in garments], labels["xy"], spec.schema),
        attributes={
            name: np.array([garment.attributes.get(name, "") for garment in garments], np.str_)
            for name in names
        },
        **labels,
    )


def _digest(labels: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name, values in labels.items():
        text = json.dumps([name, values.tolist()]) if values.dtype.kind == "U" else name
        digest.update(text.encode())
        digest.update(b"" if values.dtype.kind == "U" else np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:8]


def _rivals(files: Sequence[str], xy: np.ndarray, schema: LandmarkSchema) -> np.ndarray:
    """(N, R, K, 2), R at least 1: landmarks of the other garments of their image, NaN-padded."""
    rows_of: dict[str, list[int]] = {}
    for row, file in enumerate(files):
        rows_of.setdefault(file, []).append(row)
    most = max(1, max(map(len, rows_of.values())) - 1)
    rivals = np.full((len(files), most, len(schema), 2), np.nan)
    for row, file in enumerate(files):
        others = [other for other in rows_of[file] if other != row]
        rivals[row, : len(others)] = xy[others]
    return rivals


def _write(
    out: Path,
    shard: shards.Shard,
    targets: Targets,
    names: Sequence[str],
    images: Path,
    about: Mapping[str, Any],
) -> None:
    path = out / shard.file
    for left in leftovers(path.parent, path.name):
        left.unlink(missing_ok=True)
    rows = range(shard.start, shard.stop)
    files = [(images / names[row]).read_bytes() for row in rows]
    table = shards.lay_out(targets.select(rows), [os.fspath(names[row]) for row in rows], files)
    with replacing(path) as temporary:
        shards.write(temporary, [table], {**about, "file": shard.file})
