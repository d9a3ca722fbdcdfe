"""Landmark layouts without pictures, and how far rendered ones are from real ones.

Real layouts are tables that users have: FashionAI's CSV, tables of FLD's upper-body landmarks, or
any dataset of photographs that `ffld.load` opens. No row of them is kept by this project.

Layouts are compared in a *normalised frame*: the centroid of the compared landmarks at the origin,
their root mean square distance from it as the unit, so that place and size in the picture play no
part. Sides are in image order, because FashionAI's are: of each left-right pair, the left one is
the one further left in the image.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ffld.datasets import fashionai
from ffld.datasets._point_table import holds_points
from ffld.sample import DataError, Targets
from ffld.schema import FFLD, FLD8, LandmarkSchema, Visibility

LONG_SIDE = 512  # pixels: real coordinates are whole numbers in pictures of about this size

_FLD_UPPER = FLD8.garment_types["upper"]


@dataclass(frozen=True, eq=False)
class Layouts:
    """N garments as points.

    Attributes:
        group: (N,) str, what is compared with what: a FashionAI category, or a garment type.
        xy: (N, K, 2) continuous pixels, NaN where absent.
        visibility: (N, K) of `Visibility`; None where the table does not say.
        owned: (N, K) bool, landmarks that the garment's type has; None where that isn't known.
    """

    schema: LandmarkSchema
    group: np.ndarray
    xy: np.ndarray
    visibility: np.ndarray | None
    owned: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.xy)


def read_table(path: str | Path) -> Layouts:
    """A CSV of real layouts: FashionAI's own, or one of FLD's upper-body landmarks.

    The latter has `landmark_location_x_1`, `_y_1` to 6, (0, 0) where a landmark is cut off, and
    may have `landmark_visibility_1` to 6: 0 visible, 1 occluded, 2 cut off.

    Raises:
        DataError: another kind of file, or cells that cannot be read; the first few are listed.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            first = next(table, {})
            columns = set(first)
            if holds_points(columns, tuple(fashionai.LANDMARKS)):
                return _fashionai(path)
            rows = [first, *table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV ({error})") from error
    if {f"landmark_location_{axis}_{k}" for axis in "xy" for k in range(1, 7)} <= columns:
        return _fld_upper(path, rows)
    raise DataError(
        f"{path}: neither FashionAI's columns (image_category, neckline_left, …) nor FLD's "
        "(landmark_location_x_1, …)"
    )


def from_targets(targets: Targets) -> Layouts:
    """The layouts of a split, grouped as the real ones they are to be compared with.

    FFLD's garment types are grouped by FashionAI's categories. Points are rounded to whole pixels
    of a picture with a long side of `LONG_SIDE`, as real ones are.
    """
    category = {t: name for name, types in fashionai.CATEGORIES.items() for t in types}
    scale = LONG_SIDE / targets.size.max(-1)
    xy = np.floor(targets.xy * scale[:, None, None]) + 0.5
    group = [category.get(name, name) for name in targets.garment_type.tolist()]
    owned = targets.schema.type_mask[targets.type_index]
    return Layouts(targets.schema, np.array(group), xy, targets.visibility, owned)


def in_image_order(xy: np.ndarray, schema: LandmarkSchema) -> np.ndarray:
    """(N, K, 2) with the left one of each pair further left in the image."""
    xy = xy.copy()
    for left, right in schema.flip_pairs:
        a, b = schema.index(left), schema.index(right)
        swapped = xy[:, a, 0] > xy[:, b, 0]
        xy[swapped, a], xy[swapped, b] = xy[swapped, b], xy[swapped, a]
    return xy


def normalised(xy: np.ndarray) -> np.ndarray:
    """(N, L, 2) about their centroids, over their root mean square distance from them."""
    centred = xy - xy.mean(1, keepdims=True)
    size = np.sqrt((centred**2).sum(-1).mean(-1))
    return centred / np.maximum(size, 1e-9)[:, None, None]


def _fashionai(path: str | Path) -> Layouts:
    rows, wrong = fashionai.read_rows(path)
    _refuse(path, [f"row {line}: {error}" for line, _, error in wrong])
    table = fashionai.Table(Path(path), "", len(rows))
    read = fashionai.photographs("", [(table, row) for row in rows], [row.name for row in rows])
    group = np.array([row.category for row in rows])
    return Layouts(FFLD, group, read.xy.astype(np.float64), read.visibility)


def _fld_upper(path: str | Path, rows: Sequence[Mapping[str, str]]) -> Layouts:
    problems: list[str] = []
    slots = [FLD8.index(name) for name in _FLD_UPPER]
    told = "landmark_visibility_1" in rows[0]
    codes = np.array([Visibility.VISIBLE, Visibility.OCCLUDED, Visibility.ABSENT], np.uint8)
    xy = np.full((len(rows), len(FLD8), 2), np.nan)
    visibility = np.zeros((len(rows), len(FLD8)), np.uint8)
    for n, row in enumerate(rows):
        for number, k in enumerate(slots, 1):
            try:
                x, y = (float(row[f"landmark_location_{axis}_{number}"]) for axis in "xy")
                code = int(row[f"landmark_visibility_{number}"]) if told else 2 * (x == y == 0)
                visibility[n, k] = codes[code]
            except (ValueError, TypeError, IndexError):
                problems.append(f"row {n + 2}, landmark {number}: no numbers")
                continue
            if visibility[n, k] != Visibility.ABSENT and (x, y) != (0, 0):
                xy[n, k] = x - 0.5, y - 0.5  # FLD counts pixels from 1
    _refuse(path, problems)
    group = np.full(len(rows), "upper")
    return Layouts(FLD8, group, xy, visibility if told else None)


def _refuse(path: str | Path, problems: Sequence[str]) -> None:
    if problems:
        listed = "; ".join(problems[:10]) + (
            f"; and {len(problems) - 10} more" * (len(problems) > 10)
        )
        raise DataError(f"{path}: {listed}")
