"""Numbers too good to be true, predictions that are others': signs of leaks, copies and mixtures.

Trainings differ in their errors, but for what a constant answer would share with them, which is
taken out first. Of what remains, two seeds of one model correlate by .26 to .80 on the boards of
this project, and of its squares a regression on all other files there gives .23 to .80, the median
.63. A copy under noise, or an average of others' predictions, has .94 and more until the noise has
a deviation of .02 of the box, and costs what an average brings. The noise of labels is shared by
all models; rendered sets have none, and on photographs the bounds leave room for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark import Predictions, Result, boxes
from benchmark.evaluate import counted
from ffld.sample import Targets
from leaderboard import stored

LEAST_NE = 0.004  # below it no method of images is believed; annotators differ by more
HIT = 3e-4  # of the box: so near to its target a point comes by chance once in a thousand times
MOST_HITS = 0.02  # share of the counted points
SAME = 1e-3  # of the box: points of two entries that differ by less are taken for one
MOST_SAME = 0.9  # share of the probed points; two seeds on maps of 4 x 4 cells can share 0.8
SAME_ERRORS = 0.92  # correlation of two seeds' errors; noise that brings it lower costs NE
MOST_EXPLAINED = 0.92  # share of an entry's squared errors that a mixture of others' gives
MOST_BESIDE = 0.03  # what others add to it for weights trained on from one entry, who says so
MIXED = 50  # files that a mixture may be of: the nearest, so that large boards cost little
POINTS_EACH = 50  # coordinates for every one of these, so that chance explains little
PROBE = 500  # samples that are compared between entries, chosen by a hash of their ids


def problems(result: Result, several: Sequence[Predictions], targets: Targets) -> Iterator[str]:
    """What makes an entry's numbers hard to believe.

    Args:
        several: the predictions of its seeds, in the order of `targets`.
    """
    ne = result.scores["ne"]["visible"].value
    if ne < LEAST_NE:
        yield f"NE {ne:.5f} is implausibly good: below {LEAST_NE} nothing is ranked unexplained"
    for number, one in enumerate(several):
        distance = boxes.distance(one.xy, targets.xy, targets.box)[counted(targets, "all")]
        if distance.size and (share := float((distance < HIT).mean())) > MOST_HITS:
            yield (
                f"predictions [{number}] meet {share:.1%} of the points to within {HIT:g} of the "
                "box, as labels that leaked would"
            )
    yield from repeated(several, targets)


def repeated(several: Sequence[Predictions], targets: Targets) -> Iterator[str]:
    """Which seeds are the same, or the same but for noise, as no two can be."""
    probes = [probe(one, targets) for one in several]
    for first in range(len(probes)):
        for second in range(first):
            if same(probes[first], probes[second]):
                yield f"predictions [{second}] and [{first}] are the same; seeds must differ"
            elif (alike := correlation(probes[first], probes[second])) > SAME_ERRORS:
                yield (
                    f"predictions [{second}] and [{first}] have the same errors (correlation "
                    f"{alike:.4f}); seeds must be trainings of their own"
                )


@dataclass(frozen=True, eq=False)
class Probe:
    """Some samples' counted points in the frame of the box: what entries are compared by.

    Attributes:
        ids: (P,) str, sorted.
        points: (P, K, 2), NaN where none is kept.
        errors: (P, K, 2), their differences to the targets, without what a constant place for each
            landmark of each type would share: their mean there, and what follows from how far a
            target is from its mean place; NaN where unknown.
    """

    ids: np.ndarray
    points: np.ndarray
    errors: np.ndarray


def probe(predictions: Predictions, targets: Targets) -> Probe:
    """The probe of predictions, which are in the order of `targets`."""
    hashes = [hashlib.sha256(name.encode()).digest() for name in targets.ids.tolist()]
    rows = np.array(sorted(range(len(hashes)), key=hashes.__getitem__)[:PROBE])
    rows = rows[np.argsort(targets.ids[rows])]
    sides = boxes.sides(targets.box)[:, None]
    frame = (predictions.xy[rows] - targets.box[rows, None, :2]) / sides[rows]
    frame[~stored.kept(targets)[rows]] = np.nan
    right = (targets.xy[rows] - targets.box[rows, None, :2]) / sides[rows]
    kind = targets.type_index[rows]
    errors = _from_mean(frame - right, kind)
    unusual = _from_mean(np.where(np.isnan(frame), np.nan, right), kind)
    size = np.nansum(unusual**2)
    share = np.nansum(errors * unusual) / size if size else 0.0
    return Probe(targets.ids[rows], frame, errors - share * unusual)


def _from_mean(points: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """(P, K, 2) differences to the mean of all of the same slot and kind."""
    apart = np.full_like(points, np.nan)
    for one in np.unique(kind):
        of, known = points[kind == one], ~np.isnan(points[kind == one])
        total, count = np.where(known, of, 0).sum(0), known.sum(0)
        apart[kind == one] = of - total / np.maximum(count, 1)
    return apart


def same(a: Probe, b: Probe) -> bool:
    """Whether two probes of the same dataset are of the same predictions."""
    first, second = a.points, b.points
    if not np.array_equal(a.ids, b.ids):
        _, rows, others = np.intersect1d(a.ids, b.ids, return_indices=True)
        first, second = first[rows], second[others]
    apart = np.abs(first - second).max(axis=-1)
    near = apart[~np.isnan(apart)] < SAME
    return bool(near.size and near.mean() > MOST_SAME)


def correlation(a: Probe, b: Probe) -> float:
    """Of the errors of two probes of the same samples; 0 where they are not known."""
    known = ~np.isnan(a.errors) & ~np.isnan(b.errors)
    first, second = a.errors[known], b.errors[known]
    size = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / size) if size else 0.0


def explained(own: Probe, others: Sequence[Probe]) -> float:
    """Share of the squared errors of a probe that the best linear mixture of others' errors gives.

    Adjusted for the number of others, of which the `MIXED` that correlate most with it count; 0
    where there are none of the same samples, or too few points are known.
    """
    alike = [one for one in others if np.array_equal(one.ids, own.ids)]
    alike = sorted(alike, key=lambda one: -correlation(own, one))[:MIXED]
    columns = np.stack([own.errors, *(one.errors for one in alike)], -1)
    columns = columns[~np.isnan(columns).any(-1)]
    target, mixed = columns[:, 0], columns[:, 1:]
    if not alike or len(target) < POINTS_EACH * len(alike) or not target.any():
        return 0.0
    weights, *_ = np.linalg.lstsq(mixed, target, rcond=None)
    left = ((target - mixed @ weights) ** 2).sum() / (target**2).sum()
    return float(1 - left * len(target) / (len(target) - len(alike)))
