"""What the categories of a COCO keypoints file are in our schemas, by their names or a mapping."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ffld.sample import DataError
from ffld.schema import FFLD, FLD8, LandmarkSchema

_SCHEMAS = {schema.name: schema for schema in (FFLD, FLD8)}
_KEYS = ("schema", "types", "landmarks")
_LISTED = 5  # problems that one error spells out


@dataclass(frozen=True)
class Category:
    """A category: our type (None: left out), and our slot of each of its keypoints (-1: none)."""

    garment_type: str | None
    slots: np.ndarray


def read_object(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds.

    Raises:
        DataError: it holds none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read as JSON ({error})") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: found a {type(content).__name__}, expected an object")
    return content


def key(value: Any) -> int | float | str | None:
    """An id as what entries are found by; None, which no entry has, where it cannot be one."""
    return value if type(value) in (int, float, str) else None


def read_categories(
    path: Path, entries: Sequence[Mapping[str, Any]], mapping: Path | None
) -> tuple[LandmarkSchema, dict[Any, Category]]:
    """The schema of a file, and its categories by their ids.

    Args:
        entries: the categories of the file at `path`.
        mapping: see `ffld.coco_import`.

    Raises:
        DataError: names that neither a schema nor the mapping has, ids that come twice.
    """
    told = _told(mapping)
    problems = [
        f"categories[{number}] has {entry['keypoints']!r:.60} as keypoints, expected a list of "
        "names"
        for number, entry in enumerate(entries)
        if not _are_names(entry.get("keypoints", []))
    ]
    _refuse(path, problems)
    schema = _schema(path, entries, told)
    _check_told(mapping, told, schema)
    categories: dict[Any, Category] = {}
    first: dict[Any, int] = {}
    for number, entry in enumerate(entries):
        place = f"categories[{number}]"
        identity = key(entry.get("id"))
        if identity is None:
            problems.append(f"{place} has the id {entry.get('id')!r:.40}, no number or text")
        elif first.setdefault(identity, number) != number:
            problems.append(f"{place} has the id of categories[{first[identity]}], {identity!r}")
        else:
            categories[identity] = _category(entry, told, schema, problems)
    _refuse(path, problems)
    return schema, categories


def _category(
    entry: Mapping[str, Any],
    told: Mapping[str, Any],
    schema: LandmarkSchema,
    problems: list[str],
) -> Category:
    name = str(entry.get("name"))
    ours = told["types"].get(name, name)
    if ours is not None and ours not in schema.type_names:
        problems.append(
            f"category {name!r} is no garment type; map it in 'types' to one of "
            f"{', '.join(schema.type_names)}, or to null"
        )
    slots = []
    for keypoint in entry.get("keypoints", []):
        landmark = told["landmarks"].get(keypoint, keypoint)
        if landmark is not None and landmark not in schema.landmarks and ours is not None:
            problems.append(
                f"keypoint {keypoint!r} of category {name!r} is no landmark; map it in "
                "'landmarks' to one of the schema, or to null"
            )
        slots.append(schema.index(landmark) if landmark in schema.landmarks else -1)
    return Category(ours, np.array(slots, np.int64))


def _told(mapping: Path | None) -> dict[str, Any]:
    told = read_object(mapping) if mapping else {}
    if unknown := sorted(set(told) - set(_KEYS)):
        raise DataError(f"{mapping}: unknown keys {', '.join(unknown)}; it has {', '.join(_KEYS)}")
    for name in ("types", "landmarks"):
        names = told.setdefault(name, {})
        values = names.values() if isinstance(names, dict) else [0]
        if not all(value is None or isinstance(value, str) for value in values):
            raise DataError(f"{mapping}: {name!r} must map names to our names, or to null")
    return told


def _check_told(mapping: Path | None, told: Mapping[str, Any], schema: LandmarkSchema) -> None:
    """Refuse a mapping to names that the schema does not have."""
    _refuse(
        mapping,
        [
            f"{name!r} maps {theirs!r} to {ours!r}, which is no {what} of schema {schema.name}; "
            f"write one of {', '.join(known)}, or null"
            for name, what, known in (
                ("types", "garment type", schema.type_names),
                ("landmarks", "landmark", schema.landmarks),
            )
            for theirs, ours in told[name].items()
            if ours is not None and ours not in known
        ],
    )


def _schema(
    path: Path, entries: Sequence[Mapping[str, Any]], told: Mapping[str, Any]
) -> LandmarkSchema:
    """The schema that the mapping names, or the one whose landmarks the categories list."""
    if name := told.get("schema"):
        if not isinstance(name, str) or name not in _SCHEMAS:
            raise DataError(f"no schema {name!r}; there are {', '.join(_SCHEMAS)}")
        return _SCHEMAS[name]
    listed = [tuple(entry["keypoints"]) for entry in entries if "keypoints" in entry]
    for schema in _SCHEMAS.values():
        if listed and all(set(keypoints) <= set(schema.landmarks) for keypoints in listed):
            return schema
    raise DataError(
        f"{path}: its keypoints are not those of {' or '.join(_SCHEMAS)}; say what they are in a "
        "mapping (--mapping, see --help)"
    )


def _are_names(keypoints: Any) -> bool:
    return isinstance(keypoints, list) and all(isinstance(name, str) for name in keypoints)


def _refuse(path: Path | None, problems: Sequence[str]) -> None:
    if problems:
        rest = len(problems) - _LISTED
        more = f"; and {rest} more" if rest > 0 else ""
        raise DataError(f"{path}: {'; '.join(problems[:_LISTED])}{more}")
