"""The command line of `python -m ffld import`."""

from __future__ import annotations

import argparse
from pathlib import Path

_MAPPING = """what other names mean, a JSON file:
  {"schema": "ffld", "types": {"blouse": "long_sleeve_top", "bag": null},
   "landmarks": {"neckline_left": "left_collar", "neck_centre": null}}
"schema" is ffld (32 landmarks) or fld8 (8); null leaves a category or a landmark out. What
`export` wrote needs no mapping.
"""


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of `python -m ffld`."""
    parser = commands.add_parser(
        "import",
        help="read your own photographs with COCO keypoints as a dataset",
        description="Writes a split of photographs annotated with COCO keypoints into DIR, laid "
        "out like a built dataset. It is then dataset `coco` (or `coco-fld8`) with --root DIR, for "
        "every command, and `validate DIR` checks it.",
        epilog=_MAPPING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("annotations", type=Path, metavar="ANNOTATIONS", help="a JSON file")
    parser.add_argument("--format", choices=("coco",), default="coco", help="coco, the only one")
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="what file names are relative to"
    )
    parser.add_argument("--split", default="test", help="train, val or test (default: test)")
    parser.add_argument("--mapping", type=Path, metavar="FILE", help="see below")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="new, or with other splits in it"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from ffld.coco_import import import_coco

    done = import_coco(
        arguments.annotations,
        arguments.images,
        arguments.out,
        split=arguments.split,
        mapping=arguments.mapping,
    )
    left_out = f", {done.left_out:,} left out" if done.left_out else ""
    print(
        f"{done.samples:,} samples of {done.dataset} {arguments.split}, {done.revision}, in "
        f"{arguments.out}{left_out}; load them with --dataset {done.dataset} --root {arguments.out}"
    )
