"""Pictures with landmarks drawn on them: where they go, and how they are known again."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmark.output import writing_out
from benchmark.plan import RunError
from ffld.draw import draw_landmarks
from ffld.photo import ERRORS

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_SOFTWARE, _MARK = 0x0131, "benchmark.predict"  # the EXIF field of what made a picture


def is_overlay(path: Path) -> bool:
    """Whether `draw` made a picture; bmp and tiff files keep no mark of it."""
    try:
        with Image.open(path) as picture:
            exif = picture.info.get("exif", b"")
    except ERRORS:
        return False  # told where it is read
    return _MARK.encode() in exif


def places(files: Sequence[Path], out: Path | None) -> dict[Path, Path]:
    """Where the drawing of each picture goes: `out` itself for one, otherwise into that folder.

    Raises:
        RunError: nothing can be drawn there, or a picture would be drawn over.
    """
    drawn = {} if out is None else _places(files, out)
    originals = {file.resolve() for file in files}
    if taken := [str(path) for path in drawn.values() if path.resolve() in originals]:
        raise RunError(f"--out would overwrite {taken[0]!r}, a picture to predict; name another")
    return drawn


def _places(files: Sequence[Path], out: Path) -> dict[Path, Path]:
    if len(files) == 1 and not out.is_dir():
        if out.suffix.lower() not in SUFFIXES:
            raise RunError(f"--out: cannot write {out.name!r} as a picture; name it .png or .jpg")
        return {files[0]: out}
    if out.exists() and not out.is_dir():
        raise RunError(f"--out: {str(out)!r} is a file; for {len(files)} pictures pass a folder")
    if out.suffix.lower() in SUFFIXES and not out.is_dir():
        raise RunError(
            f"--out: {len(files)} pictures are drawn into a folder, and {out.name!r} is named like "
            f"one picture; leave out {out.suffix}"
        )
    drawn: dict[Path, Path] = {}
    taken: set[str] = set()
    for file in files:
        names = itertools.chain([file.stem], (f"{file.stem}-{n}" for n in itertools.count(2)))
        name = next(name for name in names if name not in taken)
        taken.add(name)
        drawn[file] = out / f"{name}.png"
    return drawn


def draw(
    path: Path,
    image: np.ndarray,
    box: np.ndarray,
    names: Sequence[str],
    xy: np.ndarray,
    confidence: np.ndarray,
) -> None:
    """Write a picture with its landmarks, by which `is_overlay` knows it again.

    Raises:
        RunError: it can't be written.
    """
    picture = Image.fromarray(draw_landmarks(image, box, names, xy, confidence))
    exif = Image.Exif()
    exif[_SOFTWARE] = _MARK
    kind = Image.registered_extensions()[path.suffix.lower()]
    options = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    with writing_out(path) as temporary:
        picture.save(temporary, kind, exif=exif, **options)
