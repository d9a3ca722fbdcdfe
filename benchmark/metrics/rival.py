"""Points on another garment: nearer to the same landmark of a rival in the box than to their own.

A rival's landmark takes part if it lies inside the box of the garment that is scored.
"""

from __future__ import annotations

import numpy as np

from benchmark import boxes
from ffld.sample import Targets

UNIT = "fraction of points"
HIGHER_IS_BETTER = False


def score(xy: np.ndarray, targets: Targets) -> np.ndarray:
    """(N, K) 1 where a rival is nearer, else 0; NaN where no rival shows this landmark."""
    own = boxes.distance(xy, targets.xy, targets.box)
    nearest = np.full(own.shape, np.inf)
    for rival in np.moveaxis(targets.rivals, 1, 0):
        away = boxes.distance(xy, rival, targets.box)
        nearest = np.where(boxes.inside(rival, targets.box), np.fmin(nearest, away), nearest)
    applies = np.isfinite(nearest) & ~np.isnan(own)
    return np.where(applies, nearest < own, np.nan)
