"""The command line of `python -m ffld show`."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

from ffld.commands.options import add_samples, check_picture, open_samples, write_picture
from ffld.sample import Targets


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of `python -m ffld`."""
    show = commands.add_parser("show", help="draw samples with their landmarks on one sheet")
    add_samples(show, split="train", limit=24, limit_names=("--n", "--limit"))
    show.add_argument("--columns", type=int, default=6, help="tiles in a row (default: 6)")
    show.add_argument("--side", type=int, default=320, help="pixels of a tile (default: 320)")
    show.add_argument("--plain", action="store_true", help="the images alone, nothing drawn")
    show.add_argument(
        "--quiz",
        type=Path,
        metavar="CSV",
        help="number the garments and tell nothing but their boxes, each cut out with a tenth "
        "around it; what they are goes to this file: for asking people what they see",
    )
    show.add_argument("--out", type=Path, default=Path("sheet.png"), help="picture to write")
    show.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from tqdm import tqdm

    from ffld.atomic import misnamed, unwritable
    from ffld.draw import cut_out, draw_sample, sheet, sheet_size
    from ffld.sample import DataError

    sizes = {"n": arguments.limit, "columns": arguments.columns, "side": arguments.side}
    for option, value in sizes.items():
        if value < 1:
            raise DataError(f"--{option} is {value}; give at least 1")
    check_picture(arguments.out)
    if arguments.quiz:
        why = misnamed(arguments.quiz, [".csv"]) or unwritable(arguments.quiz.parent)
        if why:
            raise DataError(f"--quiz: {why}")
    split = open_samples(arguments)
    columns = min(arguments.columns, len(split))
    check_picture(arguments.out, sheet_size(len(split), arguments.side, columns))
    tiles = []
    progress = tqdm(split, desc="drawing", unit="sample", file=sys.stderr, leave=False)
    for number, sample in enumerate(progress):
        image, box, title = sample.image, sample.box, f"{sample.id}  {sample.garment_type}"
        if arguments.quiz:
            (image, box), title = cut_out(image, box), str(number)
        elif arguments.plain:
            box = box * float("nan")
        told = not (arguments.quiz or arguments.plain)
        labels = (box, sample.xy, sample.visibility * told)
        tiles.append(draw_sample(image, *labels, split.schema, title=title, side=arguments.side))
    if arguments.quiz:
        _write_answers(arguments.quiz, split.targets)
    write_picture(arguments.out, sheet(tiles, columns))
    print(f"{len(tiles)} samples of {arguments.dataset} {arguments.split} in {arguments.out}")


def _write_answers(path: Path, targets: Targets) -> None:
    """What each numbered garment is, a row each."""
    from ffld.atomic import replacing

    rows = zip(targets.ids, targets.garment_type, *targets.attributes.values(), strict=True)
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("number", "id", "garment_type", *targets.attributes))
        table.writerows((number, *row) for number, row in enumerate(rows))
