"""Isotropic normalised error: the same pixels of error weigh the same in x and in y."""

from __future__ import annotations

import numpy as np

from benchmark import boxes
from ffld.sample import Targets

UNIT = "square roots of the box's area"
HIGHER_IS_BETTER = False


def score(xy: np.ndarray, targets: Targets) -> np.ndarray:
    """(N, K) distance of each point from its target in pixels, divided by √(width · height)."""
    x, y = np.moveaxis(xy - targets.xy, -1, 0)
    area = boxes.sides(targets.box).prod(axis=-1, keepdims=True)
    return np.sqrt((x * x + y * y) / area)
