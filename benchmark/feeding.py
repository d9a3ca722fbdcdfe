"""From crops to batches: augmented ones for training, plain ones for prediction."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from benchmark import world
from benchmark.augment import Sample, changed, draw
from benchmark.crops import Crops, cores
from benchmark.models import Batch, Inputs, ModelError, place_of
from benchmark.predictions import Predictions
from benchmark.resident import Resident, sent
from benchmark.settings import Settings, SettingsError
from ffld.transforms import apply

_AHEAD = 3  # batches prepared while one is trained on


def batches(
    samples: Crops | Resident,
    settings: Settings,
    *,
    seed: int,
    epoch: int,
    device: torch.device,
) -> Iterator[Batch]:
    """One epoch of augmented batches, all of one size; a remainder waits for a later epoch.

    Each process of a job makes its part of every batch.

    Args:
        device: to which the batches go; where resident samples are already.

    Raises:
        SettingsError: a batch that its processes cannot share evenly.
    """
    order = np.random.default_rng([seed, epoch]).permutation(len(samples))
    size = min(settings.batch_size, len(samples))
    if size % world.size():
        raise SettingsError(
            f"a batch of {size} samples cannot be shared by {world.size()} processes; set a "
            "batch_size that is a multiple of them"
        )
    whole = order[: batch_count(samples, settings) * size].reshape(-1, size).tolist()
    chosen = [world.part(rows) for rows in whole]
    drawn = partial(draw, settings, samples.size, seed=seed, epoch=epoch)
    if isinstance(samples, Resident):
        for rows in chosen:
            yield samples.batch(rows, [drawn(row=row) for row in rows])
        return

    def prepare(row: int) -> Sample:
        return changed(samples, row, drawn(row=row))

    if device.type == "cuda":
        yield from _prepared_ahead(chosen, prepare, device)
    else:  # a second thread would slow the training's own down by more than it prepares
        for rows in chosen:
            yield _collated([prepare(row) for row in rows], device)


def batch_count(samples: Crops | Resident, settings: Settings) -> int:
    """Batches in an epoch."""
    return max(1, len(samples) // settings.batch_size)


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
    xy = [torch.empty(0, landmarks, 2, dtype=torch.float64, device=device)]
    confidence = [torch.empty(0, landmarks, device=device)]
    mine = world.part(np.arange(len(crops)))
    quiet = title is None or world.rank() > 0
    for start in tqdm(range(0, len(mine), batch_size), desc=title, unit=" batches", disable=quiet):
        rows = mine[start : start + batch_size]
        images = torch.from_numpy(np.array(crops.images[rows])).permute(0, 3, 1, 2)
        types = torch.from_numpy(crops.targets.type_index[rows])
        inputs = Inputs(_unit(images, device), sent(types, device))
        found, sure = _predicted(model, inputs, landmarks)
        xy.append(found.double())  # on the device: the host does not wait for every batch
        confidence.append(sure.float())
    targets, points = crops.targets, world.whole(torch.cat(xy).cpu().numpy())
    if strange := int((~np.isfinite(points)).any(axis=(1, 2)).sum()):
        raise ModelError(
            f"{place_of(model)}: predict gives points that are not finite in {strange} of "
            f"{len(points)} samples; every landmark needs one, whether the garment has it or not. "
            "Where they were finite before it was trained, try a lower rate, --set lr=…"
        )
    return Predictions(
        dataset=targets.dataset,
        split=targets.split,
        ids=targets.ids,
        xy=apply(np.linalg.inv(crops.matrices), points),
        confidence=world.whole(torch.cat(confidence).cpu().numpy()),
        revision=targets.revision,
        schema_fingerprint=targets.schema.fingerprint,
    )


def _predicted(model: nn.Module, inputs: Inputs, landmarks: int) -> tuple[Tensor, Tensor]:
    """What a model predicts, of the shapes that it must have (ModelError)."""
    answer = model.predict(inputs)
    shapes = ((size := len(inputs.images), landmarks, 2), (size, landmarks))
    pair = answer if isinstance(answer, tuple | list) else [answer]
    found = [tuple(one.shape) if isinstance(one, Tensor) else type(one).__name__ for one in pair]
    if found != list(shapes):
        raise ModelError(
            f"{place_of(model)}: predict must return two tensors, points {shapes[0]} and "
            f"confidence {shapes[1]}; found {', '.join(map(str, found))}"
        )
    return pair[0], pair[1]


def _prepared_ahead(
    chosen: Sequence[Sequence[int]], prepare: Callable[[int], Sample], device: torch.device
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


def _collated(samples: Sequence[Sample], device: torch.device) -> Batch:
    images, xy, visibility, types = zip(*samples, strict=True)
    return Batch(
        inputs=Inputs(
            images=_unit(torch.stack(images), device),
            garment_type=sent(torch.tensor(types, dtype=torch.int64), device),
        ),
        xy=sent(torch.from_numpy(np.stack(xy)), device),
        visibility=sent(torch.from_numpy(np.stack(visibility)), device),
    )


def _unit(images: Tensor, device: torch.device) -> Tensor:
    """uint8 images as float in [0, 1] on the device, to which they travel as bytes."""
    images = sent(images, device).contiguous(memory_format=torch.channels_last)
    return images.float().div_(255)
