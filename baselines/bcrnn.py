"""BCRNN: landmarks exchange messages along the chains of a fashion grammar.

Wang et al., "Attentive Fashion Grammar Network for Fashion Landmark Detection and Clothing Category
Classification", CVPR 2018: the row "BCRNNs" of the LGR paper's tables 1 and 3, whose section 4.5
says that FFLD's grammar too "consist[s] of kinematics grammar and symmetry grammar".

Followed: its landmark branch (section 3), as other papers describe it; not checked against its
text. VGG16 up to conv4_3, maps at stride 8; a kinematics layer, then a symmetry layer; each rule is
a chain walked both ways by a recurrent network whose states are maps and whose matrices are
convolutions; what a landmark gets from all rules that it is in is averaged; sigmoid, squared error.
On 8 landmarks the rules are the paper's: collar-waistline-hem and collar-sleeve on either side, and
the four pairs.

Reconstructed: FFLD's rules, whose list was in a supplement that was not found. Here a schema's
outlines and edges, each walked once, are the kinematics grammar and its flip pairs the symmetry
grammar, which on 8 landmarks gives the paper's rules. Chosen by us: `state` features a landmark,
3 x 3 convolutions, tanh, landmarks that no rule names keep what they have, targets one cell wide,
one loss on the last maps, batch normalisation in VGG16. The paper's two attentions serve its
category classification and are left out.

With `head=shared` both grammar layers are the middle of the shared network, on conv5_3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.backbone import VGG16, ScaledResidual, convolution, map_layer
from benchmark.models import Inputs
from benchmark.network import HeatmapNet, LandmarkNet, NetConfig, check_size, configured
from ffld.schema import LandmarkSchema

Chain = tuple[str, ...]


@dataclass(frozen=True)
class Config(NetConfig):
    """Settings of BCRNN, besides those of `NetConfig`; the defaults are the paper's.

    Attributes:
        state: features a landmark in a cell at width 1; scaled by `width`.
        kernel: side of the recurrent networks' convolutions, odd.
        grammars: which layers there are, in this order; "none" leaves the network without messages.
    """

    coordinates: bool = False
    head: Literal["shared", "native"] = "native"
    sigma: float = 1.0
    state: int = 32
    kernel: int = 3
    grammars: Literal["both", "kinematics", "symmetry", "none"] = "both"

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if self.state < 1:
            yield f"state is {self.state}; it must be at least 1"
        if self.kernel < 1 or self.kernel % 2 == 0:
            yield f"kernel is {self.kernel}; it must be odd and at least 1"


def kinematics(schema: LandmarkSchema) -> list[Chain]:
    """The schema's outlines and edges as chains that walk each of them once.

    Edges are joined end to end; an outline goes on where no earlier chain has been.
    """
    walked, chains = set(), []
    for steps in (*map(pairwise, schema.outlines), schema.edges):
        begun = len(chains)
        for a, b in steps:
            if frozenset((a, b)) in walked:
                continue
            walked.add(frozenset((a, b)))
            open_ended = [chain for chain in chains[begun:] if chain[-1] in (a, b)]
            if open_ended:
                open_ended[-1].append(b if open_ended[-1][-1] == a else a)
            else:
                chains.append([a, b])
    return [tuple(chain) for chain in chains]


def symmetry(schema: LandmarkSchema) -> list[Chain]:
    """The schema's left-right pairs."""
    return list(schema.flip_pairs)


class BCRNN(HeatmapNet):
    """Images (B, 3, H, W) -> maps at stride 8, from conv4_3."""

    stride = 8

    def __init__(self, schema: LandmarkSchema, config: Config) -> None:
        super().__init__(schema, config)
        self.backbone = VGG16(config.width, config.batch_norm, blocks=4)
        channels, landmarks = config.channels(512), len(schema)
        state = config.channels(config.state)
        self.split = convolution(channels, landmarks * state, 1)
        self.grammar = Grammar(schema, state, config)
        self.maps = map_layer(landmarks * state, landmarks, groups=landmarks)

    def forward(self, inputs: Inputs) -> Tensor:
        """Heat maps before the sigmoid, (B, K, H / 8, W / 8)."""
        check_size(inputs)
        conv4 = self.backbone(inputs.images)[-1]  # (B, 512, H / 8, W / 8)
        return self.maps(self.grammar(self.split(conv4)))

    def load_imagenet(self) -> None:
        """Give VGG16 torchvision's ImageNet weights, see `VGG16.load_imagenet`."""
        self.backbone.load_imagenet()


class Middle(nn.Module):
    """The grammar as the middle of another network: (B, C, h, w) -> the same, F + BN(W g(F))."""

    def __init__(self, schema: LandmarkSchema, channels: int, config: Config) -> None:
        super().__init__()
        state = config.channels(config.state)
        self.split = convolution(channels, len(schema) * state, 1)
        self.grammar = Grammar(schema, state, config)
        self.expand = nn.Conv2d(len(schema) * state, channels, 1, bias=False)
        self.residual = ScaledResidual(channels)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.residual(self.expand(self.grammar(self.split(features))))


class Grammar(nn.Sequential):
    """The grammar layers on features by landmark (B, K d, h, w) -> the same shape."""

    def __init__(self, schema: LandmarkSchema, state: int, config: Config) -> None:
        layers = []
        for name, rules in (("kinematics", kinematics), ("symmetry", symmetry)):
            if config.grammars in (name, "both"):
                layers.append(GrammarLayer(schema, rules(schema), state, config.kernel))
        super().__init__(*layers)


class GrammarLayer(nn.Module):
    """Messages along chains, both ways: (B, K d, h, w) -> the same shape.

    Forward and backward, each chain has weights of its own, the same at every step:
    h_i = tanh(W_x * x_i + W_h * h_(i-1) + b), and landmark i gets W_y * h_i from either direction;
    it keeps the mean of what it gets over the rules that it is in. All chains take their steps at
    the same time, as groups of one convolution.
    """

    def __init__(
        self, schema: LandmarkSchema, chains: Sequence[Chain], state: int, kernel: int
    ) -> None:
        super().__init__()
        self.state = state
        walks = [[schema.index(name) for name in chain] for chain in chains]
        walks = sorted([*walks, *(walk[::-1] for walk in walks)], key=len, reverse=True)
        # Of step t: the landmarks of the walks that are that long, which come first.
        self.steps = [
            [walk[step] for walk in walks if len(walk) > step] for step in range(len(walks[0]))
        ]
        shape = (len(walks) * state, state, kernel, kernel)
        self.take, self.keep, self.give = (nn.Parameter(torch.empty(shape)) for _ in range(3))
        self.bias = nn.Parameter(torch.zeros(len(walks) * state))
        for weight in (self.take, self.keep, self.give):
            nn.init.normal_(weight, std=(state * kernel**2) ** -0.5)
        visits = torch.tensor([landmark for step in self.steps for landmark in step])
        share = F.one_hot(visits, len(schema)).float().T  # (K, visits)
        share = 2 * share / share.sum(1, keepdim=True).clamp_min(1)  # both directions of a rule
        self.register_buffer("share", share, persistent=False)
        self.register_buffer("unnamed", (share.sum(1) == 0).float(), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        nodes = features.unflatten(1, (-1, self.state))  # (B, K, d, h, w)
        hidden, given = None, []
        for landmarks in self.steps:
            wide = len(landmarks) * self.state  # walks times d
            driven = _grouped(nodes[:, landmarks].flatten(1, 2), self.take[:wide])
            driven = driven + self.bias[:wide, None, None]
            if hidden is not None:
                driven = driven + _grouped(hidden[:, :wide], self.keep[:wide])
            hidden = driven.tanh()  # (B, walks d, h, w)
            given.append(_grouped(hidden, self.give[:wide]))
        messages = torch.cat(given, 1).unflatten(1, (-1, self.state))  # (B, visits, d, h, w)
        share, unnamed = self.share.to(messages.dtype), self.unnamed[:, None, None, None]
        got = torch.einsum("kv,bvdhw->bkdhw", share, messages)
        return (got + unnamed * nodes).flatten(1, 2)


def _grouped(maps: Tensor, weight: Tensor) -> Tensor:
    """Maps (B, G d, h, w), each of G groups convolved by its own part of weight (G d, d, k, k)."""
    wide, state, size, _ = weight.shape
    return F.conv2d(maps, weight, padding=size // 2, groups=wide // state)


def build(schema: LandmarkSchema, **overrides: Any) -> HeatmapNet:
    """The network of `Config`, or with `head="shared"` the shared one around its grammar."""
    config = configured(Config, overrides)
    if config.head == "native":
        return BCRNN(schema, config)
    return LandmarkNet(schema, config, Middle(schema, config.channels(512), config))
