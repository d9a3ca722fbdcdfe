"""Garments of a COCO keypoints file, in our names and coordinates."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from ffld.coco import from_keypoints
from ffld.coco_mapping import Category, key, read_categories, read_object
from ffld.ids import image_of, images_of, is_safe
from ffld.sample import DataError
from ffld.schema import LandmarkSchema

_FARTHEST = 1_000_000  # pixels: no coordinate of a photograph is beyond it


class Problem(NamedTuple):
    """What is wrong with an entry; `origin` is where that is written."""

    origin: str
    text: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.text}"


@dataclass(frozen=True)
class Photograph:
    """One entry of the images.

    Attributes:
        file: its name, relative to the folder of images, with slashes.
        size: width and height as stated; (0, 0) where they aren't.
    """

    origin: str
    file: str
    size: tuple[int, int]


@dataclass(frozen=True)
class Garment:
    """One annotation.

    Attributes:
        origin: where it is written, for errors.
        box: x1, y1, x2, y2, not yet clipped.
        xy, visibility: (K, 2) continuous, (K,).
        rivals: (K, 2) of each other garment of the image; None where the annotation has none, as
            exports alone have.
    """

    origin: str
    id: str
    photograph: Photograph
    garment_type: str
    box: tuple[float, float, float, float]
    xy: np.ndarray
    visibility: np.ndarray
    attributes: Mapping[str, str]
    rivals: Sequence[np.ndarray] | None


@dataclass
class Garments:
    """All garments of a file, what is wrong with the others, and how many were not asked for.

    Attributes:
        orientation: of the pictures that the labels are of, where the file says so.
    """

    schema: LandmarkSchema
    orientation: str | None = None
    garments: list[Garment] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: int = 0


def read_garments(path: Path, mapping: Path | None, images: Path) -> Garments:
    """Read a file of annotations.

    Args:
        mapping: see `ffld.coco_import`.
        images: the folder of its images; only looked into where names have backslashes.

    Raises:
        DataError: a file that is none, or names that neither a schema nor the mapping has.
    """
    content = read_object(path)
    lists = {name: content.get(name) for name in ("images", "annotations", "categories")}
    for name, entries in lists.items():
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            raise DataError(f"{path}: {name!r} is no list of objects; give a COCO keypoints file")
    schema, categories = read_categories(path, lists["categories"], mapping)
    info = content.get("info")
    found = Garments(schema, info.get("orientation") if isinstance(info, dict) else None)
    photographs = _photographs(path, lists["images"], images, found.problems)
    shown = [photographs.get(key(entry.get("image_id"))) for entry in lists["annotations"]]
    names = images_of({photograph.file for photograph in photographs.values()})
    times = Counter(photograph.file for photograph in shown if photograph)
    for number, (annotation, photograph) in enumerate(
        zip(lists["annotations"], shown, strict=True)
    ):
        origin = f"{path}: annotations[{number}] (id {annotation.get('id')!r:.40})"
        category = categories.get(key(annotation.get("category_id")))
        if category is not None and category.garment_type is None:
            found.left_out += 1
            continue
        try:
            if photograph is None:
                image = annotation.get("image_id")
                raise ValueError(f"image_id {image!r:.40} is of no image with a file_name")
            name = _id(annotation, names[photograph.file], times[photograph.file] > 1)
            found.garments.append(_garment(annotation, origin, name, photograph, category, schema))
        except ValueError as error:
            found.problems.append(Problem(origin, str(error)))
    found.problems += _check_ids(found.garments)
    if not found.garments and not found.problems:
        raise DataError(f"{path}: no annotation to import, {found.left_out:,} left out")
    return found


def _photographs(
    path: Path, entries: Sequence[Mapping[str, Any]], images: Path, problems: list[Problem]
) -> dict[Any, Photograph]:
    """Image id -> the entry, of those that have a file name."""
    found: dict[Any, Photograph] = {}
    first: dict[Any, str] = {}
    for number, entry in enumerate(entries):
        origin = f"{path}: images[{number}] (id {entry.get('id')!r:.40})"
        identity, file = key(entry.get("id")), entry.get("file_name")
        if identity is None:
            problems.append(Problem(origin, "the id is no number or text"))
        elif first.setdefault(identity, origin) != origin:
            problems.append(Problem(origin, f"the id is that of {first[identity]} too"))
        if identity is None or not isinstance(file, str):
            continue
        turned = file.replace("\\", "/")
        if turned != file and (images / turned).is_file():  # as tools on Windows write them
            file = turned
        size = entry.get("width"), entry.get("height")
        found[identity] = Photograph(
            origin=origin,
            file=PurePosixPath(file).as_posix(),
            size=size if all(type(side) is int for side in size) else (0, 0),
        )
    return found


def _id(annotation: Mapping[str, Any], image: str, several: bool) -> str:
    """The id of a sample: as exports state it, or by the names of its image and annotation."""
    told, number = annotation.get("sample_id"), annotation.get("id")
    if told is None and several and type(number) not in (int, str):
        raise ValueError(f"found {number!r:.40} as id, expected a number or a text")
    if told is not None and type(told) not in (int, str):
        raise ValueError(f"found {told!r:.40} as sample_id, expected a text")
    name = str(told) if told is not None else f"{image}#{number}" if several else image
    _check_text(name, "id")
    if told is not None and not is_safe(name):
        raise ValueError(
            f"found {told!r:.80} as sample_id, expected what can name a file inside a folder: a "
            "relative path without .. before any #"
        )
    return name


def _garment(
    annotation: Mapping[str, Any],
    origin: str,
    name: str,
    photograph: Photograph,
    category: Category | None,
    schema: LandmarkSchema,
) -> Garment:
    """One annotation in our terms; ValueError, without its origin, where it cannot be."""
    if category is None:
        raise ValueError(f"category_id {annotation.get('category_id')!r:.40} is of no category")
    xy, visibility = _landmarks(annotation, category, schema)
    x, y, width, height = _numbers(annotation.get("bbox"), 4, "bbox")
    attributes = annotation.get("attributes")
    rivals = annotation.get("rivals")
    return Garment(
        origin=origin,
        id=name,
        photograph=photograph,
        garment_type=category.garment_type,
        box=(x, y, x + width, y + height),
        xy=xy,
        visibility=visibility,
        attributes=_attributes(attributes) if isinstance(attributes, dict) else {},
        rivals=[_rival(keypoints, category, schema) for keypoints in rivals]
        if isinstance(rivals, list)
        else None,
    )


def _attributes(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Texts as they are, anything else as JSON; null is what isn't known."""
    found = {}
    for name, value in attributes.items():
        if value is None:
            continue
        found[name] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        _check_text(name + found[name], "attributes")
    return found


def _landmarks(
    annotation: Mapping[str, Any], category: Category, schema: LandmarkSchema
) -> tuple[np.ndarray, np.ndarray]:
    """(K, 2), (K,) uint8."""
    points, codes = _keypoints(annotation.get("keypoints"), category, "keypoints")
    xy = np.full((len(schema), 2), np.nan)
    visibility = np.zeros(len(schema), np.uint8)
    owned = schema.type_mask[schema.type_index(category.garment_type)]
    for slot, point, code in zip(category.slots.tolist(), points, codes, strict=True):
        if not code or slot < 0:
            continue
        landmark = schema.landmarks[slot]
        if not owned[slot]:
            raise ValueError(f"a {category.garment_type} has no {landmark}; set its v to 0")
        if visibility[slot]:
            raise ValueError(f"two of its keypoints are {landmark} in the mapping; keep one")
        xy[slot], visibility[slot] = point, code
    return xy, visibility


def _rival(keypoints: Any, category: Category, schema: LandmarkSchema) -> np.ndarray:
    """(K, 2) of another garment, of whatever type."""
    points, codes = _keypoints(keypoints, category, "rivals")
    xy = np.full((len(schema), 2), np.nan)
    there = (codes > 0) & (category.slots >= 0)
    xy[category.slots[there]] = points[there]
    return xy


def _keypoints(values: Any, category: Category, name: str) -> tuple[np.ndarray, np.ndarray]:
    numbers = _numbers(values, 3 * len(category.slots), name)
    points, codes = from_keypoints(np.array(numbers, np.float64))
    if not np.isin(codes, (0, 1, 2)).all():
        raise ValueError(f"found a point in {name} whose third number is none of 0, 1, 2")
    return points, codes


def _numbers(values: Any, count: int, name: str) -> list[float]:
    if not isinstance(values, list) or len(values) != count:
        found = f"{len(values)} values" if isinstance(values, list) else repr(values)[:40]
        raise ValueError(f"found {found} in {name}, expected {count} numbers")
    if not all(type(v) in (int, float) and abs(v) <= _FARTHEST for v in values):
        raise ValueError(f"found something in {name} that is no coordinate of a photograph")
    return values


def _check_text(text: str, name: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"found {text!r:.80} in {name}, which is no valid Unicode") from error


def _check_ids(garments: Sequence[Garment]) -> Iterator[Problem]:
    """Ids that come twice, and such as tell photographs apart in another way than files do."""
    by_id: dict[str, Garment] = {}
    by_file: dict[str, Garment] = {}
    by_image: dict[str, Garment] = {}
    for garment in garments:
        image, file = image_of(garment.id), garment.photograph.file
        if (first := by_id.setdefault(garment.id, garment)) is not garment:
            yield Problem(garment.origin, f"the id {garment.id!r} is that of {first.origin} too")
        elif image_of((first := by_file.setdefault(file, garment)).id) != image:
            yield Problem(
                garment.origin,
                f"found the id {garment.id!r}, and {first.id!r} at {first.origin}, of the same "
                "photograph; sample_ids of one photograph have the same part before #",
            )
        elif (first := by_image.setdefault(image, garment)).photograph.file != file:
            yield Problem(
                garment.origin,
                f"found the id {garment.id!r}, and {first.id!r} at {first.origin}, of another "
                "photograph; sample_ids of different photographs differ before #",
            )
