"""VGG16 with the shared head and nothing in the middle.

The row "VGG16" of the LGR paper's table 2 (its own head, which is not described, read a coarser
map), and the control of every model with a middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from benchmark.backbone import LandmarkNet, NetConfig
from ffld.schema import LandmarkSchema


@dataclass(frozen=True)
class Config(NetConfig):
    """Those of `NetConfig`."""


def build(schema: LandmarkSchema, **overrides: Any) -> LandmarkNet:
    """The network of `Config(**overrides)`."""
    return LandmarkNet(schema, Config(**overrides), nn.Identity())
