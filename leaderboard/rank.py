"""Ranks that respect noise: who is better than whom beyond chance, for all pairs of a board.

Two noises are told apart, and both count.

The choice of test images. Every entry of a board is scored on the same samples and resampled by the
same draws, so that the differences of two entries' resampled values are the paired bootstrap of
their difference.

The training. All entries of a board are taken to scatter over seeds by the same share of their
value, `shared_spread`: a median, which no entry can pull far. An entry's own seeds are too few to
go by, since two happen to agree often enough, and to go by them would reward scatter: whoever sends
a good and a bad seed could not be told from anybody. So an entry that is behind is held to the
shared spread alone. One that is ahead bears its own where that is larger. Seeds that agree far
better than chance has it are one training, however many files they are, and count as one.

With E entries there are E (E - 1) / 2 comparisons, of which some would come out by chance. They are
corrected by the max-T method (Westfall and Young, Resampling-Based Multiple Testing, 1993): a
difference counts when it exceeds its standard error by more than the largest such excess, over all
pairs, that 95 % of the draws show about their own centre. Each draw is a resample of the images and
normal noise of training, after which the spreads are estimated anew as they are here. It takes
account of entries that go wrong on the same images, where Bonferroni's or Holm's correction would
be too strict, and of how little a few seeds tell of the spread.

The first and last rank that are compatible with all of this form a simultaneous 95 % confidence
set of the ranks (Mogstad, Romano, Shaikh and Wilhelm, Review of Economic Studies, 2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats

LEVEL = 0.95
ENOUGH = 3  # entries of several seeds, of which one may be wild without moving the median far
# A seed's standard deviation as a share of its NE where a board has fewer. Four models of five
# seeds show .022 at 224 x 224 pixels (pooled; .011 to .035), 58 configurations .015 at 64 x 64.
# Too small a share would rank luck, too large a one leaves ties until more seeds are sent.
USUAL = 0.025
LEAST = 1 / 3  # of the shared spread: our entries of four seeds and more scatter by .47 and more
TOO_ALIKE = 1e-4  # chance of as little scatter as seeds show, below which they are one training


@dataclass(frozen=True)
class Contender:
    """What ranking needs to know of an entry; small values are good.

    Attributes:
        values: (1 + R,) the value over the samples, then over each resample of them.
        seeds: the value of each seed, of which `values` are the mean.
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


@dataclass(frozen=True)
class _Training:
    """Variances that training gives to the entries' values, (..., E).

    Attributes:
        behind: by the shared spread.
        ahead: by an entry's own spread where that is larger.
    """

    behind: np.ndarray
    ahead: np.ndarray


def rank(contenders: Sequence[Contender]) -> Ranking:
    """Rank entries of one board."""
    values = np.stack([one.values for one in contenders])
    several = [one.seeds for one in contenders]
    spread = shared_spread(several)
    counts = np.array([_trainings(seeds, spread) for seeds in several])
    own = np.array([_own(seeds) for seeds in several])
    training = _training(values[:, 0], counts, own, spread)
    images = _image_errors(values)
    critical = _critical(values, counts, images, spread)
    difference = values[:, None, 0] - values[None, :, 0]
    errors = np.sqrt(images**2 + training.ahead[:, None] + training.behind[None, :])
    better = difference < -critical * errors
    above, below = better.sum(axis=0), better.sum(axis=1)
    places = [
        Place(rank=1 + int(a), first=1 + int(a), last=len(contenders) - int(b))
        for a, b in zip(above, below, strict=True)
    ]
    return Ranking(places, better, critical)


def shared_spread(entries: Sequence[Sequence[float]]) -> float:
    """What entries of a board scatter by over seeds: a standard deviation as a share of the value.

    The median over the entries of several seeds, each by what the median of its own estimate is
    where the scatter is normal; `USUAL` where fewer than `ENOUGH` have several.

    Args:
        entries: the values of each entry's seeds.
    """
    own, counts = np.array([_own(one) for one in entries]), np.array([len(e) for e in entries])
    return float(_shared(own, counts))


def _trainings(seeds: Sequence[float], spread: float) -> int:
    """How many trainings an entry's seeds can be taken for."""
    freedom = len(seeds) - 1
    if not freedom or not spread:
        return 1
    chance = stats.chi2.cdf(freedom * (_own(seeds) / (spread * LEAST)) ** 2, freedom)
    return 1 if chance < TOO_ALIKE else len(seeds)


def _own(seeds: Sequence[float]) -> float:
    return float(np.std(seeds, ddof=1) / np.mean(seeds)) if len(seeds) > 1 else 0.0


def _shared(own: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(...) of the entries' own spreads, (..., E)."""
    several = counts > 1
    if several.sum() < ENOUGH:
        return np.full(own.shape[:-1], USUAL)
    usual = np.array([_median_of_normal(int(count) - 1) for count in counts[several]])
    return np.median(own[..., several] / usual, axis=-1)


@cache
def _median_of_normal(freedom: int) -> float:
    """The median of a standard deviation that is estimated with so many degrees of freedom."""
    return float(np.sqrt(stats.chi2.median(freedom) / freedom))


def _training(
    level: np.ndarray, counts: np.ndarray, own: np.ndarray, spread: float | np.ndarray
) -> _Training:
    shared = np.asarray(spread)[..., None]
    one = level**2 / counts
    return _Training(behind=shared**2 * one, ahead=np.maximum(shared, own) ** 2 * one)


def _image_errors(values: np.ndarray) -> np.ndarray:
    """(E, E) standard errors of the paired differences over resamples of the images."""
    errors = np.zeros((len(values), len(values)))
    if values.shape[1] > 1:
        for one in range(len(values) - 1):
            centred = _centred(values, one)
            error = np.sqrt((centred**2).mean(axis=1))
            errors[one, one + 1 :] = errors[one + 1 :, one] = error
    return errors


def _centred(values: np.ndarray, one: int) -> np.ndarray:
    """(E - 1 - one, R) differences to the entries behind it in the list, about their own centre."""
    differences = values[one] - values[one + 1 :]
    return differences[:, 1:] - differences[:, :1]


def _critical(values: np.ndarray, counts: np.ndarray, images: np.ndarray, spread: float) -> float:
    """How many standard errors noise can reach somewhere on the board."""
    entries, draws = values.shape[0], values.shape[1] - 1
    if not draws:
        return 0.0
    rng = np.random.default_rng(0)
    level, freedom = values[:, 0], counts - 1
    noise = rng.normal(size=(draws, entries)) * spread * level / np.sqrt(counts)
    chi2 = rng.chisquare(np.maximum(freedom, 1), (draws, entries))
    own = np.where(freedom > 0, spread * np.sqrt(chi2 / np.maximum(freedom, 1)), 0.0)
    training = _training(level, counts, own, _shared(own, counts))
    largest = np.zeros(draws)
    for one in range(entries - 1):
        rest = slice(one + 1, None)
        differences = _centred(values, one).T + noise[:, [one]] - noise[:, rest]
        trained = np.where(
            differences < 0,
            training.ahead[:, [one]] + training.behind[:, rest],
            training.behind[:, [one]] + training.ahead[:, rest],
        )
        errors = np.sqrt(images[one, rest] ** 2 + trained)
        excess = np.divide(np.abs(differences), errors, where=errors > 0, out=np.zeros_like(errors))
        largest = np.maximum(largest, excess.max(axis=1))
    return float(np.quantile(largest, LEVEL))
