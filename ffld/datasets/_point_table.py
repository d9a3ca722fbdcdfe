"""A table of FashionAI: CSV, one row an image, each landmark a cell `x_y_v`.

v is 1 visible, 0 occluded, -1 not there. Coordinates count from 0; those of landmarks that are not
there mean nothing, officially they are -1.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ffld.datasets._malformed import Fault, Malformed, leaves_folder
from ffld.sample import DataError

IMAGE, CATEGORY = "image_id", "image_category"
ABSENT = -1
_LARGEST = 100_000  # no coordinate of a photograph is beyond it
_SHOWN = 3  # cells that one fault spells out

Problem = tuple[int, str, Malformed]


class PointRow(NamedTuple):
    """One image; numbers as the file has them.

    Attributes:
        line: of the file, counted from 1.
        points: (P, 3) x, y, v in the order of the columns that were asked for.
    """

    line: int
    name: str
    category: str
    points: np.ndarray


def read_points(
    path: str | Path, columns: Sequence[str], owned: Mapping[str, Collection[str]]
) -> tuple[list[PointRow], list[Problem]]:
    """The rows of a table in its order, equal ones included, and what is wrong with the others.

    Args:
        columns: names of the landmarks.
        owned: category -> the landmarks that its garments may have.

    Returns:
        The rows that can be used; line, image and faults of each other one.

    Raises:
        DataError: the file can't be read, or lacks columns.
    """
    rows: list[PointRow] = []
    problems: list[Problem] = []
    first: dict[str, PointRow] = {}
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            table = csv.reader(file)
            slots = _slots(path, next(table, []), columns)
            for cells in filter(any, table):
                name = cells[slots[0]] if len(cells) > slots[0] else ""
                try:
                    row = _row(table.line_num, cells, slots, columns, owned)
                    _refuse_contradiction(row, first.setdefault(name, row))
                    rows.append(row)
                except Malformed as error:
                    problems.append((table.line_num, name, error))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV ({error}); unpack it again") from error
    return rows, problems


def holds_points(header: Collection[str], columns: Sequence[str]) -> bool:
    """Whether a table with that header is one of these landmarks."""
    return {IMAGE, CATEGORY, *columns} <= set(header)


def _slots(path: str | Path, header: Sequence[str], columns: Sequence[str]) -> list[int]:
    """Where image, category and each landmark stand."""
    names = [name.strip() for name in header]
    wanted = (IMAGE, CATEGORY, *columns)
    if lacking := [name for name in wanted if name not in names]:
        more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
        raise DataError(
            f"{path}: no column {', '.join(lacking[:_SHOWN])}{more}; expected the official table "
            f"with {', '.join(wanted[:4])}, …; unpack it again"
        )
    return [names.index(name) for name in wanted]


def _row(
    line: int,
    cells: Sequence[str],
    slots: Sequence[int],
    columns: Sequence[str],
    owned: Mapping[str, Collection[str]],
) -> PointRow:
    if len(cells) <= max(slots):
        raise Malformed(Fault("row", f"{len(cells)} cells", f"{max(slots) + 1}"))
    name, category = (cells[slot] for slot in slots[:2])
    faults = []
    if category not in owned:
        faults.append(Fault(CATEGORY, f"category {category!r}", f"one of {', '.join(owned)}"))
    if leaves_folder(name):
        faults.append(Fault(IMAGE, f"image {name!r}", "a relative name inside the archive"))
    points = [_point(cells[slot]) for slot in slots[2:]]
    unread = [n for n, point in enumerate(points) if point is None]
    if unread:
        found = ", ".join(f"{cells[slots[2 + n]]!r} in {columns[n]}" for n in unread[:_SHOWN])
        expected = "x_y_v, whole numbers, v 1, 0 or -1"
        faults.append(Fault("landmarks", found, expected))
    elif category in owned:
        faults += _strays(points, columns, category, owned[category])
    if faults:
        raise Malformed(*faults)
    return PointRow(line, name, category, np.array(points, np.int32))


def _point(cell: str) -> tuple[int, int, int] | None:
    try:
        x, y, v = map(int, cell.split("_"))
    except ValueError:
        return None
    sound = v == ABSENT or (v in (0, 1) and 0 <= x <= _LARGEST and 0 <= y <= _LARGEST)
    return ((x, y, v) if v != ABSENT else (ABSENT,) * 3) if sound else None


def _strays(
    points: Sequence[tuple[int, int, int]],
    columns: Sequence[str],
    category: str,
    owned: Collection[str],
) -> Iterator[Fault]:
    there = [name for name, (_, _, v) in zip(columns, points, strict=True) if v != ABSENT]
    if strays := [name for name in there if name not in owned]:
        yield Fault("landmarks", f"{', '.join(strays[:_SHOWN])} on {category}", "-1_-1_-1 there")


def _refuse_contradiction(row: PointRow, first: PointRow) -> None:
    """An image may be there again, as it is in official tables, but with the same landmarks."""
    if row.category != first.category or not np.array_equal(row.points, first.points):
        found = f"{row.name} with other landmarks than in line {first.line}"
        raise Malformed(Fault(IMAGE, found, "one row an image"))
