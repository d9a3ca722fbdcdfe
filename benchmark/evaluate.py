"""NE-1, the convention: which points count and how scores become numbers. The only such place.

A metric gives every landmark slot of every sample a score. A slot counts if its landmark is
visible (subset "visible") or annotated at all (subset "all"), owned by the garment's type, and
inside the garment's box. A number is the mean per landmark over the split, then the unweighted
mean over the landmarks that have a count. docs/metrics.md works an example by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from benchmark import boxes, metrics
from benchmark.bootstrap import Resamples, exactly
from benchmark.result import Result, Score
from ffld.sample import DataError, Split, Targets
from ffld.schema import LandmarkSchema, Visibility

if TYPE_CHECKING:
    from benchmark.predictions import Predictions

PROTOCOL = "NE-1"
SUBSETS = {"visible": Visibility.VISIBLE, "all": Visibility.OCCLUDED}  # the least that counts
INTERVAL = (0.025, 0.975)

_FIELDS = ("scores", "per_landmark", "per_type")  # of a Result


def evaluate(
    predictions: Predictions | Sequence[Predictions],
    targets: Targets | Split,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Result:
    """Score predictions by every metric; the order of the samples makes no difference.

    Intervals are 95 % percentile bootstrap intervals over images. Of several predictions, those of
    a model's seeds, each point's score is the mean of theirs, so that a value is the mean of the
    seeds' values and its interval that of the mean. Of a split, its `targets` are scored on.

    Raises:
        PredictionsError: no `Predictions`, or they do not fit the targets.
        DataError: neither targets nor a split, a box without area, or no predictions.
    """
    several = predictions if isinstance(predictions, Sequence) else [predictions]
    if not several:
        raise DataError("there are no predictions to evaluate: pass those of one seed at least")
    _check_kinds(several)
    if isinstance(targets, Split):
        targets = targets.targets
    if not isinstance(targets, Targets):
        kind = type(targets).__name__
        raise DataError(f"targets is of kind {kind}; pass a split of ffld.load, or its targets")
    _check_boxes(targets)
    masks = {subset: counted(targets, subset) for subset in SUBSETS}
    available = metrics.available()
    bootstrap = Resamples(targets, resamples, seed)
    tables = _tables(*_columns(available, several, masks, bootstrap), bootstrap)
    return Result(
        dataset=targets.dataset,
        split=targets.split,
        revision=targets.revision,
        schema_fingerprint=targets.schema.fingerprint,
        protocol=PROTOCOL,
        samples=len(targets),
        predictions_sha256=digest(several),
        resamples=resamples,
        seed=seed,
        metrics={
            name: {"unit": metric.unit, "higher_is_better": metric.higher_is_better}
            for name, metric in available.items()
        },
        scores={name: table["scores"] for name, table in tables.items()},
        per_landmark={name: table["per_landmark"] for name, table in tables.items()},
        per_type={name: table["per_type"] for name, table in tables.items()},
    )


def digest(several: Sequence[Predictions]) -> str:
    """What a result calls its predictions by: their `sha256`; of several, that of theirs."""
    names = [one.sha256 for one in several]
    return names[0] if len(names) == 1 else sha256("\n".join(names).encode()).hexdigest()


def counted(targets: Targets, subset: str) -> np.ndarray:
    """(N, K) bool: the slots that a subset, "visible" or "all", counts."""
    owned = targets.schema.type_mask[targets.type_index]
    seen = targets.visibility >= SUBSETS[subset]
    return owned & seen & boxes.inside(targets.xy, targets.box)


def resampled(
    scores: np.ndarray, mask: np.ndarray, targets: Targets, *, resamples: int = 1000, seed: int = 0
) -> np.ndarray:
    """(1 + resamples,) the value of any scores (N, K) over a mask, then that of each resample.

    For what is no metric's score, such as the difference between two models' errors. The draws
    are those of `evaluate`.
    """
    return bootstrapped(scores, mask, Resamples(targets, resamples, seed))


def bootstrapped(scores: np.ndarray, mask: np.ndarray, bootstrap: Resamples) -> np.ndarray:
    """As `resampled`, by draws that are made already; rows are those of its targets."""
    scores, mask = scores[bootstrap.order], mask[bootstrap.order]
    mask = mask & ~np.isnan(scores)
    columns = (exactly(scores, mask), mask)
    sums, counts = bootstrap.totals([bootstrap.packed(column) for column in columns])
    return _mean_of_landmarks(sums.sum(axis=0), counts.sum(axis=0))


def interval(drawn: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """95 % percentile interval of the resamples that count anything; NaN where none does."""
    values = np.asarray(drawn)
    known = values[~np.isnan(values)]
    if not known.size:
        return float("nan"), float("nan")
    low, high = np.quantile(known, INTERVAL)
    return float(low), float(high)


def _mean(scores: Sequence[np.ndarray]) -> np.ndarray:
    return scores[0] if len(scores) == 1 else np.mean(scores, axis=0)


def _check_kinds(several: Sequence[object]) -> None:
    from benchmark.predictions import Predictions, PredictionsError  # they import this module

    for one in several:
        if not isinstance(one, Predictions):
            raise PredictionsError(
                f"predictions are of kind {type(one).__name__}; wrap points in "
                "benchmark.Predictions(dataset, split, ids, xy), which says whose they are"
            )


def _check_boxes(targets: Targets) -> None:
    flat = ~(boxes.sides(targets.box) > 0).all(axis=-1)
    if flat.any():
        raise DataError(
            f"{targets.dataset} {targets.split}: {flat.sum()} boxes have no area, which NE-1 "
            f"divides by; the first is that of {targets.ids[flat][0]}"
        )


def _columns(
    available: Mapping[str, metrics.Metric],
    several: Sequence[Predictions],
    masks: Mapping[str, np.ndarray],
    bootstrap: Resamples,
) -> tuple[dict[bytes, np.ndarray], dict[tuple[str, str], tuple[bytes, np.ndarray]]]:
    """What the bootstrap is to sum, packed: what scores apply to, and scores.

    Returns:
        Masks by their digests, since most metrics apply to the same; and, by metric and subset, the
        digest of what it applies to, and the scores.
    """
    targets, order = bootstrap.targets, bootstrap.order
    points = [np.where(masks["all"][..., None], one.align(targets).xy, np.nan) for one in several]
    applied, columns = {}, {}
    for name, metric in available.items():
        scores = _mean([metric.score(xy, targets) for xy in points])
        for subset, mask in masks.items():
            applies = (mask & ~np.isnan(scores))[order]
            known = sha256(applies).digest()
            applied.setdefault(known, bootstrap.packed(applies))
            columns[name, subset] = known, bootstrap.packed(exactly(scores[order], applies))
    return applied, columns


def _tables(
    applied: Mapping[bytes, np.ndarray],
    columns: Mapping[tuple[str, str], tuple[bytes, np.ndarray]],
    bootstrap: Resamples,
) -> dict[str, dict[str, dict]]:
    """Each metric's `scores`, `per_landmark` and `per_type` of `Result`, by subset."""
    scores = (column for _, column in columns.values())
    totals = bootstrap.totals([*applied.values(), *scores])
    counts = {known: next(totals) for known in applied}
    tables: dict[str, dict[str, dict]] = {
        name: {field: {} for field in _FIELDS} for name, _ in columns
    }
    for ((name, subset), (known, _)), sums in zip(columns.items(), totals, strict=True):
        found = _scores_of(sums, counts[known], bootstrap.targets.schema)
        for field, value in zip(_FIELDS, found, strict=True):
            tables[name][field][subset] = value
    return tables


def _scores_of(
    sums: np.ndarray, counts: np.ndarray, schema: LandmarkSchema
) -> tuple[Score, dict[str, Score], dict[str, Score]]:
    """From (C, 1 + R, K) sums and counts: the score of all, those by landmark and by type."""
    per_type = list(zip(sums, counts, strict=True))
    sums, counts = sums.sum(axis=0), counts.sum(axis=0)
    per_landmark = [(sums[:, [k]], counts[:, [k]]) for k in range(len(schema))]
    whole, *parts = _scores([(sums, counts), *per_landmark, *per_type])
    by_landmark = dict(zip(schema.landmarks, parts, strict=False))
    return whole, by_landmark, dict(zip(schema.type_names, parts[len(schema) :], strict=True))


def _scores(totals: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[Score]:
    """Numbers with their intervals, each from (1 + R, L) sums and counts of some landmarks."""
    values = np.stack([_mean_of_landmarks(sums, counts) for sums, counts in totals])
    intervals = np.full((len(totals), 2), np.nan)
    if values.shape[1] > 1:
        whole = ~np.isnan(values[:, 1:]).any(axis=1)
        intervals[whole] = np.quantile(values[whole, 1:], INTERVAL, axis=1).T
        for row in np.flatnonzero(~whole):
            intervals[row] = interval(values[row, 1:])
    scores = []
    for (sums, counts), (value, *_), (low, high) in zip(totals, values, intervals, strict=True):
        count = int(counts[0].sum())
        scores.append(
            Score(
                value=float(value),
                low=float(low),
                high=float(high),
                count=count,
                pooled=float(sums[0].sum() / count) if count else float("nan"),
            )
        )
    return scores


def _mean_of_landmarks(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(…,) unweighted mean over the landmarks with a count of (…, L); NaN where none has one."""
    has = counts > 0
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=has)
    total, landmarks = means.sum(axis=-1), has.sum(axis=-1)
    return np.divide(total, landmarks, out=np.full(total.shape, np.nan), where=landmarks > 0)
