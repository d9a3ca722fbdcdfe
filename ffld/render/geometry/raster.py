"""Polygons painted into an identity map, in exact integer arithmetic.

OpenCV's own filling differs from version to version at the edges of a polygon; labels must not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

UNIT = 16  # polygon coordinates count 1/16 pixel, 0 at the centre of the first pixel

_GROUP = 52  # polygons whose bits fit the mantissa of a float64


def identity_map(
    polygons: Sequence[np.ndarray], values: Sequence[int], width: int, height: int
) -> np.ndarray:
    """(height, width) uint8: at each pixel the value of the last polygon that covers its centre.

    Inside is even-odd; a centre on an edge belongs to the side that lies right of or below it.

    Args:
        polygons: (n, 2) integer vertices each, in units of 1/16 pixel.
        values: 0 to 255, one a polygon; 0 also stands where there is none.
    """
    if not polygons:
        return np.zeros((height, width), np.uint8)
    place, owner = _crossings(polygons, width, height)
    top = np.zeros(len(owner), np.intp)  # 1 + number of the topmost polygon behind each crossing
    for first in range(0, len(polygons), _GROUP):
        # a crossing switches its polygon's bit from there on; bits 0 and 53 are of other groups
        bits = 1 << np.minimum(np.maximum(owner - first + 1, 0), _GROUP + 1)
        covering = np.bitwise_xor.accumulate(bits) & (2 << _GROUP) - 2
        _, highest = np.frexp(covering.astype(np.float64))
        top = np.where(highest, highest + (first - 1), top)
    inks = np.array([0, *values], np.uint8)[np.concatenate(([0], top))]
    runs = np.diff(np.concatenate(([0], place, [width * height])))
    return np.repeat(inks, runs).reshape(height, width)


def _crossings(
    polygons: Sequence[np.ndarray], width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """Where edges cross rows: the first pixel behind and the polygon's number, in their order.

    Pixels are counted row after row. Closed polygons cross each row an even number of times.
    """
    sizes = np.array([len(corners) for corners in polygons])
    ends = np.concatenate(polygons).astype(np.int64)
    starts = np.empty_like(ends)
    starts[1:] = ends[:-1]
    stops = np.cumsum(sizes)
    starts[stops - sizes] = ends[stops - 1]
    # an edge crosses the rows from its upper end to its lower one, the latter excluded
    enters, leaves = (
        np.minimum(np.maximum(-(-y // UNIT), 0), height) for y in (starts[:, 1], ends[:, 1])
    )
    first, count = np.minimum(enters, leaves), abs(leaves - enters)
    run, drop = (ends - starts).T
    shift = starts[:, 0] * drop - starts[:, 1] * run
    owner = np.repeat(np.arange(len(sizes)), sizes)
    first -= np.cumsum(count) - count
    edges = np.stack([first, UNIT * run, shift, UNIT * drop, owner])
    first, run, shift, drop, owner = np.repeat(edges, count, axis=1)
    row = first + np.arange(len(first))
    column = np.minimum(np.maximum(-(-(shift + run * row) // drop), 0), width)
    bits = len(sizes).bit_length()
    keys = np.sort(row * width + column << bits | owner)
    return keys >> bits, keys & (1 << bits) - 1
