"""Photographs in, landmarks out: a checkpoint ready to use.

>>> detector = Detector.load()                                      # doctest: +SKIP
>>> xy, confidence = detector([image], [(40, 30, 410, 620)])        # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

import ffld
from benchmark.checkpoint import Checkpoint, learned
from benchmark.frozen import frozen
from benchmark.models import Inputs, ModelError
from benchmark.weights import SHIPPED, find_weights
from ffld.sample import DataError
from ffld.schema import LandmarkSchema
from ffld.transforms import apply, crop, warp


@dataclass(frozen=True)
class Detector:
    """A trained model, frozen, with the preprocessing that it was trained with.

    Attributes:
        parameters: learned numbers as it was trained; freezing folds some into others.
    """

    model: nn.Module
    about: Checkpoint
    schema: LandmarkSchema
    device: torch.device
    parameters: int | None = None

    @classmethod
    def load(
        cls,
        name: str | Path | None = None,
        device: str | torch.device = "cpu",
        model: str | None = None,
        settings: Sequence[str] = (),
    ) -> Detector:
        """The model of weights that `name` stands for, such as hf://ORG/NAME@COMMIT or a folder.

        Args:
            name: see `benchmark.weights.find_weights`; the ones that come with the project if there
                is none.
            model: which one they must be of, if any.
            settings: how its maps become points, where not as it was trained: texts such as
                "turns=-15,0,15", see `benchmark.settings.PREDICTION`.

        Raises:
            CheckpointError: there is none, it cannot be used, or it is of another model.
            SettingsError: what the weights don't leave open.
            DataError: it cannot be fetched.
        """
        found = find_weights(name or SHIPPED, model).predicting(settings)
        schema = ffld.spec(found.about.dataset).schema
        module, _ = found.about.build(found.folder, schema)
        device, count = torch.device(device), learned(module)
        return cls(frozen(module).to(device), found.about, schema, device, count)

    def __call__(
        self,
        images: Sequence[np.ndarray],
        boxes: Sequence[Sequence[float]],
        garment_type: str | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the landmarks of one garment in each image.

        Args:
            images: N of (H, W, 3) uint8 RGB, of any sizes.
            boxes: N of (x1, y1, x2, y2), the garments' extents in pixels of their images, which
                they may leave in part.
            garment_type: of all of them; only models that use it need it.

        Returns:
            (N, K, 2) float64 pixels of the images, in the order of `schema.landmarks`, and
            (N, K) float32 confidence.

        Raises:
            DataError: something else than such images and boxes.
            ModelError: unknown garment type, or none where the model needs it.
        """
        slot = self._slot(garment_type)
        size = self.about.input_size
        if len(images) != len(boxes) or not len(images):
            raise DataError(f"{len(images)} images, {len(boxes)} boxes: pass one box an image")
        images = [_checked_image(image, row) for row, image in enumerate(images)]
        boxes = [
            _checked_box(box, image, row)
            for row, (box, image) in enumerate(zip(boxes, images, strict=True))
        ]
        matrices = np.stack([crop(box, size, self.about.padding) for box in boxes])
        crops = [warp(image, matrix, size) for image, matrix in zip(images, matrices, strict=True)]
        pixels = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).to(self.device)
        types = torch.full((len(crops),), slot, dtype=torch.int64, device=self.device)
        xy, confidence = self.model.predict(Inputs(pixels.float().div(255), types))
        points = apply(np.linalg.inv(matrices), xy.double().cpu().numpy())
        return points, confidence.float().cpu().numpy()

    def owned(self, garment_type: str | None) -> np.ndarray:
        """(K,) bool: the landmarks that a garment type has; all of them without one."""
        slot = self._slot(garment_type)
        full = np.ones(len(self.schema), bool)
        return full if garment_type is None else self.schema.type_mask[slot]

    def _slot(self, garment_type: str | None) -> int:
        known = ", ".join(self.schema.type_names)
        if garment_type is None:
            if self.model.uses_type:
                raise ModelError(
                    f"model {self.about.model!r} needs the garment type, one of {known}"
                )
            return 0
        if garment_type not in self.schema.type_names:
            raise ModelError(f"unknown garment type {garment_type!r}; there are {known}")
        return self.schema.type_index(garment_type)


def _checked_image(image: np.ndarray, row: int) -> np.ndarray:
    """An image as an array, where it is one of bytes and of three colours."""
    array = np.asarray(image)
    shape, problem = array.shape, f"images[{row}] is {array.dtype} of shape {array.shape}"
    if array.ndim != 3 or shape[2] != 3:
        remedy = "expected (height, width, 3), RGB"
        if array.ndim == 2:
            remedy += ": np.stack([image] * 3, axis=-1) makes one of grey"
        elif array.ndim == 3 and shape[2] == 4:
            remedy += ": leave out the fourth channel, image[..., :3]"
        elif array.ndim == 3 and shape[0] == 3:
            remedy += ": np.moveaxis(image, 0, -1) makes one of channels first"
        raise DataError(f"{problem}; {remedy}")
    if array.dtype != np.uint8:
        remedy = "expected uint8 from 0 to 255"
        if np.issubdtype(array.dtype, np.floating):
            remedy += ": (255 * image).round().astype(np.uint8) makes it of 0 to 1"
        raise DataError(f"{problem}; {remedy}")
    if not array.size:
        raise DataError(f"{problem}; it has no pixels")
    return array


def _checked_box(box: Sequence[float], image: np.ndarray, row: int) -> np.ndarray:
    """A box as an array, where it is four numbers that enclose an area of its image."""
    try:
        sides = np.asarray(box, np.float64)
    except (TypeError, ValueError):
        sides = np.array([])
    found = f"boxes[{row}] is {' '.join(str(box).split())[:100]}"
    fits = sides.shape == (4,) and np.isfinite(sides).all()
    if not (fits and sides[0] < sides[2] and sides[1] < sides[3]):
        raise DataError(
            f"{found}; expected finite x1, y1, x2, y2 with x1 < x2 and y1 < y2, in pixels of its "
            "image"
        )
    height, width = image.shape[:2]
    if lack := lacking(sides, (width, height)):
        raise DataError(f"{found}, which {lack}; expected x1, y1, x2, y2 in pixels of its image")
    return sides


def lacking(box: np.ndarray, size: tuple[int, int]) -> str | None:
    """What keeps a box from showing a garment of a picture of this width and height, if anything.

    It may leave the picture in part; fractions of its sides are told from pixels by how few they
    would be.
    """
    picture = f"the picture of {size[0]} x {size[1]}"
    inside = np.minimum(box[2:], size) - np.maximum(box[:2], 0)
    if not (np.isfinite(box).all() and (inside > 0).all()):
        return f"has no area inside {picture}"
    if (inside < np.minimum(size, 2)).any():
        fractions = (np.abs(box) < 2).all()
        hint = "; these look like fractions of its sides" if fractions else ""
        return f"is less than two pixels wide or high inside {picture}{hint}"
    return None
