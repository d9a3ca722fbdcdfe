"""How far rendered layouts are from real ones: a two-sample test, landmark by landmark, and rates.

The test asks whether a classifier can tell rendered from real garments by their points alone:
cross-validated area under the ROC curve, 0.5 when it cannot, 1 when it always can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import wasserstein_distance
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from ffld.datasets.fashionai import CATEGORIES, LANDMARKS
from ffld.layouts import Layouts, in_image_order, normalised
from ffld.sample import DataError
from ffld.schema import FFLD, LandmarkSchema, Visibility

_FOLDS = 5
_LEAST = 50  # complete garments on each side, below which nothing is said


@dataclass(frozen=True)
class LandmarkGap:
    """One landmark, rendered beside real, in the normalised frame (see `ffld.layouts`).

    Attributes:
        offset: (x, y) of the rendered mean minus the real one.
        spread: (x, y) rendered standard deviation over the real one.
        distance: Wasserstein distance, mean of x and y.
    """

    offset: tuple[float, float]
    spread: tuple[float, float]
    distance: float


@dataclass(frozen=True)
class Rates:
    """Shares of a landmark's garments in which it is occluded, and cut off; None where unknown."""

    real_occluded: float | None
    occluded: float
    real_cut_off: float | None
    cut_off: float


@dataclass(frozen=True)
class GroupGap:
    """One group of garments.

    Attributes:
        real, rendered: numbers of complete garments: those with all compared landmarks.
        auc: of the two-sample test; the mean over parts of the rendered garments.
        auc_error: its standard error over the parts; None of one part.
        landmarks: name -> LandmarkGap; rates: name -> Rates.
    """

    group: str
    real: int
    rendered: int
    auc: float
    auc_error: float | None
    landmarks: Mapping[str, LandmarkGap]
    rates: Mapping[str, Rates]


def layout_gaps(real: Layouts, rendered: Layouts, seed: int = 0, parts: int = 1) -> list[GroupGap]:
    """Compare every group that both have with enough complete garments.

    Args:
        parts: the two-sample test is made with so many disjoint parts of the rendered garments, one
            at a time: the draw of a few hundred garments decides some .02 of an AUC. It grows with
            their number, so only parts of equal size compare.

    Raises:
        DataError: layouts of different schemas, or no such group.
    """
    if real.schema is not rendered.schema:
        raise DataError(
            f"the real layouts have the landmarks of schema {real.schema.name!r}, the rendered "
            f"ones those of {rendered.schema.name!r}: choose another --dataset"
        )
    if not (found := list(_gaps(real, rendered, seed, parts))):
        raise DataError(
            f"no group of garments has {_LEAST} complete ones on both sides"
            f"{f', in each of {parts} parts' if parts > 1 else ''}; raise --limit"
        )
    return found


def table(gaps: Sequence[GroupGap]) -> str:
    """Every group and its landmarks as text; rates are real / rendered, in percent."""
    lines = []
    for gap in gaps:
        error = "" if gap.auc_error is None else f" ± {gap.auc_error:.3f}"
        counts = f"{gap.real} real, {gap.rendered} rendered"
        lines.append(f"{gap.group}: {counts}, AUC {gap.auc:.3f}{error}")
        lines.append(f"  {'landmark':<18} offset x, y    spread x, y  distance  occluded   cut off")
        for name, one in gap.landmarks.items():
            rates = gap.rates[name]
            lines.append(
                f"  {name:<18} {one.offset[0]:+.3f} {one.offset[1]:+.3f}    "
                f"{one.spread[0]:.2f} {one.spread[1]:.2f}    {one.distance:.3f}   "
                f"{_percent(rates.real_occluded, rates.occluded):>9} "
                f"{_percent(rates.real_cut_off, rates.cut_off):>9}"
            )
    return "\n".join(lines)


def _percent(real: float | None, rendered: float) -> str:
    return f"{'-' if real is None else f'{100 * real:.0f}'} / {100 * rendered:.0f}"


def two_sample_auc(
    real: np.ndarray, rendered: np.ndarray, weights: np.ndarray, seed: int = 0
) -> float:
    """Cross-validated AUC of boosted trees that tell (N, F) real from (M, F) rendered rows.

    Args:
        weights: (M,) of the rendered rows; both sides weigh the same in all.
    """
    rows = np.vstack([real, rendered])
    labels = np.repeat([0, 1], [len(real), len(rendered)])
    weight = np.concatenate([np.full(len(real), 1 / len(real)), weights / weights.sum()])
    weight *= len(rows) / 2
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    model = HistGradientBoostingClassifier(max_iter=150, learning_rate=0.08, random_state=seed)
    scores = cross_val_predict(
        model, rows, labels, cv=folds, params={"sample_weight": weight}, method="predict_proba"
    )
    return float(roc_auc_score(labels, scores[:, 1], sample_weight=weight))


def _gaps(real: Layouts, rendered: Layouts, seed: int, parts: int) -> Iterator[GroupGap]:
    schema = real.schema
    for group in sorted(set(real.group) & set(rendered.group)):
        names = _compared(group, schema)
        slots = [schema.index(name) for name in names]
        sides = [layouts.xy[layouts.group == group] for layouts in (real, rendered)]
        complete = [in_image_order(_complete(xy, slots), schema) for xy in sides]
        if min(len(complete[0]), len(complete[1]) // parts) < _LEAST:
            continue
        weights = _type_weights(group, *complete)
        frames = [normalised(xy[:, slots]) for xy in complete]
        aucs = [
            _auc(group, complete, frames, slice(part, None, parts), seed) for part in range(parts)
        ]
        yield GroupGap(
            group=group,
            real=len(frames[0]),
            rendered=len(frames[1]),
            auc=float(np.mean(aucs)),
            auc_error=float(np.std(aucs, ddof=1) / parts**0.5) if parts > 1 else None,
            landmarks={
                name: _landmark_gap(frames[0][:, n], frames[1][:, n], weights)
                for n, name in enumerate(names)
            },
            rates={name: _rates(real, rendered, group, schema.index(name)) for name in names},
        )


def _auc(
    group: str, complete: list[np.ndarray], frames: list[np.ndarray], part: slice, seed: int
) -> float:
    """The two-sample test with a part of the rendered garments."""
    weights = _type_weights(group, complete[0], complete[1][part])
    rows = (frame.reshape(len(frame), -1) for frame in (frames[0], frames[1][part]))
    return two_sample_auc(*rows, weights, seed)


def _compared(group: str, schema: LandmarkSchema) -> list[str]:
    """The landmarks of a group that both sides have."""
    if group not in CATEGORIES:
        return list(schema.garment_types[group])
    known = set(LANDMARKS.values())
    owned = {name for kind in CATEGORIES[group] for name in FFLD.garment_types[kind]}
    if group == "trousers":
        owned &= set(FFLD.garment_types["shorts"])
    return [name for name in schema.landmarks if name in owned & known]


def _complete(xy: np.ndarray, slots: list[int]) -> np.ndarray:
    return xy[np.isfinite(xy[:, slots]).all((1, 2))]


def _type_weights(group: str, real: np.ndarray, rendered: np.ndarray) -> np.ndarray:
    """(M,) weights that give rendered garments the real shares of short and long ones.

    FashionAI does not tell short from long; sleeves and legs do, on both sides alike.
    """
    cuts = {"blouse": "top_hem", "outwear": "top_hem", "dress": "waistline", "trousers": None}
    if group not in cuts:
        return np.ones(len(rendered))
    short = [_is_short(xy, cuts[group]) for xy in (real, rendered)]
    shares = [np.clip(np.mean(side), 0.01, 0.99) for side in short]
    return np.where(short[1], shares[0] / shares[1], (1 - shares[0]) / (1 - shares[1]))


def _is_short(xy: np.ndarray, torso: str | None) -> np.ndarray:
    """(N,) bool: sleeves, or legs without a torso's landmark, that end early."""

    def length(a: str, b: str) -> np.ndarray:
        ends = xy[:, FFLD.index(a)], xy[:, FFLD.index(b)]
        return np.linalg.norm(ends[0] - ends[1], axis=-1)

    if torso is None:
        return length("crotch", "left_bottom_in") < length("left_waistband", "crotch")
    sleeve = length("left_armpit", "left_cuff_in") + length("right_armpit", "right_cuff_in")
    side = length("left_armpit", f"left_{torso}") + length("right_armpit", f"right_{torso}")
    return sleeve < (0.6 if torso == "top_hem" else 1.0) * side


def _landmark_gap(real: np.ndarray, rendered: np.ndarray, weights: np.ndarray) -> LandmarkGap:
    mean = np.average(rendered, axis=0, weights=weights)
    spread = np.sqrt(np.average((rendered - mean) ** 2, axis=0, weights=weights))
    distances = [
        wasserstein_distance(real[:, axis], rendered[:, axis], v_weights=weights) for axis in (0, 1)
    ]
    return LandmarkGap(
        offset=tuple((mean - real.mean(0)).tolist()),
        spread=tuple((spread / real.std(0)).tolist()),
        distance=float(np.mean(distances)),
    )


def _rates(real: Layouts, rendered: Layouts, group: str, slot: int) -> Rates:
    chosen = rendered.group == group
    if rendered.owned is not None:  # a vest has no cuffs that could be cut off
        chosen &= rendered.owned[:, slot]
    ours = rendered.visibility[chosen, slot]
    occluded, cut_off = _shares(ours)
    if real.visibility is None:
        return Rates(None, occluded, None, cut_off)
    theirs = real.visibility[real.group == group][:, slot]
    if real.schema is FFLD:  # FashionAI has one code for cut off and for not there at all
        present = theirs[theirs != Visibility.ABSENT]
        ours = ours[ours != Visibility.ABSENT]
        return Rates(_shares(present)[0], _shares(ours)[0], None, cut_off)
    return Rates(_shares(theirs)[0], occluded, _shares(theirs)[1], cut_off)


def _shares(visibility: np.ndarray) -> tuple[float, float]:
    if not len(visibility):
        return float("nan"), float("nan")
    occluded, absent = Visibility.OCCLUDED, Visibility.ABSENT
    return float((visibility == occluded).mean()), float((visibility == absent).mean())
