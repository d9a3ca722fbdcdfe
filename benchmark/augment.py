"""How a training sample is changed: drawn in one place, whichever way it is then carried out.

What is drawn depends on (seed, epoch, row) alone, never on threads or batch mates. One sample is
changed here, by OpenCV and torchvision; a batch on the device by `benchmark.resident`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as photometric

from benchmark.crops import Crops
from benchmark.settings import Settings
from ffld.transforms import apply, augmentation, drop_outside, mirror, translation, warp

BLUR_TAPS = 5  # pixels that a blurred one is made of, along each axis

Sample = tuple[Tensor, np.ndarray, np.ndarray, int]


@dataclass(frozen=True)
class Degradation:
    """A lamp's colour and a sensor's noise.

    Attributes:
        cast: (3,) factors of red, green and blue.
        deviation: of a pixel's noise, in levels of 255.
        noise: (3, S, S) float32, standard normal; None where a device makes it from `key`.
    """

    cast: np.ndarray
    deviation: float
    noise: np.ndarray | None
    key: int


@dataclass(frozen=True)
class Rectangle:
    """A part of the frame in one colour, (3, 1, 1) uint8."""

    top: int
    left: int
    height: int
    width: int
    colour: np.ndarray


@dataclass(frozen=True)
class Change:
    """What is done to one training sample, in the order of the attributes.

    Attributes:
        moved: (3, 3), input frame to input frame, see `ffld.transforms.augmentation`.
        flip: whether it mirrors, so that landmarks change their slots.
        brightness, contrast, saturation: factors.
        blur: standard deviation in pixels; 0 for none.
    """

    moved: np.ndarray
    flip: bool
    brightness: float
    contrast: float
    saturation: float
    blur: float
    degradation: Degradation | None
    rectangle: Rectangle | None


def margin(settings: Settings, size: int) -> int:
    """Pixels around the input frame that crops must keep for the augmentation.

    An eighth of the frame: augmented frames reach further in their corners only, far from the
    garment, and are filled there.
    """
    moves = settings.scale or settings.rotation or settings.shift
    return math.ceil(size / 8) if moves else 0


def draw(
    settings: Settings, size: int, *, seed: int, epoch: int, row: int, pixels: bool = True
) -> Change:
    """The change of a training sample in an epoch.

    Args:
        size: side of the input frame, pixels.
        pixels: whether noise is drawn pixel by pixel. Without, only its key is; what is drawn
            after it, the rectangle, is then another one. All else is the same.
    """
    rng = np.random.default_rng([seed, epoch, row])
    flip = bool(rng.random() < settings.flip)
    reach = math.log1p(settings.scale)
    moved = augmentation(
        size,
        scale=math.exp(rng.uniform(-reach, reach)),
        rotation=rng.uniform(-settings.rotation, settings.rotation),
        shift=tuple(rng.uniform(-settings.shift, settings.shift, 2)),
        flip=flip,
    )
    brightness, contrast, saturation = (
        1 + rng.uniform(-reach, reach)
        for reach in (settings.brightness, settings.contrast, settings.saturation)
    )
    blur = rng.uniform(0.5, 1.5) if rng.random() < settings.blur else 0.0
    degraded = settings.cast or settings.noise
    degradation = _degradation(settings, size, rng, pixels) if degraded else None
    erased = settings.erase and rng.random() < settings.erase
    rectangle = _rectangle(size, rng) if erased else None
    return Change(moved, flip, brightness, contrast, saturation, blur, degradation, rectangle)


def changed(crops: Crops, row: int, change: Change) -> Sample:
    """One training sample.

    Returns:
        Image (3, S, S) uint8, landmarks (K, 2) float32 in input pixels, visibility (K,), slot of
        the garment type.
    """
    kept = translation(-crops.margin, -crops.margin)
    image = warp(crops.images[row], change.moved @ kept, crops.size)
    targets = crops.targets
    xy = apply(change.moved @ crops.matrices[row], targets.xy[row])
    visibility = targets.visibility[row]
    if change.flip:
        xy, visibility = mirror(xy, visibility, targets.schema.flip_index)
    xy, visibility = drop_outside(xy, visibility, crops.size)
    tensor = torch.from_numpy(image).permute(2, 0, 1)
    kind = int(targets.type_index[row])
    return _recoloured(tensor, change), xy.astype(np.float32), visibility, kind


def _degradation(
    settings: Settings, size: int, rng: np.random.Generator, pixels: bool
) -> Degradation:
    cast = 1 + rng.uniform(-settings.cast, settings.cast, 3)
    deviation = 255 * settings.noise * rng.random()
    noise, key = None, 0
    if deviation and pixels:
        noise = rng.standard_normal((3, size, size), np.float32)
    elif deviation:
        key = int(rng.integers(2**32))
    return Degradation(cast, deviation, noise, key)


def _rectangle(size: int, rng: np.random.Generator) -> Rectangle:
    height, width = (int(size * rng.uniform(0.1, 0.4)) for _ in range(2))
    top, left = (int(rng.integers(0, size - side + 1)) for side in (height, width))
    return Rectangle(top, left, height, width, rng.integers(0, 256, (3, 1, 1), np.uint8))


def _recoloured(image: Tensor, change: Change) -> Tensor:
    """(3, S, S) uint8 with the change's colours."""
    image = photometric.adjust_brightness(image, change.brightness)
    image = photometric.adjust_contrast(image, change.contrast)
    image = photometric.adjust_saturation(image, change.saturation)
    if change.blur:
        image = photometric.gaussian_blur(image, [BLUR_TAPS] * 2, [change.blur] * 2)
    if change.degradation:
        image = _degraded(image, change.degradation)
    if part := change.rectangle:
        rows = slice(part.top, part.top + part.height)
        image[:, rows, part.left : part.left + part.width] = torch.from_numpy(part.colour)
    return image


def _degraded(image: Tensor, about: Degradation) -> Tensor:
    values = image.float() * torch.from_numpy(about.cast).float()[:, None, None]
    if about.noise is not None:
        values += torch.from_numpy(about.noise * about.deviation)
    return values.clamp_(0, 255).to(torch.uint8)
