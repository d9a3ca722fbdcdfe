"""Points that can be scored and yet are hardly what was meant: other units, another order."""

from __future__ import annotations

import numpy as np

from benchmark import metrics
from benchmark.evaluate import counted, resampled
from benchmark.predictions import Predictions
from ffld.sample import Targets

_ROUNDING = 1.001  # a point in the box's middle, rounded, is no worse than itself


def doubt(predictions: Predictions, targets: Targets) -> str:
    """What makes predictions look misread, and what to look at; empty for ordinary ones.

    Of the points that count; where no landmark is known, of those that garment types have.

    Raises:
        PredictionsError: they do not fit the targets.
    """
    xy = predictions.align(targets).xy
    visible = counted(targets, "visible")
    known = bool(targets.visibility.any())
    asked = counted(targets, "all") if known else targets.schema.type_mask[targets.type_index]
    asked = asked & np.isfinite(xy).all(axis=-1)
    if not asked.any():
        return ""
    if ((xy[asked] >= 0) & (xy[asked] <= 1)).all():
        return (
            "all coordinates are between 0 and 1: are they normalised? x and y must be pixels of "
            "the original images"
        )
    outside = asked & ((xy < 0) | (xy > targets.size[:, None])).any(axis=-1)
    if 2 * outside.sum() > asked.sum():
        return (
            f"{outside.sum()} of {asked.sum()} points are outside their images: are they pixels of "
            "the original images, x before y, and the rows in the order of the ids?"
        )
    middle = (targets.box[:, :2] + targets.box[:, 2:])[:, None] / 2
    found, least = (_ne(one, visible, targets) for one in (xy, np.broadcast_to(middle, xy.shape)))
    if found > _ROUNDING * least:  # False where nothing is visible
        return (
            f"NE {found:.4f} is worse than the {least:.4f} of points that are all in the middle of "
            "the box: are the rows in the order of the ids, x before y, pixels of the original "
            "images?"
        )
    return ""


def _ne(xy: np.ndarray, mask: np.ndarray, targets: Targets) -> float:
    scores = metrics.available()["ne"].score(np.where(mask[..., None], xy, np.nan), targets)
    return float(resampled(scores, mask, targets, resamples=0)[0])
