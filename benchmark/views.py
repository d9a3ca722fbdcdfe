"""Test-time augmentation: views of an image, and what a model says of them brought back.

A prediction averages over the image turned by each of some angles, and over the mirror image of
each. It costs as many times the time: say so where results are compared.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.models import Inputs

FARTHEST = 180.0  # degrees


def looked_at(inputs: Inputs, turns: Sequence[float], flip: bool) -> Inputs:
    """V views of images (B, 3, H, W) as one batch of V B.

    The image turned by each angle in turn, in degrees clockwise; with `flip`, then the mirror
    images of all of these.
    """
    views = [turned(inputs.images, angle) for angle in turns]
    if flip:
        views += [view.flip(-1) for view in views]
    if len(views) == 1:
        return Inputs(views[0], inputs.garment_type)
    return Inputs(torch.cat(views), inputs.garment_type.repeat(len(views)))


def averaged(maps: Tensor, turns: Sequence[float], flip_index: Tensor | None) -> Tensor:
    """Mean heat maps (B, K, h, w) of those of views (V B, K, h, w), each brought back.

    Args:
        flip_index: (K,) the slot that each landmark has in mirror images; None where the views have
            none.
    """
    if flip_index is not None:
        maps, mirrored = maps.unflatten(0, (2, -1))
        maps = (maps + mirrored.flip(-1)[:, flip_index]) / 2
    if len(turns) == 1:
        return turned(maps, -turns[0], beyond="zeros")
    views = maps.unflatten(0, (len(turns), -1))
    back = [turned(view, -angle, beyond="zeros") for view, angle in zip(views, turns, strict=True)]
    return torch.stack(back).mean(0)


def turned(maps: Tensor, angle: float, beyond: str = "border") -> Tensor:
    """Images or maps (B, C, H, W), turned about their centres by an angle in degrees, clockwise.

    Args:
        beyond: what is seen outside of them, "border", the nearest pixel, or "zeros".
    """
    if not angle:
        return maps
    grid = _places(*maps.shape[2:], angle, maps.dtype, maps.device)
    grid = grid.expand(maps.shape[0], -1, -1, -1)  # len() would fix an exported batch
    return F.grid_sample(maps, grid, "bilinear", beyond, align_corners=False)


def turned_points(xy: Tensor, angle: float) -> Tensor:
    """Points (B, K, 2) in a square's sides, about its centre, by an angle in degrees, clockwise."""
    x, y = (xy - 0.5).unbind(-1)
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return torch.stack([cos * x - sin * y, sin * x + cos * y], -1) + 0.5


@functools.lru_cache(maxsize=64)
def _places(
    height: int, width: int, angle: float, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """(1, height, width, 2): where each cell of what is turned was, as `grid_sample` asks."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    with torch.inference_mode(False), torch.no_grad():  # it outlives the caller's mode
        x = torch.arange(width, device=device) + (1 - width) / 2  # pixels from the centre
        y = (torch.arange(height, device=device) + (1 - height) / 2)[:, None]
        came = [(cos * x + sin * y) / (width / 2), (cos * y - sin * x) / (height / 2)]
        return torch.stack(came, -1).to(dtype)[None]
