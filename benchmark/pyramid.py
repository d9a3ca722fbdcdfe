"""Pyramids of features: what LGR (section 3.3, figure 2) puts after each of its layers.

They come from PyraNet (Yang et al., "Learning Feature Pyramids for Human Pose Estimation", ICCV
2017). Its pyramid shrinks by fractional max pooling, which draws its regions at random, also in
evaluation; here the average over the cells of a fixed grid takes its place.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.backbone import ScaledResidual
from benchmark.frozen_pyramid import FrozenResidual, FrozenScales


class PyramidBranch(nn.Module):
    """(B, C, H, W) -> the same shape: a residual of the pyramid alone; starts as the identity.

    A bottleneck of C / 9 channels, seen at several scales, and back.
    """

    def __init__(self, channels: int, scales: int = 4) -> None:
        super().__init__()
        dim = max(8, channels // 9)
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, dim, 1, bias=False), nn.BatchNorm2d(dim), nn.ReLU(inplace=True)
        )
        self.scales = Scales(dim, scales, bias=False)
        self.expand = nn.Sequential(
            nn.BatchNorm2d(dim), nn.ReLU(inplace=True), nn.Conv2d(dim, channels, 1, bias=False)
        )
        self.residual = ScaledResidual(channels)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.residual(self.expand(self.scales(self.reduce(features))))


class PyramidResidual(nn.Module):
    """PyraNet's whole pyramid residual module: (B, C, H, W) -> (B, `wide`, H, W).

    Section 3.1, PRM-B: a bottleneck with a 3x3 convolution beside the pyramid, each after
    normalisation and ReLU, summed and taken to `wide` channels; the input is added.

    Args:
        wide: channels that come out; those that go in unless it says otherwise.
        activated: whether the input has been normalised and rectified already.
        project: whether the input passes a convolution before it is added; it must where
            channels change.
    """

    def __init__(
        self,
        channels: int,
        scales: int = 4,
        *,
        wide: int | None = None,
        activated: bool = False,
        project: bool = False,
    ) -> None:
        super().__init__()
        wide = wide or channels
        half, dim = max(1, wide // 2), max(1, wide // 9)
        first = _plain if activated else _before
        self.local = nn.Sequential(first(channels, half, 1), _before(half, half, 3))
        self.reduce = nn.Sequential(
            first(channels, dim, 1), nn.BatchNorm2d(dim), nn.ReLU(inplace=True)
        )
        self.scales = Scales(dim, scales)
        self.expand = _before(dim, half, 1)
        self.merge = _before(half, wide, 1)
        self.skip = _skip(channels, wide, project)

    def forward(self, features: Tensor) -> Tensor:
        seen = self.expand(self.scales(self.reduce(features)))
        return self.skip(features) + self.merge(self.local(features) + seen)

    def freeze(self) -> FrozenResidual:
        """As the parameters make it now, for prediction alone (`benchmark.frozen`)."""
        return FrozenResidual(self)


class Residual(nn.Module):
    """The bottleneck alone, without a pyramid: (B, C, H, W) -> the same shape.

    He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016; PyraNet has it where its
    maps are small. `project` as in `PyramidResidual`.
    """

    def __init__(self, channels: int, *, project: bool = False) -> None:
        super().__init__()
        half = max(1, channels // 2)
        self.local = nn.Sequential(
            _before(channels, half, 1), _before(half, half, 3), _before(half, channels, 1)
        )
        self.skip = _skip(channels, channels, project)

    def forward(self, features: Tensor) -> Tensor:
        return self.skip(features) + self.local(features)


class Scales(nn.Module):
    """(B, D, H, W) at scales 2^(-i / n), i from 1 to n, each convolved and widened; the sum."""

    def __init__(self, dim: int, count: int, bias: bool = True) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Conv2d(dim, dim, 3, padding=1, bias=bias) for _ in range(count)
        )

    def forward(self, features: Tensor) -> Tensor:
        height, width = features.shape[2:]
        total = torch.zeros_like(features)
        for octave, branch in enumerate(self.branches, 1):
            scale = 2 ** (-octave / len(self.branches))
            rows = _resampling(height, scale, features.dtype, features.device)
            columns = _resampling(width, scale, features.dtype, features.device)
            small = branch(rows.pool @ features @ columns.pool.T)
            total = total + rows.widen @ small @ columns.widen.T
        return total

    def freeze(self) -> FrozenScales:
        """As the parameters make it now, for prediction alone (`benchmark.frozen`)."""
        return FrozenScales(self)


PYRAMIDS = {"branch": PyramidBranch, "prm": PyramidResidual, "none": nn.Identity}


def pyramid(kind: str, channels: int) -> nn.Module:
    """One of `PYRAMIDS`: the light branch, the whole PRM, or nothing."""
    return PYRAMIDS[kind](channels)


class _Resampling(NamedTuple):
    pool: Tensor  # (small, cells): averages neighbouring cells
    widen: Tensor  # (cells, small): interpolates linearly


@functools.lru_cache(maxsize=64)
def _resampling(cells: int, scale: float, dtype: torch.dtype, device: torch.device) -> _Resampling:
    """Adaptive average pooling and linear interpolation along one axis, as matrices.

    The gradients of torch's own operators are not deterministic on a GPU; a product's are.
    """
    small = max(1, round(cells * scale))
    with torch.inference_mode(False), torch.no_grad():  # they outlive the caller's mode
        fine, coarse = (torch.eye(count, device=device)[:, None] for count in (cells, small))
        pool = F.adaptive_avg_pool1d(fine, small)[:, 0].T
        widen = F.interpolate(coarse, cells, mode="linear")[:, 0].T
        return _Resampling(pool.to(dtype), widen.to(dtype))


def _before(channels: int, wide: int, size: int) -> nn.Sequential:
    """Normalisation and ReLU before the convolution."""
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), _plain(channels, wide, size))


def _plain(channels: int, wide: int, size: int) -> nn.Conv2d:
    return nn.Conv2d(channels, wide, size, padding=size // 2)


def _skip(channels: int, wide: int, project: bool) -> nn.Module:
    return _before(channels, wide, 1) if project or channels != wide else nn.Identity()
