"""python -m ffld export: a split in the files of other tools."""

from __future__ import annotations

import argparse

from ffld.commands.options import add_samples, open_samples
from ffld.console import out_folder


def add(commands: argparse._SubParsersAction) -> None:
    """Add `export` to the commands of `python -m ffld`."""
    parser = commands.add_parser(
        "export",
        help="write a split in the COCO keypoints format",
        description="Writes DIR/annotations/DATASET_SPLIT.json, which pycocotools and the tools "
        "that build on it load. Image names are relative to --root; with --images to DIR/images, "
        "where rendered images are written as PNG and photographs are copied; an export that was "
        "killed goes on when it is run again. Predictions as a COCO results file are scored by "
        "`python -m leaderboard evaluate`.",
    )
    parser.add_argument("--format", choices=("coco",), default="coco", help="coco, the only one")
    add_samples(parser, split="test")
    parser.add_argument("--images", action="store_true", help="write the images too")
    parser.add_argument(
        "--out", type=out_folder, required=True, metavar="DIR", help="folder to write to"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from ffld import coco

    split = open_samples(arguments)
    path = coco.export(split, arguments.out, root=arguments.root, images=arguments.images)
    print(f"{len(split):,} samples of {split.dataset} {split.split} in {path}")
