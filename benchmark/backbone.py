"""The network that heat-map models share, so that they differ in the middle only.

Images -> VGG16 -> coordinate channels -> *middle* -> head with lateral connections -> K heat maps
at stride 4. Loss and decoding are defined here, once, for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.heatmap import DECODERS, decode, encode
from benchmark.models import Batch, Inputs, ModelError
from ffld.schema import LandmarkSchema, Visibility

STRIDE = 4  # input pixels per heat-map cell
_DEEPEST = 16  # input pixels per cell of conv5_3
_PRIOR = 0.02  # value of a fresh head's heat maps, near the mean of a target map
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class NetConfig:
    """Settings that all heat-map models share; the defaults are the full profile.

    Attributes:
        input_size: side of the square input in pixels, a multiple of 16, at least 48.
        width: factor on every number of channels; 1 is VGG16's own.
        sigma: of the target Gaussians, in heat-map cells.
        occluded_weight: of occluded landmarks in the loss, where visible ones have 1.
        decoder: how heat maps become points, one of `benchmark.heatmap.DECODERS`.
    """

    uses_type: ClassVar[bool] = False

    input_size: int = 224
    width: float = 1.0
    sigma: float = 2.0
    occluded_weight: float = 0.5
    decoder: str = "subpixel"

    def __post_init__(self) -> None:
        if found := list(self.problems()):
            raise ModelError("; ".join(found))

    def problems(self) -> Iterator[str]:
        """What no network can be built from, one sentence each."""
        if self.input_size < 3 * _DEEPEST or self.input_size % _DEEPEST:
            yield f"input_size is {self.input_size}; it must be a multiple of 16, at least 48"
        if not 0 < self.width <= 4:
            yield f"width is {self.width}; it must lie in (0, 4]"
        if not self.sigma > 0:
            yield f"sigma is {self.sigma}; it must be positive"
        if not 0 <= self.occluded_weight <= 1:
            yield f"occluded_weight is {self.occluded_weight}; it must lie in [0, 1]"
        if self.decoder not in DECODERS:
            yield f"decoder is {self.decoder!r}; it must be one of {', '.join(DECODERS)}"

    def channels(self, full: int) -> int:
        """What `full` channels become at this width."""
        return scaled(full, self.width)


class LandmarkNet(nn.Module):
    """VGG16, a middle at conv5_3, and a head; a `LandmarkModel`.

    Args:
        middle: maps (B, C, H/16, W/16) to the same shape, C = config.channels(512).
    """

    fitted = False

    def __init__(self, schema: LandmarkSchema, config: NetConfig, middle: nn.Module) -> None:
        super().__init__()
        self.config = config
        self.input_size = config.input_size
        self.uses_type = config.uses_type
        conv3, conv4, conv5 = (config.channels(full) for full in (256, 512, 512))
        self.backbone = VGG16(config.width)
        self.place = _convolution(conv5 + 2, conv5, 1)
        self.middle = middle
        self.head = Head((conv3, conv4, conv5), config.channels(256), len(schema))

    def forward(self, inputs: Inputs) -> Tensor:
        """Heat maps before the sigmoid, (B, K, H/4, W/4)."""
        height, width = inputs.images.shape[-2:]
        if height % _DEEPEST or width % _DEEPEST:
            raise ModelError(f"images are {width} x {height}; both must be multiples of {_DEEPEST}")
        conv3, conv4, conv5 = self.backbone(inputs.images)
        return self.head(conv3, conv4, self.middle(self.place(with_coordinates(conv5))))

    def loss(self, batch: Batch) -> Tensor:
        """Squared error summed over a map's cells, weighted mean over landmarks, plus `penalty`.

        A mean over cells would leave the all-zero map nearly optimal. Absent landmarks are not
        counted. Computed in float32 also under autocast.
        """
        maps = self(batch.inputs).float().sigmoid()
        size = batch.inputs.images.shape[-2:]
        targets = encode(batch.xy, batch.visibility, size, STRIDE, self.config.sigma)
        error = (maps - targets).square().sum((-2, -1))
        weight = self._weight(batch)
        return (weight * error).sum() / weight.sum().clamp_min(1) + self.penalty()

    @torch.inference_mode()
    def predict(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Landmarks (B, K, 2) in input pixels, and the heights of the peaks (B, K)."""
        training = self.training
        self.eval()
        try:
            maps = self(inputs).float().sigmoid()
        finally:
            self.train(training)
        return decode(maps, STRIDE, self.config.decoder)

    def penalty(self) -> Tensor | float:
        """What a model adds to the loss for its own sake."""
        return 0.0

    def _weight(self, batch: Batch) -> Tensor:
        """(B, K): 1 for visible, `occluded_weight` for occluded, 0 for absent landmarks."""
        visible = (batch.visibility == Visibility.VISIBLE).float()
        occluded = (batch.visibility == Visibility.OCCLUDED).float()
        return (visible + self.config.occluded_weight * occluded) * batch.xy.isfinite().all(-1)


class VGG16(nn.Module):
    """The convolutions of VGG16 with batch normalisation, up to conv5_3 (no pool5).

    Simonyan and Zisserman, ICLR 2015, configuration D. At width 1 the `features.N` of its state
    are those of torchvision's `vgg16_bn`.
    """

    _BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels, convolutions

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        self._taps = []
        channels = 3
        for block, (full, depth) in enumerate(self._BLOCKS):
            if block:
                layers.append(nn.MaxPool2d(2))
            for _ in range(depth):
                wide = scaled(full, width)
                layers += [nn.Conv2d(channels, wide, 3, padding=1), nn.BatchNorm2d(wide)]
                layers.append(nn.ReLU(inplace=True))
                channels = wide
            self._taps.append(len(layers) - 1)
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(_IMAGENET_STD)[:, None, None], persistent=False)
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """conv3_3, conv4_3 and conv5_3 of images (B, 3, H, W): strides 4, 8 and 16."""
        x = (images - self.mean) / self.std
        x = x.contiguous(memory_format=torch.channels_last)  # up to 1.8 times faster on a CPU
        taps = []
        for position, layer in enumerate(self.features):
            x = layer(x)
            if position in self._taps[2:]:
                taps.append(x)
        return tuple(taps)


class Head(nn.Module):
    """Two times two up-sampling from conv5_3, joined by conv4_3 and conv3_3, to K heat maps.

    Nearest-neighbour up-sampling, because the gradient of the bilinear one is not deterministic
    on a GPU; the convolutions after it smooth.
    """

    def __init__(self, channels: tuple[int, int, int], dim: int, landmarks: int) -> None:
        super().__init__()
        conv3, conv4, conv5 = channels
        self.deep = nn.Conv2d(conv5, dim, 1)
        self.lateral4 = nn.Conv2d(conv4, dim, 1)
        self.lateral3 = nn.Conv2d(conv3, dim, 1)
        self.mix4 = _convolution(dim, dim, 3)
        self.mix3 = _convolution(dim, dim, 3)
        self.maps = nn.Conv2d(dim, landmarks, 1)
        nn.init.normal_(self.maps.weight, std=0.01)
        nn.init.constant_(self.maps.bias, math.log(_PRIOR / (1 - _PRIOR)))

    def forward(self, conv3: Tensor, conv4: Tensor, conv5: Tensor) -> Tensor:
        x = self.mix4(F.interpolate(self.deep(conv5), scale_factor=2) + self.lateral4(conv4))
        x = self.mix3(F.interpolate(x, scale_factor=2) + self.lateral3(conv3))
        return self.maps(x)


def scaled(full: int, width: float) -> int:
    """`full` channels times a width, rounded to a multiple of 8, at least 8."""
    return max(8, 8 * round(full * width / 8))


def with_coordinates(features: Tensor) -> Tensor:
    """Features (B, C, H, W) with x and y of the cell centres, in [-1, 1], as two more channels."""
    batch, _, height, width = features.shape
    like = {"device": features.device, "dtype": features.dtype}
    x = torch.linspace(1 / width - 1, 1 - 1 / width, width, **like).expand(height, width)
    y = torch.linspace(1 / height - 1, 1 - 1 / height, height, **like)[:, None].expand_as(x)
    grid = torch.stack([x, y], -1).expand(batch, -1, -1, -1)
    # channels last, so that features which are so stay so
    return torch.cat([features, grid.contiguous().permute(0, 3, 1, 2)], 1)


def _convolution(channels: int, wide: int, size: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels, wide, size, padding=size // 2, bias=False)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    return nn.Sequential(convolution, nn.BatchNorm2d(wide), nn.ReLU(inplace=True))
