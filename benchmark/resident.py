"""A training split in the device's memory, and its augmentation there, a batch at a time.

The same changes as `benchmark.augment` makes of one sample: landmarks are the same, images within
three levels of 255, since arithmetic differs in its last digits. The host never waits for the
device here: what that must know of a batch travels to it in one piece.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark import world
from benchmark.augment import BLUR_TAPS, Change, Degradation, Rectangle, normals
from benchmark.crops import Crops
from benchmark.models import Batch, Inputs
from benchmark.settings import Settings
from ffld.schema import Visibility
from ffld.transforms import FILL, apply, translation

_SHARE = 0.5  # of a device's free memory that a split may take: the rest is the training's
_BLOCK = 4096  # samples that travel to the device at once
_CLEAN = Degradation(np.ones(3), 0.0, 0)
_NOWHERE = Rectangle(0, 0, 0, 0, np.zeros((3, 1, 1)))


@dataclass(frozen=True, eq=False)
class Resident:
    """`Crops` of N samples on a device.

    Attributes:
        images: (N, T, T, 3) uint8, T = size + 2 * margin.
        xy: (N, K, 2) float64, input pixels, NaN where absent.
        visibility: (N, K) uint8.
        garment_type: (N,) int64.
        flip_index: (K,) int64, each slot's mirror partner.
        fill: (3, 1, 1) float32, the colour outside an image.
        normals: (L,) float32, the table that noise is read from.
        size: side of the input frame, pixels.
        margin: pixels kept around it on each side.
    """

    images: Tensor
    xy: Tensor
    visibility: Tensor
    garment_type: Tensor
    flip_index: Tensor
    fill: Tensor
    normals: Tensor
    size: int
    margin: int

    @classmethod
    def of(cls, crops: Crops, device: torch.device) -> Resident:
        """Copy crops to a device."""
        images = torch.empty(crops.images.shape, dtype=torch.uint8, device=device)
        for start in range(0, len(crops), _BLOCK):
            block = np.array(crops.images[start : start + _BLOCK])
            images[start : start + _BLOCK] = torch.from_numpy(block)
        targets = crops.targets
        held = (
            apply(crops.matrices, targets.xy),
            targets.visibility,
            targets.type_index,
            targets.schema.flip_index,
            np.float32(FILL)[:, None, None],
        )
        tensors = [*(torch.tensor(one) for one in held), normals(crops.size)]
        moved = (tensor.to(device) for tensor in tensors)
        return cls(images, *moved, crops.size, crops.margin)

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, rows: Sequence[int], changes: Sequence[Change]) -> Batch:
        """Training samples, each with its change."""
        told = _told(rows, changes, self.margin, self.images.device)
        chosen = told["row"][:, 0].long()
        xy, visibility = self._labels(chosen, told)
        images = _recoloured(self._view(chosen, told["seen"]), told["factors"])
        if blurred := [place for place, change in enumerate(changes) if change.blur]:
            where = sent(torch.tensor(blurred), images.device)
            images[where] = _blurred(images[where], told["blur"][where])
        if degradations := [change.degradation for change in changes if change.degradation]:
            noisy = any(one.deviation for one in degradations)
            images = _degraded(images, told, self.normals if noisy else None)
        if any(change.rectangle for change in changes):
            images = _erased(images, told)
        images = images.div_(255).contiguous(memory_format=torch.channels_last)
        return Batch(Inputs(images, self.garment_type[chosen]), xy, visibility)

    def _labels(self, chosen: Tensor, told: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Landmarks and visibility, as `ffld.transforms` moves, mirrors and cuts them off."""
        xy = torch.stack(_through(told["moved"], *self.xy[chosen].unbind(-1)), -1)
        own = torch.arange(len(self.flip_index), device=xy.device)
        slots = torch.where(told["flip"] > 0, self.flip_index, own)
        xy = xy.gather(1, slots[..., None].expand_as(xy))
        visibility = self.visibility[chosen].gather(1, slots)
        inside = ((xy >= 0) & (xy <= self.size)).all(-1)  # NaN compares false
        xy = torch.where(inside[..., None], xy, math.nan)
        return xy.float(), torch.where(inside, visibility, int(Visibility.ABSENT))

    def _view(self, chosen: Tensor, seen: Tensor) -> Tensor:
        """Images (B, 3, S, S) of whole levels, as `ffld.transforms.warp` makes them."""
        side = self.images.shape[1]
        along = (torch.arange(self.size, device=chosen.device) + 0.5).expand(1, self.size, -1)
        grid = torch.stack(_through(seen.float(), along, along.mT), -1) * (2 / side) - 1
        images = self.images[chosen].permute(0, 3, 1, 2).float() - self.fill
        # Outside the image `grid_sample` finds zeros, which the subtraction has made the fill.
        return F.grid_sample(images, grid, align_corners=False).add_(self.fill).round_()


def placed(crops: Crops, settings: Settings, device: torch.device) -> Crops | Resident:
    """Where the training reads its samples from: the device's memory, if it is to and has room.

    The processes of a job do the same, each with the whole split.
    """
    if settings.resident == "false" or (settings.resident == "auto" and device.type != "cuda"):
        return crops
    need = f"the training split ({crops.images.nbytes / 1e9:.2g} GB)"
    if settings.resident == "auto":
        free, _ = torch.cuda.mem_get_info(device)
        fits = crops.images.nbytes <= _SHARE * free
        if not world.whole(np.array([fits])).all():
            _say(f"{need} stays in the host's memory: it would take more than half of the device's")
            return crops
    _say(f"{need} goes to the device's memory; resident=false leaves it in the host's")
    return Resident.of(crops, device)


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """A host's tensor on a device, which the host does not wait for."""
    if device.type == "cuda":
        tensor = tensor.pin_memory()  # from other memory the copy is one that waits
    return tensor.to(device, non_blocking=True)


def _told(
    rows: Sequence[int], changes: Sequence[Change], margin: int, device: torch.device
) -> dict[str, Tensor]:
    """What the device must know of B samples, (B, n) float64 each, in one piece."""
    moved = np.stack([change.moved for change in changes])
    seen = np.linalg.inv(moved @ translation(-margin, -margin))
    degradations = [change.degradation or _CLEAN for change in changes]
    rectangles = [change.rectangle or _NOWHERE for change in changes]
    columns = {
        "row": rows,
        "flip": [change.flip for change in changes],
        "moved": moved[:, :2],
        "seen": seen[:, :2],
        "factors": [(one.brightness, one.contrast, one.saturation) for one in changes],
        "blur": [change.blur for change in changes],
        "cast": [one.cast for one in degradations],
        "deviation": [one.deviation for one in degradations],
        "start": [one.start for one in degradations],
        "rectangle": [(one.top, one.left, one.height, one.width) for one in rectangles],
        "colour": [one.colour for one in rectangles],
    }
    tables = [np.asarray(one, np.float64).reshape(len(changes), -1) for one in columns.values()]
    whole = sent(torch.from_numpy(np.concatenate(tables, 1)), device)
    parts = whole.split([table.shape[1] for table in tables], 1)
    return dict(zip(columns, parts, strict=True))


def _through(matrices: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Points through the upper rows of matrices (B, 6).

    Written out, since a product of matrices may be rounded to few digits on a device.
    """
    a, b, c, d, e, f = matrices.view(-1, 6, *[1] * (x.ndim - 1)).unbind(1)
    return a * x + b * y + c, d * x + e * y + f


def _recoloured(images: Tensor, factors: Tensor) -> Tensor:
    """Brightness, contrast and saturation, each rounded down to levels as torchvision does."""
    (bright, contrast, saturation), (_, no_contrast, no_saturation) = (
        one.float().view(-1, 3, 1, 1, 1).unbind(1) for one in (factors, 1 - factors)
    )
    images = _levels(images * bright)
    mean = _grey(images).mean((1, 2, 3), keepdim=True)
    images = _levels(images.mul_(contrast).add_(mean * no_contrast))
    grey = _grey(images)
    return _levels(images.mul_(saturation).add_(grey.mul_(no_saturation)))


def _grey(images: Tensor) -> Tensor:
    red, green, blue = images.split(1, 1)
    return (red * 0.2989).add_(green, alpha=0.587).add_(blue, alpha=0.114).floor_()


def _levels(images: Tensor) -> Tensor:
    return images.clamp_(0, 255).floor_()


def _blurred(images: Tensor, deviation: Tensor) -> Tensor:
    """As torchvision's `gaussian_blur`, one axis after the other, each image by its own."""
    reach = (BLUR_TAPS - 1) / (2 * math.sqrt(2))
    taps = torch.linspace(-reach, reach, BLUR_TAPS, device=images.device)
    weights = (taps / deviation.float()).square().neg().softmax(1).view(-1, BLUR_TAPS, 1, 1, 1)
    for axis, pad in ((2, (0, 0, 1, 1)), (3, (1, 1, 0, 0))):
        size = images.shape[axis]
        wide = F.pad(images, [side * (BLUR_TAPS // 2) for side in pad], mode="reflect")
        images = sum(weights[:, k] * wide.narrow(axis, k, size) for k in range(BLUR_TAPS))
    return images.round_()


def _degraded(images: Tensor, told: Mapping[str, Tensor], table: Tensor | None) -> Tensor:
    images = images * told["cast"].float().view(-1, 3, 1, 1)
    if table is not None:
        stretches = table.unfold(0, images[0].numel(), 1)  # a view: one from each place on
        noise = stretches[told["start"][:, 0].long()].view(images.shape)
        images += noise.mul_(told["deviation"].float().view(-1, 1, 1, 1))
    return _levels(images)


def _erased(images: Tensor, told: Mapping[str, Tensor]) -> Tensor:
    along = torch.arange(images.shape[-1], device=images.device)
    top, left, height, width = told["rectangle"].unsqueeze(1).unbind(-1)
    rows = (along >= top) & (along < top + height)
    columns = (along >= left) & (along < left + width)
    inside = (rows[:, :, None] & columns[:, None, :])[:, None]
    return torch.where(inside, told["colour"].float().view(-1, 3, 1, 1), images)


def _say(text: str) -> None:
    if world.rank() == 0:
        print(text, file=sys.stderr, flush=True)
