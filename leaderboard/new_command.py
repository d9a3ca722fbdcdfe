"""`python -m leaderboard new`: its options, and the submission that they and the runs make."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from leaderboard.season_commands import add_places

_UNSAID = argparse.SUPPRESS

_WORDS = {
    "method": "name of the method; default: the run's model",
    "contact": "an address of somebody who answers",
    "paper": "https address, or none",
    "weights": "https address, none, or unknown",
    "trained_from": "entry whose weights were trained on; leave out where none was",
    "hardware": "what it was trained and timed on",
    "date": "UTC date; default: today",
}


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to a parser's."""
    new = commands.add_parser(
        "new",
        help="make a submission from runs",
        description="Makes SUBMISSIONS/<dataset>/NAME from folders of finished runs that differ in "
        "their seed, or of predictions.parquet alone, which are numbered: predictions rounded to "
        "1e-4 of the box, their result (of a sealed season, none), and submission.json. What the "
        "runs do not say and no option does is left null, named on stderr, and must be filled in "
        "before `check` passes.",
    )
    add_ = new.add_argument
    add_("runs", metavar="RUN_DIR", type=Path, nargs="+", help="folders with predictions.parquet")
    add_("--name", required=True, help="of the entry: small letters, digits, hyphens")
    for word, help_ in _WORDS.items():
        add_(f"--{word.replace('_', '-')}", default=_UNSAID, metavar="TEXT", help=help_)
    add_("--author", dest="authors", action="append", default=_UNSAID, metavar="TEXT")
    add_("--kind", default=_UNSAID, help="author, reimplementation or baseline")
    add_("--code", default=_UNSAID, metavar="URL", help="of the repository, or this project")
    add_("--commit", default=_UNSAID, metavar="HEX", help="what was run there")
    add_("--command", default=_UNSAID, metavar="TEXT", help="to the letter; default: the run's")
    add_(
        "--training-data",
        action="append",
        default=_UNSAID,
        metavar="NAME",
        help="such as ffld/train or ImageNet; may be repeated; none, or unknown if it is",
    )
    add_("--box", default=_UNSAID, help="annotated, detected or none")
    add_("--garment-type", default=_UNSAID, choices=["told", "hidden"], help="is the type told?")
    add_(
        "--tta",
        dest="test_time_augmentation",
        default=_UNSAID,
        metavar="TEXT",
        help="or none; default: the run's",
    )
    add_("--input-size", default=_UNSAID, metavar="WxH", help="in pixels; default: the run's")
    add_("--parameters", default=_UNSAID, metavar="N", help="learned numbers; default: the run's")
    add_("--latency-ms", default=_UNSAID, metavar="MS", help="of one image; unknown if it is")
    add_("--root", type=Path, help="folder of your copy of the dataset, for photographs")
    add_places(new, "submissions", "seasons")
    new.set_defaults(carry_out=_new)


def _new(options: argparse.Namespace) -> int:
    from leaderboard.draft import Run, draft
    from leaderboard.entry import SUBMISSIONS
    from leaderboard.seasons import SEASONS

    runs = [Run.load(folder) for folder in options.runs]
    into = options.submissions or SUBMISSIONS
    seasons = options.seasons or SEASONS
    folder, unfilled = draft(
        runs, options.name, _said(options), root=options.root, into=into, seasons=seasons
    )
    if unfilled:
        print(
            f"still to be filled in, in {folder / 'submission.json'}: {', '.join(unfilled)}",
            file=sys.stderr,
        )
    if "trained_from" not in vars(options) and any(run.configuration.get("init") for run in runs):
        print(
            f"these weights were trained on from others (--init); where those are an entry's, add "
            f'"trained_from": "ITS-NAME" to {folder / "submission.json"}',
            file=sys.stderr,
        )
    print(folder)
    return 0


def _said(options: argparse.Namespace) -> dict[str, Any]:
    """The fields that options give; values that are no numbers where there should be one stay."""
    given = vars(options)
    said = {name: given[name] for name in (*_WORDS, "authors", "kind") if name in given}
    if "test_time_augmentation" in given:
        said["test_time_augmentation"] = options.test_time_augmentation
    if "training_data" in given:
        data = options.training_data
        said["training_data"] = {"unknown": "unknown", "none": []}.get(" ".join(data), data)
    if "input_size" in given:
        sides = options.input_size.split("x")
        said["input_size"] = [_number(side) for side in sides] if len(sides) > 1 else sides[0]
    for name in ("parameters", "latency_ms"):
        if name in given:
            said[name] = _number(given[name])
    code = {name: given[name] for name in ("commit", "command") if name in given}
    if "code" in given:
        code["url"] = given["code"]
    box = {"box": options.box} if "box" in given else {}
    told = {"garment_type": options.garment_type == "told"} if "garment_type" in given else {}
    return said | {"code": code, "given": box | told}


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
