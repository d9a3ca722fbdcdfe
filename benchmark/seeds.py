"""Noise of training seeds: how far runs that differ in their seed alone lie apart.

Two or three seeds say little of their own spread: two standard errors of two seeds are exceeded by
chance three times in ten. So a difference is held against Student's distribution (Biometrika,
1908), and where rows have the same seeds their spreads, which may be taken to be alike, are pooled.

A run's value is taken to be row + seed + noise: a seed may do something to all rows alike, such as
by the order of the training images, which cancels between rows that have the same seeds. Then the
noise is what least squares leave of rows and seeds, the analysis of variance of two factors; the
test is exact, whatever the seeds do. Pooling the rows' differences from a reference in its place
counts the reference's scatter once for every row, and passes chance for a difference too often
(7 to 8 % for six to twelve rows of two seeds, 6.5 % for eleven of four).

Where the seeds are not the same, nothing of them cancels for certain. Then the scatter of the two
rows themselves is pooled, Student's test of two samples: exact where they share no seed, wary
where they share some. All rows' scatter would have more degrees of freedom, but only if seeds did
nothing alike: with two seeds for every row, it would know two draws of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats

LEVEL = 0.95


@dataclass(frozen=True)
class Spread:
    """A standard deviation over seeds.

    Attributes:
        deviation: of one run, or of a difference.
        freedom: degrees of freedom that it was estimated with.
    """

    deviation: float
    freedom: int

    @classmethod
    def pooled(cls, groups: Iterable[Sequence[float]]) -> Spread | None:
        """The one that groups of values have in common; None where no group has two."""
        several = [np.asarray(values, np.float64) for values in groups if len(values) > 1]
        freedom = sum(len(values) - 1 for values in several)
        squares = sum(float(((values - values.mean()) ** 2).sum()) for values in several)
        return cls._of(squares, freedom)

    @classmethod
    def besides_seeds(cls, rows: Sequence[Mapping[int, float]]) -> Spread | None:
        """That of one run about what its row and its seed do, seed -> value in each row.

        None where no two rows share two seeds.
        """
        cells = [(row, seed) for row, values in enumerate(rows) for seed in values]
        names = sorted({seed for _, seed in cells})
        design = np.zeros((len(cells), len(rows) + len(names)))
        for line, (row, seed) in enumerate(cells):
            design[line, [row, len(rows) + names.index(seed)]] = 1
        values = np.array([rows[row][seed] for row, seed in cells])
        values -= values.mean()
        effects, _, rank, _ = np.linalg.lstsq(design, values, rcond=None)
        squares = float(((values - design @ effects) ** 2).sum())
        return cls._of(squares, len(cells) - int(rank))

    @classmethod
    def _of(cls, squares: float, freedom: int) -> Spread | None:
        known = freedom > 0 and np.isfinite(squares)
        return cls((squares / freedom) ** 0.5, freedom) if known else None


def standard_error(
    one: Mapping[int, float], other: Mapping[int, float], besides: Spread | None
) -> Spread | None:
    """Of the difference between two rows' means, seed -> value; None where it is not known.

    Args:
        besides: `Spread.besides_seeds` of all rows; it counts where both have the same seeds.
    """
    alike = one.keys() == other.keys()
    spread = besides if alike else Spread.pooled([list(one.values()), list(other.values())])
    if spread is None:
        return None
    return Spread(spread.deviation * (1 / len(one) + 1 / len(other)) ** 0.5, spread.freedom)


@cache
def student(freedom: int) -> float:
    """Standard errors that 95 % of the differences that are none stay within."""
    return float(stats.t.ppf((1 + LEVEL) / 2, freedom))
