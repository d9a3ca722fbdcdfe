"""FashionNet: fully connected layers regress the landmarks and say which of them are visible.

Liu et al., "DeepFashion: Powering Robust Clothes Recognition and Retrieval with Rich Annotations",
CVPR 2016: the row "FashionNet" of the LGR paper's tables 1 and 3.

Followed: its approach (section 4), as other papers and a public port describe it; not checked
against its text. VGG16 whose fifth block and fully connected layers exist once for every task. The
pose branch (1024, 1024) ends in coordinates, with a squared error over visible landmarks, and in
their visibility, by softmax. Two stages: the features of conv4_3 around the landmarks of the first,
gated by their visibility (the local branch, 1024), and those of the whole image (the global branch,
4096) tell what garment it is. The landmarks are the pose branch's, 41.5 M parameters; the second
stage is there in training. Landmarks weigh 5, the rest 1, as in the first of the paper's two turns.

Reconstructed: garment types stand in for the paper's categories and attributes; its pairs of images
for retrieval, and its second turn with the weights reversed, are left out. Chosen by us: three
states of visibility, those of the schema; coordinates in tenths of the input's side, so that errors
are of one size; features interpolated at 2 x 2 points around a landmark in place of max pooling; no
dropout; batch normalisation in the convolutions. Confidence is the probability of being visible.

With `head=shared` the heat maps take the place of the pose branch, which is itself nothing but
a head, and the second stage looks where they peak: without it (`second_stage=false`) that is
`vgg16`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.backbone import VGG16, convolution
from benchmark.heatmap import decode
from benchmark.models import Batch, Inputs, ModelError
from benchmark.network import (
    LandmarkNet,
    NetConfig,
    configured,
    evaluating,
    landmark_weight,
)
from benchmark.views import looked_at, turned_points
from ffld.schema import LandmarkSchema, Visibility

_UNIT = 10  # coordinates are regressed in tenths of the input's side


@dataclass(frozen=True)
class Config(NetConfig):
    """Settings of FashionNet, besides those of `NetConfig`; the defaults are the paper's.

    With the native head those of heat maps (`sigma`, `reduction`, `decoder`) have no effect.

    Attributes:
        second_stage: whether the garment type is told from the landmarks' features, in training.
        type_weight: of that in the loss, where landmarks and their visibility have 1.
        pose_dim, local_dim, global_dim: of the fully connected layers at width 1; scaled by
            `width`.
    """

    coordinates: bool = False
    head: Literal["shared", "native"] = "native"
    occluded_weight: float = 0.0
    second_stage: bool = True
    type_weight: float = 0.2
    pose_dim: int = 1024
    local_dim: int = 1024
    global_dim: int = 4096

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if not self.type_weight >= 0:
            yield f"type_weight is {self.type_weight}; it must not be negative"
        for name in ("pose_dim", "local_dim", "global_dim"):
            if getattr(self, name) < 1:
                yield f"{name} is {getattr(self, name)}; it must be at least 1"


class FashionNet(nn.Module):
    """Square images of `input_size` -> points and states of visibility; a `LandmarkModel`."""

    fitted = False

    def __init__(self, schema: LandmarkSchema, config: Config) -> None:
        super().__init__()
        self.config = config
        self.input_size = config.input_size
        self.uses_type = config.uses_type
        self.register_buffer("flip_index", torch.tensor(schema.flip_index), persistent=False)
        self.backbone = VGG16(config.width, config.batch_norm)
        self.pose = PoseBranch(len(schema), config)
        self.second = SecondStage(schema, config) if config.second_stage else None

    def forward(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Points (B, K, 2) as fractions of the input's side, states (B, K, 3) before softmax."""
        return self.pose(self._features(inputs)[2])

    def loss(self, batch: Batch) -> Tensor:
        """Squared error of the points, cross entropy of their states and of the garment type."""
        _, conv4, conv5 = self._features(batch.inputs)
        points, states = self.pose(conv5)
        weight = landmark_weight(batch, self.config.occluded_weight)
        target = torch.where(weight[..., None] > 0, batch.xy / self.input_size, 0.0)
        error = (_UNIT * (points.float() - target)).square().sum(-1)
        total = (weight * error).sum() / weight.sum().clamp_min(1)
        states = states.float()
        total = total + F.cross_entropy(states.flatten(0, 1), batch.visibility.flatten().long())
        if self.second is None:
            return total
        gate = states.softmax(-1)[..., Visibility.VISIBLE]
        garment = self.second(conv4, points, gate)
        return total + self.config.type_weight * _type_error(garment, batch)

    @torch.inference_mode()
    def predict(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Landmarks (B, K, 2) in input pixels, and how probably they are visible (B, K).

        What would lie outside the input is moved to its border.
        """
        with evaluating(self):
            turns, flip = self.config.turns, self.config.flip_average
            points, visible = self._read(looked_at(inputs, turns, flip))
        views = (2 if flip else 1, len(turns), -1)
        points, *mirrored = points.unflatten(0, views)
        visible, *also = visible.unflatten(0, views)
        if flip:
            x, y = mirrored[0][:, :, self.flip_index].unbind(-1)
            points = (points + torch.stack([1 - x, y], -1)) / 2
            visible = (visible + also[0][:, :, self.flip_index]) / 2
        back = [turned_points(view, -angle) for view, angle in zip(points, turns, strict=True)]
        points, visible = torch.stack(back).mean(0), visible.mean(0)
        return points.clamp(0, 1) * self.input_size, visible

    def load_imagenet(self) -> None:
        """Give VGG16 torchvision's ImageNet weights, see `VGG16.load_imagenet`."""
        self.backbone.load_imagenet()

    def _read(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        points, states = self(inputs)
        return points.float(), states.float().softmax(-1)[..., Visibility.VISIBLE]

    def _features(self, inputs: Inputs) -> tuple[Tensor, ...]:
        height, width = inputs.images.shape[-2:]
        if (width, height) != (self.input_size, self.input_size):
            raise ModelError(
                f"images are {width} x {height}; fully connected layers take those of "
                f"{self.input_size} x {self.input_size} that they were made for"
            )
        return self.backbone(inputs.images)


class PoseBranch(nn.Module):
    """conv5_3 (B, 512, S / 16, S / 16) -> points (B, K, 2) as fractions of S, states (B, K, 3)."""

    def __init__(self, landmarks: int, config: Config) -> None:
        super().__init__()
        dim = config.channels(config.pose_dim)
        self.fc6 = _rectified(_pooled_size(config), dim)
        self.fc7 = _rectified(dim, dim)
        self.points = _output(dim, landmarks * 2)
        self.states = _output(dim, landmarks * len(Visibility))

    def forward(self, conv5: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.fc7(self.fc6(F.max_pool2d(conv5, 2).flatten(1)))
        points = self.points(seen).unflatten(1, (-1, 2)) / _UNIT + 0.5  # from the middle
        return points, self.states(seen).unflatten(1, (-1, len(Visibility)))


class SecondStage(nn.Module):
    """conv4_3 (B, 512, S / 8, S / 8) and what the first stage found -> garment types (B, C).

    The local branch sees the map around each landmark, the global branch all of it. Neither
    points nor visibility learn from this: the pooling passes no gradient to where it looks.
    """

    def __init__(self, schema: LandmarkSchema, config: Config) -> None:
        super().__init__()
        channels = config.channels(512)
        wide = config.channels(config.global_dim)
        local = config.channels(config.local_dim)
        self.local = _rectified(len(schema) * 4 * channels, local)
        self.block5 = nn.Sequential(*(convolution(channels, channels, 3) for _ in range(3)))
        self.whole = _rectified(_pooled_size(config), wide)
        self.fusion = _rectified(local + wide, wide)
        self.types = _output(wide, len(schema.garment_types))

    def forward(self, conv4: Tensor, points: Tensor, visible: Tensor) -> Tensor:
        """Garment types before softmax.

        Args:
            points: (B, K, 2) as fractions of the input's side.
            visible: (B, K) in [0, 1].
        """
        around = pooled(conv4, points.detach()) * visible.detach()[..., None]  # (B, K, 4 C)
        local = self.local(around.flatten(1))
        deep = F.max_pool2d(self.block5(F.max_pool2d(conv4, 2)), 2)
        both = torch.cat([local, self.whole(deep.flatten(1))], 1)
        return self.types(self.fusion(both))


class SharedFashionNet(LandmarkNet):
    """The shared network, trained with the second stage beside it."""

    def __init__(self, schema: LandmarkSchema, config: Config) -> None:
        super().__init__(schema, config, nn.Identity())
        self.second = SecondStage(schema, config)

    def loss(self, batch: Batch) -> Tensor:
        """`map_error`, and the cross entropy of the garment type."""
        features = self.features(batch.inputs)
        maps = self.head(*features)
        xy, height = decode(maps.detach().float().sigmoid(), self.stride)
        garment = self.second(features[1], xy / self.input_size, height)
        return self.map_error(maps, batch) + self.config.type_weight * _type_error(garment, batch)


def pooled(maps: Tensor, points: Tensor) -> Tensor:
    """Features of maps (B, C, h, w) at 2 x 2 points, one cell apart, around each of (B, K, 2).

    Interpolated between cells, by a product whose gradient is deterministic on a GPU too.

    Args:
        points: fractions of the maps' width and height.

    Returns:
        (B, K, 4 C).
    """
    height, width = maps.shape[-2:]
    columns, rows = _shares(points[..., 0], width), _shares(points[..., 1], height)
    share = rows[..., :, None, :, None] * columns[..., None, :, None, :]  # (B, K, 2, 2, h, w)
    share = share.flatten(-2).flatten(1, 3).to(maps.dtype)  # (B, 4 K, h w)
    return (share @ maps.flatten(2).transpose(1, 2)).unflatten(1, (-1, 4)).flatten(2)


def build(schema: LandmarkSchema, **overrides: Any) -> nn.Module:
    """The network of `Config`, or with `head="shared"` the shared one with its second stage."""
    config = configured(Config, overrides)
    if config.head == "native":
        return FashionNet(schema, config)
    if config.second_stage:
        return SharedFashionNet(schema, config)
    return LandmarkNet(schema, config, nn.Identity())


def _shares(at: Tensor, cells: int) -> Tensor:
    """(B, K, 2, cells): linear shares of the cells half a cell before `at` (B, K) and after it."""
    pair = torch.tensor([-0.5, 0.5], device=at.device)
    position = (at.float()[..., None] * cells - 0.5 + pair).clamp(0, cells - 1)
    return (1 - (torch.arange(cells, device=at.device) - position[..., None]).abs()).clamp_min(0)


def _type_error(garment: Tensor, batch: Batch) -> Tensor:
    return F.cross_entropy(garment.float(), batch.inputs.garment_type)


def _pooled_size(config: Config) -> int:
    """Numbers that pool5 leaves."""
    return config.channels(512) * (config.input_size // 32) ** 2


def _rectified(wide: int, dim: int) -> nn.Sequential:
    layer = nn.Linear(wide, dim)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(layer.bias)
    return nn.Sequential(layer, nn.ReLU())


def _output(wide: int, dim: int) -> nn.Linear:
    """A last layer, which starts near zero."""
    layer = nn.Linear(wide, dim)
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
    return layer
