"""Corruptions: what a photograph, or the box given with it, can suffer. One function each.

A new one is a function and its line in `CORRUPTIONS`. Sizes are relative to the garment, so that a
severity means the same at every resolution: where √(w·h) of its box is more than 224 pixels, the
grain of noise and the blocks of JPEG grow with it. The same draws serve all severities of a sample,
so that a curve shows the severity and not luck.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ffld.transforms import translation

GARMENT = 224  # pixels of √(w·h) from which on grain and blocks grow with the garment
GAMMA = 2.2
ELECTRONS = 1000  # that a pixel of the sensor holds where the photograph is white

_LEAST_BOX = 2.0  # pixels that a side keeps within the image


@dataclass(frozen=True)
class View:
    """What a model is shown of a sample.

    Attributes:
        image: (H, W, 3) uint8 RGB, pixels where they were.
        box: (4,) that is given, in the frame that `turn` leads to.
        turn: (3, 3) from pixels of the image to the frame in which the box is upright.
    """

    image: np.ndarray
    box: np.ndarray
    turn: np.ndarray


@dataclass(frozen=True)
class Corruption:
    """One way to make a view worse.

    Attributes:
        apply: (view, severity, random generator) -> view.
        unit: of the severity, in words.
        severities: the declared ones, mildest first.
        least, most: what a severity may be.
        repaints: whether it changes pixels, not the box or the frame.
    """

    apply: Callable[[View, float, np.random.Generator], View]
    unit: str
    severities: Sequence[float]
    least: float
    most: float
    repaints: bool = True


def box_jitter(view: View, percent: float, rng: np.random.Generator) -> View:
    """Each side of the box moves in or out, evenly up to a share of the box's width or height."""
    sides = np.tile(view.box[2:] - view.box[:2], 2)
    moves = rng.uniform(-1, 1, 4) * percent / 100 * sides
    return replace(view, box=clipped(view.box + moves, view.image))


def blur(view: View, percent: float, rng: np.random.Generator) -> View:
    """A Gaussian blur."""
    sigma = percent / 100 * _garment(view.box)
    return replace(view, image=cv2.GaussianBlur(view.image, (0, 0), sigma))


def noise(view: View, deviation: float, rng: np.random.Generator) -> View:
    """Gaussian noise, each channel by itself."""
    return replace(view, image=_as_bytes(view.image + deviation * _grain(view, rng)))


def jpeg(view: View, quality: float, rng: np.random.Generator) -> View:
    """JPEG, saved at the size in which √(w·h) of the box is 224 pixels, if that is smaller."""
    height, width = view.image.shape[:2]
    scale = min(1.0, GARMENT / _garment(view.box))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(view.image, size, interpolation=cv2.INTER_AREA)
    options = [cv2.IMWRITE_JPEG_QUALITY, round(quality)]
    _, data = cv2.imencode(".jpg", small[..., ::-1], options)  # OpenCV's files are BGR
    small = np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
    return replace(view, image=cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def low_light(view: View, stops: float, rng: np.random.Generator) -> View:
    """Less light by so many stops, with the noise of its photons; nothing brightens it again."""
    light = (view.image / 255.0) ** GAMMA / 2**stops
    light += np.sqrt(light / ELECTRONS) * _grain(view, rng)
    return replace(view, image=_as_bytes(255 * np.maximum(light, 0) ** (1 / GAMMA)))


def occlusion(view: View, percent: float, rng: np.random.Generator) -> View:
    """A rectangle of one colour over a share of the box's area, anywhere within the box."""
    share = percent / 100
    reach = min(math.log(2), -math.log(share))  # so that neither side is longer than the box's
    shape = math.exp(rng.uniform(-1, 1) * reach)
    sides = (view.box[2:] - view.box[:2]) * np.sqrt([share * shape, share / shape])
    room = view.box[2:] - view.box[:2] - sides
    corner = view.box[:2] + rng.random(2) * room
    (left, top), (right, bottom) = np.rint(corner).astype(int), np.rint(corner + sides).astype(int)
    image = view.image.copy()
    image[top:bottom, left:right] = rng.integers(0, 256, 3)
    return replace(view, image=image)


def rotation(view: View, degrees: float, rng: np.random.Generator) -> View:
    """The photograph turned about the box's centre, to one side or the other.

    The box given is the extent of the turned ellipse that fills the box: garments leave the
    corners of theirs empty.
    """
    angle = math.radians(degrees) * rng.choice([-1, 1])
    cos, sin = math.cos(angle), math.sin(angle)
    centre, half = (view.box[:2] + view.box[2:]) / 2, (view.box[2:] - view.box[:2]) / 2
    linear = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    reach = np.hypot(half * cos, half[::-1] * sin)
    turn = translation(*centre) @ linear @ translation(*-centre)
    return replace(view, box=np.concatenate([centre - reach, centre + reach]), turn=turn)


_SIDES = "% of the box's width or height that each side moves at most"

CORRUPTIONS: Mapping[str, Corruption] = {
    "box-jitter": Corruption(box_jitter, _SIDES, (5, 10, 20, 30), 0.1, 45, False),
    "blur": Corruption(blur, "standard deviation, % of √(w·h) of the box", (0.5, 1, 2, 4), 0.1, 20),
    "noise": Corruption(noise, "standard deviation, levels of 255", (10, 20, 40, 80), 0.1, 255),
    "jpeg": Corruption(jpeg, "quality", (40, 20, 10, 5), 1, 100),
    "low-light": Corruption(low_light, "stops", (1, 2, 4, 6), 0.1, 12),
    "occlusion": Corruption(occlusion, "% of the box's area", (5, 10, 20, 40), 0.1, 95),
    "rotation": Corruption(rotation, "degrees, to either side", (5, 10, 20, 40), 0.1, 180, False),
}


def generator(seed: int, sample: str, corruption: str) -> np.random.Generator:
    """The draws of a corruption for a sample, by their names alone."""
    key = hashlib.sha256(f"{seed}|{corruption}|{sample}".encode()).digest()
    return np.random.default_rng(int.from_bytes(key))


def clipped(box: np.ndarray, image: np.ndarray) -> np.ndarray:
    """(4,) the part of a box within an image; at least 2 pixels of it a side."""
    size = np.array(image.shape[1::-1], np.float64)
    low = np.clip(box[:2], 0, size - _LEAST_BOX)
    return np.concatenate([low, np.clip(box[2:], low + _LEAST_BOX, size)])


def _garment(box: np.ndarray) -> float:
    width, height = box[2:] - box[:2]
    return math.sqrt(width * height)


def _grain(view: View, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) float32 of standard deviation 1, in squares that are large where the garment is."""
    height, width = view.image.shape[:2]
    scale = min(1.0, GARMENT / _garment(view.box))
    size = max(1, round(height * scale)), max(1, round(width * scale)), 3
    grain = rng.standard_normal(size, np.float32)
    return cv2.resize(grain, (width, height), interpolation=cv2.INTER_NEAREST)


def _as_bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
