"""Area under the curve of PCK over thresholds from 0 to 0.2, divided by 0.2."""

from __future__ import annotations

import numpy as np

from benchmark.metrics import ne
from ffld.sample import Targets

UNIT = "mean PCK over thresholds 0 to 0.2"
HIGHER_IS_BETTER = True

LARGEST_THRESHOLD = 0.2


def score(xy: np.ndarray, targets: Targets) -> np.ndarray:
    """(N, K) share of the thresholds that each point meets: max(0, 1 - error / 0.2).

    A point with error e is correct at every threshold from e up, so the area under its own curve
    is what is left of the range above e; the area under the mean curve is the mean of these.
    """
    return np.maximum(0.0, 1.0 - ne.score(xy, targets) / LARGEST_THRESHOLD)
