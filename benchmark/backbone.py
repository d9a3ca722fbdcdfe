"""What heat-map models are built of: VGG16 with taps, coordinate channels, the two heads."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.models import ModelError

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels, convolutions of VGG16's

_PRIOR = 0.02  # value of a fresh head's heat maps, near the mean of a target map
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VGG16(nn.Module):
    """The convolutions of VGG16, up to conv5_3 (no pool5) or to the end of an earlier block.

    Simonyan and Zisserman, ICLR 2015, configuration D. At width 1 the `features.N` of its state
    are those of torchvision's `vgg16_bn`, or `vgg16` without batch normalisation.
    """

    def __init__(self, width: float = 1.0, batch_norm: bool = True, blocks: int = 5) -> None:
        super().__init__()
        self.width, self.batch_norm = width, batch_norm
        layers: list[nn.Module] = []
        self._ends = []  # the last layer of each block
        channels = 3
        for block, (full, depth) in enumerate(BLOCKS[:blocks]):
            if block:
                layers.append(nn.MaxPool2d(2))
            for _ in range(depth):
                wide = scaled(full, width)
                layers.append(nn.Conv2d(channels, wide, 3, padding=1))
                layers += [nn.BatchNorm2d(wide)] if batch_norm else []
                layers.append(nn.ReLU(inplace=True))
                channels = wide
            self._ends.append(len(layers) - 1)
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(_IMAGENET_STD)[:, None, None], persistent=False)
        # Without normalisation the activations must keep their size from layer to layer.
        mode = "fan_out" if batch_norm else "fan_in"
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode=mode, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(
        self, images: Tensor, between: Callable[[Tensor], Tensor] | None = None, after: int = 5
    ) -> tuple[Tensor, ...]:
        """conv3_3, conv4_3 and conv5_3 of images (B, 3, H, W): strides 4, 8 and 16.

        Those that there are, where it ends at an earlier block.

        Args:
            between: features -> features of the same shape, injected after a block.
            after: that block, 1 to 5.
        """
        x = (images - self.mean) / self.std
        x = x.contiguous(memory_format=torch.channels_last)  # up to 1.8 times faster on a CPU
        taps = []
        for position, layer in enumerate(self.features):
            x = layer(x)
            if position in self._ends:
                taps.append(x if between is None or len(taps) + 1 != after else between(x))
                x = taps[-1]
        return tuple(taps[2:])

    def load_imagenet(self) -> None:
        """Take torchvision's ImageNet weights, from its cache or downloaded.

        Raises:
            ModelError: a width that they do not fit, or no way to get them.
        """
        from torchvision import models

        if self.width != 1:
            raise ModelError(f"ImageNet weights fit width 1, not {self.width:g}")
        weights = models.VGG16_BN_Weights if self.batch_norm else models.VGG16_Weights
        try:
            state = weights.IMAGENET1K_V1.get_state_dict(check_hash=True)
        except (OSError, RuntimeError) as error:
            raise ModelError(f"torchvision's ImageNet weights are out of reach: {error}") from error
        self.load_state_dict({name: state[name] for name in self.state_dict()})


class SharedHead(nn.Module):
    """Two times two up-sampling from conv5_3, joined by conv4_3 and conv3_3: K maps at stride 4.

    Nearest-neighbour up-sampling, because the gradient of the bilinear one is not deterministic
    on a GPU; the convolutions after it smooth.
    """

    stride = 4

    def __init__(self, channels: tuple[int, int, int], dim: int, landmarks: int) -> None:
        super().__init__()
        conv3, conv4, conv5 = channels
        self.deep = nn.Conv2d(conv5, dim, 1)
        self.lateral4 = nn.Conv2d(conv4, dim, 1)
        self.lateral3 = nn.Conv2d(conv3, dim, 1)
        self.mix4 = convolution(dim, dim, 3)
        self.mix3 = convolution(dim, dim, 3)
        self.maps = map_layer(dim, landmarks)

    def forward(self, conv3: Tensor, conv4: Tensor, conv5: Tensor) -> Tensor:
        x = self.mix4(F.interpolate(self.deep(conv5), scale_factor=2) + self.lateral4(conv4))
        x = self.mix3(F.interpolate(x, scale_factor=2) + self.lateral3(conv3))
        return self.maps(x)


class NativeHead(nn.Module):
    """LGR, section 3.1: "a sigmoid function and a 1x1 convolution" on conv5_3, at stride 16."""

    stride = 16

    def __init__(self, channels: int, landmarks: int) -> None:
        super().__init__()
        self.maps = map_layer(channels, landmarks)

    def forward(self, conv3: Tensor, conv4: Tensor, conv5: Tensor) -> Tensor:
        return self.maps(conv5)


class ScaledResidual(nn.BatchNorm2d):
    """Batch normalisation of a residual branch, its scale set; 0 makes a fresh block the identity.

    Without it a branch that is never negative drifts upwards from block to block.
    """

    def __init__(self, channels: int, scale: float = 0.0) -> None:
        super().__init__(channels)
        nn.init.constant_(self.weight, scale)


class ChannelScale(nn.Module):
    """One factor a channel on a residual branch, without normalisation."""

    def __init__(self, channels: int, scale: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels, 1, 1), float(scale)))

    def forward(self, features: Tensor) -> Tensor:
        return self.weight * features


def scaled(full: int, width: float) -> int:
    """`full` channels times a width, rounded to a multiple of 8, at least 8."""
    return max(8, 8 * round(full * width / 8))


def with_coordinates(features: Tensor) -> Tensor:
    """Features (B, C, H, W) with x and y of the cell centres, in [-1, 1], as two more channels."""
    grid = _grid(*features.shape[2:], features.dtype, features.device)
    grid = grid.expand(features.shape[0], -1, -1, -1)  # len() would fix an exported batch
    # channels last, so that features which are so stay so
    return torch.cat([features, grid.contiguous(memory_format=torch.channels_last)], 1)


def as_rows(features: Tensor) -> Tensor:
    """Features (B, C, H, W) as one row a cell, (B, HW, C): no copy where channels lie last."""
    return features.permute(0, 2, 3, 1).flatten(1, 2)


def as_maps(rows: Tensor, size: tuple[int, int]) -> Tensor:
    """Back: (B, HW, C) as (B, C, H, W), channels last; size is (H, W)."""
    return rows.unflatten(1, size).permute(0, 3, 1, 2)


def coordinate_rows(features: Tensor) -> Tensor:
    """(HW, 2), x and y of the cell centres as in `with_coordinates`."""
    return _grid(*features.shape[2:], features.dtype, features.device)[0].flatten(1).T


def affine(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Factors and shifts (C,) that batch normalisation is in evaluation."""
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    return scale, norm.bias - scale * norm.running_mean


@functools.lru_cache(maxsize=64)
def _grid(height: int, width: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(1, 2, height, width), x and y of the cell centres."""
    like = {"device": device, "dtype": dtype}
    with torch.inference_mode(False), torch.no_grad():  # it outlives the caller's mode
        x = torch.linspace(1 / width - 1, 1 - 1 / width, width, **like).expand(height, width)
        y = torch.linspace(1 / height - 1, 1 - 1 / height, height, **like)[:, None].expand_as(x)
        return torch.stack([x, y])[None]


def convolution(channels: int, wide: int, size: int) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU; maps keep their size."""
    layer = nn.Conv2d(channels, wide, size, padding=size // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return nn.Sequential(layer, nn.BatchNorm2d(wide), nn.ReLU(inplace=True))


def map_layer(channels: int, landmarks: int, groups: int = 1) -> nn.Conv2d:
    """The 1x1 convolution before the sigmoid, which starts at low maps."""
    layer = nn.Conv2d(channels, landmarks, 1, groups=groups)
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.constant_(layer.bias, math.log(_PRIOR / (1 - _PRIOR)))
    return layer
