"""Noise of training seeds: how far runs that differ in their seed alone lie apart.

Two or three seeds say little of their own spread: two standard errors of two seeds are exceeded by
chance three times in ten. So spreads of rows that may be taken to scatter alike are pooled, and a
difference is held against Student's distribution (Biometrika, 1908).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats

LEVEL = 0.95


@dataclass(frozen=True)
class Spread:
    """A standard deviation over seeds.

    Attributes:
        deviation: of one run, or of one paired difference.
        freedom: degrees of freedom that it was estimated with.
    """

    deviation: float
    freedom: int

    @classmethod
    def pooled(cls, groups: Iterable[Sequence[float]]) -> Spread | None:
        """The one that groups of values have in common; None where no group has two."""
        several = [np.asarray(values, np.float64) for values in groups if len(values) > 1]
        freedom = sum(len(values) - 1 for values in several)
        if not freedom:
            return None
        squares = sum(float(((values - values.mean()) ** 2).sum()) for values in several)
        return cls((squares / freedom) ** 0.5, freedom)


@cache
def student(freedom: int) -> float:
    """Standard errors that 95 % of the differences that are none stay within."""
    return float(stats.t.ppf((1 + LEVEL) / 2, freedom))
