"""Normalised error, the primary metric: distance to the target in box widths and heights."""

from __future__ import annotations

import numpy as np

from benchmark import boxes
from ffld.sample import Targets

UNIT = "box widths and heights"
HIGHER_IS_BETTER = False


def score(xy: np.ndarray, targets: Targets) -> np.ndarray:
    """(N, K) distance of each point from its target, x divided by box width, y by box height."""
    return boxes.distance(xy, targets.xy, targets.box)
