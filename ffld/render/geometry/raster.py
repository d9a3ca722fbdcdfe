"""Polygons painted into an identity map, exactly.

OpenCV's own filling differs from version to version at the edges of a polygon; labels must not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

UNIT = 16  # polygon coordinates count 1/16 pixel, 0 at the centre of the first pixel

_GROUP = 52  # polygons whose bits fit the mantissa of a float64
# An edge between corners of at most 2**18 crosses a row at a whole pixel, or 2**-23 beside one at
# least; taking off less than that, but more than floating-point errors, makes rounding up exact.
_LESS = 2.0**-24


def identity_map(
    polygons: Sequence[np.ndarray], values: Sequence[int], width: int, height: int
) -> np.ndarray:
    """(height, width) uint8: at each pixel the value of the last polygon that covers its centre.

    Inside is even-odd; a centre on an edge belongs to the side that lies right of or below it.

    Args:
        polygons: (n, 2) integer vertices each, in units of 1/16 pixel, none beyond 2**18.
        values: 0 to 255, one a polygon; 0 also stands where there is none.
    """
    if not polygons:
        return np.zeros((height, width), np.uint8)
    sizes = np.array([len(corners) for corners in polygons])
    corners = np.concatenate(polygons).T / UNIT
    return fill(np.ascontiguousarray(corners), sizes, values, width, height)


def fill(
    corners: np.ndarray, sizes: np.ndarray, values: Sequence[int], width: int, height: int
) -> np.ndarray:
    """`identity_map` of polygons that follow each other in one array.

    Args:
        corners: (2, n) float64, x and y in pixels, multiples of 1/16, 0 at the first one's centre.
        sizes: number of corners of each polygon.
    """
    place, owner = _crossings(corners, sizes, width, height)
    inks = np.zeros(len(place) + 1, np.uint8)
    inks[1:] = np.array([0, *values], np.uint8).take(_topmost(owner, len(sizes)))
    changes = (inks[1:] != inks[:-1]).nonzero()[0]  # most crossings lie beneath other polygons
    runs = np.concatenate([place.take(changes), (width * height,)])
    runs[1:] -= runs[:-1]
    inks = np.concatenate([inks[:1], inks[1:].take(changes)])
    return inks.repeat(runs).reshape(height, width)


def _topmost(owner: np.ndarray, count: int) -> np.ndarray:
    """1 + number of the topmost of `count` polygons behind each crossing, 0 for none."""
    if count <= _GROUP:
        return _highest(np.bitwise_xor.accumulate(np.int64(1) << owner))
    top = np.zeros(len(owner), np.intp)
    for first in range(0, count, _GROUP):
        # bits 0 and 53 are of other groups
        bits = np.int64(1) << np.minimum(np.maximum(owner - first + 1, 0), _GROUP + 1)
        highest = _highest(np.bitwise_xor.accumulate(bits) & (2 << _GROUP) - 2)
        top = np.where(highest, highest + (first - 1), top)
    return top


def _highest(bits: np.ndarray) -> np.ndarray:
    """1 + number of the highest bit, 0 where none is set."""
    return np.frexp(bits.astype(np.float64))[1]


def _crossings(
    corners: np.ndarray, sizes: np.ndarray, width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """Where edges cross rows: the first pixel behind and the polygon's number, in their order.

    Pixels are counted row after row. Closed polygons cross each row an even number of times.
    """
    stops = sizes.cumsum()
    before = np.arange(-1, corners.shape[1] - 1)  # an edge comes from the corner before
    before[stops - sizes] = stops - 1
    # an edge crosses the rows from its upper end to its lower one, the latter excluded
    rows = np.minimum(np.maximum(np.ceil(corners[1]), 0), height)
    others = rows.take(before)
    edges = (rows != others).nonzero()[0]
    rows, others = rows.take(edges), others.take(edges)
    first, count = np.minimum(rows, others), abs(rows - others).astype(np.intp)
    starts = corners.take(before.take(edges), axis=1)
    run, drop = corners.take(edges, axis=1) - starts
    lean = run / drop
    column = starts[0] + (first - starts[1]) * lean - _LESS
    # a crossing's key is its row, column and polygon; an edge's is its first row and its polygon
    bits = len(sizes).bit_length()
    polygon = np.arange(len(sizes)).repeat(sizes).take(edges)
    key = first * (width << bits) + polygon
    edge = np.array([column, lean, key, count.cumsum() - count])
    # and now all its rows
    column, lean, keys, earlier = edge.repeat(count, axis=1)
    down = np.arange(len(keys), dtype=np.float64) - earlier
    column = np.minimum(np.maximum(np.ceil(column + lean * down), 0), width)
    keys += (down * width + column) * (1 << bits)
    small = width * height + 1 << bits < 2**31  # shorter numbers are sorted faster
    keys = keys.astype(np.int32 if small else np.int64)
    keys.sort()
    return keys >> bits, keys & (1 << bits) - 1
