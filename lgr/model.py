"""LGR: VGG16 with stacked Layout-Graph Reasoning layers at conv5_3.

Yu et al., "Layout-Graph Reasoning for Fashion Landmark Detection", CVPR 2019: the row "LGR" of
tables 1 and 3, "four stacks" and "three-clustering" of table 2. This is the default, repaired
reading; what it repairs stands in the docstrings of `lgr.layers`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from benchmark.backbone import LandmarkNet, NetConfig
from ffld.schema import LandmarkSchema
from lgr.graph import LayoutGraph
from lgr.layers import GraphClustering, LGRLayer, Pyramid


@dataclass(frozen=True)
class Config(NetConfig):
    """Settings of LGR, besides those of `NetConfig`.

    Attributes:
        stacks: number of LGR layers, each followed by a pyramid.
        node_dim: features of a graph node at width 1; scaled by `width`.
        clusterings: levels above the landmarks: 1 parts, 2 bodies, 3 root.
        orthogonality: weight of the clustering matrices' penalty in the loss.
    """

    stacks: int = 4
    node_dim: int = 128
    clusterings: int = 3
    orthogonality: float = 0.01

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if self.stacks < 1:
            yield f"stacks is {self.stacks}; it must be at least 1"
        if self.node_dim < 1:
            yield f"node_dim is {self.node_dim}; it must be at least 1"
        if not 1 <= self.clusterings <= 3:
            yield f"clusterings is {self.clusterings}; it must be 1, 2 or 3"
        if not self.orthogonality >= 0:
            yield f"orthogonality is {self.orthogonality}; it must not be negative"


class LGR(LandmarkNet):
    """The shared network with LGR layers and pyramids in its middle."""

    def __init__(self, schema: LandmarkSchema, config: Config) -> None:
        graph = LayoutGraph.from_schema(schema, config.clusterings)
        channels, dim = config.channels(512), config.channels(config.node_dim)
        stacks = (
            nn.Sequential(LGRLayer(graph, channels, dim), Pyramid(channels))
            for _ in range(config.stacks)
        )
        super().__init__(schema, config, nn.Sequential(*stacks))

    def penalty(self) -> Tensor:
        """Orthogonality of the clustering matrices (after eq. 3), weighted."""
        clusterings = (m for m in self.middle.modules() if isinstance(m, GraphClustering))
        return self.config.orthogonality * sum(c.penalty() for c in clusterings)


def build(schema: LandmarkSchema, **overrides: Any) -> LGR:
    """The network of `Config(**overrides)`."""
    return LGR(schema, Config(**overrides))
