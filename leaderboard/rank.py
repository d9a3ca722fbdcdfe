"""Ranks that respect noise: who is better than whom beyond chance, for all pairs of a board.

Every entry of a board is scored on the same samples and resampled by the same draws, so that the
differences of two entries' resampled values are the paired bootstrap of their difference. With E
entries there are E (E - 1) / 2 such comparisons, of which some would come out by chance. They are
corrected by the max-T method (Westfall and Young, Resampling-Based Multiple Testing, 1993): a
difference counts when it exceeds its standard error by more than the largest such excess, over all
pairs, that 95 % of the resamples show about their own centre. It takes account of entries that
go wrong on the same images, where Bonferroni's or Holm's correction would be too strict.

The first and last rank that are compatible with all of this form a simultaneous 95 % confidence
set of the ranks (Mogstad, Romano, Shaikh and Wilhelm, Review of Economic Studies, 2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95
SEEDS = 2.0  # standard errors over seeds that a difference has to exceed besides


@dataclass(frozen=True)
class Contender:
    """What ranking needs to know of an entry; small values are good.

    Attributes:
        values: (1 + R,) the value over the samples, then over each resample of them.
        seeds: the value of each seed.
    """

    values: np.ndarray
    seeds: Sequence[float]


@dataclass(frozen=True)
class Place:
    """Where an entry stands.

    Attributes:
        rank: 1 + the number of entries that are better beyond noise; ties share it.
        first, last: the best and the worst rank that noise leaves open.
    """

    rank: int
    first: int
    last: int


@dataclass(frozen=True)
class Ranking:
    """The places of all contenders, in their order.

    Attributes:
        better: (E, E) bool, whether row is better than column beyond noise.
        critical: standard errors that a difference has to exceed, corrected for all pairs.
    """

    places: Sequence[Place]
    better: np.ndarray
    critical: float


def rank(contenders: Sequence[Contender]) -> Ranking:
    """Rank entries of one board."""
    values = np.stack([one.values for one in contenders])
    difference = values[:, None, 0] - values[None, :, 0]
    errors, critical = _errors_and_critical(values)
    stands = np.abs(difference) > critical * errors
    stands &= np.abs(difference) > SEEDS * _seed_errors(contenders)
    better = stands & (difference < 0)
    above, below = better.sum(axis=0), better.sum(axis=1)
    places = [
        Place(rank=1 + int(a), first=1 + int(a), last=len(contenders) - int(b))
        for a, b in zip(above, below, strict=True)
    ]
    return Ranking(places, better, critical)


def _errors_and_critical(values: np.ndarray) -> tuple[np.ndarray, float]:
    """(E, E) standard errors of the paired differences, and how many of them noise can reach."""
    entries, draws = values.shape[0], values.shape[1] - 1
    errors = np.zeros((entries, entries))
    largest = np.zeros(draws)
    for one in range(entries - 1):
        differences = values[one] - values[one + 1 :]
        centred = differences[:, 1:] - differences[:, :1]
        error = np.sqrt((centred**2).mean(axis=1))
        errors[one, one + 1 :] = errors[one + 1 :, one] = error
        noisy = error > 0
        if noisy.any():
            excess = np.abs(centred[noisy]) / error[noisy, None]
            largest = np.maximum(largest, excess.max(axis=0))
    return errors, float(np.quantile(largest, LEVEL)) if draws else 0.0


def _seed_errors(contenders: Sequence[Contender]) -> np.ndarray:
    """(E, E) standard error of the difference over seeds; an entry of one seed adds nothing."""
    squares = np.array(
        [
            np.var(one.seeds, ddof=1) / len(one.seeds) if len(one.seeds) > 1 else 0.0
            for one in contenders
        ]
    )
    return np.sqrt(squares[:, None] + squares[None, :])
