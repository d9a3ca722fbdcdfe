"""The record from the command line: `python -m leaderboard verify RUN_DIR`."""

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
    return _verify(options.run, options.root)


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
    return parser


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
