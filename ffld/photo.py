"""A picture of anybody's, read as viewers show it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ffld.sample import DataError

_ERRORS = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def read_photo(path: str | Path) -> np.ndarray:
    """An image file as (H, W, 3) uint8 RGB: upright by its EXIF, transparency on white.

    Datasets are read without turning, since their annotations refer to the stored pixels.

    Raises:
        DataError: missing, truncated or not an image.
    """
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            if upright.has_transparency_data:
                layer = upright.convert("RGBA")
                upright = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
            return np.array(upright.convert("RGB"))
    except _ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: cannot be read as a picture ({reason})") from error
