"""GCN: VGG16 with plain graph convolutions in place of LGR's clustering and deconvolution.

The row "GCN" of the LGR paper's table 3, "VGG16 stacked with two graph convolutional layers", the
convolutions those of Kipf and Welling (ICLR 2017); also "two-layer" of its table 2. Certain: two
convolutions with the layout graph's leaf edges, the same mapping modules. Our choice: as many
stacks as LGR has, since table 2 replaces the inside of LGR layers; node features wide enough for
LGR's number of parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmark.network import StackConfig, StackedNet
from ffld.schema import LandmarkSchema
from lgr.graph import LayoutGraph
from lgr.layers import LGRLayer
from lgr.reading import Reading


@dataclass(frozen=True)
class Config(StackConfig):
    """Settings of GCN, besides those of `StackConfig`.

    Attributes:
        layers: graph convolutions between the mapping modules.
        node_dim: features of a graph node at width 1; scaled by `width`.
    """

    layers: int = 2
    node_dim: int = 192

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if self.layers < 1:
            yield f"layers is {self.layers}; it must be at least 1"
        if self.node_dim < 1:
            yield f"node_dim is {self.node_dim}; it must be at least 1"


def build(schema: LandmarkSchema, **overrides: Any) -> StackedNet:
    """The network of `Config(**overrides)`."""
    config = Config(**overrides)
    graph = LayoutGraph.from_schema(schema, levels=0)
    dim = config.channels(config.node_dim)
    reading = Reading(
        plain_layers=config.layers,
        coordinates=config.coordinates,
        residual_scale=config.residual_scale,
    )
    return StackedNet(schema, config, lambda channels: LGRLayer(graph, channels, dim, reading))
