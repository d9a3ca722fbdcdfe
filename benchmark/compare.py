"""python -m benchmark.compare: runs against each other, paired over the samples they share."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmark.command import Parser, carried_out
from benchmark.evaluate import INTERVAL, counted, resampled
from benchmark.metrics import available
from benchmark.predictions import Predictions
from benchmark.seeds import Spread, student
from ffld.atomic import replacing
from ffld.sample import DataError, Targets

SUBSETS = ("visible", "occluded", "all")

_EPILOG = """\
examples:
  python -m benchmark.compare runs/vgg16-* runs/lgr-*
      the first run's model is what the others are compared with

Runs that differ in their seed alone are one row: their mean. Weights scored by --checkpoint have
the seed that they were trained with; where what is known of them is the same, the seed too, each
run is a row. Differences are paired: over the same samples, and over the same seeds where both
sides have them. The interval is a 95 % bootstrap interval over images; "seeds" is the standard
error of the difference over seeds, whose spread the rows are taken to share. A difference stands
(*) when the interval leaves out zero and so does Student's 95 % interval over seeds.
"""


@dataclass(frozen=True)
class Difference:
    """How far a group lies from the reference.

    Attributes:
        value: of the group minus that of the reference.
        low, high: 95 % bootstrap interval over images.
        seeds: standard error over seeds; None where nothing is known of their noise.
        freedom: degrees of freedom that it was estimated with.
    """

    value: float
    low: float
    high: float
    seeds: float | None
    freedom: int = 0

    @property
    def stands(self) -> bool:
        """Beyond the noise of images and of seeds."""
        chance = 0.0 if self.seeds is None else student(self.freedom) * self.seeds
        return not self.low <= 0 <= self.high and abs(self.value) > chance


@dataclass(frozen=True)
class Row:
    """The runs of one configuration.

    Attributes:
        values: subset -> seed -> value of the metric.
        differences: subset -> Difference; empty for the reference.
    """

    label: str
    values: Mapping[str, Mapping[int, float]]
    differences: Mapping[str, Difference]


@dataclass(frozen=True)
class Comparison:
    """Rows of runs on the same samples, the reference first."""

    dataset: str
    split: str
    revision: str
    samples: int
    metric: str
    counts: Mapping[str, int]
    rows: Sequence[Row]

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Comparison:
        """Read what `save` wrote."""
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = [
            Row(
                label=row["label"],
                values={
                    subset: {int(seed): value for seed, value in values.items()}
                    for subset, values in row["values"].items()
                },
                differences={
                    subset: Difference(**difference)
                    for subset, difference in row["differences"].items()
                },
            )
            for row in content["rows"]
        ]
        return cls(**{**content, "rows": rows})

    def markdown(self) -> str:
        """A table with one row a configuration."""
        head = ["model", "seeds", *(f"{subset}" for subset in SUBSETS)]
        head += [f"Δ {subset}" for subset in SUBSETS[:2]]
        lines = [head, ["---"] * len(head)]
        for row in self.rows:
            seeds = row.values["visible"]
            cells = [row.label, str(len(seeds))]
            cells += [mean(list(row.values[subset].values())) for subset in SUBSETS]
            cells += [written(row.differences.get(subset)) for subset in SUBSETS[:2]]
            lines.append(cells)
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def compare(
    groups: Mapping[str, Mapping[int, Predictions]], targets: Targets, metric: str = "ne"
) -> Comparison:
    """Compare groups of predictions, label -> seed -> Predictions; the first is the reference."""
    masks = subsets(targets)
    scores = {
        label: {seed: scored(p, targets, metric) for seed, p in runs.items()}
        for label, runs in groups.items()
    }
    reference, *others = scores.values()
    noise = {subset: spread(others, reference, mask, targets) for subset, mask in masks.items()}
    rows = []
    for label, runs in scores.items():
        differences = {
            subset: difference(runs, reference, mask, targets, noise[subset])
            for subset, mask in masks.items()
            if runs is not reference
        }
        values = {subset: values_of(runs, mask, targets) for subset, mask in masks.items()}
        rows.append(Row(label, values, differences))
    return Comparison(
        dataset=targets.dataset,
        split=targets.split,
        revision=targets.revision,
        samples=len(targets),
        metric=metric,
        counts={subset: int(mask.sum()) for subset, mask in masks.items()},
        rows=rows,
    )


def subsets(targets: Targets) -> dict[str, np.ndarray]:
    """(N, K) bool for each of `SUBSETS`: the slots that it counts."""
    visible, every = counted(targets, "visible"), counted(targets, "all")
    return {"visible": visible, "occluded": every & ~visible, "all": every}


def scored(predictions: Predictions, targets: Targets, metric: str = "ne") -> np.ndarray:
    """(N, K) scores of predictions; NaN where nothing counts."""
    every = counted(targets, "all")[..., None]
    xy = np.where(every, predictions.align(targets).xy, np.nan)
    return available()[metric].score(xy, targets)


def values_of(
    runs: Mapping[int, np.ndarray], mask: np.ndarray, targets: Targets
) -> dict[int, float]:
    """seed -> the value of its scores (N, K) over a mask."""
    return {
        seed: float(resampled(found, mask, targets, resamples=0)[0]) for seed, found in runs.items()
    }


def difference(
    runs: Mapping[int, np.ndarray],
    reference: Mapping[int, np.ndarray],
    mask: np.ndarray,
    targets: Targets,
    noise: Spread | None,
) -> Difference:
    """Of the means over seeds of two groups' scores, seed -> (N, K), over a mask.

    Args:
        noise: of one pair of runs of the same seed, as `spread` has it.
    """
    apart = np.mean(list(runs.values()), 0) - np.mean(list(reference.values()), 0)
    values = resampled(apart, mask, targets)
    low, high = np.quantile(values[1:], INTERVAL)
    ends = float(values[0]), float(low), float(high)
    if noise is None:
        return Difference(*ends, None)
    share = (1 / len(runs) + 1 / len(reference)) / 2  # of a pair's variance
    return Difference(*ends, noise.deviation * share**0.5, noise.freedom)


def spread(
    groups: Sequence[Mapping[int, np.ndarray]],
    reference: Mapping[int, np.ndarray],
    mask: np.ndarray,
    targets: Targets,
) -> Spread | None:
    """How the paired differences of groups from the reference scatter over seeds, pooled.

    They share the reference's own scatter, so that there are fewer degrees of freedom than are
    counted; with two or three seeds each, a difference that barely stands has to be run again.
    """
    pairs = [
        {seed: runs[seed] - reference[seed] for seed in runs.keys() & reference.keys()}
        for runs in groups
    ]
    return Spread.pooled([list(values_of(pair, mask, targets).values()) for pair in pairs])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input."""
    arguments = _parser().parse_args(argv)
    return carried_out(lambda: _compare(arguments), "interrupted")


def _parser() -> argparse.ArgumentParser:
    parser = Parser("benchmark.compare", "Compare finished runs, paired over samples.", _EPILOG)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run")
    parser.add_argument("--metric", default="ne", help="ne (default), swap, order, pck@0.1, …")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it as JSON too")
    return parser


def _compare(arguments: argparse.Namespace) -> None:
    from benchmark.crops import Source
    from benchmark.groups import configuration_of, grouped

    if arguments.metric not in (names := available()):
        raise DataError(f"unknown metric {arguments.metric!r}; there are {', '.join(names)}")
    groups = grouped(arguments.runs)
    split = Source.of_run(configuration_of(arguments.runs[0])).open()
    predictions = {
        label: {seed: Predictions.load(run / "predictions.parquet") for seed, run in runs.items()}
        for label, runs in groups.items()
    }
    comparison = compare(predictions, split.targets, arguments.metric)
    if arguments.out:
        comparison.save(arguments.out)
    print(comparison.markdown())


def mean(values: Sequence[float]) -> str:
    """Values of several seeds as text: their mean ± their standard deviation."""
    spread = f" ± {np.std(values, ddof=1):.4f}" if len(values) > 1 else ""
    return f"{np.mean(values):.4f}{spread}"


def written(difference: Difference | None) -> str:
    """A difference as text, marked where it stands."""
    if difference is None:
        return ""
    seeds = "" if difference.seeds is None else f", seeds {difference.seeds:.4f}"
    mark = " *" if difference.stands else ""
    return f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]{seeds}{mark}"


if __name__ == "__main__":
    sys.exit(main())
