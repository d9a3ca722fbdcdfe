"""python -m benchmark.errors: where a run goes wrong, sample by sample, and pictures of the worst.

A sample's error is NE-1 over its own landmarks: the mean over those that are visible.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark import metrics
from benchmark.command import Parser, carried_out, check_writable, count
from benchmark.evaluate import counted
from benchmark.predictions import Predictions
from ffld.sample import Targets
from ffld.schema import Visibility

_EPILOG = """\
examples:
  python -m benchmark.errors runs/lgr-ffld-1a2b3c4d
      the twelve worst samples: their error, and the landmark that is furthest off
  python -m benchmark.errors runs/lgr-ffld-1a2b3c4d --worst 24 --sheet worst.png --out errors.csv
      the worst two dozen, their pictures, and a table of all samples
  python -m benchmark.errors runs/lgr-ffld-1a2b3c4d --points points.csv
      every annotated point, for pandas or a spreadsheet: where it is, where the model has it, NE
  python -m benchmark.errors runs/stand-in-on-fld --root ~/FLD --sheet worst.png
      of photographs, whose copy lies elsewhere than when the run was made

Each line is a sample: its mean NE over visible landmarks, the landmark with the largest and that,
and what else is known of it. In the pictures white rings are targets, occluded ones too, and dots
are predictions: red of the garment's left, blue of its right. The table goes to stdout, everything
else to stderr.
"""
_SHOWN = 12


@dataclass(frozen=True, eq=False)
class Errors:
    """Errors of N samples, in the order of the targets.

    Attributes:
        points: (N, K) NE of each landmark that is annotated; NaN elsewhere.
        ne: (N,) mean over a sample's visible landmarks; NaN where it has none.
        worst: (N,) slot of the largest; worst_ne: (N,) that one.
        landmarks: (N,) how many are counted.
    """

    targets: Targets
    points: np.ndarray
    ne: np.ndarray
    worst: np.ndarray
    worst_ne: np.ndarray
    landmarks: np.ndarray

    @classmethod
    def of(cls, predictions: Predictions, targets: Targets) -> Errors:
        """The errors of predictions.

        Raises:
            PredictionsError: they do not fit the targets.
        """
        score = metrics.available()["ne"].score(predictions.align(targets).xy, targets)
        mask = counted(targets, "visible")
        number = mask.sum(axis=1)
        total = np.where(mask, score, 0).sum(axis=1)
        mean = np.divide(total, number, out=np.full(len(targets), np.nan), where=number > 0)
        largest = np.where(mask, score, -1)
        worst = largest.argmax(axis=1)
        worst_ne = np.where(number > 0, largest.max(axis=1), np.nan)
        points = np.where(counted(targets, "all"), score, np.nan)
        return cls(targets, points, mean, worst, worst_ne, number)

    def ranked(self) -> np.ndarray:
        """Rows from the worst sample to the best, without those that have no error."""
        order = np.argsort(-self.ne, kind="stable")
        return order[np.isfinite(self.ne[order])]

    def record(self, row: int) -> dict[str, Any]:
        """What is said of one sample."""
        known = self.landmarks[row] > 0
        return {
            "id": str(self.targets.ids[row]),
            "garment_type": str(self.targets.garment_type[row]),
            "landmarks": int(self.landmarks[row]),
            "ne": f"{self.ne[row]:.6f}" if known else "",
            "worst_landmark": self.targets.schema.landmarks[self.worst[row]] if known else "",
            "worst_ne": f"{self.worst_ne[row]:.6f}" if known else "",
            **{name: str(values[row]) for name, values in self.targets.attributes.items()},
        }

    def title(self, row: int) -> str:
        """A sample's error, id and type, for a picture."""
        return f"{self.ne[row]:.3f}  {self.targets.ids[row]}  {self.targets.garment_type[row]}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input, 130 when interrupted."""
    parser = Parser("benchmark.errors", "Show the samples on which a run is worst.", _EPILOG)
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="folder of a finished run")
    add("--worst", type=count, default=_SHOWN, metavar="N", help=f"samples to show ({_SHOWN})")
    add("--sheet", type=Path, metavar="FILE", help="picture of these, with targets and predictions")
    add("--out", type=Path, metavar="FILE", help="CSV of all samples, the worst first")
    add("--points", type=Path, metavar="FILE", help="CSV of all annotated points, in pixels")
    add("--root", type=Path, metavar="DIR", help="your copy of a dataset of photographs")
    arguments = parser.parse_args(argv)
    return carried_out(lambda: _show(arguments), "interrupted")


def _show(arguments: argparse.Namespace) -> None:
    # Imported here, so that --help and a mistyped option do not wait for torch.
    from benchmark import folder, pictures
    from benchmark.crops import Source
    from benchmark.groups import configuration_of
    from ffld.commands.options import check_picture, write_picture

    check_writable(arguments.out, suffixes=[".csv"])
    check_writable(arguments.points, "--points", suffixes=[".csv"])
    check_writable(arguments.sheet, "--sheet")
    check_picture(arguments.sheet, option="--sheet")
    split = Source.of_run(configuration_of(arguments.run), arguments.root).open()
    predictions = Predictions.load(arguments.run / folder.PREDICTIONS).align(split.targets)
    errors = Errors.of(predictions, split.targets)
    rows = errors.ranked()
    _print(errors, rows[: arguments.worst])
    if arguments.out:
        rest = np.flatnonzero(~np.isfinite(errors.ne))
        _write(arguments.out, (errors.record(row) for row in (*rows.tolist(), *rest.tolist())))
    if arguments.points:
        _write(arguments.points, _points(errors, predictions), "--points")
    if arguments.sheet:
        shown = rows[: arguments.worst].tolist()
        titles = {row: errors.title(row) for row in shown}
        write_picture(arguments.sheet, pictures.close_sheet(split, predictions, titles))


def _points(errors: Errors, predictions: Predictions) -> Iterator[dict[str, Any]]:
    """What is said of each annotated point, in the order of the targets."""
    targets, sure = errors.targets, predictions.confidence
    for row, slot in np.argwhere(np.isfinite(errors.points)).tolist():
        (x, y), (right_x, right_y) = predictions.xy[row, slot], targets.xy[row, slot]
        yield {
            "id": str(targets.ids[row]),
            "garment_type": str(targets.garment_type[row]),
            "landmark": targets.schema.landmarks[slot],
            "visibility": Visibility(int(targets.visibility[row, slot])).name.lower(),
            "x": f"{x:.2f}",
            "y": f"{y:.2f}",
            "target_x": f"{right_x:.2f}",
            "target_y": f"{right_y:.2f}",
            "ne": f"{errors.points[row, slot]:.6f}",
            "confidence": "" if sure is None else f"{sure[row, slot]:.6g}",
        }


def _write(path: Path, records: Iterator[dict[str, Any]], option: str = "--out") -> None:
    from benchmark.output import writing_out

    first = next(records)
    with (
        writing_out(path, option) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, list(first), lineterminator="\n")
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(records)


def _print(errors: Errors, rows: np.ndarray) -> None:
    named = [errors.record(row) for row in rows.tolist()]
    wide = max((len(record["id"]) for record in named), default=2)
    known = len(errors.ranked())
    print(f"{known} samples, NE by sample: median {np.nanmedian(errors.ne):.4f}", file=sys.stderr)
    print(f"{'id':{wide}}      NE  {'garment type':22}{'worst landmark':26}      NE")
    for one in named:
        print(
            f"{one['id']:{wide}}  {float(one['ne']):.4f}  {one['garment_type']:22}"
            f"{one['worst_landmark']:26}  {float(one['worst_ne']):.4f}"
        )


if __name__ == "__main__":
    sys.exit(main())
