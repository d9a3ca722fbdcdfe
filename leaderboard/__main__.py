"""The record from the command line.

python -m leaderboard new RUN_DIR… --name NAME
python -m leaderboard check ENTRY_DIR
python -m leaderboard verify RUN_OR_ENTRY_DIR
python -m leaderboard rank
python -m leaderboard build
python -m leaderboard site --out DIR
python -m leaderboard season open | list | verify | close
python -m leaderboard evaluate RESULTS.json --annotations EXPORTED.json
python -m leaderboard legacy RUN_OR_ENTRY_DIR
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ffld.console import carried_out, out_folder
from ffld.dials import add_dials, turned
from leaderboard import new_command, score_commands, season_commands

if TYPE_CHECKING:
    from leaderboard.entry import Answers


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is 0 when it did what it says, 2 for bad input."""
    parser = _parser()
    if not (sys.argv[1:] if arguments is None else arguments):
        parser.print_help()  # what there is to choose from, before the error says to choose
    options = parser.parse_args(arguments)
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    return carried_out(lambda: options.carry_out(options), _errors)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m leaderboard",
        description="The record of the benchmark: numbers are recomputed, never typed.",
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    new_command.add(commands)
    _add_check(commands)
    _add_verify(commands)
    _add_tables(commands)
    season_commands.add(commands)
    score_commands.add(commands)
    return parser


def _add_check(commands: argparse._SubParsersAction) -> None:
    check = commands.add_parser(
        "check",
        help="list everything that is wrong with a submission",
        description="Exits with 0 when ENTRY_DIR is sound; otherwise with 2, and every problem on "
        "a line of its own.",
    )
    check.add_argument("entry", metavar="ENTRY_DIR", type=Path, help="an entry's folder")
    score_commands.add_root(check)
    _add_fetch(check)
    season_commands.add_places(check, "submissions", "seasons")
    check.set_defaults(carry_out=_check)


def _add_verify(commands: argparse._SubParsersAction) -> None:
    verify = commands.add_parser(
        "verify",
        help="recompute the numbers of a run or an entry from its predictions",
        description="Scores the predictions again and compares every number with result.json, and "
        "an entry's claims too. Exits with 0 when they agree; otherwise with 2 and one line that "
        "names what differs.",
    )
    verify.add_argument("run", metavar="RUN_DIR", type=Path, help="a run's or an entry's folder")
    score_commands.add_root(verify)
    _add_fetch(verify)
    add_dials(verify)
    season_commands.add_places(verify, "seasons")
    verify.set_defaults(carry_out=_verify)


def _add_tables(commands: argparse._SubParsersAction) -> None:
    rank = commands.add_parser("rank", help="print the boards", description="Prints every board.")
    rank.add_argument("--dataset", help="of this dataset alone")
    build = commands.add_parser(
        "build",
        help="write the tables, the pages and the README's block",
        description="Writes DATASET.md, .csv, .json and .tex and one HTML page a board.",
    )
    site = commands.add_parser(
        "site", help="write the pages alone", description="Writes one HTML page a board."
    )
    build.add_argument(
        "--out", type=out_folder, metavar="DIR", help="elsewhere, and leave the README"
    )
    site.add_argument(
        "--out", type=out_folder, metavar="DIR", required=True, help="folder of the pages"
    )
    for command, work in ((rank, _rank), (build, _build), (site, _site)):
        command.add_argument(
            "--root",
            dest="roots",
            action="append",
            default=[],
            metavar="DATASET=DIR",
            type=_dataset_root,
            help="your copy of a dataset of photographs; may be repeated",
        )
        season_commands.add_places(command, "submissions", "seasons")
        command.set_defaults(carry_out=work)


def _add_fetch(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--fetch",
        action="store_true",
        help="get the predictions that the entry names by address, from public hosts over https",
    )


def _dataset_root(text: str) -> tuple[str, Path]:
    dataset, equals, root = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not DATASET=DIR")
    return dataset, Path(root)


# What the commands need is imported in them, so that --help and a mistyped option answer at once.


def _check(options: argparse.Namespace) -> int:
    from leaderboard.check import Others, problems
    from leaderboard.entry import SUBMISSIONS, Entry, sound_entries

    roots = [] if options.root is None else [(_dataset(options.entry), options.root)]
    answers = _answers(options, roots)
    others = Others(sound_entries(options.submissions or SUBMISSIONS), answers)
    found = problems(options.entry, answers, others, fetch=options.fetch)
    for problem in found:
        print(f"error: {' '.join(problem.split())}", file=sys.stderr)
    if not found:
        entry = Entry.load(options.entry)
        unseen = entry.addresses and not options.fetch
        rest = " in what it states; its predictions were not fetched (--fetch)" if unseen else ""
        if entry.submission.withdrawn is None and answers.sealed(entry.submission):
            rest += f"; {answers.season(entry.submission).status}"
        print(f"{options.entry}: sound{rest}")
    return 2 if found else 0


def _verify(options: argparse.Namespace) -> int:
    from leaderboard.seasons import SEASONS
    from leaderboard.verify import verify

    seasons = options.seasons or SEASONS
    dials = turned(options.dials)
    result = verify(options.run, options.root, fetch=options.fetch, seasons=seasons, dials=dials)
    ne = result.scores["ne"]["visible"]
    print(
        f"{options.run}: every number of result.json follows from its predictions "
        f"({result.dataset} {result.split}, {result.samples} samples, NE {ne.value:.4f})"
    )
    return 0


def _rank(options: argparse.Namespace) -> int:
    from leaderboard import boards, sheets
    from leaderboard.entry import SUBMISSIONS, EntryError, entries
    from leaderboard.tables import aligned

    where = options.submissions or SUBMISSIONS
    found = entries(where)
    datasets = sorted({entry.submission.dataset for entry in found})
    if not datasets:
        raise EntryError(f"{where} holds no entry; pass --submissions, or make one with new")
    if options.dataset:
        if options.dataset not in datasets:
            known = ", ".join(datasets)
            raise EntryError(f"no entry is of dataset {options.dataset!r}; there are of: {known}")
        datasets = [options.dataset]
    answers = _answers(options, options.roots)
    for dataset in datasets:
        chosen = [entry for entry in found if entry.submission.dataset == dataset]
        if not answers.has(dataset):
            advice = f"pass --root {dataset}=DIR, your copy of the photographs"
            print(f"{dataset}: its entries are not ranked; {advice}", file=sys.stderr)
            continue
        record = boards.record(dataset, chosen, answers)
        for _, (first, *_rest) in sheets.by_board(record):
            print(aligned(first), end="\n\n")
    return 0


def _build(options: argparse.Namespace) -> int:
    from leaderboard.build import README, TABLES, build

    readme = None if options.out else README
    where = options.out or TABLES
    built = build(_answers(options, options.roots), where, *_submissions(options), readme=readme)
    for dataset in built.left:
        print(f"{dataset}: tables left as they are; pass --root {dataset}=DIR", file=sys.stderr)
    print(f"{len(built.files)} files in {where}")
    return 0


def _site(options: argparse.Namespace) -> int:
    from ffld.atomic import replacing
    from leaderboard.build import made

    files = made(_answers(options, options.roots), *_submissions(options)).files
    pages = {name: content for name, content in files.items() if name.endswith(".html")}
    for name, content in pages.items():
        with replacing(options.out / name) as temporary:
            temporary.write_text(content, encoding="utf-8")
    print(f"{len(pages)} pages in {options.out}")
    return 0


def _submissions(options: argparse.Namespace) -> list[Path]:
    return [options.submissions] if options.submissions else []


def _answers(options: argparse.Namespace, roots: Sequence[tuple[str, Path]]) -> Answers:
    from leaderboard.entry import Answers
    from leaderboard.seasons import SEASONS

    return Answers(dict(roots), options.seasons or SEASONS)


def _dataset(folder: Path) -> str:
    """The dataset that an unchecked submission names; "" where it names none."""
    from leaderboard.submission import FILE, SubmissionError, read

    try:
        content = read(folder / FILE)
    except SubmissionError:
        return ""
    return str(content.get("dataset", "")) if isinstance(content, dict) else ""


def _errors() -> tuple[type[Exception], ...]:
    from benchmark.predictions import PredictionsError
    from benchmark.result import ResultError
    from ffld.sample import DataError
    from leaderboard.build import BuildError
    from leaderboard.entry import EntryError
    from leaderboard.fetch import FetchError
    from leaderboard.season_record import SeasonError
    from leaderboard.stored import StoredError
    from leaderboard.submission import SubmissionError
    from leaderboard.verify import VerificationError

    return (
        BuildError, DataError, EntryError, FetchError, OSError, PredictionsError, ResultError,
        SeasonError, StoredError, SubmissionError, VerificationError,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
