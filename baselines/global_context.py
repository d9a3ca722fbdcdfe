"""Global context: what LGR must beat to show that its graph does anything.

One vector for the whole map, without graph or nodes: the global context block of Cao et al.
("GCNet", ICCV workshops 2019, figure 4 d), in the place of every LGR layer. It is not in the LGR
paper; with eq. 4 as printed, an LGR layer too adds one and the same vector to every cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from benchmark.backbone import ScaledResidual, with_coordinates
from benchmark.network import StackConfig, StackedNet
from ffld.schema import LandmarkSchema


@dataclass(frozen=True)
class Config(StackConfig):
    """Settings of the global context, besides those of `StackConfig`.

    Attributes:
        hidden: of the transform's bottleneck at width 1; scaled by `width`. The default gives
            LGR's number of parameters.
    """

    hidden: int = 416

    def problems(self) -> Iterator[str]:
        yield from super().problems()
        if self.hidden < 1:
            yield f"hidden is {self.hidden}; it must be at least 1"


class GlobalContext(nn.Module):
    """F + BN(W_2 relu(LN(W_1 c))): features (B, C, H, W) -> the same shape.

    c (B, C) is the mean of the cells, weighted by a softmax of one score a cell.
    """

    def __init__(self, channels: int, config: Config) -> None:
        super().__init__()
        self.coordinates = config.coordinates
        wide, hidden = channels + 2 * config.coordinates, config.channels(config.hidden)
        self.score = nn.Conv2d(wide, 1, 1, bias=False)
        self.transform = nn.Sequential(
            nn.Linear(wide, hidden),
            nn.LayerNorm(hidden),
            nn.ReLU(),
            nn.Linear(hidden, channels, bias=False),
        )
        self.residual = ScaledResidual(channels, config.residual_scale)

    def forward(self, features: Tensor) -> Tensor:
        maps = with_coordinates(features) if self.coordinates else features
        shares = self.score(maps).flatten(2).softmax(-1)  # (B, 1, HW)
        context = (shares @ maps.flatten(2).transpose(1, 2))[:, 0]  # (B, C)
        added = self.transform(context)[:, :, None, None].expand_as(features)
        return features + self.residual(added)


def build(schema: LandmarkSchema, **overrides: Any) -> StackedNet:
    """The network of `Config(**overrides)`."""
    config = Config(**overrides)
    return StackedNet(schema, config, lambda channels: GlobalContext(channels, config))
