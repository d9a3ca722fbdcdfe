"""Boxes from elsewhere, such as a detector's, by sample id."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.predictions import listed
from ffld.sample import DataError, Targets

_HEAD = ["id", "x1", "y1", "x2", "y2"]


@dataclass(frozen=True)
class GivenBoxes:
    """A file of boxes.

    Attributes:
        of: id -> (4,) x1, y1, x2, y2 in pixels of the image; None where the garment was not found,
            and the whole image is the box.
        sha256: of the file.
    """

    name: str
    of: Mapping[str, np.ndarray | None]
    sha256: str

    def missed(self, targets: Targets) -> int:
        """How many of the samples have none."""
        return sum(self.of[name] is None for name in targets.ids.tolist())


def read(path: Path, targets: Targets) -> GivenBoxes:
    """Read the boxes of all samples; the file may hold more.

    A `.csv` has the columns id, x1, y1, x2, y2, empty where the garment was not found; anything
    else is JSON: {"id": [x1, y1, x2, y2], …}, null where it was not found.

    Raises:
        DataError: no such file, another layout, samples without a line, boxes without area or
            outside of their image.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
        rows = _csv(text) if path.suffix.lower() == ".csv" else _json(text)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise DataError(
            f"{path}: {error}; expected JSON of id -> [x1, y1, x2, y2], or a .csv with the columns "
            f"{', '.join(_HEAD)}"
        ) from error
    ids = targets.ids.tolist()
    problems = []
    if missing := [name for name in ids if name not in rows]:
        problems.append(
            f"samples without a line (write one without numbers where the garment was not found): "
            f"{listed(missing)}"
        )
    sizes = dict(zip(ids, targets.size.tolist(), strict=True))
    if unusable := [name for name in ids if name in rows and not _usable(rows[name], sizes[name])]:
        problems.append(f"boxes without area within their image: {listed(unusable)}")
    if problems:
        raise DataError(f"{path}: " + "; ".join(problems))
    boxes = {name: None if row is None else np.array(row, np.float64) for name, row in rows.items()}
    return GivenBoxes(path.name, boxes, hashlib.sha256(data).hexdigest())


def _csv(text: str) -> dict[str, list[float] | None]:
    head, *lines = csv.reader(text.splitlines())
    if head[: len(_HEAD)] != _HEAD:
        raise ValueError(f"its first line is {','.join(head)[:80]!r}")
    rows: dict[str, list[float] | None] = {}
    for number, line in enumerate(filter(None, lines), 2):
        name, *sides = line[: len(_HEAD)]
        if name in rows or len(sides) < 4:
            raise ValueError(f"line {number} is cut off, or has an id that was there before")
        rows[name] = [float(side) for side in sides] if any(sides) else None
    return rows


def _json(text: str) -> dict[str, list[float] | None]:
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError(f"it holds a JSON {type(content).__name__}")
    return content


def _usable(row: object, size: Sequence[int]) -> bool:
    if row is None:
        return True
    if not isinstance(row, list) or len(row) != 4:
        return False
    if not all(type(side) in (int, float) and math.isfinite(side) for side in row):
        return False
    width, height = size
    x1, y1, x2, y2 = row
    return x1 < min(x2, width) and y1 < min(y2, height) and x2 > 0 and y2 > 0
