"""Polygons painted into an identity map, in exact integer arithmetic.

OpenCV's own filling differs from version to version at the edges of a polygon; labels must not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

UNIT = 16  # polygon coordinates count 1/16 pixel, 0 at the centre of the first pixel

_GROUP = 52  # polygons that fit the mantissa of a float64, a bit each


def identity_map(
    polygons: Sequence[np.ndarray], values: Sequence[int], width: int, height: int
) -> np.ndarray:
    """(height, width) uint8: at each pixel the value of the last polygon that covers its centre.

    Inside is even-odd; a centre on an edge belongs to the side that lies right of or below it.

    Args:
        polygons: (n, 2) integer vertices each, in units of 1/16 pixel.
        values: 1 to 255, one a polygon; 0 stands where there is none.
    """
    ids = np.zeros((height, width), np.uint8)
    for at in range(0, len(polygons), _GROUP):
        group = slice(at, at + _GROUP)
        top = _painted(polygons[group], values[group], width, height)
        ids = np.where(top, top, ids) if at else top
    return ids


def _painted(
    polygons: Sequence[np.ndarray], values: Sequence[int], width: int, height: int
) -> np.ndarray:
    """The map of at most _GROUP polygons.

    Pixels lie row after row; a crossing switches its polygon's bit from there on. Closed polygons
    cross each row an even number of times, so every row starts with no bit set.
    """
    crossings = _crossings(polygons, width, height)
    crossings.sort()
    covering = np.bitwise_xor.accumulate(1 << (crossings & 63))
    _, top = np.frexp(covering.astype(np.float64))  # 1 + number of the highest bit
    inks = np.array([0, *values], np.uint8)[np.concatenate(([0], top))]
    stops = np.concatenate(([0], crossings >> 6, [width * height]))
    return np.repeat(inks, np.diff(stops)).reshape(height, width)


def _crossings(polygons: Sequence[np.ndarray], width: int, height: int) -> np.ndarray:
    """The first pixel behind each crossing of an edge with a row, * 64 + polygon; int64."""
    sizes = np.array([len(corners) for corners in polygons])
    ends = np.concatenate(polygons).astype(np.int64)
    starts = np.empty_like(ends)
    starts[1:] = ends[:-1]
    stops = np.cumsum(sizes)
    starts[stops - sizes] = ends[stops - 1]
    # an edge crosses the rows from its upper end to its lower one, the latter excluded
    rows = np.clip([-(-starts[:, 1] // UNIT), -(-ends[:, 1] // UNIT)], 0, height)
    first, count = rows.min(0), abs(rows[1] - rows[0])
    run, drop = (ends - starts).T
    shift = starts[:, 0] * drop - starts[:, 1] * run
    owner = np.repeat(np.arange(len(sizes)), sizes)
    first -= np.cumsum(count) - count
    edges = np.stack([first, UNIT * run, shift, UNIT * drop, owner])
    first, run, shift, drop, owner = np.repeat(edges, count, axis=1)
    row = first + np.arange(len(first))
    column = np.clip(-(-(shift + run * row) // drop), 0, width)
    return (row * width + column) * 64 + owner
