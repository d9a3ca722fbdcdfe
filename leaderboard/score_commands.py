"""`python -m leaderboard evaluate` and `legacy`: numbers of predictions that are no entry yet."""

from __future__ import annotations

import argparse
from pathlib import Path

from ffld.console import out_folder
from ffld.dials import add_dials, turned


def add(commands: argparse._SubParsersAction) -> None:
    """Add both commands to a parser's."""
    _add_evaluate(commands)
    _add_legacy(commands)


def add_root(command: argparse.ArgumentParser) -> None:
    """Add the option that names a copy of photographs."""
    command.add_argument(
        "--root",
        type=Path,
        help="folder of your copy of the dataset; needed for datasets of photographs",
    )


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
    add_root(evaluate)
    evaluate.add_argument(
        "--out",
        type=out_folder,
        metavar="DIR",
        help="folder for predictions.parquet and result.json, which `verify` reads",
    )
    evaluate.set_defaults(carry_out=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    from benchmark import evaluate
    from benchmark.coco import read_results
    from leaderboard.verify import targets_of

    predictions = read_results(options.results, options.annotations)
    result = evaluate(predictions, targets_of(predictions, options.root))
    if options.out:
        predictions.save(options.out / "predictions.parquet")
        result.save(options.out / "result.json")
    print(result.table())
    return 0


def _add_legacy(commands: argparse._SubParsersAction) -> None:
    legacy = commands.add_parser(
        "legacy",
        help="score predictions by the measures of public codes",
        description="Prints what the public evaluators of the field, as far as they can be "
        "repeated, make of the predictions of a run or of an entry's first seed.",
    )
    legacy.add_argument("run", metavar="RUN_DIR", type=Path, help="a run's or an entry's folder")
    add_root(legacy)
    add_dials(legacy)
    legacy.set_defaults(carry_out=_legacy)


def _legacy(options: argparse.Namespace) -> int:
    from benchmark.answers import dials_beside, loaded
    from benchmark.legacy import table
    from leaderboard.entry import Answers, Entry
    from leaderboard.submission import FILE
    from leaderboard.verify import targets_of

    if (options.run / FILE).exists():
        entry = Entry.load(options.run)
        roots = {entry.submission.dataset: options.root} if options.root else {}
        targets = Answers(roots).of(entry.submission)
        predictions = entry.predictions(targets)[0]
    else:
        predictions = loaded(file := options.run / "predictions.parquet")
        dials = turned(options.dials) or dials_beside(file)
        targets = targets_of(predictions, options.root, dials=dials)
    print(table(predictions, targets))
    return 0
