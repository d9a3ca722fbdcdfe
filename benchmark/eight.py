"""A model of FFLD's 32 landmarks, read as one of FLD's and DeepFashion's 8."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmark.models import Inputs
from ffld.schema import FFLD, FLD8

# By garment type: each of the 8 is the middle of one of these groups, the surest of them. FLD's
# sleeve lies on the cuff's edge; its lower garments are trousers and skirts alike.
_SIDE = {
    "upper": {
        "collar": [("collar",)],
        "sleeve": [("cuff_in", "cuff_out")],
        "hem": [("top_hem",)],
    },
    "lower": {
        "waistline": [("waistband",)],
        "hem": [("hemline",), ("bottom_out",)],
    },
    "full": {
        "collar": [("collar",)],
        "sleeve": [("cuff_in", "cuff_out")],
        "waistline": [("waistline",)],
        "hem": [("hemline",), ("bottom_out",)],
    },
}


class Eight(nn.Module):
    """Answers in the 8-landmark schema by a model that was trained on the 32 of FFLD.

    A sleeve is the middle of cuff_in and cuff_out; a lower garment's waistline is its waistband; a
    hem is the top hem of an upper garment, otherwise the surer of hemline and outer trouser end,
    side by side. A landmark that the garment's type doesn't have repeats the type's first one.
    `predict` is all that it does: it isn't trained.
    """

    fitted = False

    def __init__(self, model: nn.Module) -> None:
        """Wrap a model that doesn't use the garment type, which has other values in FLD."""
        super().__init__()
        self.model = model
        self.input_size = model.input_size
        self.uses_type = True  # to choose among landmarks; the model within doesn't see it

    def predict(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Landmarks (B, 8, 2) in input pixels and confidence (B, 8)."""
        unused = torch.zeros_like(inputs.garment_type)
        xy, confidence = self.model.predict(Inputs(inputs.images, unused))
        readings = [_read(xy, confidence, name) for name in FLD8.garment_types]
        points, sure = (torch.stack(part, 1) for part in zip(*readings, strict=True))
        rows = torch.arange(len(xy), device=xy.device)
        return points[rows, inputs.garment_type], sure[rows, inputs.garment_type]


def _read(xy: Tensor, confidence: Tensor, garment_type: str) -> tuple[Tensor, Tensor]:
    """The 8 landmarks as if all garments were of one type."""
    points, sure = [], []
    own = FLD8.garment_types[garment_type]
    for name in FLD8.landmarks:
        side, _, kind = (name if name in own else own[0]).partition("_")
        groups = [
            [FFLD.landmarks.index(f"{side}_{member}") for member in group]
            for group in _SIDE[garment_type][kind]
        ]
        middles = torch.stack([xy[:, group].mean(1) for group in groups], 1)
        levels = torch.stack([confidence[:, group].mean(1) for group in groups], 1)
        best = levels.argmax(1)
        rows = torch.arange(len(xy), device=xy.device)
        points.append(middles[rows, best])
        sure.append(levels[rows, best])
    return torch.stack(points, 1), torch.stack(sure, 1)
