"""The command line of `python -m ffld show`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ffld.commands.options import add_samples, check_picture, open_samples, write_picture


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of `python -m ffld`."""
    show = commands.add_parser("show", help="draw samples with their landmarks on one sheet")
    add_samples(show, split="train", limit=24, limit_names=("--n", "--limit"))
    show.add_argument("--columns", type=int, default=6, help="tiles in a row (default: 6)")
    show.add_argument("--side", type=int, default=320, help="pixels of a tile (default: 320)")
    show.add_argument("--plain", action="store_true", help="the images alone, nothing drawn")
    show.add_argument("--out", type=Path, default=Path("sheet.png"), help="picture to write")
    show.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from tqdm import tqdm

    from ffld.draw import draw_sample, sheet, sheet_size
    from ffld.sample import DataError

    sizes = {"n": arguments.limit, "columns": arguments.columns, "side": arguments.side}
    for option, value in sizes.items():
        if value < 1:
            raise DataError(f"--{option} is {value}; give at least 1")
    check_picture(arguments.out)
    split = open_samples(arguments)
    columns = min(arguments.columns, len(split))
    check_picture(arguments.out, sheet_size(len(split), arguments.side, columns))
    tiles = []
    for sample in tqdm(split, desc="drawing", unit="sample", file=sys.stderr, leave=False):
        labels = (sample.box, sample.xy, sample.visibility)
        if arguments.plain:
            labels = (sample.box * float("nan"), sample.xy, sample.visibility * 0)
        title = f"{sample.id}  {sample.garment_type}"
        tiles.append(
            draw_sample(sample.image, *labels, split.schema, title=title, side=arguments.side)
        )
    write_picture(arguments.out, sheet(tiles, columns))
    print(f"{len(tiles)} samples of {arguments.dataset} {arguments.split} in {arguments.out}")
