"""NE-1, the convention: which points count and how scores become numbers. The only such place.

A metric gives every landmark slot of every sample a score. A slot counts if its landmark is
visible (subset "visible") or annotated at all (subset "all"), owned by the garment's type, and
inside the garment's box. A number is the mean per landmark over the split, then the unweighted
mean over the landmarks that have a count. docs/metrics.md works an example by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from benchmark import boxes, metrics
from benchmark.result import Result, Score
from ffld.sample import DataError, Targets
from ffld.schema import Visibility

if TYPE_CHECKING:
    from benchmark.predictions import Predictions

PROTOCOL = "NE-1"
SUBSETS = {"visible": Visibility.VISIBLE, "all": Visibility.OCCLUDED}  # the least that counts
INTERVAL = (0.025, 0.975)

_ROWS = 4096  # samples in one matrix product, which bounds memory


def evaluate(
    predictions: Predictions, targets: Targets, *, resamples: int = 1000, seed: int = 0
) -> Result:
    """Score predictions by every metric; the order of the samples makes no difference.

    Intervals are 95 % percentile bootstrap intervals over images.

    Raises:
        PredictionsError: the predictions do not fit the targets.
        DataError: a box without area.
    """
    targets = targets.select(np.lexsort((targets.ids, targets.type_index)))
    _check_boxes(targets)
    aligned = predictions.align(targets)
    masks = {subset: counted(targets, subset) for subset in SUBSETS}
    xy = np.where(masks["all"][..., None], aligned.xy, np.nan)
    weights = _weights(targets, resamples, seed)
    available = metrics.available()
    tables = {
        name: _tables(metric.score(xy, targets), masks, weights, targets)
        for name, metric in available.items()
    }
    return Result(
        dataset=targets.dataset,
        split=targets.split,
        revision=targets.revision,
        schema_fingerprint=targets.schema.fingerprint,
        protocol=PROTOCOL,
        samples=len(targets),
        predictions_sha256=aligned.sha256,
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
    order = np.lexsort((targets.ids, targets.type_index))
    targets, scores, mask = targets.select(order), scores[order], mask[order]
    weights = _weights(targets, resamples, seed)
    sums, counts = _totals(scores, mask & ~np.isnan(scores), weights, targets)
    return _mean_of_landmarks(sums.sum(axis=0), counts.sum(axis=0))


def draws(images: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """(images,) int64 for each resample: the images it draws, with replacement.

    NumPy promises the same raw stream of PCG64 for ever, but not the same `Generator.integers`;
    the upper 32 bits scaled to the range favour no image by more than 1 part in 2^32 / images.
    """
    stream = np.random.PCG64(seed)
    half = np.uint64(32)
    for _ in range(resamples):
        raw = stream.random_raw(images) >> half
        yield ((raw * np.uint64(images)) >> half).astype(np.int64)


def _check_boxes(targets: Targets) -> None:
    flat = ~(boxes.sides(targets.box) > 0).all(axis=-1)
    if flat.any():
        raise DataError(
            f"{targets.dataset} {targets.split}: {flat.sum()} boxes have no area, which NE-1 "
            f"divides by; the first is that of {targets.ids[flat][0]}"
        )


def _weights(targets: Targets, resamples: int, seed: int) -> np.ndarray:
    """(1 + resamples, N) how often each resample holds each sample; the first row is the split.

    Samples of one image, told by the part of their ids before "#", are drawn together.
    """
    names = [name.partition("#")[0] for name in targets.ids.tolist()]
    images, image_of = np.unique(names, return_inverse=True)
    weights = np.ones((1 + resamples, len(targets)), np.uint16)
    for row, drawn in enumerate(draws(len(images), resamples, seed), start=1):
        weights[row] = np.bincount(drawn, minlength=len(images))[image_of]
    return weights


def _tables(
    scores: np.ndarray, masks: dict[str, np.ndarray], weights: np.ndarray, targets: Targets
) -> dict[str, dict]:
    """One metric's `scores`, `per_landmark` and `per_type` of `Result`, by subset."""
    schema = targets.schema
    tables: dict[str, dict] = {"scores": {}, "per_landmark": {}, "per_type": {}}
    for subset, mask in masks.items():
        sums, counts = _totals(scores, mask & ~np.isnan(scores), weights, targets)
        tables["per_type"][subset] = {
            name: _score(sums[c], counts[c]) for c, name in enumerate(schema.type_names)
        }
        sums, counts = sums.sum(axis=0), counts.sum(axis=0)
        tables["scores"][subset] = _score(sums, counts)
        tables["per_landmark"][subset] = {
            name: _score(sums[:, [k]], counts[:, [k]]) for k, name in enumerate(schema.landmarks)
        }
    return tables


def _totals(
    scores: np.ndarray, mask: np.ndarray, weights: np.ndarray, targets: Targets
) -> tuple[np.ndarray, np.ndarray]:
    """(C, 1 + R, K) sums of scores and counts, per garment type, resample and landmark."""
    columns = np.stack([_on_grid(np.where(mask, scores, 0.0)), mask])
    types = len(targets.schema.type_names)
    totals = np.zeros((2, types, len(weights), scores.shape[1]))
    bounds = np.searchsorted(targets.type_index, np.arange(types + 1))  # samples stand by type
    for c, owned in enumerate(targets.schema.type_mask):
        for start in range(bounds[c], bounds[c + 1], _ROWS):
            rows = slice(start, min(start + _ROWS, bounds[c + 1]))
            product = weights[:, rows].astype(np.float64) @ columns[:, rows, owned]
            totals[:, c][..., owned] += product
    return totals[0], totals[1]


def _on_grid(scores: np.ndarray) -> np.ndarray:
    """Scores rounded to multiples of a power of two, below 1e-9 for any test split of ours.

    It is the finest for which their sums, and those of a resample, fit float64 exactly, so that
    results are the same bytes whatever the order of summation, the threads or the machine.
    """
    # No resample's sum comes near 8 times that of all.
    _, exponent = np.frexp(8 * np.abs(scores).sum())
    grid = np.ldexp(1.0, exponent - 53)
    return np.rint(scores / grid) * grid


def _score(sums: np.ndarray, counts: np.ndarray) -> Score:
    """A number with its interval from (1 + R, L) sums and counts of the landmarks it is about."""
    values = _mean_of_landmarks(sums, counts)
    known = values[1:][~np.isnan(values[1:])]
    low, high = np.quantile(known, INTERVAL) if known.size else (np.nan, np.nan)
    count = int(counts[0].sum())
    return Score(
        value=float(values[0]),
        low=float(low),
        high=float(high),
        count=count,
        pooled=float(sums[0].sum() / count) if count else float("nan"),
    )


def _mean_of_landmarks(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(…,) unweighted mean over the landmarks with a count of (…, L); NaN where none has one."""
    has = counts > 0
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=has)
    total, landmarks = means.sum(axis=-1), has.sum(axis=-1)
    return np.divide(total, landmarks, out=np.full(total.shape, np.nan), where=landmarks > 0)
