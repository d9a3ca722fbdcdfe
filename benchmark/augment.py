"""How a training sample is changed: drawn in one place, whichever way it is then carried out.

What is drawn depends on (seed, epoch, row) alone, never on threads or batch mates. One sample is
changed here, by OpenCV and torchvision; a batch on the device by `benchmark.resident`.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as photometric

from benchmark.crops import Crops
from benchmark.settings import Settings
from ffld.transforms import apply, augmentation, drop_outside, mirror, translation, warp

BLUR_TAPS = 5  # pixels that a blurred one is made of, along each axis

_NORMALS = 1 << 20  # places in the table of normal numbers at which noise may begin
_LEVELS = torch.arange(256, dtype=torch.uint8).view(1, 1, 256)

Sample = tuple[Tensor, np.ndarray, np.ndarray, int]


@dataclass(frozen=True)
class Degradation:
    """A lamp's colour and a sensor's noise.

    Attributes:
        cast: (3,) factors of red, green and blue.
        deviation: of a pixel's noise, in levels of 255.
        start: where the noise lies in `normals`.
    """

    cast: np.ndarray
    deviation: float
    start: int


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


@functools.lru_cache(maxsize=2)
def normals(size: int) -> Tensor:
    """The table that noise of (3, size, size) is read from: standard normal, float32.

    To draw a number for each pixel would take longer than all else that is done to a sample. So
    its noise is a stretch of this table, begun where the sample's own draw says; there are some
    million places.
    """
    count = _NORMALS + 3 * size * size
    return torch.from_numpy(np.random.default_rng(0).standard_normal(count, np.float32))


def draw(settings: Settings, size: int, *, seed: int, epoch: int, row: int) -> Change:
    """The change of a training sample in an epoch; size is the input frame's side in pixels."""
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
    degradation = _degradation(settings, rng) if degraded else None
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
    kind = int(targets.type_index[row])
    return _recoloured(image, change), xy.astype(np.float32), visibility, kind


def _degradation(settings: Settings, rng: np.random.Generator) -> Degradation:
    cast = 1 + rng.uniform(-settings.cast, settings.cast, 3)
    deviation = 255 * settings.noise * rng.random()
    start = int(rng.integers(_NORMALS)) if deviation else 0
    return Degradation(cast, deviation, start)


def _rectangle(size: int, rng: np.random.Generator) -> Rectangle:
    height, width = (int(size * rng.uniform(0.1, 0.4)) for _ in range(2))
    top, left = (int(rng.integers(0, size - side + 1)) for side in (height, width))
    return Rectangle(top, left, height, width, rng.integers(0, 256, (3, 1, 1), np.uint8))


def _recoloured(image: np.ndarray, change: Change) -> Tensor:
    """(S, S, 3) uint8 with the change's colours, (3, S, S): those of torchvision, to the byte.

    Brightness and contrast are functions of a level, so that they are computed of 256 alone.
    """
    image = cv2.LUT(image, photometric.adjust_brightness(_LEVELS, change.brightness)[0].numpy())
    planes = np.ascontiguousarray(image.transpose(2, 0, 1))
    grey = photometric.rgb_to_grayscale(torch.from_numpy(planes)).float().mean()
    contrasted = _LEVELS.mul(change.contrast).add_(grey, alpha=1 - change.contrast)
    contrasted = contrasted.clamp_(0, 255).to(torch.uint8)[0].numpy()
    flat = cv2.LUT(planes.reshape(-1, planes.shape[2]), contrasted)
    image = torch.from_numpy(flat.reshape(planes.shape))
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
    values = image.float().mul_(torch.from_numpy(about.cast).float()[:, None, None])
    if about.deviation:
        noise = normals(image.shape[-1])[about.start : about.start + values.numel()]
        values.add_(noise.view_as(values), alpha=about.deviation)
    return values.clamp_(0, 255).to(torch.uint8)
