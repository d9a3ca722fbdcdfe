"""Percentage of correct points: the share of points within a distance, as NE measures it."""

from __future__ import annotations

import numpy as np

from benchmark.metrics import ne
from ffld.sample import Targets

UNIT = "fraction of points"
HIGHER_IS_BETTER = True
VARIANTS = {"pck@0.05": 0.05, "pck@0.1": 0.1, "pck@0.2": 0.2}


def score(xy: np.ndarray, targets: Targets, threshold: float) -> np.ndarray:
    """(N, K) 1 where the normalised error is at most the threshold, 0 where it is more."""
    error = ne.score(xy, targets)
    return np.where(np.isnan(error), np.nan, error <= threshold)
