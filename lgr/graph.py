"""The layout graph of a landmark schema: what LGR, section 3.2, draws by hand.

Level 0 holds the landmarks (leaf nodes), then come parts, bodies and the root.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ffld.schema import LandmarkSchema


@dataclass(frozen=True, eq=False)
class LayoutGraph:
    """Edges between landmarks, and how nodes gather into the next coarser level.

    Attributes:
        adjacency: (N, N) float32 of 0 and 1, A_leaf; without loops.
        clusters: for each level above the leaves, (N_fine, N_coarse) float32: the normalised
            indicator of which fine node belongs to which coarse one.
        flip: (N,) int64, the mirror partner of each landmark.
    """

    adjacency: Tensor
    clusters: tuple[Tensor, ...]
    flip: Tensor

    @classmethod
    def from_schema(cls, schema: LandmarkSchema, levels: int = 3) -> LayoutGraph:
        """The graph of a schema with its first `levels` clusterings: parts, bodies, root."""
        if not 0 <= levels <= len(schema.hierarchy):
            raise ValueError(f"levels is {levels}; the schema has {len(schema.hierarchy)}")
        return cls(
            adjacency=torch.tensor(schema.adjacency, dtype=torch.float32),
            clusters=tuple(
                indicator(torch.tensor(membership, dtype=torch.float32))
                for membership in schema.hierarchy[:levels]
            ),
            flip=torch.tensor(schema.flip_index),
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Nodes of each level, from the landmarks up."""
        return (len(self.adjacency), *(cluster.shape[1] for cluster in self.clusters))

    def adjacencies(self) -> tuple[Tensor, ...]:
        """The adjacency of each level, clustered by the schema's own indicators."""
        found = [self.adjacency]
        for cluster in self.clusters:
            found.append(clustered(found[-1], cluster))
        return tuple(found)


class Edges(nn.Module):
    """A_leaf (N, N), "initialised according to the edge connections" (section 3.2).

    Args:
        trained: whether it changes from there, symmetric, non-negative, the same when mirrored.
    """

    def __init__(self, graph: LayoutGraph, trained: bool) -> None:
        super().__init__()
        self.register_buffer("initial", graph.adjacency, persistent=False)
        self.register_buffer("flip", graph.flip, persistent=False)
        self.change = nn.Parameter(torch.zeros_like(graph.adjacency)) if trained else None

    def forward(self) -> Tensor:
        if self.change is None:
            return self.initial
        both = self.change + self.change.T
        return torch.relu(self.initial + (both + both[self.flip][:, self.flip]) / 4)


def normalised(adjacency: Tensor) -> Tensor:
    """D^-1/2 (A + I) D^-1/2 of a non-negative symmetric A (Kipf and Welling, ICLR 2017, eq. 2).

    "We perform normalization on all A by following [12]" (section 3.2): every graph convolution
    of every level uses this; eq. 3 hands on A itself.
    """
    linked = adjacency + torch.eye(len(adjacency), device=adjacency.device)
    scale = linked.sum(1).rsqrt()  # degrees are at least 1
    return scale[:, None] * linked * scale[None, :]


def clustered(adjacency: Tensor, assignment: Tensor) -> Tensor:
    """Eq. 3: relu(W_p^T A W_p), (N, N) and (N, M) -> (M, M)."""
    return torch.relu(assignment.T @ adjacency @ assignment)


def indicator(membership: Tensor) -> Tensor:
    """0/1 membership (N_fine, N_coarse) over the root of the cluster's size: S^T S = I."""
    return membership * membership.sum(0).rsqrt()
