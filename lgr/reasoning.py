"""Section 3.3.2 of LGR: nodes hear of each other along the layout graph, up its levels and down.

What nodes are multiplied by from the left follows from the graph and the parameters alone. It is
computed in every pass, so that it can be trained; `lgr.frozen` computes it once.
B batch, N leaf nodes, d node features, M nodes one level up.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from lgr.frozen import FrozenPlain, FrozenReasoning
from lgr.graph import Edges, LayoutGraph, clustered, normalised
from lgr.reading import REPAIRED, Reading


class LayoutGraphReasoning(nn.Module):
    """Leaf nodes (B, N, d) -> evolved leaf nodes (B, N, d).

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
        matrices = iter(self.matrices()[0])
        finer = []
        for clustering in self.clusterings:
            finer.append(nodes)
            nodes = clustering(nodes, next(matrices), next(matrices))
        for deconvolution in reversed(self.deconvolutions):
            nodes = deconvolution(nodes, finer.pop(), next(matrices), next(matrices))
        return nodes

    def matrices(self) -> tuple[list[Tensor], list[Tensor]]:
        """Two matrices for each step, in their order; the adjacencies down, coarsest first."""
        adjacency, finer, found, down = self.edges(), [], [], []
        for clustering in self.clusterings:
            finer.append(adjacency)
            *pair, adjacency = clustering.matrices(adjacency)
            found += pair
        for deconvolution in reversed(self.deconvolutions):
            *pair, adjacency = deconvolution.matrices(adjacency, finer.pop())
            found += pair
            down.append(adjacency)
        return found, down

    def freeze(self) -> FrozenReasoning:
        """As the parameters make it now."""
        return FrozenReasoning(self)


class GraphClustering(nn.Module):
    """Eq. 2 and 3 and the reasoning after them: nodes (B, N, d) -> (B, M, d).

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
        self.convolve = linear(dim, dim)  # W_h
        self.reason = linear(dim, dim)  # W_r
        self.norm = node_norm(dim, reading)

    def forward(self, nodes: Tensor, gathering: Tensor, coarse: Tensor) -> Tensor:
        nodes = torch.relu(gathering @ self.convolve(nodes))
        return self.norm(torch.relu(coarse @ self.reason(nodes)))

    def matrices(self, adjacency: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of A (N, N): W_p'^T A (M, N) and A' (M, M), As normalised; A' as it is handed on."""
        gathering = self.gather.T @ normalised(adjacency)
        coarse = clustered(adjacency, self.merge)
        return gathering, normalised(coarse), coarse

    def penalty(self) -> Tensor:
        """Squared distance of W_p^T W_p from the identity."""
        gram = self.merge.T @ self.merge
        return (gram - torch.eye(len(gram), device=gram.device)).square().sum()


class GraphDeconvolution(nn.Module):
    """The way back, "like eq. 2 and eq. 3": nodes (B, M, d), skip (B, N, d) -> (B, N, d).

    U = relu(W_q' A' X' W_h), then norm(relu(A (U + skip) W_r)): the skip holds the nodes before
    clustering, at every level. W_q' is a matrix of its own, started at the indicator, and so is
    W_q where A = relu(W_q A' W_q^T) is clustered anew.
    """

    def __init__(self, cluster: Tensor, dim: int, reading: Reading = REPAIRED) -> None:
        super().__init__()
        self.spread = nn.Parameter(cluster.clone())  # W_q'
        if reading.topdown == "clustered":
            self.split = nn.Parameter(cluster.clone())  # W_q
        self.convolve = linear(dim, dim)  # W_h
        self.reason = linear(dim, dim)  # W_r
        self.norm = node_norm(dim, reading)
        self.reading = reading

    def forward(self, nodes: Tensor, skip: Tensor, spreading: Tensor, fine: Tensor) -> Tensor:
        expanded = torch.relu(spreading @ self.convolve(nodes))
        return self.norm(torch.relu(fine @ self.reason(expanded + skip)))

    def matrices(self, adjacency: Tensor, fine: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of A' (M, M) and the way up's A (N, N): W_q' A' and A normalised; A handed on."""
        spreading = self.spread @ normalised(adjacency)
        if self.reading.topdown == "clustered":
            fine = clustered(adjacency, self.split.T)
        return spreading, normalised(fine), fine


class PlainReasoning(nn.Module):
    """Graph convolutions alone, relu(A X W): the paper's "different graph layers", table 2."""

    def __init__(self, graph: LayoutGraph, dim: int, reading: Reading = REPAIRED) -> None:
        super().__init__()
        self.edges = Edges(graph, reading.edges == "trained")
        self.layers = nn.ModuleList(linear(dim, dim) for _ in range(reading.plain_layers))
        self.norms = nn.ModuleList(node_norm(dim, reading) for _ in self.layers)
        self.residual = reading.plain_residual

    def forward(self, nodes: Tensor) -> Tensor:
        adjacency = self.adjacency()
        for layer, norm in zip(self.layers, self.norms, strict=True):
            mixed = norm(torch.relu(adjacency @ layer(nodes)))
            nodes = nodes + mixed if self.residual else mixed
        return nodes

    def adjacency(self) -> Tensor:
        """A (N, N), normalised."""
        return normalised(self.edges())

    def freeze(self) -> FrozenPlain:
        """As the parameters make it now."""
        return FrozenPlain(self)


def linear(wide: int, dim: int) -> nn.Linear:
    """A matrix before a relu that keeps the size of what passes, through a dozen of them."""
    layer = nn.Linear(wide, dim, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer


def node_norm(dim: int, reading: Reading) -> nn.Module:
    """What holds the size of nodes wherever they come out."""
    return nn.LayerNorm(dim, eps=1e-4) if reading.node_norm else nn.Identity()
