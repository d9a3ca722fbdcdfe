"""The Layout-Graph Reasoning layer: plain modules that can follow any feature map.

Sections and equations are those of LGR (Yu et al., CVPR 2019); `Reading` names how they can be
read. B batch, C channels, H x W cells, N leaf nodes, d node features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmark.backbone import ChannelScale, ScaledResidual, with_coordinates
from lgr.frozen import FrozenLayer
from lgr.graph import LayoutGraph
from lgr.reading import REPAIRED, Reading
from lgr.reasoning import LayoutGraphReasoning, PlainReasoning, linear, node_norm


class LGRLayer(nn.Module):
    """One LGR layer (section 3.3): features (B, C, H, W) -> features of the same shape.

    F + NodeToMap(F, reasoning(MapToNode(F))), the residual of figure 2. It can be put after any
    feature map, for any schema; here in a ResNet:

    >>> import torch, torchvision
    >>> from ffld.schema import FFLD
    >>> from lgr.graph import LayoutGraph
    >>> from lgr.layers import LGRLayer
    >>> resnet = torchvision.models.resnet18(weights=None)
    >>> layer = LGRLayer(LayoutGraph.from_schema(FFLD), channels=256, dim=64)
    >>> resnet.layer3.append(layer)  # doctest: +ELLIPSIS
    Sequential(...)
    >>> resnet(torch.zeros(2, 3, 64, 64)).shape
    torch.Size([2, 1000])
    """

    def __init__(
        self, graph: LayoutGraph, channels: int, dim: int = 128, reading: Reading = REPAIRED
    ) -> None:
        super().__init__()
        self.map_norm = nn.BatchNorm2d(channels) if reading.map_norm else nn.Identity()
        self.map_to_node = MapToNode(channels, graph.sizes[0], dim, reading)
        if reading.plain_layers:
            self.reasoning = PlainReasoning(graph, dim, reading)
        else:
            self.reasoning = LayoutGraphReasoning(graph, dim, reading)
        self.node_to_map = NodeToMap(channels, dim, reading)
        kinds = {"norm": ScaledResidual, "scale": ChannelScale, "plain": nn.Identity}
        self.residual = kinds[reading.residual](channels, reading.residual_scale)

    def forward(self, features: Tensor) -> Tensor:
        maps = self.map_norm(features)
        nodes, votes = self.map_to_node(maps)
        return features + self.residual(self.node_to_map(maps, self.reasoning(nodes), votes))

    def freeze(self) -> FrozenLayer:
        """As the parameters make it now, for prediction alone (`benchmark.frozen`)."""
        return FrozenLayer(self)


class MapToNode(nn.Module):
    """Section 3.3.1, eq. 1: features (B, C, H, W) -> nodes (B, N, d), and votes (B, N, HW).

    X = norm(relu(P^T F W_t + E)), P = softmax(F W_m). Votes are F W_m, before the softmax.
    """

    def __init__(self, channels: int, nodes: int, dim: int, reading: Reading = REPAIRED) -> None:
        super().__init__()
        self.reading = reading
        channels += 2 * reading.coordinates
        self.vote = nn.Conv2d(channels, nodes, 1, bias=False)  # W_m
        self.value = linear(channels, dim)  # W_t
        if reading.embedding:
            self.embedding = nn.Parameter(torch.empty(nodes, dim))  # E
            nn.init.normal_(self.embedding, std=0.5)
        self.norm = node_norm(dim, reading)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        features = with_coordinates(features) if self.reading.coordinates else features
        votes = self.vote(features).flatten(2)  # (B, N, HW)
        shares = votes.softmax(-1 if self.reading.vote == "cells" else 1)
        if self.reading.vote == "nodes_mean":
            shares = shares / shares.sum(-1, keepdim=True)
        pooled = shares @ features.flatten(2).transpose(1, 2)  # (B, N, C)
        nodes = self.value(pooled)
        nodes = nodes + self.embedding if self.reading.embedding else nodes
        return self.norm(torch.relu(nodes)), votes


class NodeToMap(nn.Module):
    """Section 3.3.3, eq. 4: features (B, C, H, W), nodes (B, N, d) -> F_r (B, C, H, W).

    F_r = softmax(scores) over the nodes times relu(X W_t'). The printed score, one vector W_m' on
    [F; X], is a term of the cell plus a term of the node; softmax over the nodes cancels the
    former, so every cell gets the same vector. (Softmax over cells would cancel the latter:
    then all cells get multiples of one vector.) The HW x N x (C + d) tensor of the text is never
    made: the vector is applied to both parts first. A score that mixes them in between, as in
    GATv2, would need it and is left out. The outer relu does nothing to a product of
    non-negative factors and is left out too.
    """

    def __init__(self, channels: int, dim: int, reading: Reading = REPAIRED) -> None:
        super().__init__()
        self.reading = reading
        wide = channels + 2 * reading.coordinates
        if reading.score == "bilinear":
            self.query = nn.Conv2d(wide, dim, 1, bias=False)  # Q
            self.key = nn.Linear(dim, dim, bias=False)  # K
        elif reading.score == "additive":
            self.cell = nn.Conv2d(wide, 1, 1, bias=False)  # W_m', its first C entries
            self.node = nn.Linear(dim, 1, bias=False)  # its last d
        self.value = linear(dim, channels)  # W_t'

    def forward(self, features: Tensor, nodes: Tensor, votes: Tensor) -> Tensor:
        shares = self._scores(features, nodes, votes).softmax(-1)  # (B, HW, N)
        mixed = shares @ torch.relu(self.value(nodes))  # (B, HW, C)
        return mixed.transpose(1, 2).unflatten(2, features.shape[2:])

    def _scores(self, features: Tensor, nodes: Tensor, votes: Tensor) -> Tensor:
        if self.reading.score == "votes":
            return votes.transpose(1, 2)
        features = with_coordinates(features) if self.reading.coordinates else features
        if self.reading.score == "additive":
            return self.cell(features).flatten(2).transpose(1, 2) + self.node(nodes).transpose(1, 2)
        queries = self.query(features).flatten(2).transpose(1, 2)  # (B, HW, d)
        return queries @ self.key(nodes).transpose(1, 2) / nodes.shape[-1] ** 0.5
