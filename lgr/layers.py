"""The Layout-Graph Reasoning layer: plain modules that can follow any feature map.

Sections and equations are those of LGR (Yu et al., CVPR 2019); `Reading` names how they can be
read. B batch, C channels, H x W cells, N leaf nodes, d node features, M nodes one level up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from benchmark.backbone import ChannelScale, ScaledResidual, with_coordinates
from lgr.graph import Edges, LayoutGraph, clustered, normalised


@dataclass(frozen=True)
class Reading:
    """How the equations are read; the defaults are the repaired reading, `PAPER` is the literal.

    Attributes:
        vote: softmax of eq. 1. "cells": over the cells, each node is a weighted mean. "nodes": as
            printed, "all rows to one", over the nodes; sums grow with H x W. "nodes_mean": these
            over what each node received.
        embedding: whether nodes get a learned vector each, without which fresh nodes are alike.
        coordinates: whether maps have their cells' x and y as two more channels where they meet
            nodes, without which nodes hold no layout.
        map_norm: batch normalisation of F where it meets nodes. Features after a relu point all one
            way; a bilinear score may be trained to that, so that all cells take the same node.
        node_norm: layer normalisation of nodes wherever they come out. Nothing else holds their
            size; it grows in training until that softmax saturates.
        topdown: adjacency on the way down. "kept": that of the way up. "clustered": as printed,
            eq. 3 applied to the root's 1 x 1 adjacency, hence of rank one at every level.
        clusters: W_p of eq. 3, started at the schema's indicator. "soft": trained, W_p^T W_p = I
            asked for by a penalty; "orthogonal": trained, always so; "fixed": the schema's own.
        edges: A_leaf. "fixed", or "trained" from there, symmetric and the same when mirrored.
        plain_layers: graph convolutions in place of clustering and deconvolution (the paper's
            ablation); 0 for none.
        plain_residual: whether each of these adds its input, against over-smoothing.
        score: in the softmax of eq. 4. "additive": as printed, one vector on [F; X], constant
            over the cells after the softmax. "bilinear": (F Q)(X K)^T / sqrt d. "votes": that
            of eq. 1, F W_m, again.
        residual: how F_r joins F. "plain": as printed, F + F_r. "norm": F + BN(F_r).
            "scale": F + s F_r, one factor a channel.
        residual_scale: of that BN, or s, at the start; at 0 a fresh layer is the identity.
    """

    vote: Literal["cells", "nodes", "nodes_mean"] = "cells"
    embedding: bool = True
    coordinates: bool = True
    map_norm: bool = False
    node_norm: bool = True
    topdown: Literal["kept", "clustered"] = "kept"
    clusters: Literal["soft", "orthogonal", "fixed"] = "soft"
    edges: Literal["fixed", "trained"] = "fixed"
    plain_layers: int = 0
    plain_residual: bool = False
    score: Literal["bilinear", "additive", "votes"] = "bilinear"
    residual: Literal["norm", "scale", "plain"] = "norm"
    residual_scale: float = 0.0


REPAIRED = Reading()
PAPER = Reading(
    vote="nodes",
    embedding=False,
    coordinates=False,
    node_norm=False,
    topdown="clustered",
    score="additive",
    residual="plain",
)


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


class MapToNode(nn.Module):
    """Section 3.3.1, eq. 1: features (B, C, H, W) -> nodes (B, N, d), and votes (B, N, HW).

    X = norm(relu(P^T F W_t + E)), P = softmax(F W_m). Votes are F W_m, before the softmax.
    """

    def __init__(self, channels: int, nodes: int, dim: int, reading: Reading = REPAIRED) -> None:
        super().__init__()
        self.reading = reading
        channels += 2 * reading.coordinates
        self.vote = nn.Conv2d(channels, nodes, 1, bias=False)  # W_m
        self.value = _linear(channels, dim)  # W_t
        if reading.embedding:
            self.embedding = nn.Parameter(torch.empty(nodes, dim))  # E
            nn.init.normal_(self.embedding, std=0.5)
        self.norm = _norm(dim, reading)

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


class LayoutGraphReasoning(nn.Module):
    """Section 3.3.2: leaf nodes (B, N, d) -> evolved leaf nodes (B, N, d).

    Bottom-up through the levels by clustering, top-down again by deconvolution.
    """

    def __init__(self, graph: LayoutGraph, dim: int, reading: Reading = REPAIRED) -> None:
        super().__init__()
        self.edges = Edges(graph, reading.edges == "trained")
        self.clusterings = nn.ModuleList(
            GraphClustering(cluster, dim, reading) for cluster in graph.clusters
        )
        self.deconvolutions = nn.ModuleList(
            GraphDeconvolution(cluster, dim, reading) for cluster in graph.clusters
        )

    def forward(self, nodes: Tensor) -> Tensor:
        return self.trace(nodes)[0]

    def trace(self, nodes: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The evolved leaf nodes, and the adjacencies on the way down, coarsest first."""
        adjacency, finer, down = self.edges(), [], []
        for clustering in self.clusterings:
            finer.append((nodes, adjacency))
            nodes, adjacency = clustering(nodes, adjacency)
        for deconvolution in reversed(self.deconvolutions):
            nodes, adjacency = deconvolution(nodes, adjacency, *finer.pop())
            down.append(adjacency)
        return nodes, down


class GraphClustering(nn.Module):
    """Eq. 2 and 3 and the reasoning after them: (B, N, d), (N, N) -> (B, M, d), (M, M).

    X' = relu(W_p'^T A X W_h), A' = relu(W_p^T A W_p), then norm(relu(A' X' W_r)). Both clustering
    matrices start at the schema's normalised indicator. "Permutation matrix with W_p^T W_p = I"
    is not possible for a matrix that is not square: orthonormal columns are what can be asked.
    """

    def __init__(self, cluster: Tensor, dim: int, reading: Reading = REPAIRED) -> None:
        super().__init__()
        self.gather = nn.Parameter(cluster.clone())  # W_p'
        self.merge = nn.Parameter(cluster.clone(), reading.clusters != "fixed")  # W_p
        if reading.clusters == "orthogonal":
            parametrizations.orthogonal(self, "merge", "householder")
            self.merge = cluster
        self.convolve = _linear(dim, dim)  # W_h
        self.reason = _linear(dim, dim)  # W_r
        self.norm = _norm(dim, reading)

    def forward(self, nodes: Tensor, adjacency: Tensor) -> tuple[Tensor, Tensor]:
        nodes = torch.relu((self.gather.T @ normalised(adjacency)) @ self.convolve(nodes))
        adjacency = clustered(adjacency, self.merge)
        return self.norm(torch.relu(normalised(adjacency) @ self.reason(nodes))), adjacency

    def penalty(self) -> Tensor:
        """Squared distance of W_p^T W_p from the identity."""
        gram = self.merge.T @ self.merge
        return (gram - torch.eye(len(gram), device=gram.device)).square().sum()


class GraphDeconvolution(nn.Module):
    """The way back, "like eq. 2 and eq. 3": (B, M, d), (M, M) -> (B, N, d), (N, N).

    U = relu(W_q' A' X' W_h), then norm(relu(A (U + skip) W_r)): the skip holds the nodes before
    clustering, at every level. W_q' is a matrix of its own, started at the indicator, and so is
    W_q where A = relu(W_q A' W_q^T) is clustered anew.
    """

    def __init__(self, cluster: Tensor, dim: int, reading: Reading = REPAIRED) -> None:
        super().__init__()
        self.spread = nn.Parameter(cluster.clone())  # W_q'
        if reading.topdown == "clustered":
            self.split = nn.Parameter(cluster.clone())  # W_q
        self.convolve = _linear(dim, dim)  # W_h
        self.reason = _linear(dim, dim)  # W_r
        self.norm = _norm(dim, reading)
        self.reading = reading

    def forward(
        self, nodes: Tensor, adjacency: Tensor, skip: Tensor, fine_adjacency: Tensor
    ) -> tuple[Tensor, Tensor]:
        expanded = torch.relu((self.spread @ normalised(adjacency)) @ self.convolve(nodes))
        if self.reading.topdown == "clustered":
            fine_adjacency = clustered(adjacency, self.split.T)
        mixed = normalised(fine_adjacency) @ self.reason(expanded + skip)
        return self.norm(torch.relu(mixed)), fine_adjacency


class PlainReasoning(nn.Module):
    """Graph convolutions alone, relu(A X W): the paper's "different graph layers", table 2."""

    def __init__(self, graph: LayoutGraph, dim: int, reading: Reading = REPAIRED) -> None:
        super().__init__()
        self.edges = Edges(graph, reading.edges == "trained")
        self.layers = nn.ModuleList(_linear(dim, dim) for _ in range(reading.plain_layers))
        self.norms = nn.ModuleList(_norm(dim, reading) for _ in self.layers)
        self.residual = reading.plain_residual

    def forward(self, nodes: Tensor) -> Tensor:
        adjacency = normalised(self.edges())
        for layer, norm in zip(self.layers, self.norms, strict=True):
            mixed = norm(torch.relu(adjacency @ layer(nodes)))
            nodes = nodes + mixed if self.residual else mixed
        return nodes


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
        self.value = _linear(dim, channels)  # W_t'

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


def _linear(wide: int, dim: int) -> nn.Linear:
    """A matrix before a relu that keeps the size of what passes, through a dozen of them."""
    layer = nn.Linear(wide, dim, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer


def _norm(dim: int, reading: Reading) -> nn.Module:
    return nn.LayerNorm(dim, eps=1e-4) if reading.node_norm else nn.Identity()
