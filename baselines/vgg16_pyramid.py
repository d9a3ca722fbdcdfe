"""VGG16 with the pyramids of LGR's stack alone: what LGR without its layers would be.

Not in the LGR paper, whose table 2 compares VGG16 with LGR layers *and* pyramids; this row says
how much of the difference is the pyramids'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from benchmark.network import StackConfig, StackedNet
from ffld.schema import LandmarkSchema


@dataclass(frozen=True)
class Config(StackConfig):
    """Those of `StackConfig`."""


def build(schema: LandmarkSchema, **overrides: Any) -> StackedNet:
    """The network of `Config(**overrides)`."""
    return StackedNet(schema, Config(**overrides), lambda channels: nn.Identity())
