"""The LGR layer for prediction alone: what its parameters decide is multiplied out beforehand.

In small maps a layer's time is that of its operators, whatever their size. So cells are rows
throughout, what meets the same rows is one product, and code runs straight through tensors. What is
computed is that of `lgr.layers` and `lgr.reasoning` in every reading, within rounding.
B batch, C channels, H x W cells, N leaf nodes, d node features, M nodes one level up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from benchmark.backbone import ChannelScale, affine, as_maps, as_rows, coordinate_rows

if TYPE_CHECKING:
    from lgr.layers import LGRLayer
    from lgr.reasoning import LayoutGraphReasoning, PlainReasoning


class FrozenLayer(nn.Module):
    """An `LGRLayer`: features (B, C, H, W) -> features of the same shape.

    One product takes cells to votes, values (W_t of eq. 1) and queries (of eq. 4, with K and
    1 / sqrt d in them), n numbers together; coordinates and the normalisation of F add a term a
    cell. Factors and shifts of the residual are applied to nodes: a cell's shares sum to one.
    """

    def __init__(self, layer: LGRLayer) -> None:
        super().__init__()
        reading = self.reading = layer.map_to_node.reading
        self.reasoning = layer.reasoning.freeze()
        self.norm = layer.map_to_node.norm
        nodes, dim = len(layer.map_to_node.vote.weight), len(layer.map_to_node.value.weight)
        weight, constant = _entrance(layer, nodes + dim)
        self.widths = [nodes, dim, len(weight) - nodes - dim]
        value = layer.node_to_map.value.weight  # W_t'
        weight, place = weight.split([len(value), weight.shape[1] - len(value)], 1)
        if reading.map_norm:
            scale, shift = affine(layer.map_norm)
            weight, constant = weight * scale, constant + weight @ shift
        embedding = layer.map_to_node.embedding if reading.embedding else weight.new_zeros(1, dim)
        kept = weight.T, constant, place.T, embedding, value.T, *_residual(layer, len(value))
        self.kept = Kept(kept)

    def forward(self, features: Tensor) -> Tensor:
        entrance, constant, place, embedding, value, scale, shift = self.kept()
        size, cells = features.shape[2:], as_rows(features)  # (B, HW, C)
        if self.reading.coordinates:
            constant = torch.addmm(constant, coordinate_rows(features), place)  # (HW, n)
        made = (cells @ entrance).add_(constant)
        votes, values, queries = made.split(self.widths, -1)
        nodes = torch.baddbmm(embedding, self._votes(votes).mT, values).relu_()  # (B, N, d)
        nodes = self.reasoning(self.norm(nodes.transpose(0, 1).flatten(0, 1)))  # (N B, d)
        mixed = torch.addcmul(shift, (nodes @ value).relu_(), scale)  # (N B, C)
        nodes, mixed = (one.unflatten(0, (-1, cells.shape[0])) for one in (nodes, mixed))
        scores = votes if self.reading.score == "votes" else queries @ nodes.permute(1, 2, 0)
        return as_maps(torch.baddbmm(cells, scores.softmax(-1), mixed.transpose(0, 1)), size)

    def _votes(self, votes: Tensor) -> Tensor:
        """Shares of eq. 1 (B, HW, N)."""
        shares = votes.softmax(1 if self.reading.vote == "cells" else -1)
        return shares / shares.sum(1, True) if self.reading.vote == "nodes_mean" else shares


class FrozenReasoning(nn.Module):
    """A `LayoutGraphReasoning`: rows of nodes (N B, d), a node's samples together -> the same."""

    def __init__(self, reasoning: LayoutGraphReasoning) -> None:
        super().__init__()
        matrices = iter(reasoning.matrices()[0])
        steps = [*reasoning.clusterings, *reversed(reasoning.deconvolutions)]
        self.levels = len(reasoning.clusterings)
        self.kept = Kept(
            tensor
            for step in steps
            for tensor in (
                *(next(matrices), step.convolve.weight.T),
                *(next(matrices), step.reason.weight.T),
            )
        )
        self.norms = nn.ModuleList(step.norm for step in steps)

    def forward(self, nodes: Tensor) -> Tensor:
        kept, finer = iter(self.kept()), []
        for step, norm in enumerate(self.norms):
            if step < self.levels:
                finer.append(nodes)
            nodes = _convolved(next(kept), nodes, next(kept))
            if step >= self.levels:
                nodes += finer.pop()
            nodes = norm(_convolved(next(kept), nodes, next(kept)))
        return nodes


class FrozenPlain(nn.Module):
    """A `PlainReasoning`: rows of nodes (N B, d), a node's samples together -> the same."""

    def __init__(self, reasoning: PlainReasoning) -> None:
        super().__init__()
        weights = (layer.weight.T for layer in reasoning.layers)
        self.kept = Kept([reasoning.adjacency(), *weights])
        self.norms, self.residual = reasoning.norms, reasoning.residual

    def forward(self, nodes: Tensor) -> Tensor:
        adjacency, *weights = self.kept()
        for weight, norm in zip(weights, self.norms, strict=True):
            mixed = norm(_convolved(adjacency, nodes, weight))
            nodes = nodes + mixed if self.residual else mixed
        return nodes


class Kept(nn.Module):
    """Tensors that go where their model goes and are no part of its state."""

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        super().__init__()
        for position, tensor in enumerate(tensors):
            tensor = tensor.detach().clone(memory_format=torch.contiguous_format)
            self.register_buffer(f"tensor{position}", tensor, persistent=False)

    def forward(self) -> tuple[Tensor, ...]:
        return tuple(self._buffers.values())


def _convolved(matrix: Tensor, nodes: Tensor, weight: Tensor) -> Tensor:
    """relu(A X W): (M, N), (N B, d), (d, d) -> (M B, d)."""
    gathered = matrix @ nodes.view(matrix.shape[1], -1)  # (M, B d): one product for all samples
    return (gathered.view(-1, len(weight)) @ weight).relu_()


def _entrance(layer: LGRLayer, before: int) -> tuple[Tensor, Tensor]:
    """What takes a cell's channels and coordinates to n numbers: (n, C + 2), and a term (n,).

    Args:
        before: votes and values, which come before the queries.
    """
    to_node, to_map = layer.map_to_node, layer.node_to_map
    parts = [to_node.vote.weight.flatten(1), to_node.value.weight]
    if to_node.reading.score == "bilinear":  # (F Q)(X K)^T / sqrt d = (F Q K^T / sqrt d) X^T
        key = to_map.key.weight
        parts.append(key.T @ to_map.query.weight.flatten(1) / key.shape[1] ** 0.5)
    constant = parts[0].new_zeros(before)
    if to_node.reading.score == "additive":  # the cell's own term is that of all its nodes
        node = to_map.node.weight[0]
        parts.append(node.new_zeros(len(node), parts[0].shape[1]))
        constant = torch.cat([constant, node])
    weight = torch.cat(parts)
    return weight, torch.cat([constant, constant.new_zeros(len(weight) - len(constant))])


def _residual(layer: LGRLayer, channels: int) -> tuple[Tensor, Tensor]:
    """Factors and shifts (C,) of F_r where it joins F."""
    if isinstance(layer.residual, nn.BatchNorm2d):
        return affine(layer.residual)
    zeros = layer.node_to_map.value.weight.new_zeros(channels)
    if isinstance(layer.residual, ChannelScale):
        return layer.residual.weight.detach().flatten().clone(), zeros
    return zeros + 1, zeros
