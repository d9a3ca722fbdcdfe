"""The frame of a garment's box, in which NE-1 measures: x in box widths, y in box heights."""

from __future__ import annotations

import numpy as np


def sides(box: np.ndarray) -> np.ndarray:
    """(N, 2) width and height of (N, 4) boxes."""
    return box[:, 2:] - box[:, :2]


def distance(a: np.ndarray, b: np.ndarray, box: np.ndarray) -> np.ndarray:
    """(N, K) Euclidean distances of (N, K, 2) points in the frame of their (N, 4) boxes."""
    width, height = sides(box).T[..., None]
    x, y = (a[..., 0] - b[..., 0]) / width, (a[..., 1] - b[..., 1]) / height
    # np.hypot may differ in the last bit between platforms; these operations may not, so that
    # no point changes sides of a threshold. In place, for these arrays are large.
    x *= x
    y *= y
    x += y
    return np.sqrt(x, out=x)


def inside(xy: np.ndarray, box: np.ndarray) -> np.ndarray:
    """(N, K) bool: the point lies in the box, borders included; False where it is missing."""
    x, y = xy[..., 0], xy[..., 1]
    x1, y1, x2, y2 = box.T[..., None]
    return (x >= x1) & (y >= y1) & (x <= x2) & (y <= y2)
