"""PyraNet: two stacked hourglasses of pyramid residual modules, supervised after each.

Yang et al., "Learning Feature Pyramids for Human Pose Estimation", ICCV 2017: the row "PyraNet" of
the LGR paper's tables 1 and 3, "human pose estimation model with two stages".

Followed: section 3.1 (PRM-B) and the authors' published definition of the network with two stacks:
stem, where the module stands in an hourglass and where the plain bottleneck does, widths, what
passes from one stack to the next, a loss after each stack.

Chosen by us: fixed pooling in place of fractional max pooling, whose regions are drawn at random
even in evaluation; a sigmoid on the maps, so that loss and decoding are those of every model here;
maps of odd size, which the authors' 256 x 256 never meet, are halved upwards. PyTorch's standard
initial weights, not section 3.3's. Optimiser and schedule are the recipe's, not the authors'.

With `head=shared` the two hourglasses are the middle of the shared network, on conv5_3, without a
loss between them; `features=224` then gives LGR's number of parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.backbone import ScaledResidual, convolution, map_layer
from benchmark.models import Batch, Inputs
from benchmark.network import HeatmapNet, LandmarkNet, NetConfig, check_size, configured
from benchmark.pyramid import PyramidResidual, Residual
from ffld.schema import LandmarkSchema


@dataclass(frozen=True)
class Config(NetConfig):
    """Settings of PyraNet, besides those of `NetConfig`; the defaults are the paper's.

    With the native head `batch_norm` and `coordinates` have no effect: there is no VGG16.

    Attributes:
        stacks: hourglasses, each followed by maps and a loss.
        features: channels of an hourglass at width 1; scaled by `width`.
        depth: times that an hourglass halves its maps.
    """

    input_size: int = 256
    head: Literal["shared", "native"] = "native"
    sigma: float = 1.0
    stacks: int = 2
    features: int = 256
    depth: int = 4

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        for name, high in (("stacks", 16), ("depth", 6)):
            if not 1 <= getattr(self, name) <= high:
                yield f"{name} is {getattr(self, name)}; it must be from 1 to {high}"
        if self.features < 1:
            yield f"features is {self.features}; it must be at least 1"


class PyraNet(HeatmapNet):
    """Images (B, 3, H, W) -> maps at stride 4, with PyraNet's own stem and heads."""

    stride = 4

    def __init__(self, schema: LandmarkSchema, config: Config) -> None:
        super().__init__(schema, config)
        dim = config.channels(config.features)
        self.stem = Stem(dim, config)
        self.hourglasses = nn.ModuleList(Hourglass(dim, config.depth) for _ in range(config.stacks))
        self.rectified = nn.ModuleList(Rectified(dim) for _ in range(config.stacks))
        self.maps = nn.ModuleList(map_layer(dim, len(schema)) for _ in range(config.stacks))
        between = range(config.stacks - 1)
        self.again = nn.ModuleList(nn.Conv2d(dim, dim, 1) for _ in between)
        self.back = nn.ModuleList(nn.Conv2d(len(schema), dim, 1) for _ in between)

    def forward(self, inputs: Inputs) -> Tensor:
        """The last stack's maps before the sigmoid, (B, K, H / 4, W / 4)."""
        return self.stages(inputs)[-1]

    def stages(self, inputs: Inputs) -> list[Tensor]:
        """The maps of every stack."""
        check_size(inputs)
        features = self.stem(inputs.images)  # (B, C, H / 4, W / 4)
        found = []
        for stack, hourglass in enumerate(self.hourglasses):
            seen = self.rectified[stack](hourglass(features))
            found.append(self.maps[stack](seen))  # (B, K, H / 4, W / 4)
            if stack < len(self.again):
                features = features + self.again[stack](seen) + self.back[stack](found[-1])
        return found

    def loss(self, batch: Batch) -> Tensor:
        """The sum of the stacks' `map_error`: intermediate supervision."""
        return sum(self.map_error(maps, batch) for maps in self.stages(batch.inputs))


class Stem(nn.Module):
    """Images (B, 3, H, W) -> (B, dim, H / 4, W / 4)."""

    def __init__(self, dim: int, config: Config) -> None:
        super().__init__()
        narrow, middle = config.channels(64), config.channels(128)
        self.layers = nn.Sequential(
            nn.Conv2d(3, narrow, 7, stride=2, padding=3),
            nn.BatchNorm2d(narrow),
            nn.ReLU(inplace=True),
            PyramidResidual(narrow, wide=middle, activated=True),  # (B, 128, H / 2, W / 2)
            nn.MaxPool2d(2),
            PyramidResidual(middle),
            PyramidResidual(middle, wide=dim),
        )

    def forward(self, images: Tensor) -> Tensor:
        centred = (images - 0.5).contiguous(memory_format=torch.channels_last)
        return self.layers(centred)


class Hourglass(nn.Module):
    """(B, C, h, w) -> the same shape, by way of maps halved `depth` times.

    The pyramid's modules stand where maps are large: on the way around at depth 2 and more, on
    the way through at depth 3 and more.
    """

    def __init__(self, dim: int, depth: int) -> None:
        super().__init__()
        through = PyramidResidual if depth >= 3 else Residual
        self.around = (PyramidResidual if depth >= 2 else Residual)(dim)
        self.down = through(dim)
        self.inner = Hourglass(dim, depth - 1) if depth > 1 else through(dim)
        self.up = through(dim, project=True)

    def forward(self, features: Tensor) -> Tensor:
        height, width = features.shape[-2:]
        small = F.max_pool2d(features, 2, ceil_mode=True)
        small = self.up(self.inner(self.down(small)))
        wide = F.interpolate(small, scale_factor=2)[..., :height, :width]
        return self.around(features) + wide


class Rectified(nn.Sequential):
    """Normalisation, ReLU, 1x1 convolution, normalisation, ReLU on (B, C, h, w)."""

    def __init__(self, dim: int) -> None:
        layers = nn.BatchNorm2d(dim), nn.ReLU(inplace=True), nn.Conv2d(dim, dim, 1)
        super().__init__(*layers, nn.BatchNorm2d(dim), nn.ReLU(inplace=True))


class Hourglasses(nn.Module):
    """The stacks as the middle of another network: F + BN(W f(F)), (B, C, h, w) -> the same."""

    def __init__(self, channels: int, config: Config) -> None:
        super().__init__()
        dim = config.channels(config.features)
        self.reduce = convolution(channels, dim, 1)
        self.hourglasses = nn.ModuleList(
            nn.Sequential(Hourglass(dim, config.depth), Rectified(dim), nn.Conv2d(dim, dim, 1))
            for _ in range(config.stacks)
        )
        self.expand = nn.Conv2d(dim, channels, 1, bias=False)
        self.residual = ScaledResidual(channels)

    def forward(self, features: Tensor) -> Tensor:
        seen = self.reduce(features)
        for hourglass in self.hourglasses:
            seen = seen + hourglass(seen)
        return features + self.residual(self.expand(seen))


def build(schema: LandmarkSchema, **overrides: Any) -> HeatmapNet:
    """The network of `Config`, or with `head="shared"` the shared one around its hourglasses."""
    config = configured(Config, overrides)
    if config.head == "native":
        return PyraNet(schema, config)
    return LandmarkNet(schema, config, Hourglasses(config.channels(512), config))
