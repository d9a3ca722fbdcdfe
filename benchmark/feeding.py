"""From crops to batches: augmentation for training, plain crops for prediction.

A sample's augmentation depends on (seed, epoch, row) alone, never on threads or batch mates.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as photometric
from tqdm import tqdm

from benchmark import world
from benchmark.crops import Crops, cores
from benchmark.models import Batch, Inputs
from benchmark.predictions import Predictions
from benchmark.settings import Settings, SettingsError
from ffld.transforms import apply, augmentation, drop_outside, mirror, translation, warp

_AHEAD = 3  # batches prepared while one is trained on


def margin(settings: Settings, size: int) -> int:
    """Pixels around the input frame that crops must keep for the augmentation.

    An eighth of the frame: augmented frames reach further in their corners only, far from the
    garment, and are filled there.
    """
    moves = settings.scale or settings.rotation or settings.shift
    return math.ceil(size / 8) if moves else 0


def batches(
    crops: Crops, settings: Settings, *, seed: int, epoch: int, device: torch.device
) -> Iterator[Batch]:
    """One epoch of augmented batches, all of one size; a remainder waits for a later epoch.

    Each process of a job makes its part of every batch.

    Raises:
        SettingsError: a batch that its processes cannot share evenly.
    """
    order = np.random.default_rng([seed, epoch]).permutation(len(crops))
    size = min(settings.batch_size, len(crops))
    prepare = partial(augmented, crops, settings=settings, seed=seed, epoch=epoch)
    if size % world.size():
        raise SettingsError(
            f"a batch of {size} samples cannot be shared by {world.size()} processes; set a "
            "batch_size that is a multiple of them"
        )
    whole = order[: batch_count(crops, settings) * size].reshape(-1, size).tolist()
    chosen = [world.part(rows) for rows in whole]
    if device.type == "cuda":
        yield from _prepared_ahead(chosen, prepare, device)
    else:  # a second thread would slow the training's own down by more than it prepares
        for rows in chosen:
            yield _collated([prepare(row) for row in rows], device)


def batch_count(crops: Crops, settings: Settings) -> int:
    """Batches in an epoch."""
    return max(1, len(crops) // settings.batch_size)


def augmented(
    crops: Crops, row: int, settings: Settings, seed: int, epoch: int
) -> tuple[Tensor, np.ndarray, np.ndarray, int]:
    """One training sample.

    Returns:
        Image (3, S, S) uint8, landmarks (K, 2) float32 in input pixels, visibility (K,), slot of
        the garment type.
    """
    rng = np.random.default_rng([seed, epoch, row])
    flip = bool(rng.random() < settings.flip)
    reach = math.log1p(settings.scale)
    moved = augmentation(
        crops.size,
        scale=math.exp(rng.uniform(-reach, reach)),
        rotation=rng.uniform(-settings.rotation, settings.rotation),
        shift=tuple(rng.uniform(-settings.shift, settings.shift, 2)),
        flip=flip,
    )
    image = warp(crops.images[row], moved @ translation(-crops.margin, -crops.margin), crops.size)
    targets = crops.targets
    xy, visibility = apply(moved @ crops.matrices[row], targets.xy[row]), targets.visibility[row]
    if flip:
        xy, visibility = mirror(xy, visibility, targets.schema.flip_index)
    xy, visibility = drop_outside(xy, visibility, crops.size)
    tensor = torch.from_numpy(image).permute(2, 0, 1)
    return (
        _recoloured(tensor, settings, rng),
        xy.astype(np.float32),
        visibility,
        int(targets.type_index[row]),
    )


def predict(
    model: torch.nn.Module,
    crops: Crops,
    *,
    device: torch.device,
    batch_size: int,
    title: str | None = None,
) -> Predictions:
    """A model's predictions for crops without margin, in original pixels, in float32.

    Each process of a job predicts its part of them, every sample once; all get the whole.

    Args:
        title: of the progress bar; none is shown without.
    """
    landmarks = len(crops.targets.schema)
    xy, confidence = [np.empty((0, landmarks, 2))], [np.empty((0, landmarks), np.float32)]
    mine = world.part(np.arange(len(crops)))
    quiet = title is None or world.rank() > 0
    for start in tqdm(range(0, len(mine), batch_size), desc=title, unit=" batches", disable=quiet):
        rows = mine[start : start + batch_size]
        images = torch.from_numpy(np.array(crops.images[rows])).permute(0, 3, 1, 2)
        types = torch.from_numpy(crops.targets.type_index[rows])
        found, sure = model.predict(Inputs(_unit(images, device), types.to(device)))
        xy.append(found.double().cpu().numpy())
        confidence.append(sure.float().cpu().numpy())
    targets = crops.targets
    return Predictions(
        dataset=targets.dataset,
        split=targets.split,
        ids=targets.ids,
        xy=apply(np.linalg.inv(crops.matrices), world.whole(np.concatenate(xy))),
        confidence=world.whole(np.concatenate(confidence)),
        revision=targets.revision,
        schema_fingerprint=targets.schema.fingerprint,
    )


def _prepared_ahead(
    chosen: list[list[int]], prepare: Callable[[int], tuple], device: torch.device
) -> Iterator[Batch]:
    """Batches made by threads while earlier ones are trained on."""
    pending: deque[list[Future]] = deque()
    with ThreadPoolExecutor(min(16, cores())) as pool:
        for rows in chosen:
            pending.append([pool.submit(prepare, row) for row in rows])
            if len(pending) > _AHEAD:
                yield _collated([sample.result() for sample in pending.popleft()], device)
        while pending:
            yield _collated([sample.result() for sample in pending.popleft()], device)


def _recoloured(image: Tensor, settings: Settings, rng: np.random.Generator) -> Tensor:
    brightness, contrast, saturation = (
        1 + rng.uniform(-reach, reach)
        for reach in (settings.brightness, settings.contrast, settings.saturation)
    )
    image = photometric.adjust_brightness(image, brightness)
    image = photometric.adjust_contrast(image, contrast)
    image = photometric.adjust_saturation(image, saturation)
    if rng.random() < settings.blur:
        image = photometric.gaussian_blur(image, [5, 5], [rng.uniform(0.5, 1.5)] * 2)
    if settings.cast or settings.noise:
        image = _degraded(image, settings, rng)
    if settings.erase and rng.random() < settings.erase:
        _erase(image, rng)
    return image


def _degraded(image: Tensor, settings: Settings, rng: np.random.Generator) -> Tensor:
    """A lamp's colour and a sensor's noise."""
    cast = 1 + rng.uniform(-settings.cast, settings.cast, 3)
    values = image.float() * torch.from_numpy(cast).float()[:, None, None]
    if deviation := 255 * settings.noise * rng.random():
        values += torch.from_numpy(rng.standard_normal(image.shape, np.float32) * deviation)
    return values.clamp_(0, 255).to(torch.uint8)


def _erase(image: Tensor, rng: np.random.Generator) -> None:
    """Fill a rectangle of (3, S, S) with one colour, in place."""
    size = image.shape[-1]
    height, width = (int(size * rng.uniform(0.1, 0.4)) for _ in range(2))
    top, left = (int(rng.integers(0, size - side + 1)) for side in (height, width))
    colour = torch.from_numpy(rng.integers(0, 256, (3, 1, 1), np.uint8))
    image[:, top : top + height, left : left + width] = colour


def _collated(samples: list[tuple], device: torch.device) -> Batch:
    images, xy, visibility, types = zip(*samples, strict=True)
    return Batch(
        inputs=Inputs(
            images=_unit(torch.stack(images), device),
            garment_type=torch.tensor(types, dtype=torch.int64).to(device),
        ),
        xy=torch.from_numpy(np.stack(xy)).to(device),
        visibility=torch.from_numpy(np.stack(visibility)).to(device),
    )


def _unit(images: Tensor, device: torch.device) -> Tensor:
    """uint8 images as float in [0, 1] on the device, to which they travel as bytes."""
    return images.to(device, memory_format=torch.channels_last).float().div_(255)
