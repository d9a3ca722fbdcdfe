"""python -m benchmark.compare: runs against each other, paired over the samples they share."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmark.command import Parser, carried_out, check_writable
from benchmark.metrics import available
from benchmark.paired import (
    SUBSETS,
    Difference,
    difference,
    scored,
    spread,
    subsets,
    values_of,
)
from benchmark.predictions import Predictions
from benchmark.result import null_for_nan
from benchmark.slices import Slice, slices, table
from ffld.atomic import replacing
from ffld.sample import DataError, Targets

_SHOWN = SUBSETS[:2]  # whose differences the table has

_EPILOG = """\
examples:
  python -m benchmark.compare runs/vgg16-* runs/lgr-*
      the first run's model is what the others are compared with
  python -m benchmark.compare runs/lgr-* --by viewpoint
      then a table of fronts, sides and backs; --by garment_type, style, …, as the dataset has them

Runs that differ in their seed alone are one row: their mean. Those of --init are seeds of one where
they started from the same weights; otherwise their rows name these by their digest. Weights scored
by --checkpoint have the seed that they were trained with, and are seeds of one where they were
trained alike; where what is known of them is the same, the seed too, each run is a row. Differences
are paired over samples. The interval is a 95 % bootstrap interval over images; "seeds" is the
standard error of the difference over seeds. Rows of the same seeds are paired over these, too, and
taken to share one spread; give runs the same seeds, two at least. Where the seeds differ, it is of
the two rows' own scatter. A difference stands (*) when the interval leaves out zero and so does
Student's 95 % interval over seeds; where these are unknown, nothing stands. No star is corrected
for how many differences there are.
"""


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
    """Rows of runs on the same samples, the reference first.

    Attributes:
        by: the attribute that its slices are of; empty without any.
    """

    dataset: str
    split: str
    revision: str
    samples: int
    metric: str
    counts: Mapping[str, int]
    rows: Sequence[Row]
    by: str = ""
    slices: Sequence[Slice] = ()

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        with replacing(path) as temporary:
            content = json.dumps(null_for_nan(asdict(self)), indent=1, allow_nan=False)
            temporary.write_text(content + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Comparison:
        """Read what `save` wrote."""
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = [
            Row(
                label=row["label"],
                values={
                    subset: {int(seed): _nan_for_null(value) for seed, value in values.items()}
                    for subset, values in row["values"].items()
                },
                differences={
                    subset: difference_of(content) for subset, content in row["differences"].items()
                },
            )
            for row in content["rows"]
        ]
        parts = [
            Slice(**{**part, "scores": {k: _numbers(v) for k, v in part["scores"].items()}})
            for part in content.get("slices", ())
        ]
        return cls(**{**content, "rows": rows, "slices": parts})

    def markdown(self) -> str:
        """A table with one row a configuration."""
        head = ["model", "seeds", *(f"{subset}" for subset in SUBSETS)]
        head += [f"Δ {subset}" for subset in _SHOWN]
        lines = [head, ["---"] * len(head)]
        for row in self.rows:
            seeds = row.values["visible"]
            cells = [row.label, str(len(seeds))]
            cells += [mean(list(row.values[subset].values())) for subset in SUBSETS]
            cells += [written(row.differences.get(subset)) for subset in _SHOWN]
            lines.append(cells)
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def caution(self) -> str:
        """How many of its differences chance may mark."""
        count = len(_SHOWN) * sum(bool(row.differences) for row in self.rows)
        return (
            f"* is said of each of the {count} differences by itself, uncorrected: where none is "
            f"real, chance still marks one in twenty"
        )


def compare(
    groups: Mapping[str, Mapping[int, Predictions]],
    targets: Targets,
    metric: str = "ne",
    by: str = "",
) -> Comparison:
    """Compare groups of predictions, label -> seed -> Predictions; the first is the reference.

    Args:
        by: an attribute of the samples, or `garment_type`, to score the parts of the split by.
    """
    masks = subsets(targets)
    scores = {
        label: {seed: scored(p, targets, metric) for seed, p in runs.items()}
        for label, runs in groups.items()
    }
    reference, *_ = scores.values()
    noise = {subset: spread(list(scores.values()), mask, targets) for subset, mask in masks.items()}
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
        by=by,
        slices=slices(scores, targets, by) if by else [],
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input."""
    arguments = _parser().parse_args(argv)
    return carried_out(lambda: _compare(arguments), "interrupted")


def _parser() -> argparse.ArgumentParser:
    parser = Parser("benchmark.compare", "Compare finished runs, paired over samples.", _EPILOG)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run")
    parser.add_argument("--metric", default="ne", help="ne (default), swap, order, pck@0.1, …")
    parser.add_argument("--by", default="", metavar="NAME", help="then scores by this attribute")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it as JSON too")
    return parser


def _compare(arguments: argparse.Namespace) -> None:
    from benchmark.crops import Source
    from benchmark.groups import configuration_of, grouped

    if arguments.metric not in (names := available()):
        raise DataError(f"unknown metric {arguments.metric!r}; there are {', '.join(names)}")
    check_writable(arguments.out, suffixes=[".json"])
    groups = grouped(arguments.runs)
    first = next(iter(next(iter(groups.values())).values()))
    split = Source.of_run(configuration_of(first)).open()
    predictions = {
        label: {seed: Predictions.load(run / "predictions.parquet") for seed, run in runs.items()}
        for label, runs in groups.items()
    }
    comparison = compare(predictions, split.targets, arguments.metric, arguments.by)
    if arguments.out:
        comparison.save(arguments.out)
    print(comparison.markdown())
    if len(comparison.rows) > 1:
        print(comparison.caution(), file=sys.stderr)
    if comparison.slices:
        print("\n" + table(comparison.slices, comparison.by, comparison.metric))


def mean(values: Sequence[float | None]) -> str:
    """Values of several seeds as text: their mean ± their standard deviation; – for NaN or None."""
    known = np.array(values, np.float64)
    if np.isnan(known).any():
        return "–"
    spread = f" ± {np.std(known, ddof=1):.4f}" if len(known) > 1 else ""
    return f"{np.mean(known):.4f}{spread}"


def written(difference: Difference | None) -> str:
    """A difference as text, marked where it stands."""
    if difference is None:
        return ""
    if np.isnan(difference.value):
        return "–"
    known = difference.seeds is not None
    seeds = f"seeds {difference.seeds:.4f}" if known else "seeds unknown"
    mark = " *" if difference.stands else ""
    return f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}], {seeds}{mark}"


def difference_of(content: Mapping[str, float | None]) -> Difference:
    """What `dataclasses.asdict` made of a difference and JSON kept."""
    ends = {name: _nan_for_null(content[name]) for name in ("value", "low", "high")}
    return Difference(**ends, seeds=content["seeds"], freedom=content["freedom"])


def _numbers(values: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(map(_nan_for_null, values))


def _nan_for_null(value: float | None) -> float:
    return float("nan") if value is None else value


if __name__ == "__main__":
    sys.exit(main())
