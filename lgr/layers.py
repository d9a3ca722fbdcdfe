"""The Layout-Graph Reasoning layer: plain modules that can follow any feature map.

Sections and equations are those of LGR (Yu et al., CVPR 2019). Where an equation as printed is
degenerate or undetermined, the docstring says what stands here in its place. Symbols: B batch,
C channels, H x W cells, N landmarks (leaf nodes), d node features, M nodes of a coarser level.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.backbone import with_coordinates
from lgr.graph import LayoutGraph, clustered


class LGRLayer(nn.Module):
    """One LGR layer (section 3.3): features (B, C, H, W) -> features of the same shape.

    F + BN(NodeToMap(F, reasoning(MapToNode(F)))). The scale of BN starts at zero, so that a fresh
    layer is the identity; without it the non-negative F_r would drift upwards from stack to stack.

    It can be put after any feature map, here in a ResNet:

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

    def __init__(self, graph: LayoutGraph, channels: int, dim: int = 128) -> None:
        super().__init__()
        self.map_to_node = MapToNode(channels, graph.sizes[0], dim)
        self.reasoning = LayoutGraphReasoning(graph, dim)
        self.node_to_map = NodeToMap(channels, dim)
        self.residual = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.residual.weight)

    def forward(self, features: Tensor) -> Tensor:
        nodes = self.reasoning(self.map_to_node(features))
        return features + self.residual(self.node_to_map(features, nodes))


class MapToNode(nn.Module):
    """Section 3.3.1, eq. 1: features (B, C, H, W) -> leaf nodes (B, N, d).

    X = relu(P^T F W_t + E), P = softmax(F W_m) over the *cells*, so that each node is an
    attention-weighted mean. "Softmax to sum all rows to one" reads as over the nodes; their sums
    would grow with H x W. F has the cells' coordinates as two more channels, without which nodes
    hold no layout, and E is a learned embedding, without which fresh nodes are all alike.
    """

    def __init__(self, channels: int, nodes: int, dim: int) -> None:
        super().__init__()
        self.vote = nn.Conv2d(channels + 2, nodes, 1, bias=False)  # W_m
        self.value = nn.Conv2d(channels + 2, dim, 1, bias=False)  # W_t
        self.embedding = nn.Parameter(torch.empty(nodes, dim))  # E
        nn.init.normal_(self.embedding, std=0.5)

    def forward(self, features: Tensor) -> Tensor:
        features = with_coordinates(features)
        attention = self.vote(features).flatten(2).softmax(-1)  # (B, N, HW)
        values = self.value(features).flatten(2).transpose(1, 2)  # (B, HW, d)
        return torch.relu(attention @ values + self.embedding)


class LayoutGraphReasoning(nn.Module):
    """Section 3.3.2: leaf nodes (B, N, d) -> evolved leaf nodes (B, N, d).

    Bottom-up through the graph's levels by clustering, top-down again by deconvolution. The
    adjacencies of the way up serve on the way down too: eq. 3 applied to a root's 1 x 1 adjacency
    would make them rank one at every level.
    """

    def __init__(self, graph: LayoutGraph, dim: int) -> None:
        super().__init__()
        self.register_buffer("adjacency", graph.adjacency, persistent=False)
        self.clusterings = nn.ModuleList(GraphClustering(c, dim) for c in graph.clusters)
        self.deconvolutions = nn.ModuleList(GraphDeconvolution(c, dim) for c in graph.clusters)

    def forward(self, nodes: Tensor) -> Tensor:
        adjacency = self.adjacency
        finer = []
        for clustering in self.clusterings:
            finer.append((nodes, adjacency))
            nodes, adjacency = clustering(nodes, adjacency)
        for deconvolution in reversed(self.deconvolutions):
            skip, fine_adjacency = finer.pop()
            nodes = deconvolution(nodes, adjacency, skip, fine_adjacency)
            adjacency = fine_adjacency
        return nodes


class GraphClustering(nn.Module):
    """Eq. 2 and 3 and the reasoning after them: (B, N, d), (N, N) -> (B, M, d), (M, M).

    X' = relu(W_p'^T A X W_h), A' = clustered(A, W_p), then relu(A' X' W_r). Both clustering
    matrices start at the schema's normalised indicator. "Permutation matrix with W_p^T W_p = I"
    is not possible for a matrix that is not square: orthonormal columns are what can be asked,
    and `penalty` asks for them.
    """

    def __init__(self, cluster: Tensor, dim: int) -> None:
        super().__init__()
        self.gather = nn.Parameter(cluster.clone())  # W_p'
        self.merge = nn.Parameter(cluster.clone())  # W_p
        self.convolve = nn.Linear(dim, dim, bias=False)  # W_h
        self.reason = nn.Linear(dim, dim, bias=False)  # W_r

    def forward(self, nodes: Tensor, adjacency: Tensor) -> tuple[Tensor, Tensor]:
        nodes = torch.relu((self.gather.T @ adjacency) @ self.convolve(nodes))
        adjacency = clustered(adjacency, self.merge)
        return torch.relu(adjacency @ self.reason(nodes)), adjacency

    def penalty(self) -> Tensor:
        """Squared distance of W_p^T W_p from the identity."""
        gram = self.merge.T @ self.merge
        return (gram - torch.eye(len(gram), device=gram.device)).square().sum()


class GraphDeconvolution(nn.Module):
    """The way back, "like eq. 2": (B, M, d) with its skip (B, N, d) -> (B, N, d).

    U = relu(W_q A' X' W_h), then relu(A (U + skip) W_r): the skip holds the nodes before
    clustering, at every level. W_q is a matrix of its own, started at the indicator.
    """

    def __init__(self, cluster: Tensor, dim: int) -> None:
        super().__init__()
        self.spread = nn.Parameter(cluster.clone())  # W_q
        self.convolve = nn.Linear(dim, dim, bias=False)  # W_h
        self.reason = nn.Linear(dim, dim, bias=False)  # W_r

    def forward(
        self, nodes: Tensor, adjacency: Tensor, skip: Tensor, fine_adjacency: Tensor
    ) -> Tensor:
        expanded = torch.relu((self.spread @ adjacency) @ self.convolve(nodes))
        return torch.relu(fine_adjacency @ self.reason(expanded + skip))


class NodeToMap(nn.Module):
    """Section 3.3.3, eq. 4: features (B, C, H, W), nodes (B, N, d) -> F_r (B, C, H, W).

    F_r = softmax((F Q)(X K)^T / sqrt d) over the nodes times relu(X W_t'). The printed score, one
    vector on the concatenation [F; X], is a term of the cell plus a term of the node; softmax over
    the nodes cancels the former, so every cell would get the same vector. The bilinear score does
    not separate. F has coordinates as in `MapToNode`. The outer relu does nothing to a product of
    non-negative factors and is left out.
    """

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels + 2, dim, 1, bias=False)  # Q
        self.key = nn.Linear(dim, dim, bias=False)  # K
        self.value = nn.Linear(dim, channels, bias=False)  # W_t'

    def forward(self, features: Tensor, nodes: Tensor) -> Tensor:
        queries = self.query(with_coordinates(features)).flatten(2).transpose(1, 2)  # (B, HW, d)
        scores = queries @ self.key(nodes).transpose(1, 2) / nodes.shape[-1] ** 0.5
        mixed = scores.softmax(-1) @ torch.relu(self.value(nodes))  # (B, HW, C)
        return mixed.transpose(1, 2).unflatten(2, features.shape[2:])


class Pyramid(nn.Module):
    """The pyramid between layers (section 3.3, figure 2): (B, C, H, W) -> the same shape.

    The pyramid branch of PyraNet's residual module (Yang et al., ICCV 2017): a bottleneck of C / 9
    channels seen at scales 2^(-i/4), summed. Average pooling takes the place of fractional
    pooling, which draws its regions at random, also in evaluation. Starts as the identity.
    """

    def __init__(self, channels: int, scales: int = 4) -> None:
        super().__init__()
        dim = max(8, channels // 9)
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, dim, 1, bias=False), nn.BatchNorm2d(dim), nn.ReLU(inplace=True)
        )
        self.branches = nn.ModuleList(
            nn.Conv2d(dim, dim, 3, padding=1, bias=False) for _ in range(scales)
        )
        self.expand = nn.Sequential(
            nn.BatchNorm2d(dim), nn.ReLU(inplace=True), nn.Conv2d(dim, channels, 1, bias=False)
        )
        self.residual = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.residual.weight)

    def forward(self, features: Tensor) -> Tensor:
        reduced = self.reduce(features)
        total = torch.zeros_like(reduced)
        for octave, branch in enumerate(self.branches, 1):
            scaling = _scaling(features, 2 ** (-octave / len(self.branches)))
            small = branch((reduced.flatten(2) @ scaling.pool).unflatten(2, scaling.size))
            total = total + (small.flatten(2) @ scaling.widen).unflatten(2, features.shape[2:])
        return features + self.residual(self.expand(total))


class _Scaling(NamedTuple):
    size: tuple[int, int]  # (h, w) of the smaller map
    pool: Tensor  # (HW, hw): averages neighbouring cells
    widen: Tensor  # (hw, HW): interpolates bilinearly


def _scaling(features: Tensor, scale: float) -> _Scaling:
    height, width = features.shape[2:]
    small = max(1, round(height * scale)), max(1, round(width * scale))
    return _matrices((height, width), small, features.dtype, features.device)


@functools.lru_cache(maxsize=64)
def _matrices(
    size: tuple[int, int], small: tuple[int, int], dtype: torch.dtype, device: torch.device
) -> _Scaling:
    """Adaptive average pooling and bilinear interpolation as matrices.

    The gradients of torch's own operators are not deterministic on a GPU; a product's are.
    """
    with torch.inference_mode(False), torch.no_grad():  # they outlive the caller's mode
        cells, small_cells = (torch.eye(h * w).view(-1, 1, h, w) for h, w in (size, small))
        pool = F.adaptive_avg_pool2d(cells, small).flatten(1)
        widen = F.interpolate(small_cells, size, mode="bilinear").flatten(1)
        return _Scaling(small, pool.to(device, dtype), widen.to(device, dtype))
