"""The mean position of each landmark, per garment type: the floor that any model must beat.

It never looks at the image. Unlike most models it uses the garment type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.models import Batch, Inputs, ModelError
from ffld.schema import LandmarkSchema, Visibility


@dataclass(frozen=True)
class Config:
    """Settings of the mean shape.

    Attributes:
        input_size: side of the square input in pixels; it changes no result.
    """

    uses_type: ClassVar[bool] = True

    input_size: int = 224

    def __post_init__(self) -> None:
        if self.input_size < 1:
            raise ModelError(f"input_size is {self.input_size}; it must be at least 1")


class MeanShape(nn.Module):
    """Predicts `points` of the garment type; before `fit`, the centre of the input.

    Confidence is the share of the type's training samples in which the landmark was present.
    """

    fitted = True

    def __init__(self, schema: LandmarkSchema, config: Config) -> None:
        super().__init__()
        self.input_size = config.input_size
        self.uses_type = config.uses_type
        types, landmarks = len(schema.garment_types), len(schema)
        self.register_buffer("points", torch.full((types, landmarks, 2), 0.5))
        self.register_buffer("share", torch.zeros(types, landmarks))

    def fit(self, xy: np.ndarray, visibility: np.ndarray, garment_type: np.ndarray) -> None:
        """Average the visible and occluded landmarks of the training samples.

        A landmark that a type never shows takes the mean over all types, then the centre.

        Args:
            xy: (N, K, 2) as fractions of the input's width and height, NaN where absent.
            visibility: (N, K) of `Visibility`.
            garment_type: (N,) slots of the schema's garment types.
        """
        xy = np.asarray(xy, np.float64)
        present = (np.asarray(visibility) != Visibility.ABSENT) & np.isfinite(xy).all(-1)
        xy = np.where(present[..., None], xy, 0.0)
        types = np.arange(len(self.points))
        member = (types[:, None] == np.asarray(garment_type)).astype(np.float64)  # (C, N)
        total = np.einsum("cn,nkx->ckx", member, xy)
        count = member @ present
        overall = _ratio(total.sum(0), count.sum(0)[:, None], 0.5)
        self.points.copy_(torch.tensor(_ratio(total, count[..., None], overall)))
        self.share.copy_(torch.tensor(_ratio(count, member.sum(1)[:, None], 0.0)))

    def loss(self, batch: Batch) -> Tensor:
        """Never: this model is fitted."""
        raise ModelError("mean-shape has no loss to train with; call its `fit` once")

    @torch.inference_mode()
    def predict(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Landmarks (B, K, 2) in input pixels, and how often the type had them (B, K)."""
        height, width = inputs.images.shape[-2:]
        size = self.points.new_tensor([width, height])
        return self.points[inputs.garment_type] * size, self.share[inputs.garment_type]


def build(schema: LandmarkSchema, **overrides: Any) -> MeanShape:
    """The model of `Config(**overrides)`."""
    return MeanShape(schema, Config(**overrides))


def _ratio(total: np.ndarray, count: np.ndarray, otherwise: np.ndarray | float) -> np.ndarray:
    return np.where(count > 0, total / np.maximum(count, 1), otherwise)
