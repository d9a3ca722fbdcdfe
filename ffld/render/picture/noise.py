"""Fixed banks of noise, read from random places: drawing fresh noise would cost too much."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from ffld.render.geometry.stream import Stream

_SIGMAS = {
    "grain": (0.6, 0.6), "folds": (7, 34), "crumple": (6, 9), "streaks": (0.8, 14),
    "strands": (1.3, 40), "clouds": (24, 24), "blotches": (5, 5), "wrinkles": (6, 10),
}  # fmt: skip


@cache
def _bank(kind: str) -> np.ndarray:
    bits = np.random.Philox(key=20190616).random_raw(512 * 512)
    white = ((bits >> np.uint64(40)).astype(np.float32) / 2**23 - 1).reshape(512, 512)
    sigma_x, sigma_y = _SIGMAS[kind]
    wrapped = np.tile(white, (3, 3))[256:-256, 256:-256]
    soft = cv2.GaussianBlur(wrapped, (0, 0), sigma_x, sigmaY=sigma_y)[256:-256, 256:-256]
    if kind == "wrinkles":  # the slopes of ridges: sharp where two of them meet
        ridges = cv2.GaussianBlur(np.abs(soft), (0, 0), 0.8)
        soft = np.roll(ridges, -1, 1) - np.roll(ridges, 1, 1)
    return np.ascontiguousarray(soft / soft.std())


@cache
def _levels() -> np.ndarray:
    return cv2.merge([cv2.convertScaleAbs(_bank("grain"), alpha=32, beta=128)] * 3)


def levels(stream: Stream) -> np.ndarray:
    """(256, 256, 3) uint8: "grain" as grey levels, 128 for 0 and 32 for its deviation."""
    y, x = stream.integer(256), stream.integer(256)
    return _levels()[y : y + 256, x : x + 256]


def noise(kind: str, stream: Stream) -> np.ndarray:
    """(256, 256) float32 of unit deviation, from a random place of a fixed bank of noise.

    Kinds: "grain", "folds", "streaks" and "strands" (these three run down the rows), "crumple",
    "clouds", "blotches", "wrinkles".
    """
    y, x = stream.integer(256), stream.integer(256)
    return _bank(kind)[y : y + 256, x : x + 256]
