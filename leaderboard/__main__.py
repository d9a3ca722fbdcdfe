"""The record from the command line.

python -m leaderboard verify RUN_DIR
python -m leaderboard evaluate RESULTS.json --annotations EXPORTED.json
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import NoReturn


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is 0 when it did what it says, 2 for bad input."""
    options = _parser().parse_args(arguments)
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    return options.carry_out(options)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m leaderboard",
        description="The record of the benchmark: numbers are recomputed, never typed.",
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    verify = commands.add_parser(
        "verify",
        help="recompute a run's numbers from its predictions",
        description="Score RUN_DIR/predictions.parquet again and compare every number with "
        "RUN_DIR/result.json. Exits with 0 when they agree; otherwise with 2 and one line "
        "that names what differs.",
    )
    verify.add_argument("run", metavar="RUN_DIR", type=Path, help="a run's folder")
    verify.add_argument(
        "--root",
        type=Path,
        help="folder of your copy of the dataset; needed for datasets of photographs",
    )
    verify.set_defaults(carry_out=lambda options: _verify(options.run, options.root))
    _add_evaluate(commands)
    return parser


def _add_evaluate(commands: argparse._SubParsersAction) -> None:
    evaluate = commands.add_parser(
        "evaluate",
        help="score predictions that are a COCO keypoint results file",
        description="Scores a list of {image_id, category_id, keypoints, score} by NE-1, against "
        "the dataset that the annotations say they are of. Every annotation needs one entry: that "
        "of its image, and of its category where the image has several; of several entries the "
        "one of the highest score. Entries of two garments of one category in one image need an "
        "annotation_id. Keypoints are as COCO has them, 0 at the centre of the first pixel.",
    )
    evaluate.add_argument("results", metavar="RESULTS", type=Path, help="a COCO results file")
    evaluate.add_argument(
        "--annotations",
        type=Path,
        required=True,
        metavar="FILE",
        help="what `python -m ffld export` wrote",
    )
    evaluate.add_argument(
        "--root",
        type=Path,
        help="folder of your copy of the dataset; needed for datasets of photographs",
    )
    evaluate.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for predictions.parquet and result.json, which `verify` reads",
    )
    evaluate.set_defaults(carry_out=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    from benchmark import PredictionsError, evaluate
    from benchmark.coco import read_results
    from ffld.sample import DataError
    from leaderboard.verify import targets_of

    try:
        predictions = read_results(options.results, options.annotations)
        result = evaluate(predictions, targets_of(predictions, options.root))
        if options.out:
            predictions.save(options.out / "predictions.parquet")
            result.save(options.out / "result.json")
    except (DataError, PredictionsError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(result.table())
    return 0


def _verify(run: Path, root: Path | None) -> int:
    # Imported here, so that --help and a mistyped option answer at once.
    from benchmark.predictions import PredictionsError
    from benchmark.result import ResultError
    from ffld.sample import DataError
    from leaderboard.verify import VerificationError, verify

    try:
        result = verify(run, root)
    except (DataError, PredictionsError, ResultError, VerificationError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    ne = result.scores["ne"]["visible"]
    print(
        f"{run}: every number of result.json follows from its predictions "
        f"({result.dataset} {result.split}, {result.samples} samples, NE {ne.value:.4f})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
