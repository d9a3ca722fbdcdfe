"""VGG16 with a head and nothing in the middle: the control of every model with a middle.

The row "VGG16" of the LGR paper's table 2. What head it had there is not described; `head=native`
is the least that the text allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from benchmark.network import LandmarkNet, NetConfig
from ffld.schema import LandmarkSchema


@dataclass(frozen=True)
class Config(NetConfig):
    """Those of `NetConfig`."""


def build(schema: LandmarkSchema, **overrides: Any) -> LandmarkNet:
    """The network of `Config(**overrides)`."""
    return LandmarkNet(schema, Config(**overrides), nn.Identity())
