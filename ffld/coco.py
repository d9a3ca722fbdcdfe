"""A split in the COCO keypoints format, which the tools of pose estimation read.

Coordinates. COCO's keypoints are pixel indices: 0 at the centre of the first pixel (Detectron2
and others add 0.5 to make them continuous). Ours are continuous, 0.5 at that centre. So a keypoint
is our point minus 0.5, and `from_keypoints` adds it again. Boxes of COCO are continuous already,
0 at the image's edge, and stand as they are.

Categories are the schema's garment types, in its order, from 1. Each lists all K landmarks of the
schema and not only its own, because tools hold the keypoints of a batch, and the sigmas of OKS, in
one array for all categories; a landmark that a type does not own is absent, 0 0 0. Skeletons join
only what the type owns.

Besides COCO's fields, an annotation has `sample_id`, our id, `attributes`, and `rivals`, keypoints
of each other garment of its image; `info` says what the labels are of. `ffld.coco_import` reads all
of it back.
`area` is that of the box, since there are no masks: OKS is not comparable with COCO's own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

import numpy as np
from tqdm import tqdm

from ffld import catalog
from ffld.atomic import leftovers, replacing
from ffld.datasets._photographs import refuse
from ffld.ids import image_of, is_safe
from ffld.sample import DataError, Split, Targets
from ffld.schema import LandmarkSchema, Visibility

PIXEL_CENTRE = 0.5  # our coordinate of what COCO calls 0
COORDINATES = (
    "keypoints: 0 is the centre of the first pixel, so add 0.5 for continuous coordinates; "
    "bbox and area: continuous, 0 is the edge of the image"
)


def export(
    split: Split, out: str | Path, *, root: str | Path | None = None, images: bool = False
) -> Path:
    """Write OUT/annotations/<dataset>_<split>.json; the same split gives the same bytes.

    A `file_name` is relative to `root` where the images are photographs, and to OUT/images with
    `images`. Garments of one photograph share its entry.

    Args:
        root: the folder that the split was loaded from; None for what is rendered.
        images: also write OUT/images: copies of photographs, PNG files of what is rendered.

    Returns:
        The path of the annotations. They appear last, whole or not at all; when an export that was
        killed is run again, rendered images that it has written are kept.

    Raises:
        DataError: unreadable photographs, or such as are not in `root`; ids that lead out of a
            folder; no folder to write to.
        OSError: an image that cannot be copied, a full disk.
    """
    targets = split.targets
    _check_ids(targets)
    names = [image_of(name) for name in targets.ids.tolist()]
    numbers = {name: n for n, name in enumerate(dict.fromkeys(names), start=1)}
    first = {name: row for row, name in reversed(list(enumerate(names)))}
    files = {name: _file_name(split, row, name, root) for name, row in first.items()}
    path = Path(out) / "annotations" / f"{split.dataset}_{split.split}.json"
    _make_folder(path.parent)
    entries = (
        {
            "id": number,
            "file_name": files[name],
            "width": int(targets.size[first[name], 0]),
            "height": int(targets.size[first[name], 1]),
            "license": 1,
        }
        for name, number in numbers.items()
    )
    annotations = (_annotation(targets, row, numbers[name]) for row, name in enumerate(names))
    for left in leftovers(path.parent, path.name):
        left.unlink(missing_ok=True)
    with replacing(path) as temporary:
        with temporary.open("w", encoding="utf-8") as file:
            for key, value in _head(targets).items():
                file.write(f"{'{' if key == 'info' else ','}\n{_json(key)}: {_json(value)}")
            _write_list(file, "images", entries)
            with tqdm(annotations, "annotations", len(names), leave=False, unit="sample") as bar:
                _write_list(file, "annotations", bar)
            file.write("\n}\n")
        if images:
            from ffld.coco_images import write_images  # not needed to read predictions

            shown = split.select([first[name] for name in numbers])
            listed = [files[name] for name in numbers]
            write_images(shown, listed, Path(out) / "images", temporary)
    return path


def to_keypoints(xy: np.ndarray, visibility: np.ndarray) -> np.ndarray:
    """(..., 3 K) x, y, v of each landmark in turn, from our (..., K, 2) points and (..., K) codes.

    v is 0 absent, 1 occluded, 2 visible, which are our codes too; absent ones are 0 0 0.
    """
    there = visibility > 0
    points = np.where(there[..., None], xy - PIXEL_CENTRE, 0.0)
    together = np.concatenate([points, visibility[..., None]], axis=-1)
    return together.reshape(*visibility.shape[:-1], 3 * visibility.shape[-1])


def from_keypoints(keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Our (..., K, 2) points and the (..., K) third values of (..., 3 K) keypoints.

    The inverse of `to_keypoints` where v is not 0: exact for coordinates that are multiples of
    2^-40, as labels are, and within one rounding of float64 for any other.
    """
    triples = np.asarray(keypoints, np.float64)
    triples = triples.reshape(*triples.shape[:-1], triples.shape[-1] // 3, 3)
    return triples[..., :2] + PIXEL_CENTRE, triples[..., 2]


def categories(schema: LandmarkSchema) -> list[dict]:
    """The garment types as COCO's categories; skeletons are pairs of slots counted from 1."""
    edges = np.argwhere(np.triu(schema.adjacency))
    return [
        {
            "id": number,
            "name": name,
            "supercategory": "garment",
            "keypoints": list(schema.landmarks),
            "skeleton": [(edge + 1).tolist() for edge in edges if owned[edge].all()],
        }
        for number, (name, owned) in enumerate(
            zip(schema.type_names, schema.type_mask, strict=True), start=1
        )
    ]


def _head(targets: Targets) -> dict[str, object]:
    """All but the images and the annotations. No date: the same split gives the same bytes."""
    about = catalog.spec(targets.dataset)
    info = {
        "description": f"{about.title}: {targets.split}",
        "version": targets.revision,
        "dataset": targets.dataset,
        "split": targets.split,
        "revision": targets.revision,
        "schema": targets.schema.name,
        "schema_fingerprint": targets.schema.fingerprint,
        "coordinates": COORDINATES,
        "orientation": "stored",  # whatever turn the EXIF of a photograph asks for
        "citation": about.citation,
    }
    return {
        "info": info,
        "licenses": [{"id": 1, "name": about.licence, "url": ""}],
        "categories": categories(targets.schema),
    }


def _annotation(targets: Targets, row: int, image: int) -> dict[str, object]:
    x1, y1, x2, y2 = targets.box[row].tolist()
    return {
        "id": row + 1,
        "image_id": image,
        "category_id": int(targets.type_index[row]) + 1,
        "sample_id": str(targets.ids[row]),
        "bbox": [x1, y1, x2 - x1, y2 - y1],
        "area": (x2 - x1) * (y2 - y1),
        "iscrowd": 0,
        "attributes": {name: str(v[row]) for name, v in targets.attributes.items() if v[row]},
        "num_keypoints": int((targets.visibility[row] > 0).sum()),
        "keypoints": to_keypoints(targets.xy[row], targets.visibility[row]).tolist(),
        "rivals": _rivals(targets.rivals[row]),
    }


def _rivals(rivals: np.ndarray) -> list[list[float]]:
    """Keypoints of the other garments of an image; v, which is not known of them, 2 or 0."""
    there = np.isfinite(rivals).all(-1)
    visibility = np.where(there, np.uint8(Visibility.VISIBLE), np.uint8(Visibility.ABSENT))
    return to_keypoints(rivals, visibility)[there.any(-1)].tolist()


def _check_ids(targets: Targets) -> None:
    """Refuse ids by which files would be named that lie elsewhere."""
    refuse(
        [
            f"sample {row} of {targets.dataset} {targets.split} has the id {name!r:.80}"
            for row, name in enumerate(targets.ids.tolist())
            if not is_safe(name)
        ],
        "an id must be able to name a file inside a folder: rename these samples, and check where "
        "they come from with python -m ffld validate; nothing was written",
    )


def _file_name(split: Split, position: int, name: str, root: str | Path | None) -> str:
    file = split.file(position)
    if file is None:
        return f"{name}.png"  # without loss: whoever reads it sees the pixels of the split
    relative = Path(os.path.relpath(file, root or "."))
    if relative.parts[0] == "..":
        raise DataError(
            f"{file} is not in {root or 'this folder'}: pass root, its dataset's folder"
        )
    return relative.as_posix()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{folder} cannot be made ({error.strerror}); export to a folder that can be written"
        ) from error


def _write_list(file: TextIO, key: str, items: Iterable[dict]) -> None:
    """One item a line, none kept, so that large splits need little memory."""
    file.write(f",\n{_json(key)}: [")
    for number, item in enumerate(items):
        file.write(f"{',' if number else ''}\n{_json(item)}")
    file.write("\n]")


def _json(value: object) -> str:
    return json.dumps(value, allow_nan=False)
