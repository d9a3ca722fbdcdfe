"""Recompute a run's numbers from its predictions and compare them with what its result states."""

from __future__ import annotations

import math
from pathlib import Path

import benchmark
import ffld
from benchmark import Predictions, Result
from ffld.sample import Targets

RELATIVE_TOLERANCE = 1e-9  # sums may be taken in another order on another machine


class VerificationError(ValueError):
    """A result that its predictions do not give; the message lists every number that differs."""


def verify(folder: str | Path, root: str | Path | None = None) -> Result:
    """The recomputed result of a run's folder, when its `result.json` states the same numbers.

    The targets are those of as many samples as were predicted, chosen as `--limit` chooses.

    Args:
        folder: holds `predictions.parquet` and `result.json`.
        root: folder of the dataset's archive, for datasets of photographs.

    Raises:
        VerificationError: numbers differ.
        PredictionsError, ResultError, DataError: a file or the dataset cannot be used.
    """
    folder = Path(folder)
    predictions = Predictions.load(folder / "predictions.parquet")
    stated = Result.load(folder / "result.json")
    recomputed = benchmark.evaluate(predictions, targets_of(predictions, root))
    if found := drift(stated, recomputed):
        shown = "; ".join(found[:20]) + ("; …" if len(found) > 20 else "")
        raise VerificationError(
            f"{folder / 'result.json'} differs from its predictions in {len(found)} values: {shown}"
        )
    return recomputed


def targets_of(predictions: Predictions, root: str | Path | None = None) -> Targets:
    """The targets of the dataset, split and number of samples that predictions are for.

    Raises:
        DataError: the dataset cannot be used.
    """
    split = ffld.load(
        predictions.dataset,
        predictions.split,
        root=root,
        limit=len(predictions),
        approximate=predictions.revision.endswith("+approximate"),
    )
    return split.targets


def drift(stated: Result, recomputed: Result) -> list[str]:
    """Every value that differs, each with what was found and what was recomputed."""
    found, expected = _leaves(stated.to_json()), _leaves(recomputed.to_json())
    absent = "nothing"
    return [
        f"{name} (found {found.get(name, absent)}, recomputed {expected.get(name, absent)})"
        for name in {**expected, **found}
        if not _same(found.get(name, absent), expected.get(name, absent))
    ]


def _leaves(tree: object, name: str = "") -> dict[str, object]:
    """Dotted path -> value, for everything in a JSON value that is not an object."""
    if not isinstance(tree, dict):
        return {name: tree}
    return {
        path: value
        for key, item in tree.items()
        for path, value in _leaves(item, f"{name}.{key}" if name else key).items()
    }


def _same(found: object, expected: object) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)
    return type(found) is type(expected) and found == expected
