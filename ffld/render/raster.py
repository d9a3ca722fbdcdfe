"""Polygons painted into an identity map, in exact integer arithmetic.

OpenCV's own filling differs from version to version at the edges of a polygon; labels must not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

UNIT = 16  # polygon coordinates count 1/16 pixel, 0 at the centre of the first pixel


def identity_map(
    polygons: Sequence[np.ndarray], values: Sequence[int], width: int, height: int
) -> np.ndarray:
    """(height, width) uint8: at each pixel the value of the last polygon that covers its centre.

    Inside is even-odd; a centre on an edge belongs to the side that lies right of or below it.

    Args:
        polygons: (n, 2) integer vertices each, in units of 1/16 pixel.
        values: 1 to 255, one a polygon; 0 stands where there is none.
    """
    buffer = bytearray(width * height)
    if polygons:
        inks = [bytes([value]) * width for value in range(256)]
        for number, start, stop in _spans(polygons, width, height):
            buffer[start:stop] = inks[values[number]][: stop - start]
    return np.frombuffer(buffer, np.uint8).reshape(height, width)


def _spans(polygons: Sequence[np.ndarray], width: int, height: int) -> zip:
    """(polygon, start, stop) of every covered run of pixels, polygon by polygon."""
    x0, y0, x1, y1, owner = _edges(polygons)
    first = np.clip(-(-y0 // UNIT), 0, height)
    last = np.clip(-(-y1 // UNIT), 0, height)
    count = np.maximum(last - first, 0)
    edge = np.repeat(np.arange(len(owner)), count)
    row = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    drop, run = (y1 - y0)[edge], (x1 - x0)[edge]
    crossing = x0[edge] * drop + run * (UNIT * row - y0[edge])
    column = np.clip(-(-crossing // (UNIT * drop)), 0, width)
    # sorted by polygon, row, column: closed polygons cross each row an even number of times
    keys = np.sort((owner[edge] * height + row) * (width + 1) + column)
    line, column = np.divmod(keys, width + 1)
    number, row = np.divmod(line[::2], height)
    start, stop = row * width + column[::2], row * width + column[1::2]
    kept = start < stop
    return zip(*(part[kept].tolist() for part in (number, start, stop)), strict=True)


def _edges(polygons: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """x0, y0, x1, y1 (y0 < y1) and polygon of all edges that aren't level; int64."""
    ends = np.concatenate(polygons).astype(np.int64)
    starts = np.concatenate([np.roll(corners, 1, axis=0) for corners in polygons]).astype(np.int64)
    owner = np.repeat(np.arange(len(polygons)), [len(corners) for corners in polygons])
    falls = (ends[:, 1] > starts[:, 1])[:, None]
    low, high = np.where(falls, starts, ends), np.where(falls, ends, starts)
    slanted = low[:, 1] != high[:, 1]
    low, high = low[slanted], high[slanted]
    return low[:, 0], low[:, 1], high[:, 0], high[:, 1], owner[slanted]
