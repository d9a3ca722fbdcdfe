"""Metrics by name: the file `benchmark/metrics/<name>.py` is the registration of `<name>`.

Such a module holds `UNIT`, `HIGHER_IS_BETTER` and `score(xy, targets) -> (N, K)` float64, NaN where
the metric does not apply to a slot. A module with `VARIANTS`, a mapping from metric names to a
parameter, registers these names instead and takes the parameter as `score`'s third argument.

A metric neither counts nor averages; `benchmark.evaluate` does. Predictions of slots that NE-1
never counts reach it as NaN, so that no score can depend on them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ffld.sample import Targets


@dataclass(frozen=True)
class Metric:
    """What a metric file says, for one of its variants."""

    unit: str
    higher_is_better: bool
    score: Callable[[np.ndarray, Targets], np.ndarray]


def available() -> dict[str, Metric]:
    """Every metric by its name, in the order of the file names."""
    metrics = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        scores = {info.name: module.score}
        if hasattr(module, "VARIANTS"):
            scores = {name: _variant(module.score, of) for name, of in module.VARIANTS.items()}
        for name, score in scores.items():
            metrics[name] = Metric(module.UNIT, module.HIGHER_IS_BETTER, score)
    return metrics


def _variant(
    score: Callable[[np.ndarray, Targets, float], np.ndarray], parameter: float
) -> Callable[[np.ndarray, Targets], np.ndarray]:
    return lambda xy, targets: score(xy, targets, parameter)
