"""Numbers too good to be true and predictions that are another entry's: signs of leaks, copies."""

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
    """Which seeds are the same, as no two can be."""
    probes = [probe(one, targets) for one in several]
    for first in range(len(probes)):
        for second in range(first):
            if same(probes[first], probes[second]):
                yield f"predictions [{second}] and [{first}] are the same; seeds must differ"


@dataclass(frozen=True, eq=False)
class Probe:
    """Some samples' counted points in the frame of the box: what entries are compared by.

    Attributes:
        ids: (P,) str, sorted.
        points: (P, K, 2), NaN where none is kept.
    """

    ids: np.ndarray
    points: np.ndarray


def probe(predictions: Predictions, targets: Targets) -> Probe:
    """The probe of predictions, which are in the order of `targets`."""
    hashes = [hashlib.sha256(name.encode()).digest() for name in targets.ids.tolist()]
    rows = np.array(sorted(range(len(hashes)), key=hashes.__getitem__)[:PROBE])
    rows = rows[np.argsort(targets.ids[rows])]
    sides = boxes.sides(targets.box)[:, None]
    frame = (predictions.xy[rows] - targets.box[rows, None, :2]) / sides[rows]
    frame[~stored.kept(targets)[rows]] = np.nan
    return Probe(targets.ids[rows], frame)


def same(a: Probe, b: Probe) -> bool:
    """Whether two probes of the same dataset are of the same predictions."""
    first, second = a.points, b.points
    if not np.array_equal(a.ids, b.ids):
        _, rows, others = np.intersect1d(a.ids, b.ids, return_indices=True)
        first, second = first[rows], second[others]
    apart = np.abs(first - second).max(axis=-1)
    near = apart[~np.isnan(apart)] < SAME
    return bool(near.size and near.mean() > MOST_SAME)
