"""Whether a method knows when it is wrong: its confidences against its errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

CORRECT = 0.1  # NE up to which a point is right
BINS = 10  # of equally many points, for the calibration error


@dataclass(frozen=True)
class Calibration:
    """Of all points that count as visible, whatever their landmark.

    Attributes:
        discrimination: probability that a right point is surer than a wrong one (area under the ROC
            curve), ties counting half; it needs no scale. NaN when all points are right, or wrong.
        error: mean distance between confidence and share of right points, over bins of points of
            like confidence (expected calibration error); None for confidences beyond 0 to 1,
            which are no probabilities.
    """

    discrimination: float
    error: float | None


def calibration(errors: np.ndarray, confidence: np.ndarray, mask: np.ndarray) -> Calibration | None:
    """Of (N, K) normalised errors and confidences over a mask; None where nothing counts."""
    right, sure = errors[mask] <= CORRECT, confidence[mask].astype(np.float64)
    if not right.size:
        return None
    positive, negative = int(right.sum()), int((~right).sum())
    above = rankdata(sure)[right].sum() - positive * (positive + 1) / 2
    discrimination = above / (positive * negative) if positive and negative else float("nan")
    if sure.min() < 0 or sure.max() > 1:
        return Calibration(float(discrimination), None)
    order = np.argsort(sure, kind="stable")
    bins = [part for part in np.array_split(order, BINS) if part.size]
    gaps = [abs(right[part].mean() - sure[part].mean()) * part.size for part in bins]
    return Calibration(float(discrimination), float(sum(gaps) / right.size))
