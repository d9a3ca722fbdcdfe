"""Layouts that no garment has: rules so wide that real annotations hardly ever break them.

Poses are free: people lie, bend and turn their backs, so nothing is said of up and down or of image
left and right, except where a front view is stated. `docs/datasheet.md` has how often real and
rendered annotations break each rule.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ffld.schema import LandmarkSchema

# Parts whose left and right a body cannot cross, and the order of parts from the top to the bottom
# of upper and of lower garments; each schema has some of them.
_TRUNK = ("collar", "shoulder", "armpit", "waistline", "top_hem", "waistband", "hemline", "hem")
_DOWNWARDS = (
    (("collar", "shoulder"), ("armpit", "waistline"), ("top_hem", "hemline", "hem")),
    (("waistband",), ("crotch", "knee"), ("bottom",)),
)
_FEW = 3  # points, or pairs, below which a layout says nothing
_SAME = 0.5  # pixels within which points are one
_CLEAR = 0.15  # of the box's diagonal: how long a pair or a body is whose direction means anything
_AGAINST = -0.9  # cosine of two pairs that run in opposite directions
_BEYOND = 1.0  # lengths of the body by which its middle may lie outside its two ends
_FAR = 1.0  # box diagonals


def impossible(
    xy: np.ndarray, box: np.ndarray, viewpoint: np.ndarray, schema: LandmarkSchema
) -> Iterator[tuple[str, int, str]]:
    """Rule, row and what was found, of each garment that breaks a rule.

    Args:
        xy: (N, K, 2), NaN where absent or unusable.
        box: (N, 4), NaN where unusable.
        viewpoint: (N,) str; "front" where the front is stated to be seen.
    """
    diagonal = np.hypot(*(box[:, 2:] - box[:, :2]).T)
    yield from _identical(xy)
    yield from _far(xy, box, diagonal, schema)
    yield from _crossed(xy, diagonal, viewpoint == "front", schema)
    for group in _DOWNWARDS:
        yield from _out_of_order(xy, diagonal, group, schema)


def _identical(xy: np.ndarray) -> Iterator[tuple[str, int, str]]:
    there = np.isfinite(xy).all(-1)
    low = np.where(there[..., None], xy, np.inf).min(1)
    high = np.where(there[..., None], xy, -np.inf).max(1)
    extent = np.where(there.any(1), (high - low).max(1), np.inf)
    for row in np.flatnonzero((there.sum(1) >= _FEW) & (extent < _SAME)).tolist():
        x, y = low[row].tolist()
        yield "points-identical", row, f"all {there[row].sum()} at ({x:g}, {y:g})"


def _far(
    xy: np.ndarray, box: np.ndarray, diagonal: np.ndarray, schema: LandmarkSchema
) -> Iterator[tuple[str, int, str]]:
    past = np.maximum(box[:, None, :2] - xy, xy - box[:, None, 2:])
    distance = np.hypot(*np.moveaxis(np.maximum(past, 0), -1, 0))
    far = distance > _FAR * diagonal[:, None]
    for row in np.flatnonzero(far.any(1)).tolist():
        k = int(np.nanargmax(distance[row]))
        found = f"{schema.landmarks[k]} {distance[row, k]:.0f} px from a box of diagonal"
        yield "far-from-box", row, f"{found} {diagonal[row]:.0f}"


def _crossed(
    xy: np.ndarray, diagonal: np.ndarray, front: np.ndarray, schema: LandmarkSchema
) -> Iterator[tuple[str, int, str]]:
    """Pairs of the trunk that run against each other, or all against a stated front view."""
    names, slots = _pairs(schema)
    way = xy[:, slots[:, 1]] - xy[:, slots[:, 0]]
    length = np.hypot(way[..., 0], way[..., 1])
    clear = length > _CLEAR * diagonal[:, None]  # False for NaN
    if "hem" in names and "waistline" in names:
        # the hems of a garment with a waistline may be those of two legs, which cross
        waist = np.isfinite(length[:, names.index("waistline")])
        clear[:, names.index("hem")] &= ~waist
    unit = np.where(clear[..., None], way / np.maximum(length, 1e-9)[..., None], 0)
    cosine = np.einsum("nia,nja->nij", unit, unit)
    for row in np.flatnonzero((cosine < _AGAINST).any((1, 2))).tolist():
        i, j = np.argwhere(cosine[row] < _AGAINST)[0].tolist()
        yield "pairs-opposed", row, f"{names[i]} and {names[j]} run in opposite directions"
    reversed_ = clear & (unit[..., 0] < -0.7)
    wrong = front & (reversed_.sum(1) >= 2) & (reversed_ | ~clear).all(1)
    for row in np.flatnonzero(wrong).tolist():
        there = [name for name, yes in zip(names, reversed_[row], strict=True) if yes]
        yield "left-right-exchanged", row, f"{', '.join(there)}: left is image-right"


def _out_of_order(
    xy: np.ndarray, diagonal: np.ndarray, group: tuple, schema: LandmarkSchema
) -> Iterator[tuple[str, int, str]]:
    """Middle parts that lie far above the top or far below the bottom, along the body."""
    (tops, _), (middles, names), (bottoms, _) = (_centres(xy, parts, schema) for parts in group)
    if not (names and tops.shape[1] and bottoms.shape[1]):
        return
    with np.errstate(invalid="ignore"):
        top, bottom = (_mean(points) for points in (tops, bottoms))
        axis = bottom - top
        length = np.hypot(axis[:, 0], axis[:, 1])
        along = ((middles - top[:, None]) * axis[:, None]).sum(-1)
        place = along / np.maximum(length**2, 1e-9)[:, None]
        clear = length > 2 * _CLEAR * diagonal
        wrong = clear[:, None] & ((place < -_BEYOND) | (place > 1 + _BEYOND))
    for row in np.flatnonzero(wrong.any(1)).tolist():
        n = int(np.flatnonzero(wrong[row])[0])
        where = "above the top" if place[row, n] < 0 else "below the bottom"
        yield "part-order", row, f"{names[n]} {where}, at {place[row, n]:.1f} of the body's length"


def _centres(
    xy: np.ndarray, parts: tuple[str, ...], schema: LandmarkSchema
) -> tuple[np.ndarray, list[str]]:
    """(N, P, 2), the mean of the landmarks of each part that the schema has, and their names."""
    names = [part for part in parts if part in schema.parts]
    if not names:
        return np.empty((len(xy), 0, 2)), []
    slots = [[schema.index(name) for name in schema.parts[part]] for part in names]
    return np.stack([_mean(xy[:, slot]) for slot in slots], 1), names


def _mean(points: np.ndarray) -> np.ndarray:
    """(N, 2) of (N, P, 2), without what is NaN; NaN where all is."""
    there = np.isfinite(points).all(-1, keepdims=True)
    total = np.where(there, points, 0).sum(1)
    return total / np.where(there.any(1), there.sum(1), np.nan)


def _pairs(schema: LandmarkSchema) -> tuple[list[str], np.ndarray]:
    """Names of the trunk's parts that have a left and a right, and their slots (P, 2)."""
    found = {
        left.removeprefix("left_"): (schema.index(left), schema.index(right))
        for left, right in schema.flip_pairs
        if left.removeprefix("left_") in _TRUNK
    }
    return list(found), np.array(list(found.values()))
