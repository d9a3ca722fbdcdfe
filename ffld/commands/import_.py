"""The command line of `python -m ffld import`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ffld.console import out_folder

_SHOWN = 10  # skipped entries that are printed
_MAPPING = """what other names mean, a JSON file:
  {"schema": "ffld", "types": {"blouse": "long_sleeve_top", "bag": null},
   "landmarks": {"neckline_left": "left_collar", "neck_centre": null}}
"schema" is ffld (32 landmarks) or fld8 (8); null leaves a category or a landmark out. What
`export` wrote needs no mapping.

A sample's id is its sample_id; without one, the photograph's name without extension, followed by
# and the annotation's id where the photograph shows several garments. A # in names is written %23.
attributes are kept as text; one with the name of a column (image, id, garment_type, xy,
visibility, box, size, rivals) becomes attribute_NAME. Pictures that readers would see differently
(transparent, 16 bits, CMYK, not JPEG, PNG or WebP) are stored as PNG, transparency on white; all
others as they are.
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
        "--orientation",
        choices=("stored", "upright"),
        help="what is labelled where photographs have an EXIF orientation: the picture as it is "
        "stored, or turned upright, as it then is stored; needed where neither the file nor the "
        "sizes that it states tell",
    )
    parser.add_argument(
        "--skip-invalid",
        action="store_true",
        help="import what is fine, and list what isn't in DIR/skipped_SPLIT.json; without it "
        "nothing is written if anything is wrong",
    )
    parser.add_argument(
        "--out",
        type=out_folder,
        required=True,
        metavar="DIR",
        help="new, or with other splits in it",
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
        orientation=arguments.orientation,
        skip_invalid=arguments.skip_invalid,
    )
    for problem in done.skipped[:_SHOWN]:
        print(f"skipped: {problem}", file=sys.stderr)
    if done.skipped:
        listed = arguments.out / f"skipped_{arguments.split}.json"
        print(f"skipped: {len(done.skipped):,} in all, listed in {listed}", file=sys.stderr)
    left_out = f", {done.left_out:,} left out" if done.left_out else ""
    print(
        f"{done.samples:,} samples of {done.dataset} {arguments.split}, {done.revision}, in "
        f"{arguments.out}{left_out}; load them with --dataset {done.dataset} --root {arguments.out}"
    )
