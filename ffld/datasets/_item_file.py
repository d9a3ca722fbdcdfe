"""An annotation file of DeepFashion2: one JSON an image, with the garments in it as items."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_WORDS = {
    "viewpoint": {1: "no wear", 2: "front", 3: "side or back"},
    "scale": {1: "small", 2: "modest", 3: "large"},
    "occlusion": {1: "slight", 2: "medium", 3: "heavy"},
    "zoom_in": {1: "none", 2: "medium", 3: "large"},
}
_SOURCES = ("user", "shop")
WORD_NAMES = (*_WORDS, "source")


class Item(NamedTuple):
    """One garment of an image; numbers as the file has them.

    Attributes:
        key: "item1", "item2", …
        box: (4,), both corners inclusive, counted from 0.
        points: (P, 3), x, y, v of its category's landmarks; v is 2 visible, 1 occluded, 0 absent.
        words: one of each of `WORD_NAMES`, "" where the file has none.
    """

    key: str
    category_id: int
    box: np.ndarray
    points: np.ndarray
    words: tuple[str, ...]


def read_items(path: Path, points_of: Mapping[int, int]) -> tuple[list[Item], list[str]]:
    """The items of a file in the order of their numbers, and what is wrong with the others.

    Args:
        points_of: category_id -> number of its landmarks.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        return [], [f"{path}: cannot be read as JSON ({error})"]
    if not isinstance(content, dict):
        return [], [f"{path}: found a {type(content).__name__}, expected an object with items"]
    items, problems = [], []
    # The order of keys in a file is arbitrary.
    for key in sorted((k for k in content if k.startswith("item")), key=lambda k: (len(k), k)):
        try:
            items.append(_item(key, content[key], content.get("source"), points_of))
        except ValueError as error:
            problems.append(f"{path} {key}: {error}")
    return items, problems


def _item(key: str, content: Any, source: Any, points_of: Mapping[int, int]) -> Item:
    needed = {"category_id", "landmarks", "bounding_box"}
    if not isinstance(content, dict) or not needed <= set(content):
        raise ValueError(f"expected an object with {', '.join(sorted(needed))}")
    category_id = content["category_id"]
    if type(category_id) is not int or category_id not in points_of:
        raise ValueError(f"found category_id {category_id!r}, expected 1 to {max(points_of)}")
    points = _numbers(content["landmarks"], 3 * points_of[category_id], "landmarks").reshape(-1, 3)
    if not np.isin(points[:, 2], (0, 1, 2)).all():
        raise ValueError("found a landmark whose visibility is none of 0, 1, 2")
    words = (
        *(_word(content.get(name), meanings) for name, meanings in _WORDS.items()),
        source if source in _SOURCES else "",
    )
    box = _numbers(content["bounding_box"], 4, "bounding_box")
    return Item(key, category_id, box, points, words)


def _numbers(values: Any, count: int, name: str) -> np.ndarray:
    if not isinstance(values, list) or len(values) != count:
        found = f"{len(values)} values" if isinstance(values, list) else repr(values)[:80]
        raise ValueError(f"found {found} in {name}, expected {count} numbers")
    if not all(type(value) in (int, float) for value in values):
        raise ValueError(f"found values in {name} that are not numbers")
    numbers = np.array(values, np.float32)
    if not (np.abs(numbers) <= 1_000_000).all():
        raise ValueError(f"found a number in {name} that is in no photograph")
    return numbers


def _word(code: Any, meanings: Mapping[int, str]) -> str:
    return meanings.get(code, "") if isinstance(code, int) else ""
