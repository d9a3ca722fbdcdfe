"""Left-right swaps: points that lie nearer to their mirror partner's target than to their own."""

from __future__ import annotations

import numpy as np

from benchmark import boxes
from ffld.sample import Targets

UNIT = "fraction of points"
HIGHER_IS_BETTER = False


def score(xy: np.ndarray, targets: Targets) -> np.ndarray:
    """(N, K) 1 where swapped, else 0; NaN without a partner or where its target is missing."""
    flip = targets.schema.flip_index
    own = boxes.distance(xy, targets.xy, targets.box)
    partner = boxes.distance(xy, targets.xy[:, flip], targets.box)
    applies = (flip != np.arange(len(flip))) & ~np.isnan(own + partner)
    return np.where(applies, partner < own, np.nan)
