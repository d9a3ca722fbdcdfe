"""The network that heat-map models share, so that they differ in their middle only.

Images -> VGG16 -> coordinate channels -> *middle* -> head -> K heat maps. Loss and decoding are
defined here, once, for all models whose output is heat maps. The middle of LGR and of its controls
is a stack of layers, each followed by a pyramid; the controls differ from LGR in the layer alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, TypeVar

import torch
from torch import Tensor, nn

from benchmark.backbone import (
    BLOCKS,
    VGG16,
    NativeHead,
    SharedHead,
    convolution,
    scaled,
    with_coordinates,
)
from benchmark.heatmap import decode, encode
from benchmark.models import Batch, Inputs, ModelError
from benchmark.pyramid import pyramid
from benchmark.views import FARTHEST, averaged, looked_at
from ffld.schema import LandmarkSchema, Visibility

_DEEPEST = 16  # input pixels per cell of conv5_3


@dataclass(frozen=True)
class NetConfig:
    """Settings that all heat-map models share; the defaults are the full profile.

    Attributes:
        input_size: side of the square input in pixels, a multiple of 16, at least 48.
        width: factor on every number of channels; 1 is VGG16's own.
        batch_norm: whether VGG16 has batch normalisation.
        coordinates: whether the cells' x and y are mixed into the features before the middle.
        head: "shared" has lateral connections and maps at stride 4; "native" is the paper's own:
            for LGR and its controls one 1x1 convolution on conv5_3, at stride 16.
        sigma: of the target Gaussians, in heat-map cells.
        reduction: of a map's squared error over its cells, "sum" or "mean".
        occluded_weight: of occluded landmarks in the loss, where visible ones have 1.
        decoder: how heat maps become points, see `benchmark.heatmap.decode`.
        flip_average: whether predictions average the maps of the image and of its mirror image,
            which costs twice the time (test-time augmentation: say so where results are compared).
        turns: predictions average the maps of the image turned by each of these angles, in degrees
            clockwise, which costs as many times the time; (-15, 15) serves photographs.
    """

    uses_type: ClassVar[bool] = False

    input_size: int = 224
    width: float = 1.0
    batch_norm: bool = True
    coordinates: bool = True
    head: Literal["shared", "native"] = "shared"
    sigma: float = 2.0
    reduction: Literal["sum", "mean"] = "sum"
    occluded_weight: float = 0.5
    decoder: Literal["subpixel", "argmax"] = "subpixel"
    flip_average: bool = False
    turns: tuple[float, ...] = (0.0,)

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
        if not (self.turns and all(abs(angle) <= FARTHEST for angle in self.turns)):
            yield f"turns is {self.turns}; it must list angles of up to {FARTHEST:g} degrees"

    def channels(self, full: int) -> int:
        """What `full` channels become at this width."""
        return scaled(full, self.width)


@dataclass(frozen=True)
class StackConfig(NetConfig):
    """Settings of models with a stack of layers in their middle.

    Attributes:
        stacks: number of layers, each followed by a pyramid; 0 leaves `vgg16`.
        inject: block of VGG16 after which the stack stands, 1 to 5 (LGR, table 2: 5 is best).
        pyramid: what follows each layer: PyraNet's residual module, its pyramid branch, nothing.
        residual_scale: of the normalised residual of each layer at the start.
    """

    stacks: int = 4
    inject: int = 5
    pyramid: Literal["prm", "branch", "none"] = "prm"
    residual_scale: float = 0.0

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if not 0 <= self.stacks <= 16:
            yield f"stacks is {self.stacks}; it must be from 0 to 16"
        if not 1 <= self.inject <= len(BLOCKS):
            yield f"inject is {self.inject}; it must be from 1 to {len(BLOCKS)}"


_Config = TypeVar("_Config", bound=NetConfig)


def configured(kind: type[_Config], overrides: Mapping[str, Any]) -> _Config:
    """The settings of a paper's own network, which with the shared head are those of all models.

    Defaults are those of `kind`; with `head="shared"` whatever `NetConfig` has is `NetConfig`'s.
    """
    shared = overrides.get("head") == "shared"
    defaults = {field.name: field.default for field in fields(NetConfig)} if shared else {}
    return kind(**{**defaults, **overrides})


class HeatmapNet(nn.Module):
    """A `LandmarkModel` that draws heat maps: its loss, and how they become points.

    Attributes:
        stride: input pixels a cell of the maps.
    """

    fitted = False
    stride: int

    def __init__(self, schema: LandmarkSchema, config: NetConfig) -> None:
        super().__init__()
        self.config = config
        self.input_size = config.input_size
        self.uses_type = config.uses_type
        self.register_buffer("flip_index", torch.tensor(schema.flip_index), persistent=False)

    def forward(self, inputs: Inputs) -> Tensor:
        """Heat maps before the sigmoid, (B, K, H / stride, W / stride)."""
        raise NotImplementedError

    def looks(self, inputs: Inputs, turns: Sequence[float], flip: bool) -> Tensor:
        """Mean heat maps over views of images, (B, K, H / stride, W / stride), from 0 to 1."""
        maps = self(looked_at(inputs, turns, flip)).float().sigmoid()
        return averaged(maps, turns, self.flip_index if flip else None)

    def loss(self, batch: Batch) -> Tensor:
        """`map_error`, plus `penalty`."""
        return self.map_error(self(batch.inputs), batch) + self.penalty()

    def map_error(self, maps: Tensor, batch: Batch) -> Tensor:
        """Squared error of maps (B, K, h, w) before the sigmoid, weighted mean over landmarks.

        Summed over a map's cells unless `reduction` says otherwise: a mean leaves gradients
        hundreds of times smaller, the all-zero map being nearly optimal. Absent landmarks are
        not counted. Computed in float32 also under autocast.
        """
        size = batch.inputs.images.shape[-2:]
        targets = encode(batch.xy, batch.visibility, size, self.stride, self.config.sigma)
        error = (maps.float().sigmoid() - targets).square()
        error = error.sum((-2, -1)) if self.config.reduction == "sum" else error.mean((-2, -1))
        weight = landmark_weight(batch, self.config.occluded_weight)
        return (weight * error).sum() / weight.sum().clamp_min(1)

    def penalty(self) -> Tensor | float:
        """What a model adds to the loss for its own sake."""
        return 0.0

    @torch.inference_mode()
    def predict(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Landmarks (B, K, 2) in input pixels, and the heights of the peaks (B, K)."""
        with evaluating(self):
            maps = self.looks(inputs, self.config.turns, self.config.flip_average)
        return decode(maps, self.stride, self.config.decoder)


class LandmarkNet(HeatmapNet):
    """VGG16, a middle after one of its blocks, and a head.

    Args:
        middle: maps (B, C, h, w) to the same shape, C = config.channels of that block.
        after: that block, 1 to 5; cells are 2^(after - 1) input pixels wide.
    """

    def __init__(
        self, schema: LandmarkSchema, config: NetConfig, middle: nn.Module, after: int = 5
    ) -> None:
        super().__init__(schema, config)
        self.after = after
        wide = config.channels(BLOCKS[after - 1][0])
        self.backbone = VGG16(config.width, config.batch_norm)
        self.place = convolution(wide + 2, wide, 1) if config.coordinates else None
        self.middle = middle
        conv3, conv4, conv5 = (config.channels(full) for full, _ in BLOCKS[2:])
        if config.head == "native":
            self.head = NativeHead(conv5, len(schema))
        else:
            self.head = SharedHead((conv3, conv4, conv5), config.channels(256), len(schema))
        self.stride = self.head.stride

    def forward(self, inputs: Inputs) -> Tensor:
        """Heat maps before the sigmoid, (B, K, H / stride, W / stride)."""
        return self.head(*self.features(inputs))

    def features(self, inputs: Inputs) -> tuple[Tensor, Tensor, Tensor]:
        """conv3_3, conv4_3 and conv5_3 with the middle where it belongs."""
        check_size(inputs)
        return self.backbone(inputs.images, self._between, self.after)

    def load_imagenet(self) -> None:
        """Give VGG16 torchvision's ImageNet weights, see `VGG16.load_imagenet`."""
        self.backbone.load_imagenet()

    def _between(self, features: Tensor) -> Tensor:
        return self.middle(self.place(with_coordinates(features)) if self.place else features)


class StackedNet(LandmarkNet):
    """The shared network with a stack in its middle.

    Args:
        layer: channels -> a new layer that maps (B, channels, h, w) to the same shape.
    """

    def __init__(
        self, schema: LandmarkSchema, config: StackConfig, layer: Callable[[int], nn.Module]
    ) -> None:
        wide = config.channels(BLOCKS[config.inject - 1][0])
        stacks = (
            nn.Sequential(layer(wide), pyramid(config.pyramid, wide)) for _ in range(config.stacks)
        )
        super().__init__(schema, config, nn.Sequential(*stacks), config.inject)


def landmark_weight(batch: Batch, occluded: float) -> Tensor:
    """(B, K) in a loss: 1 for visible, `occluded` for occluded, 0 for absent landmarks."""
    # As plain numbers: torch.compile takes a tensor and an enumeration's member for unequal.
    seen = (batch.visibility == int(Visibility.VISIBLE)).float()
    hidden = (batch.visibility == int(Visibility.OCCLUDED)).float()
    return (seen + occluded * hidden) * batch.xy.isfinite().all(-1)


def check_size(inputs: Inputs) -> None:
    """Refuse images that VGG16 cannot halve four times (ModelError)."""
    height, width = inputs.images.shape[-2:]
    if height % _DEEPEST or width % _DEEPEST:
        raise ModelError(f"images are {width} x {height}; both must be multiples of {_DEEPEST}")


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside; every module has the mode that it had before after it."""
    trained = [module for module in model.modules() if module.training]
    if trained:  # setting the mode of all modules takes longer than a layer
        model.eval()
    try:
        yield
    finally:
        for module in trained:
            module.training = True
