"""An annotation file of DeepFashion2: one JSON an image, with the garments in it as items."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ffld.datasets._malformed import Fault, Malformed

_WORDS = {
    "viewpoint": {1: "no wear", 2: "front", 3: "side or back"},
    "scale": {1: "small", 2: "modest", 3: "large"},
    "occlusion": {1: "slight", 2: "medium", 3: "heavy"},
    "zoom_in": {1: "none", 2: "medium", 3: "large"},
}
_SOURCES = ("user", "shop")
_NEEDED = ("bounding_box", "category_id", "landmarks")
_LARGEST = 1_000_000  # no coordinate of a photograph is beyond it
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


def read_items(
    path: Path, points_of: Mapping[int, int]
) -> tuple[list[Item], list[tuple[str, Malformed]]]:
    """The items of a file in the order of their numbers, and what is wrong with the others.

    Args:
        points_of: category_id -> number of its landmarks.

    Returns:
        The items that can be used; the key of each other one with its faults, "" as the key where
        the whole file can't be.
    """
    repeated: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(key for key, _ in pairs) if len(dict(pairs)) < len(pairs) else {}
        repeated[:] = [key for key, count in counts.items() if count > 1]
        return dict(pairs)

    try:
        # The outermost object is read to its end last, so its repeated keys are what remains.
        content = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=once)
    except (OSError, ValueError, RecursionError) as error:
        return [], [("", Malformed(Fault("file", f"cannot be read as JSON ({error})", "")))]
    if not isinstance(content, dict):
        found = f"a {type(content).__name__}"
        return [], [("", Malformed(Fault("file", found, "an object with items")))]
    if repeated:
        found = f"{', '.join(repeated)} twice"
        return [], [("", Malformed(Fault("file", found[:80], "every key once")))]
    items, problems = [], []
    # The order of keys in a file is arbitrary.
    for key in sorted((k for k in content if k.startswith("item")), key=lambda k: (len(k), k)):
        try:
            items.append(_item(key, content[key], content.get("source"), points_of))
        except Malformed as error:
            problems.append((key, error))
    return items, problems


def _item(key: str, content: Any, source: Any, points_of: Mapping[int, int]) -> Item:
    expected = f"an object with {', '.join(_NEEDED)}"
    if not isinstance(content, dict):
        raise Malformed(Fault("item", f"a {type(content).__name__}", expected))
    if missing := [f"no {name}" for name in _NEEDED if name not in content]:
        raise Malformed(Fault("item", " and ".join(missing), expected))
    faults: list[Fault] = []
    category_id = content["category_id"]
    known = type(category_id) is int and category_id in points_of
    if not known:
        faults.append(
            Fault("category_id", f"category_id {category_id!r}", f"1 to {max(points_of)}")
        )
    count = 3 * points_of[category_id] if known else None
    numbers = _numbers(content["landmarks"], count, "landmarks", faults)
    box = _numbers(content["bounding_box"], 4, "bounding_box", faults)
    if numbers is not None and (odd := np.flatnonzero(~np.isin(numbers[2::3], (0, 1, 2)))).size:
        found = f"a landmark whose visibility is none of 0, 1, 2: {numbers[3 * odd[0] + 2]:g}"
        place = _place("landmarks", 3 * int(odd[0]))
        faults.append(Fault("landmarks", f"{found} at {place}", "0, 1 or 2"))
    if faults:
        raise Malformed(*faults)
    words = (
        *(_word(content.get(name), meanings) for name, meanings in _WORDS.items()),
        source if source in _SOURCES else "",
    )
    return Item(key, category_id, box, numbers.reshape(-1, 3), words)


def _numbers(values: Any, count: int | None, name: str, faults: list[Fault]) -> np.ndarray | None:
    """An array of `count` numbers, any where that is None; what it isn't is added to the faults."""
    if not isinstance(values, list) or count not in (None, len(values)):
        found = f"{len(values)} values" if isinstance(values, list) else repr(values)[:80]
        faults.append(Fault(name, f"{found} in {name}", f"{count} numbers"))
    elif (wrong := _first(values, lambda value: type(value) in (int, float))) is not None:
        found = f"values in {name} that are not numbers: {repr(values[wrong])[:80]}"
        faults.append(Fault(name, f"{found} at {_place(name, wrong)}", "numbers"))
    elif (wrong := _first(values, lambda value: abs(value) <= _LARGEST)) is not None:
        found = f"a number in {name} that is in no photograph: {json.dumps(values[wrong])[:80]}"
        faults.append(Fault(name, f"{found} at {_place(name, wrong)}", "pixels of a photograph"))
    else:
        return np.array(values, np.float32)
    return None


def _first(values: list[Any], right: Callable[[Any], bool]) -> int | None:
    """The slot of the first value that isn't right."""
    return next((n for n, value in enumerate(values) if not right(value)), None)


def _place(name: str, slot: int) -> str:
    return f"landmark {slot // 3 + 1}" if name == "landmarks" else f"number {slot + 1}"


def _word(code: Any, meanings: Mapping[int, str]) -> str:
    return meanings.get(code, "") if isinstance(code, int) else ""
