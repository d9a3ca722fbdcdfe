"""A picture of anybody's: one decoder for what is labelled, imported and predicted on."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ffld.sample import DataError

# what Pillow's decoders raise for files that are damaged, or are none
ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    struct.error,
    Image.DecompressionBombError,
)


def read_photo(path: str | Path) -> np.ndarray:
    """An image file as (H, W, 3) uint8 RGB, as viewers show it: upright by its EXIF.

    Datasets are read without turning, since their annotations refer to the stored pixels.

    Raises:
        DataError: missing, truncated or not an image.
    """
    try:
        with Image.open(path) as image:
            return pixels(ImageOps.exif_transpose(image))
    except ERRORS as error:
        raise DataError(f"{path}: cannot be read as a picture ({reason(error)})") from error


def pixels(image: Image.Image) -> np.ndarray:
    """(H, W, 3) uint8 RGB of an opened picture: transparency on white, 16 bits by the high byte."""
    if image.mode == "F":
        raise ValueError("its values are fractions; save it with 8 bits a channel")
    if image.mode.startswith("I"):  # Pillow's own conversion cuts what is above 255
        grey = np.clip(np.asarray(image), 0, 0xFFFF) >> 8
        return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return np.array(image.convert("RGB"))


def is_plain(image: Image.Image) -> bool:
    """Whether every reader of image files sees the same as `pixels`: judged by the header."""
    single = image.format in ("JPEG", "MPO") or (
        image.format in ("PNG", "WEBP") and not getattr(image, "is_animated", False)
    )
    return single and image.mode in ("1", "L", "P", "RGB") and not image.has_transparency_data


def reason(error: Exception) -> str:
    """Why a picture cannot be read, on one line."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(said.split()) or type(error).__name__
