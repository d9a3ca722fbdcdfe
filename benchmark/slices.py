"""Scores of the parts of a split: by garment type, or by an attribute such as viewpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.bootstrap import Resamples
from benchmark.evaluate import bootstrapped, counted, interval
from ffld.sample import DataError, Targets

TYPE = "garment_type"
MOST = 40  # values; an attribute with more is no way to divide a split


@dataclass(frozen=True)
class Slice:
    """The samples that have one value of an attribute.

    Attributes:
        count: their visible landmarks that count.
        scores: label of a row -> the mean over its seeds, low and high of its 95 % bootstrap
            interval over images; NaN where nothing counts.
    """

    name: str
    samples: int
    count: int
    scores: Mapping[str, Sequence[float]]


def slices(
    scores: Mapping[str, Mapping[int, np.ndarray]], targets: Targets, by: str
) -> list[Slice]:
    """The visible scores of rows, label -> seed -> (N, K), by the values of an attribute.

    Raises:
        DataError: the dataset does not know it, or it divides nothing.
    """
    values = _values(targets, by)
    bootstrap, visible = Resamples(targets), counted(targets, "visible")
    means = {label: np.mean(list(runs.values()), axis=0) for label, runs in scores.items()}
    found = []
    for name in sorted({*values.tolist()}):
        chosen = values == name
        mask = visible & chosen[:, None]
        drawn = {label: bootstrapped(mean, mask, bootstrap) for label, mean in means.items()}
        ends = {label: (float(of[0]), *interval(of[1:])) for label, of in drawn.items()}
        found.append(Slice(name or "unknown", int(chosen.sum()), int(mask.sum()), ends))
    return found


def table(found: Sequence[Slice], by: str, metric: str) -> str:
    """Rows of slices and columns of models, as Markdown."""
    head = [by, "samples", "points", *(f"{metric} visible, {name}" for name in found[0].scores)]
    lines = [head, ["---"] * len(head)]
    for one in found:
        cells = [one.name, str(one.samples), str(one.count)]
        lines.append([*cells, *(_cell(*ends) for ends in one.scores.values())])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _values(targets: Targets, by: str) -> np.ndarray:
    known = {TYPE: targets.garment_type, **targets.attributes}
    if by not in known:
        raise DataError(f"--by: {targets.dataset} has no {by!r}; it has {', '.join(known)}")
    values = np.asarray(known[by])
    if (count := len({*values.tolist()})) > MOST:
        raise DataError(f"--by: {by} has {count} values here; more than {MOST} divide nothing")
    return values


def _cell(value: float, low: float, high: float) -> str:
    return "–" if np.isnan(value) else f"{value:.4f} [{low:.4f}, {high:.4f}]"
