"""Impossible order: edges of the layout graph that the prediction turns round.

An edge joins two landmarks that neighbour each other in the schema's layout graph (`adjacency`):
collar and shoulder, armpit and hem, the two cuffs of a pair. It is turned round when the predicted
step from one end to the other points away from the true step, by more than 90 degrees in the
frame of the box: a collar under its shoulder, a left cuff beyond the right one.
"""

from __future__ import annotations

import numpy as np

from benchmark import boxes
from ffld.sample import Targets

UNIT = "fraction of a landmark's edges"
HIGHER_IS_BETTER = False


def score(xy: np.ndarray, targets: Targets) -> np.ndarray:
    """(N, K) share of each landmark's edges that are turned round; NaN where it has none.

    An edge takes part where both of its ends have a target and a prediction.
    """
    turned, edges = np.zeros(xy.shape[:2]), np.zeros(xy.shape[:2])
    sides = boxes.sides(targets.box)
    for a, b in np.argwhere(np.triu(targets.schema.adjacency)):
        predicted = (xy[:, b] - xy[:, a]) / sides
        true = (targets.xy[:, b] - targets.xy[:, a]) / sides
        agreement = predicted[:, 0] * true[:, 0] + predicted[:, 1] * true[:, 1]
        for end in (a, b):
            turned[:, end] += agreement < 0
            edges[:, end] += ~np.isnan(agreement)
    return np.divide(turned, edges, out=np.full(edges.shape, np.nan), where=edges > 0)
