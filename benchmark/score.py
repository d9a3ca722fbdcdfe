"""python -m benchmark.score: the table of any file of predictions, Parquet or CSV."""

from __future__ import annotations

import argparse
import csv
import difflib
import math
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

import ffld
from benchmark.answers import dials_beside, some, targets_for
from benchmark.command import Parser, carried_out, check_writable
from benchmark.doubts import doubt
from benchmark.evaluate import evaluate
from benchmark.predictions import Predictions, PredictionsError, listed
from ffld.console import out_folder
from ffld.dials import add_dials, turned
from ffld.schema import LandmarkSchema

_EPILOG = """\
examples:
  python -m benchmark.score predictions.parquet
      what `Predictions.save` wrote, which says its dataset and split
  python -m benchmark.score points.csv --dataset ffld --split val
      a line for each landmark, under the heading id,landmark,x,y
  python -m benchmark.score points.csv --dataset fld --root ~/FLD --out runs/mine
      of your copy of photographs; writes predictions.parquet and result.json, for the leaderboard
  python -m benchmark.score runs/mine/predictions.parquet --dial company=0
      of images made with dials turned; in a run's folder, its config.json says them

x and y are pixels of the original image, (0, 0) its top left corner. Landmarks that a garment does
not have may be left out. Predictions for fewer samples than the split has must be for those of
`ffld.load(…, limit=N)`. COCO results files: python -m leaderboard evaluate.
"""
_COLUMNS = ("id", "landmark", "x", "y")
_LONGEST = 100  # letters of a heading that are shown
_MAGIC = b"PAR1"  # that a Parquet file begins with


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input, 130 when interrupted."""
    parser = Parser("benchmark.score", "Score a file of predictions by NE-1.", _EPILOG)
    add = parser.add_argument
    add("file", type=Path, metavar="FILE", help="predictions as Parquet or CSV")
    add("--dataset", help="that a CSV file is for")
    add("--split", help="likewise: test (default), val or train")
    add("--root", type=Path, metavar="DIR", help="your copy of a dataset of photographs")
    add_dials(parser)
    add(
        "--out",
        type=out_folder,
        metavar="DIR",
        help="folder for predictions.parquet and result.json",
    )
    arguments = parser.parse_args(argv)
    return carried_out(lambda: _score(arguments), "interrupted")


def read_csv(path: Path, dataset: str, split: str) -> Predictions:
    """Predictions for a split from a CSV file with the columns id, landmark, x and y.

    Raises:
        PredictionsError: lists all that keeps it from being read.
        DataError: there is no such dataset.
    """
    schema = ffld.spec(dataset).schema
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            lines = [(reader.line_num, line) for line in reader]
    except FileNotFoundError as error:
        raise PredictionsError(f"{path}: no such file") from error
    except (OSError, ValueError, csv.Error) as error:
        raise PredictionsError(f"{path} is not readable CSV: {error}") from error
    if missing := [name for name in _COLUMNS if name not in columns]:
        raise PredictionsError(
            f"{path} has no column {', '.join(missing)}; expected the heading {','.join(_COLUMNS)} "
            f"in small letters, separated by commas, found {_heading(columns)}"
        )
    points: dict[str, dict[int, tuple[float, float]]] = {}
    problems = list(_problems(lines, schema, points))
    if problems:
        raise PredictionsError(f"{path}: {listed(problems)}")
    xy = np.full((len(points), len(schema), 2), np.nan)
    for row, found in enumerate(points.values()):
        for slot, point in found.items():
            xy[row, slot] = point
    return Predictions(dataset=dataset, split=split, ids=list(points), xy=xy)


def _heading(columns: Sequence[str]) -> str:
    """A file's heading, as an error states it."""
    text = ",".join(columns)
    if not text.strip(","):
        return "none"
    return repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r}…"


def _problems(
    lines: Sequence[tuple[int, Mapping[str, str | None]]],
    schema: LandmarkSchema,
    points: dict[str, dict[int, tuple[float, float]]],
) -> Iterator[str]:
    """What is wrong, line by line; the points of the other lines go to `points`."""
    slots = {name: slot for slot, name in enumerate(schema.landmarks)}
    for number, line in lines:
        name, landmark = line["id"] or "", line["landmark"] or ""
        found = points.setdefault(name, {})
        if landmark not in slots:
            close = difflib.get_close_matches(landmark, slots, n=1)
            hint = f", did you mean {close[0]!r}?" if close else ""
            yield f"line {number}: no landmark {landmark!r}{hint}"
        elif slots[landmark] in found:
            yield f"line {number}: {landmark} of {name} for the second time"
        elif (point := _point(line)) is None:
            yield f"line {number}: {line['x']!r}, {line['y']!r} are no pixels"
        else:
            found[slots[landmark]] = point


def _point(line: Mapping[str, str | None]) -> tuple[float, float] | None:
    try:
        x, y = float(line["x"] or ""), float(line["y"] or "")
    except ValueError:
        return None
    return (x, y) if math.isfinite(x) and math.isfinite(y) else None


def _score(arguments: argparse.Namespace) -> None:
    from benchmark import folder
    from benchmark.output import writing_out

    predictions = _read(arguments.file, arguments.dataset, arguments.split)
    if arguments.out:
        check_writable(arguments.out / folder.RESULT)
        _check_free(arguments.out)
    dials = turned(arguments.dials) or dials_beside(arguments.file)
    targets = targets_for(some(predictions, arguments.file), arguments.root, dials)
    result = evaluate(predictions, targets)
    if text := doubt(predictions, targets):
        warnings.warn(text, stacklevel=2)
    if arguments.out:
        for name, saved in ((folder.PREDICTIONS, predictions), (folder.RESULT, result)):
            with writing_out(arguments.out / name) as temporary:
                saved.save(temporary)
    print(result.table())


def _read(path: Path, dataset: str | None, split: str | None) -> Predictions:
    """A file of either kind; only CSV is to be told what it is for."""
    from benchmark.plan import RunError

    if path.suffix.lower() == ".csv":
        if dataset is None:
            raise RunError("a CSV file does not say what it is for: pass --dataset and --split")
        return read_csv(path, dataset, split or "test")
    if path.is_file() and not _is_parquet(path):
        raise PredictionsError(
            f"{path} is no Parquet file; if it is CSV, name it .csv and pass --dataset and --split"
        )
    if dataset or split:
        raise RunError("--dataset and --split are for CSV files; a Parquet file says its own")
    return Predictions.load(path)


def _is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does; one that can't be read may be."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return True  # which says more when it is loaded


def _check_free(out: Path) -> None:
    """Refuse a run's folder, whose own predictions would be replaced."""
    from benchmark import folder
    from benchmark.plan import RunError

    if (out / folder.CONFIG).exists():
        raise RunError(f"--out: {str(out)!r} is a run's folder; pass another")


if __name__ == "__main__":
    sys.exit(main())
