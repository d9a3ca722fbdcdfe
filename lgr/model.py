"""LGR: VGG16 with stacked Layout-Graph Reasoning layers at conv5_3.

Yu et al., "Layout-Graph Reasoning for Fashion Landmark Detection", CVPR 2019: the row "LGR" of
tables 1 and 3, "four stacks" and "three-clustering" of table 2; the other rows of table 2 are
settings. docs/lgr.md goes through every point that the paper leaves open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Literal

from torch import Tensor

from benchmark.network import StackConfig, StackedNet
from ffld.schema import LandmarkSchema
from lgr.graph import LayoutGraph
from lgr.layers import LGRLayer
from lgr.reading import PAPER, Reading
from lgr.reasoning import GraphClustering


@dataclass(frozen=True)
class Config(Reading, StackConfig):
    """Settings of LGR, besides those of `StackConfig` and of the layer's `Reading`.

    `coordinates` and `residual_scale`, which both have, are one setting each.

    Attributes:
        variant: "paper" makes `PAPER_VARIANT` the defaults of all other settings in `build`.
        node_dim: features of a graph node at width 1; scaled by `width`.
        clusterings: levels above the landmarks: 1 parts, 2 bodies, 3 root (table 2).
        orthogonality: weight of the soft clusters' penalty in the loss.
    """

    variant: Literal["repaired", "paper"] = "repaired"
    node_dim: int = 128
    clusterings: int = 3
    orthogonality: float = 0.01

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if self.node_dim < 1:
            yield f"node_dim is {self.node_dim}; it must be at least 1"
        if not 1 <= self.clusterings <= 3:
            yield f"clusterings is {self.clusterings}; it must be 1, 2 or 3"
        if not self.orthogonality >= 0:
            yield f"orthogonality is {self.orthogonality}; it must not be negative"
        if not 0 <= self.plain_layers <= 32:
            yield f"plain_layers is {self.plain_layers}; it must be from 0 to 32"


PAPER_VARIANT: dict[str, Any] = {
    **{field.name: getattr(PAPER, field.name) for field in fields(Reading)},
    "head": "native",
    "sigma": 1.0,
    "decoder": "argmax",
}


class LGR(StackedNet):
    """The shared network with LGR layers in its stack."""

    def __init__(self, schema: LandmarkSchema, config: Config) -> None:
        graph = LayoutGraph.from_schema(schema, config.clusterings)
        dim = config.channels(config.node_dim)
        super().__init__(schema, config, lambda channels: LGRLayer(graph, channels, dim, config))

    def penalty(self) -> Tensor | float:
        """Orthogonality of the clustering matrices (after eq. 3), weighted."""
        if self.config.clusters != "soft":
            return 0.0
        clusterings = (m for m in self.middle.modules() if isinstance(m, GraphClustering))
        return self.config.orthogonality * sum(c.penalty() for c in clusterings)


def build(schema: LandmarkSchema, **overrides: Any) -> LGR:
    """The network of a variant, with `overrides` of `Config` on top."""
    variant = PAPER_VARIANT if overrides.get("variant") == "paper" else {}
    return LGR(schema, Config(**{**variant, **overrides}))
