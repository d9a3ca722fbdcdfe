"""Image files: whether they can be decoded, are of the stated size, and differ from each other."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from ffld import duplicates
from ffld.validate.report import Report

LEVELS = ("none", "header", "decode", "duplicates")
MOST_PIXELS = 100_000_000

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")  # others may start programs to be decoded
_ERRORS = (OSError, SyntaxError, ValueError, MemoryError, Image.DecompressionBombError)


@dataclass(frozen=True)
class Picture:
    """What was seen of an image.

    Attributes:
        size: width and height; (0, 0) where it can't be read.
        faults: rule and what was found, of each.
        look: what duplicates are found by, at that level.
    """

    size: tuple[int, int]
    faults: tuple[tuple[str, str], ...]
    look: duplicates.Look | None = None


def see(
    image: bytes | Path, level: str, box: Sequence[float] | None, stated: Sequence[int] = (0, 0)
) -> Picture:
    """Look at an image as closely as a level says.

    Args:
        box: the garment's, for the look.
        stated: width and height by the annotation; (0, 0) where it has none.
    """
    size, pixels = (0, 0), None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            source = io.BytesIO(image) if isinstance(image, bytes) else image
            with Image.open(source, formats=_FORMATS) as opened:
                size = opened.size
                if size[0] * size[1] > MOST_PIXELS:
                    return Picture(size, (("image-too-large", f"{size[0]} x {size[1]} pixels"),))
                if level in ("decode", "duplicates"):
                    pixels = np.array(opened.convert("RGB"))
    except _ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return Picture(size, (("image-undecodable", reason),))
    faults = ()
    if tuple(stated) not in ((0, 0), size):
        faults = (("image-size", f"{size[0]} x {size[1]} pixels"),)
    look = duplicates.look(pixels, _usable(box, size)) if level == "duplicates" else None
    return Picture(size, faults, look)


@dataclass
class Gallery:
    """The looks of all images, and where each is, until they are compared at the end."""

    places: list[dict[str, object]] = field(default_factory=list)
    looks: list[duplicates.Look] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def add(self, name: str, place: dict[str, object], look: duplicates.Look) -> None:
        """One image; garments of one image come with the same name, and count once."""
        if name in self.names:
            return
        self.names.add(name)
        self.places.append(place)
        self.looks.append(look)

    def report(self, report: Report) -> None:
        """Report pairs of all images, whatever splits they are of."""
        for first, second, near in self._pairs():
            one, other = self.places[first], self.places[second]
            rule = "image-identical" if near is None else "image-near-duplicate"
            found = f"{'equals' if near is None else near + ' from'} that of {other['sample']}"
            report.add(rule, found=found, field="image", **one)

    def _pairs(self) -> Iterator[tuple[int, int, str | None]]:
        if not self.looks:
            return
        looks = duplicates.Looks.of(self.looks)
        for i, j, bits, alike, same in duplicates.close(looks, looks):
            if i < j:
                yield i, j, None if same else f"{bits} bits and correlation {alike:.2f}"


def _usable(box: Sequence[float] | None, size: tuple[int, int]) -> np.ndarray:
    """A box that can be cut out: the whole image where the stated one can't."""
    whole = np.array([0, 0, *size], float)
    if box is None or not np.isfinite(box).all():
        return whole
    cut = np.clip(box, 0, np.tile(size, 2))
    return cut if (cut[2:] - cut[:2] >= 1).all() else whole
