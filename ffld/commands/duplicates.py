"""The command line of `python -m ffld duplicates`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ffld.commands.options import add_samples, check_picture, open_samples, write_picture


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of `python -m ffld`."""
    duplicates = commands.add_parser(
        "duplicates",
        help="images that two splits share, or nearly share",
        description="Every image of one split against every one of another: 64-bit perceptual "
        "hashes (DCT of a 32 x 32 grey thumbnail) that differ in a few bits, confirmed by the "
        "correlation of the garments' boxes; images with equal pixels in any case. With --out the "
        "first 24 pairs side by side. Images of several garments count once, and so do their "
        "pairs, by the garments that are most alike. --limit is of each split's samples, which are "
        "garments; more than there are means all.",
    )
    add_samples(duplicates, limit=5000)
    duplicates.add_argument(
        "--splits",
        nargs=2,
        default=("train", "test"),
        metavar="SPLIT",
        help="two of train, val and test (default: train test)",
    )
    duplicates.add_argument(
        "--distance", type=int, default=8, help="bits that may differ, 0 to 16 (default: 8)"
    )
    duplicates.add_argument(
        "--correlation", type=float, default=0.8, help="of the boxes, at least (default: 0.8)"
    )
    duplicates.add_argument("--out", type=Path, metavar="FILE", help="picture of the pairs found")
    duplicates.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from ffld import duplicates
    from ffld.ids import image_of
    from ffld.sample import DataError

    if arguments.splits[0] == arguments.splits[1]:
        raise DataError(f"--splits names {arguments.splits[0]} twice; name two of them")
    check_picture(arguments.out)
    a, b = (open_samples(arguments, split) for split in arguments.splits)
    pairs = duplicates.near_duplicates(
        a, b, distance=arguments.distance, correlation=arguments.correlation
    )
    if pairs:
        print(duplicates.table(pairs))
    identical = sum(pair.identical for pair in pairs)
    one, other = (len(set(map(image_of, split.ids))) for split in (a, b))
    print(
        f"{one:,} images of {a.split} against {other:,} of {b.split}: {identical:,} identical "
        f"pairs, {len(pairs) - identical:,} near ones"
    )
    if arguments.out and pairs:
        write_picture(arguments.out, duplicates.contact_sheet(a, b, pairs))
