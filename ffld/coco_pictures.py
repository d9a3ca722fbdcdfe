"""The photographs of an import: looked at before anything is written, then stored.

A file is stored as it is where every reader sees the same in it. Others, which have transparency,
16 bits, CMYK, several frames or another format than JPEG, PNG and WebP, are stored as PNG of what
`ffld.photo.pixels` makes of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps
from tqdm import tqdm

from ffld import photo, shards
from ffld.coco_annotations import Photograph, Problem
from ffld.ids import is_inside
from ffld.sample import DataError
from ffld.validate.files import leaves
from ffld.validate.pictures import MOST_PIXELS

ORIENTATIONS = ("stored", "upright")

_TAG = 0x0112  # of the orientation in EXIF
_TURNS = range(2, 9)  # its values that are not upright
_SIDEWAYS = range(5, 9)  # those by which width and height change places
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "JPEG2000", "PPM")
_THREADS = 4  # each holds one decoded photograph


@dataclass(frozen=True)
class Picture:
    """A photograph as it will be stored.

    Attributes:
        size: width and height.
        turn: whether it is turned upright first.
    """

    size: tuple[int, int]
    turn: bool = False


@dataclass(frozen=True)
class _Seen:
    """A file as stored: its width and height, its orientation; or why it cannot be used."""

    size: tuple[int, int] = (0, 0)
    orientation: int = 1
    fault: str = ""


def look(
    photographs: Sequence[Photograph],
    folder: Path,
    orientation: str | None,
    problems: list[Problem],
) -> dict[str, Picture]:
    """Decode every photograph; file name -> picture, of those that can be used.

    Args:
        orientation: what labels are of, one of ORIENTATIONS; None where it is to be told by the
            stated sizes.
        problems: to which those of the others are added.
    """
    files = list(dict.fromkeys(photograph.file for photograph in photographs))
    seen: dict[str, _Seen] = {}
    with (
        ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1)) as pool,
        closing(pool.map(partial(_see, folder), files)) as found,  # whoever stops it, stops it now
    ):
        bar = tqdm(found, "photographs", len(files), file=sys.stderr, leave=False, unit="image")
        seen.update(zip(files, bar, strict=True))
    pictures: dict[str, Picture] = {}
    for photograph in photographs:
        try:
            picture = _judge(photograph, seen[photograph.file], orientation)
            if pictures.setdefault(photograph.file, picture) != picture:
                raise ValueError(f"{photograph.file} has another size in an entry before")
        except ValueError as error:
            problems.append(Problem(photograph.origin, str(error)))
    return pictures


def stored(path: Path, turn: bool) -> tuple[bytes, str]:
    """The bytes of the image file that goes into a shard, and what it adds to the file's name.

    Raises:
        DataError: a file that cannot be read any longer.
    """
    try:
        data = path.read_bytes()
        with _open(BytesIO(data)) as image:
            plain = photo.is_plain(image)
            if plain and not turn:
                return data, ""
            lossy = plain and image.format in ("JPEG", "MPO")
            pixels = photo.pixels(ImageOps.exif_transpose(image) if turn else image)
    except photo.ERRORS as error:
        raise DataError(f"{path}: cannot be read as an image ({photo.reason(error)})") from error
    return (shards.encode(pixels), "") if lossy else (shards.encode(pixels, ".png"), ".png")


def _see(folder: Path, name: str) -> _Seen:
    """In a thread: decode a file."""
    try:
        name.encode()
        path = folder / name
        if "\\" in name:
            return _Seen(fault=f"found a backslash in file_name {name!r}; write / between folders")
        if not is_inside(name) or leaves(path, folder):
            return _Seen(fault=f"file_name {name!r} leads out of {folder}")
        with _open(path) as image:
            if image.size[0] * image.size[1] > MOST_PIXELS:
                width, height = image.size
                return _Seen(
                    fault=f"{name} has {width} x {height} pixels, expected at most "
                    f"{MOST_PIXELS:,}; scale it down, and its labels"
                )
            image.load()
            if image.mode == "F":
                photo.pixels(image)
            # asked for only now: some decoders turn the picture themselves
            return _Seen(image.size, image.getexif().get(_TAG, 1))
    except UnicodeEncodeError:
        return _Seen(fault=f"found file_name {name!r}, which is no valid Unicode")
    except photo.ERRORS as error:
        return _Seen(fault=f"{folder / name}: cannot be read as an image ({photo.reason(error)})")


def _open(source: Path | BytesIO) -> Image.Image:
    """A picture of a format that is decoded without starting programs, as Pillow does for some."""
    Image.init()
    return Image.open(source, formats=[name for name in _FORMATS if name in Image.OPEN])


def _judge(photograph: Photograph, seen: _Seen, orientation: str | None) -> Picture:
    """What is stored of a photograph; ValueError where it cannot be, or isn't told."""
    if seen.fault:
        raise ValueError(seen.fault)
    stated, turned = photograph.size, seen.orientation in _TURNS
    upright = seen.size[::-1] if seen.orientation in _SIDEWAYS else seen.size
    if orientation is None and turned:
        if stated in (seen.size, upright) and seen.size != upright:
            orientation = "stored" if stated == seen.size else "upright"
        elif stated in ((0, 0), seen.size):
            raise ValueError(
                f"{photograph.file} has EXIF orientation {seen.orientation}, and nothing tells "
                "whether its labels are of the picture as it is stored or turned upright; give "
                "--orientation stored or --orientation upright"
            )
    turn = turned and orientation == "upright"
    size = upright if turn else seen.size
    if stated not in ((0, 0), size):
        how = f" {orientation}" if turned and orientation else ""
        raise ValueError(
            f"{photograph.file} is{how} {size[0]} x {size[1]} pixels, its entry states "
            f"{stated[0]} x {stated[1]}"
        )
    return Picture(size, turn)
