"""The command line of `python -m ffld validate`."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from os.path import expanduser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ffld.validate import Problem

_SHOWN = 10  # problems of a rule that are printed
PROBLEMS = 2  # exit code


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of `python -m ffld`."""
    validate = commands.add_parser(
        "validate",
        help="every problem of a dataset on disk",
        description="Every problem of what `build` or `import` wrote into DIR, or with --dataset "
        "and --root of your copy of an official archive: where it is, what was found, what was "
        "expected, what to do. Exit code 0 if there is none, 2 if there is one. Of each rule the "
        f"first {_SHOWN} problems are printed and all are counted; --json prints all.",
    )
    validate.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="a built dataset")
    validate.add_argument(
        "--dataset", help="fld, deepfashion, deepfashion2 or fashionai, with --root"
    )
    validate.add_argument("--root", type=expanduser, help="folder of your copy")
    validate.add_argument(
        "--images",
        default="header",
        help="how closely to look at images: none; header, their sizes (default); decode, every "
        "pixel; duplicates, also equal and nearly equal ones within and across splits",
    )
    validate.add_argument("--json", action="store_true", help="print all problems as JSON")
    validate.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from ffld.sample import DataError
    from ffld.validate import validate

    if (arguments.folder is None) == (arguments.root is None):
        raise DataError("give either DIR, a built dataset, or --dataset with --root, your copy")
    if (arguments.dataset is None) != (arguments.root is None):
        raise DataError("--dataset and --root go together; a built dataset is just DIR")
    show = _Json() if arguments.json else _Text()
    try:
        report = validate(
            arguments.folder or arguments.root,
            arguments.dataset,
            images=arguments.images,
            tell=show.problem,
        )
    except (DataError, OSError) as error:
        show.fail(error)
        raise
    show.end(report.summary())
    return 0 if report.sound else PROBLEMS


class _Text:
    """Problems as lines, the first of each rule."""

    def __init__(self) -> None:
        self._shown: Counter[str] = Counter()

    def problem(self, problem: Problem) -> None:
        """One problem."""
        self._shown[problem.rule] += 1
        if self._shown[problem.rule] <= _SHOWN:
            print(problem)

    def fail(self, error: Exception) -> None:
        """Nothing more: the error is told as that of any command."""

    def end(self, summary: dict) -> None:
        """What was counted."""
        total = sum(summary["counts"].values())
        for rule, count in summary["counts"].items():
            more = f", the first {_SHOWN} of them above" if count > _SHOWN else ""
            print(f"{rule}: {count:,}{more}")
        print(f"{summary['samples']:,} samples, {total:,} problems")


class _Json:
    """One object, written as it comes, so that any number of problems needs no memory."""

    def __init__(self) -> None:
        sys.stdout.write('{"problems": [')
        self._between = "\n"

    def problem(self, problem: Problem) -> None:
        """One problem."""
        from dataclasses import asdict

        sys.stdout.write(self._between + json.dumps(asdict(problem)))
        self._between = ",\n"

    def fail(self, error: Exception) -> None:
        """Why there is no more, so that what was written is JSON all the same."""
        self.end({"error": " ".join(str(error).split())})

    def end(self, summary: dict) -> None:
        """What was counted."""
        sys.stdout.write("\n]" + "".join(f", {json.dumps(k)}: {json.dumps(v)}"
                                         for k, v in summary.items()) + "}\n")  # fmt: skip
