"""Garments of a COCO keypoints file, in our names and coordinates."""

from __future__ import annotations

import json
import math
import os.path
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ffld.coco import from_keypoints
from ffld.sample import DataError
from ffld.schema import FFLD, FLD8, LandmarkSchema

_SCHEMAS = {schema.name: schema for schema in (FFLD, FLD8)}
_FARTHEST = 1_000_000  # pixels: no coordinate of a photograph is beyond it
_KEYS = ("schema", "types", "landmarks")


@dataclass(frozen=True)
class Garment:
    """One annotation.

    Attributes:
        origin: where it is written, for errors.
        file: name of its image, relative to the folder of images.
        size: width and height as stated; (0, 0) where they aren't.
        box: x1, y1, x2, y2, not yet clipped.
        xy, visibility: (K, 2) continuous, (K,).
    """

    origin: str
    id: str
    file: str
    size: tuple[int, int]
    garment_type: str
    box: tuple[float, float, float, float]
    xy: np.ndarray
    visibility: np.ndarray
    attributes: Mapping[str, str]


@dataclass
class Garments:
    """All garments of a file, what is wrong with the others, and how many were not asked for."""

    schema: LandmarkSchema
    garments: list[Garment] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    left_out: int = 0


@dataclass(frozen=True)
class _Category:
    """A category: our type (None: left out), and our slot of each of its keypoints (-1: none)."""

    garment_type: str | None
    slots: np.ndarray


def read_garments(path: Path, mapping: Path | None) -> Garments:
    """Read a file of annotations.

    Args:
        mapping: see `ffld.coco_import`.

    Raises:
        DataError: a file that is none, or names that neither a schema nor the mapping has.
    """
    content = _object(path)
    lists = {name: content.get(name) for name in ("images", "annotations", "categories")}
    for name, entries in lists.items():
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            raise DataError(f"{path}: {name!r} is no list of objects; give a COCO keypoints file")
    told = _told(mapping)
    schema, categories = _categories(path, lists["categories"], told)
    images = {image.get("id"): image for image in lists["images"]}
    found = Garments(schema)
    several = _several(lists["annotations"])
    ids: dict[str, str] = {}
    for number, annotation in enumerate(lists["annotations"]):
        origin = f"{path}: annotations[{number}] (id {annotation.get('id')!r})"
        category = categories.get(annotation.get("category_id"))
        if category is not None and category.garment_type is None:
            found.left_out += 1
            continue
        try:
            garment = _garment(annotation, origin, images, category, schema, several)
        except ValueError as error:
            found.problems.append(f"{origin}: {error}")
            continue
        first = ids.setdefault(garment.id, origin)
        if first != origin:
            found.problems.append(f"{origin}: the id {garment.id!r} is that of {first} too")
        found.garments.append(garment)
    if not found.garments and not found.problems:
        raise DataError(f"{path}: no annotation to import, {found.left_out:,} left out")
    return found


def _object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read as JSON ({error})") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: found a {type(content).__name__}, expected an object")
    return content


def _told(mapping: Path | None) -> dict[str, Any]:
    told = _object(mapping) if mapping else {}
    if unknown := sorted(set(told) - set(_KEYS)):
        raise DataError(f"{mapping}: unknown keys {', '.join(unknown)}; it has {', '.join(_KEYS)}")
    for key in ("types", "landmarks"):
        names = told.setdefault(key, {})
        values = names.values() if isinstance(names, dict) else [0]
        if not all(value is None or isinstance(value, str) for value in values):
            raise DataError(f"{mapping}: {key!r} must map names to our names, or to null")
    return told


def _categories(
    path: Path, entries: list[dict[str, Any]], told: Mapping[str, Any]
) -> tuple[LandmarkSchema, dict[Any, _Category]]:
    schema = _schema(path, entries, told)
    problems, categories = [], {}
    for entry in entries:
        name, keypoints = str(entry.get("name")), entry.get("keypoints", [])
        ours = told["types"].get(name, name)
        if ours is not None and ours not in schema.type_names:
            problems.append(
                f"category {name!r} is no garment type; map it in 'types' to one of "
                f"{', '.join(schema.type_names)}, or to null"
            )
        slots = []
        for keypoint in keypoints if isinstance(keypoints, list) else []:
            landmark = told["landmarks"].get(str(keypoint), str(keypoint))
            if landmark is not None and landmark not in schema.landmarks and ours is not None:
                problems.append(
                    f"keypoint {keypoint!r} of category {name!r} is no landmark; map it in "
                    "'landmarks' to one of the schema, or to null"
                )
            slots.append(schema.index(landmark) if landmark in schema.landmarks else -1)
        categories[entry.get("id")] = _Category(ours, np.array(slots, np.int64))
    if problems:
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise DataError(f"{path}: {'; '.join(problems[:5])}{more}")
    return schema, categories


def _schema(path: Path, entries: list[dict[str, Any]], told: Mapping[str, Any]) -> LandmarkSchema:
    """The schema that the mapping names, or the one whose landmarks the categories list."""
    if name := told.get("schema"):
        if name not in _SCHEMAS:
            raise DataError(f"no schema {name!r}; there are {', '.join(_SCHEMAS)}")
        return _SCHEMAS[name]
    listed = [tuple(e["keypoints"]) for e in entries if isinstance(e.get("keypoints"), list)]
    for schema in _SCHEMAS.values():
        if listed and all(set(keypoints) <= set(schema.landmarks) for keypoints in listed):
            return schema
    raise DataError(
        f"{path}: its keypoints are not those of {' or '.join(_SCHEMAS)}; say what they are in a "
        "mapping (--mapping, see --help)"
    )


def _several(annotations: list[dict[str, Any]]) -> set[Any]:
    """Images with more than one annotation."""
    seen: set[Any] = set()
    several: set[Any] = set()
    for annotation in annotations:
        image = annotation.get("image_id")
        (several if image in seen else seen).add(image)
    return several


def _garment(
    annotation: Mapping[str, Any],
    origin: str,
    images: Mapping[Any, Mapping[str, Any]],
    category: _Category | None,
    schema: LandmarkSchema,
    several: set[Any],
) -> Garment:
    """One annotation in our terms; ValueError, without its origin, where it cannot be."""
    image = images.get(annotation.get("image_id"))
    if image is None or not isinstance(image.get("file_name"), str):
        raise ValueError(f"image_id {annotation.get('image_id')!r} is of no image with a file_name")
    if category is None:
        raise ValueError(f"category_id {annotation.get('category_id')!r} is of no category")
    xy, visibility = _landmarks(annotation, category, schema)
    x, y, width, height = _numbers(annotation.get("bbox"), 4, "bbox")
    name = os.path.splitext(image["file_name"])[0]
    suffix = f"#{annotation.get('id')}" if annotation.get("image_id") in several else ""
    size = image.get("width"), image.get("height")
    attributes = annotation.get("attributes", {})
    return Garment(
        origin=origin,
        id=str(annotation.get("sample_id", name + suffix)),
        file=image["file_name"],
        size=size if all(type(side) is int for side in size) else (0, 0),
        garment_type=category.garment_type,
        box=(x, y, x + width, y + height),
        xy=xy,
        visibility=visibility,
        attributes={k: v for k, v in attributes.items() if isinstance(v, str)}
        if isinstance(attributes, dict)
        else {},
    )


def _landmarks(
    annotation: Mapping[str, Any], category: _Category, schema: LandmarkSchema
) -> tuple[np.ndarray, np.ndarray]:
    """(K, 2), (K,) uint8."""
    values = _numbers(annotation.get("keypoints"), 3 * len(category.slots), "keypoints")
    points, codes = from_keypoints(np.array(values))
    if not np.isin(codes, (0, 1, 2)).all():
        raise ValueError("found a keypoint whose third number is none of 0, 1, 2")
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


def _numbers(values: Any, count: int, name: str) -> list[float]:
    if not isinstance(values, list) or len(values) != count:
        found = f"{len(values)} values" if isinstance(values, list) else repr(values)[:40]
        raise ValueError(f"found {found} in {name}, expected {count} numbers")
    if not all(
        type(v) in (int, float) and math.isfinite(v) and abs(v) <= _FARTHEST for v in values
    ):
        raise ValueError(f"found something in {name} that is no coordinate of a photograph")
    return values
