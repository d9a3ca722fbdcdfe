"""What the commands of `python -m ffld` share: the samples that options name, pictures to write."""

from __future__ import annotations

import argparse
from os.path import expanduser
from pathlib import Path
from typing import TYPE_CHECKING

from ffld.dials import add_dials

if TYPE_CHECKING:
    import numpy as np

    from ffld.sample import Split


# pixels of a side that a format can hold, where a sheet of samples may have more
_SIDES = {".jpg": 65_500, ".jpeg": 65_500, ".jpe": 65_500, ".webp": 16_383}


def add_dataset(parser: argparse.ArgumentParser, *, kind: str = "a name of `list`") -> None:
    """--dataset."""
    parser.add_argument("--dataset", default="ffld", help=f"{kind} (default: ffld)")


def add_samples(
    parser: argparse.ArgumentParser,
    *,
    split: str | None = None,
    limit: int | None = None,
    limit_names: tuple[str, ...] = ("--limit",),
) -> None:
    """The options that name samples, those of `ffld.load`; `open_samples` opens them.

    Args:
        split: the default of --split; without, the command has an option of its own.
        limit: the default of --limit; all samples unless told.
        limit_names: what --limit is called.
    """
    add_dataset(parser)
    if split is not None:
        parser.add_argument("--split", default=split, help=f"train, val or test (default: {split})")
    parser.add_argument(
        "--root", type=expanduser, help="folder of your copy, for datasets of photographs"
    )
    parser.add_argument(
        "--source",
        metavar="DIR",
        help="read a procedural dataset from the folder that `build` wrote, in place of rendering",
    )
    parser.add_argument(
        *limit_names,
        dest="limit",
        metavar="N",
        type=int,
        default=limit,
        help=f"samples, a fixed subset (default: {'all' if limit is None else limit})",
    )
    add_dials(parser)
    parser.add_argument(
        "--approximate",
        action="store_true",
        help="deepfashion2: also landmarks whose mapping is only approximate",
    )


def open_samples(arguments: argparse.Namespace, split: str | None = None) -> Split:
    """What the options of `add_samples` name; of another split than theirs if one is given."""
    import ffld
    from ffld.dials import turned

    return ffld.load(
        arguments.dataset,
        split or arguments.split,
        root=arguments.root,
        source=arguments.source,
        limit=arguments.limit,
        approximate=arguments.approximate,
        dials=turned(arguments.dials),
    )


def check_picture(path: Path | None, size: tuple[int, int] = (1, 1), option: str = "--out") -> None:
    """Refuse a name that no picture can be written to, before there is one to write.

    Args:
        size: width and height that it is going to have.
        option: that gives the name.
    """
    import cv2

    from ffld.atomic import unwritable
    from ffld.sample import DataError

    if path is None:
        return
    if not cv2.haveImageWriter(path.name):
        raise DataError(f"{option}: cannot write {path.suffix!r} pictures; name it .png or .jpg")
    if why := unwritable(path.parent):
        raise DataError(f"{option}: {why}")
    most = _SIDES.get(path.suffix.lower())
    if most is not None and max(size) > most:
        raise DataError(
            f"{option}: {path} would be {size[0]:,} x {size[1]:,} pixels, and {path.suffix} "
            f"pictures have at most {most:,} a side; name it .png, or draw fewer or smaller ones"
        )


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Write (H, W, 3) uint8 RGB in the format of the suffix, whole or not at all."""
    import cv2

    from ffld.atomic import replacing
    from ffld.sample import DataError

    try:
        written, data = cv2.imencode(path.suffix, picture[..., ::-1])
    except cv2.error:
        written = False
    if not written:
        height, width = picture.shape[:2]
        raise DataError(
            f"{path}: {width:,} x {height:,} pixels can't be written as {path.suffix}; make it "
            "smaller"
        )
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(data.tobytes())
    except OSError as error:
        raise DataError(f"cannot write {str(path)!r} ({error.strerror})") from error
