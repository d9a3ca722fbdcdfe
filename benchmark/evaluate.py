"""NE-1, the convention: which points count and how scores become numbers. The only such place.

A metric gives every landmark slot of every sample a score. A slot counts if its landmark is
visible (subset "visible") or annotated at all (subset "all"), owned by the garment's type, and
inside the garment's box. A number is the mean per landmark over the split, then the unweighted
mean over the landmarks that have a count. docs/metrics.md works an example by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from benchmark import boxes, metrics
from benchmark.result import Result, Score
from ffld.sample import DataError, Targets
from ffld.schema import LandmarkSchema, Visibility

if TYPE_CHECKING:
    from benchmark.predictions import Predictions

PROTOCOL = "NE-1"
SUBSETS = {"visible": Visibility.VISIBLE, "all": Visibility.OCCLUDED}  # the least that counts
INTERVAL = (0.025, 0.975)

_FIELDS = ("scores", "per_landmark", "per_type")  # of a Result
_ROWS = 2048  # samples in one matrix product, which bounds memory
_EXACT = 2**24  # whole numbers up to here are exact in float32, and so are their sums


def evaluate(
    predictions: Predictions | Sequence[Predictions],
    targets: Targets,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Result:
    """Score predictions by every metric; the order of the samples makes no difference.

    Intervals are 95 % percentile bootstrap intervals over images. Of several predictions, those of
    a model's seeds, each point's score is the mean of theirs, so that a value is the mean of the
    seeds' values and its interval that of the mean.

    Raises:
        PredictionsError: the predictions do not fit the targets.
        DataError: a box without area.
    """
    bootstrap = Resamples(targets, resamples, seed)
    targets = bootstrap.targets
    _check_boxes(targets)
    several = predictions if isinstance(predictions, Sequence) else [predictions]
    masks = {subset: counted(targets, subset) for subset in SUBSETS}
    points = [np.where(masks["all"][..., None], one.align(targets).xy, np.nan) for one in several]
    available = metrics.available()
    tables = _tables(available, points, masks, bootstrap)
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
    return Resamples(targets, resamples, seed).values(scores, mask)


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


@dataclass(frozen=True, eq=False)
class Resamples:
    """The bootstrap over the images of a split: drawn once, it serves any scores.

    Attributes:
        unordered: the targets, in any order.
    """

    unordered: Targets
    resamples: int = 1000
    seed: int = 0

    @cached_property
    def order(self) -> np.ndarray:
        """(N,) int64: rows of `unordered`, by garment type and then by id."""
        return np.lexsort((self.unordered.ids, self.unordered.type_index))

    @cached_property
    def targets(self) -> Targets:
        """The targets in this order."""
        return self.unordered.select(self.order)

    def values(self, scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """(1 + resamples,) the value of scores (N, K) over a mask, then that of each resample.

        Rows are those of `unordered`.
        """
        scores, mask = scores[self.order], mask[self.order]
        mask = mask & ~np.isnan(scores)
        sums, counts = self.totals([_exactly(scores, mask), mask])
        return _mean_of_landmarks(sums.sum(axis=0), counts.sum(axis=0))

    def totals(self, columns: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
        """(C, 1 + R, K) sums of each of some (N, K) arrays, per garment type and resample.

        Arrays of bool are summed in float32, in which whole numbers of this size are exact.
        """
        exact = [one.dtype == bool and self._small for one in columns]
        kinds = [np.float32 if known else np.float64 for known in exact]
        groups = {kind: np.flatnonzero([one is kind for one in kinds]) for kind in {*kinds}}
        schema = self.targets.schema
        bounds = np.searchsorted(self.targets.type_index, np.arange(len(schema.type_mask) + 1))
        shape = (len(columns), len(self._weights))
        totals = [np.zeros((*shape, owned.sum())) for owned in schema.type_mask]
        for c, owned in enumerate(schema.type_mask):
            for start in range(bounds[c], bounds[c + 1], _ROWS):  # samples stand by type
                rows = slice(start, min(start + _ROWS, bounds[c + 1]))
                for kind, chosen in groups.items():
                    beside = [columns[number][rows, owned] for number in chosen]
                    product = self._weights[:, rows].astype(kind) @ np.hstack(beside, dtype=kind)
                    for number, part in zip(chosen, np.hsplit(product, len(chosen)), strict=True):
                        totals[c][number] += part
        for number in range(len(columns)):
            whole = np.zeros((len(totals), len(self._weights), len(schema)))
            for c, owned in enumerate(schema.type_mask):
                whole[c][:, owned] = totals[c][number]
            yield whole

    @cached_property
    def _small(self) -> bool:
        return int(self._weights.sum(axis=1, dtype=np.int64).max()) < _EXACT

    @cached_property
    def _weights(self) -> np.ndarray:
        """(1 + resamples, N) how often each resample holds each sample; first, the split itself.

        Samples of one image, told by the part of their ids before "#", are drawn together.
        """
        names = [name.partition("#")[0] for name in self.targets.ids.tolist()]
        images, image_of = np.unique(names, return_inverse=True)
        weights = np.ones((1 + self.resamples, len(self.targets)), np.uint8)
        for row, drawn in enumerate(draws(len(images), self.resamples, self.seed), start=1):
            times = np.bincount(drawn, minlength=len(images))
            if times.max(initial=0) > np.iinfo(weights.dtype).max:
                weights = weights.astype(np.uint16)
            weights[row] = times.astype(weights.dtype)[image_of]
        return weights


def _mean(scores: Sequence[np.ndarray]) -> np.ndarray:
    return scores[0] if len(scores) == 1 else np.mean(scores, axis=0)


def _check_boxes(targets: Targets) -> None:
    flat = ~(boxes.sides(targets.box) > 0).all(axis=-1)
    if flat.any():
        raise DataError(
            f"{targets.dataset} {targets.split}: {flat.sum()} boxes have no area, which NE-1 "
            f"divides by; the first is that of {targets.ids[flat][0]}"
        )


def _tables(
    available: Mapping[str, metrics.Metric],
    points: Sequence[np.ndarray],
    masks: Mapping[str, np.ndarray],
    bootstrap: Resamples,
) -> dict[str, dict[str, dict]]:
    """Each metric's `scores`, `per_landmark` and `per_type` of `Result`, by subset."""
    columns: dict[tuple[str, str], np.ndarray] = {}
    unique: dict[bytes, np.ndarray] = {}  # what scores apply to, most of it the same
    applied = {}
    for name, metric in available.items():
        scores = _mean([metric.score(xy, bootstrap.targets) for xy in points])
        for subset, mask in masks.items():
            applies = mask & ~np.isnan(scores)
            applied[name, subset] = sha256(applies).digest()
            unique.setdefault(applied[name, subset], applies)
            columns[name, subset] = _exactly(scores, applies)
    totals = bootstrap.totals([*unique.values(), *columns.values()])
    counts = {mask: next(totals) for mask in unique}
    tables: dict[str, dict[str, dict]] = {
        name: {field: {} for field in _FIELDS} for name in available
    }
    for (name, subset), sums in zip(columns, totals, strict=True):
        found = _scores_of(sums, counts[applied[name, subset]], bootstrap.targets.schema)
        for field, scores in zip(_FIELDS, found, strict=True):
            tables[name][field][subset] = scores
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


def _exactly(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Scores where a mask counts them and 0 elsewhere, on a grid; bool where all are 0 or 1."""
    shown = np.where(mask, scores, 0.0)
    ones = shown == 1
    return ones if np.array_equal(ones, shown) else _on_grid(shown)


def _on_grid(scores: np.ndarray) -> np.ndarray:
    """Scores rounded to multiples of a power of two, below 1e-9 for any test split of ours.

    It is the finest for which their sums, and those of a resample, fit float64 exactly, so that
    results are the same bytes whatever the order of summation, the threads or the machine.
    """
    # No resample's sum comes near 8 times that of all.
    _, exponent = np.frexp(8 * np.abs(scores).sum())
    grid = np.ldexp(1.0, exponent - 53)
    rounded = scores / grid
    np.rint(rounded, out=rounded)
    rounded *= grid
    return rounded


def _scores(totals: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[Score]:
    """Numbers with their intervals, each from (1 + R, L) sums and counts of some landmarks."""
    values = np.stack([_mean_of_landmarks(sums, counts) for sums, counts in totals])
    intervals = np.full((len(totals), 2), np.nan)
    if values.shape[1] > 1:
        whole = ~np.isnan(values[:, 1:]).any(axis=1)
        intervals[whole] = np.quantile(values[whole, 1:], INTERVAL, axis=1).T
        for row in np.flatnonzero(~whole):
            known = values[row, 1:][~np.isnan(values[row, 1:])]
            if known.size:
                intervals[row] = np.quantile(known, INTERVAL)
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
