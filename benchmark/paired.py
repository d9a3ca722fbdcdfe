"""Differences between models, paired over the samples that both were scored on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.evaluate import counted, interval, resampled
from benchmark.metrics import available
from benchmark.predictions import Predictions
from benchmark.seeds import Spread, standard_error, student
from ffld.sample import Targets

SUBSETS = ("visible", "occluded", "all")


@dataclass(frozen=True)
class Difference:
    """How far a group lies from the reference.

    Attributes:
        value: of the group minus that of the reference.
        low, high: 95 % bootstrap interval over images; NaN where nothing counts.
        seeds: standard error over seeds; None where nothing is known of their noise.
        freedom: degrees of freedom that it was estimated with.
    """

    value: float
    low: float
    high: float
    seeds: float | None
    freedom: int = 0

    @property
    def stands(self) -> bool:
        """Beyond the noise of images and of seeds, both of which must be known."""
        if self.seeds is None:
            return False
        beyond = abs(self.value) > student(self.freedom) * self.seeds
        return beyond and (self.low > 0 or self.high < 0)


def subsets(targets: Targets) -> dict[str, np.ndarray]:
    """(N, K) bool for each of `SUBSETS`: the slots that it counts."""
    visible, every = counted(targets, "visible"), counted(targets, "all")
    return {"visible": visible, "occluded": every & ~visible, "all": every}


def scored(predictions: Predictions, targets: Targets, metric: str = "ne") -> np.ndarray:
    """(N, K) scores of predictions; NaN where nothing counts."""
    every = counted(targets, "all")[..., None]
    xy = np.where(every, predictions.align(targets).xy, np.nan)
    return available()[metric].score(xy, targets)


def values_of(
    runs: Mapping[int, np.ndarray], mask: np.ndarray, targets: Targets
) -> dict[int, float]:
    """seed -> the value of its scores (N, K) over a mask."""
    return {
        seed: float(resampled(found, mask, targets, resamples=0)[0]) for seed, found in runs.items()
    }


def spread(
    groups: Sequence[Mapping[int, np.ndarray]], mask: np.ndarray, targets: Targets
) -> Spread | None:
    """How runs of groups' scores, seed -> (N, K), scatter besides what their seeds do to all."""
    return Spread.besides_seeds([values_of(runs, mask, targets) for runs in groups])


def difference(
    runs: Mapping[int, np.ndarray],
    reference: Mapping[int, np.ndarray],
    mask: np.ndarray,
    targets: Targets,
    noise: Spread | None,
) -> Difference:
    """Of the means over seeds of two groups' scores, seed -> (N, K), over a mask.

    Args:
        noise: the `spread` of all groups that are compared.
    """
    apart = np.mean(list(runs.values()), 0) - np.mean(list(reference.values()), 0)
    value, *drawn = resampled(apart, mask, targets)
    one, other = (values_of(group, mask, targets) for group in (runs, reference))
    error = standard_error(one, other, noise)
    seeds, freedom = (error.deviation, error.freedom) if error else (None, 0)
    return Difference(float(value), *interval(drawn), seeds, freedom)
