"""The frame of a garment's box, in which NE-1 measures: x in box widths, y in box heights."""

from __future__ import annotations

import numpy as np


def sides(box: np.ndarray) -> np.ndarray:
    """(N, 2) width and height of (N, 4) boxes."""
    return box[:, 2:] - box[:, :2]


def distance(a: np.ndarray, b: np.ndarray, box: np.ndarray) -> np.ndarray:
    """(N, K) Euclidean distances of (N, K, 2) points in the frame of their (N, 4) boxes."""
    x, y = np.moveaxis((a - b) / sides(box)[:, None], -1, 0)
    # np.hypot may differ in the last bit between platforms; these operations may not, so that
    # no point changes sides of a threshold.
    return np.sqrt(x * x + y * y)


def inside(xy: np.ndarray, box: np.ndarray) -> np.ndarray:
    """(N, K) bool: the point lies in the box, borders included; False where it is missing."""
    return ((xy >= box[:, None, :2]) & (xy <= box[:, None, 2:])).all(axis=-1)
