"""Several networks that were trained apart, as one: the mean of their heat maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.models import Inputs, ModelError
from benchmark.network import HeatmapNet
from ffld.schema import LandmarkSchema

MOST = 8  # members; each costs its time
FIRST = "members.0."  # what names of the first one's tensors begin with


class Ensemble(HeatmapNet):
    """Networks of one model whose heat maps are averaged; it predicts, and is not trained.

    Crops are of the first member's size; a member of another size sees them resampled, and its
    maps are brought to the first one's cells. Views and decoder are those of the first member's
    settings. `turns` are dealt out: of (-15, 15) two members take one each, so that an ensemble
    takes no longer than one network with both; of (-15, -15, 15, 15) each takes two. Where there
    are fewer turns than members, each member takes all. Members weigh the same, however many turns
    they take.
    """

    def __init__(self, schema: LandmarkSchema, members: Sequence[nn.Module]) -> None:
        """Join networks; ModelError where one draws no heat maps, or is larger than the first."""
        for member in members:
            if not isinstance(member, HeatmapNet):
                raise ModelError("only models that draw heat maps can be averaged")
            if member.input_size > members[0].input_size:
                raise ModelError(
                    f"the first network takes {members[0].input_size} pixels, another "
                    f"{member.input_size}: put the largest first, small crops hide what it needs"
                )
        super().__init__(schema, members[0].config)
        self.members = nn.ModuleList(members)
        self.stride = members[0].stride

    def looks(self, inputs: Inputs, turns: Sequence[float], flip: bool) -> Tensor:
        cells = inputs.images.shape[-1] // self.stride
        maps = []
        for member, own in zip(self.members, dealt(turns, len(self.members)), strict=True):
            images = resampled(inputs.images, member.input_size)
            drawn = member.looks(Inputs(images, inputs.garment_type), own, flip)
            maps.append(resampled(drawn, cells))
        return torch.stack(maps).mean(0)


def dealt(turns: Sequence[float], hands: int) -> list[tuple[float, ...]]:
    """Angles for each of some members, in turn; all for each where they don't suffice.

    >>> dealt((-15, -15, 15, 15), 2), dealt((-15, 15), 2), dealt((0,), 2)
    ([(-15, 15), (-15, 15)], [(-15,), (15,)], [(0,), (0,)])
    """
    if len(turns) < hands:
        return [tuple(turns)] * hands
    return [tuple(turns[hand::hands]) for hand in range(hands)]


def resampled(maps: Tensor, side: int) -> Tensor:
    """Square images or maps (B, C, H, H) as (B, C, side, side), averaged where they shrink."""
    if maps.shape[-1] == side:
        return maps
    return F.interpolate(maps, (side, side), mode="bilinear", antialias=side < maps.shape[-1])
