"""Pyramids of features for prediction alone (`benchmark.frozen`), in fewer and larger operators.

In small maps a pyramid's time is that of its operators, whatever their size. What is computed is
that of `benchmark.pyramid`, within rounding. B batch, C and D channels, H x W cells.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.backbone import affine, as_maps, as_rows

if TYPE_CHECKING:
    from benchmark.pyramid import PyramidResidual, Scales

_DENSE = 1 << 20  # elements of the largest matrix that a pyramid is made into

Affine = tuple[Tensor, Tensor]  # factors and shifts, one a channel


class FrozenResidual(nn.Module):
    """A `PyramidResidual`: cells are rows, and convolutions of one cell are products."""

    def __init__(self, whole: PyramidResidual) -> None:
        super().__init__()
        between, _, around = whole.local[1]
        expanding, _, expand = whole.expand
        merging, _, merge = whole.merge  # normalises a sum, both parts of which are convolutions
        scale, shift = affine(merging)
        self.local = Pointwise(whole.local[0], affine(between))
        self.around = _scaled(around, scale, shift)
        self.reduce = Pointwise(whole.reduce[0], affine(whole.reduce[1]))
        self.scales = FrozenScales(whole.scales, affine(expanding))
        self.expand = Pointwise(expand, (scale, torch.zeros_like(shift)))
        self.merge = Pointwise(merge)
        self.skip = nn.Identity() if isinstance(whole.skip, nn.Identity) else Pointwise(whole.skip)

    def forward(self, features: Tensor) -> Tensor:
        size, rows = features.shape[2:], as_rows(features)
        near = as_rows(self.around(as_maps(self.local(rows).relu_(), size)))
        seen = as_rows(self.scales(as_maps(self.reduce(rows).relu_(), size)))
        both = self.expand(seen.relu_()).add_(near).relu_()
        return as_maps(self.merge(both).add_(self.skip(rows)), size)


class FrozenScales(nn.Module):
    """`Scales`, and what is done to its channels after: (B, D, H, W) -> the same shape.

    On maps of few cells all of it is one matrix, made when a size is first met.
    """

    def __init__(self, scales: Scales, after: Affine | None = None) -> None:
        super().__init__()
        self.apart = copy.deepcopy(scales)
        self.made: dict[tuple, Affine] = {}
        if after:
            factor, shift = after
            # Widening leaves a constant what it is, so that one branch may hold the shift.
            first, *others = self.apart.branches
            branches = [_scaled(first, factor, shift)]
            branches += [_scaled(branch, factor, torch.zeros_like(shift)) for branch in others]
            self.apart.branches = nn.ModuleList(branches)

    def freeze(self) -> FrozenScales:
        """Itself: a frozen model can be frozen again."""
        return self

    def forward(self, features: Tensor) -> Tensor:
        _, channels, height, width = features.shape
        if (channels * height * width) ** 2 > _DENSE:
            return self.apart(features)
        rows = as_rows(features)
        key = height, width, features.dtype, features.device
        if key not in self.made:
            self.made[key] = self._matrix(rows, (height, width))
        return as_maps(F.linear(rows.flatten(1), *self.made[key]).view_as(rows), (height, width))

    @torch.inference_mode(False)
    @torch.no_grad()
    def _matrix(self, like: Tensor, size: tuple[int, int]) -> Affine:
        """(HWD, HWD) and (HWD,): what comes of each number, and of none."""
        cells, channels = like.shape[1:]
        count = cells * channels
        each = torch.eye(count + 1, count, dtype=like.dtype, device=like.device)
        found = as_rows(self.apart(as_maps(each.unflatten(1, (cells, channels)), size))).flatten(1)
        return (found[:-1] - found[-1]).T.contiguous(), found[-1].clone()


class Pointwise(nn.Module):
    """A convolution of one cell as a product: rows (B, HW, C) -> (B, HW, D).

    Args:
        layer: the convolution, or normalisation, ReLU and the convolution.
        after: what is done to its channels after.
    """

    def __init__(self, layer: nn.Conv2d | nn.Sequential, after: Affine | None = None) -> None:
        super().__init__()
        scale, shift, convolution = None, None, layer
        if isinstance(layer, nn.Sequential):
            norm, _, convolution = layer
            scale, shift = affine(norm)
        convolution = _scaled(convolution, *after) if after else convolution
        weight = convolution.weight.flatten(1).clone()
        self.register_buffer("scale", scale, persistent=False)
        self.register_buffer("shift", shift, persistent=False)
        self.register_buffer("weight", weight, persistent=False)
        self.register_buffer("bias", convolution.bias.clone(), persistent=False)

    def forward(self, rows: Tensor) -> Tensor:
        if self.scale is not None:
            rows = torch.addcmul(self.shift, rows, self.scale).relu_()
        return F.linear(rows, self.weight, self.bias)


def _scaled(convolution: nn.Conv2d, factor: Tensor, shift: Tensor) -> nn.Conv2d:
    """A copy after which channels have been multiplied and shifted."""
    found = copy.deepcopy(convolution)
    found.weight.mul_(factor[:, None, None, None])
    found.bias.mul_(factor).add_(shift)
    return found
