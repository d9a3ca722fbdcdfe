"""From an original image to a model's input and back, as one 3x3 matrix per sample.

The input frame is the garment's box, padded and stretched to size x size pixels; what lies
outside the image is filled. Scale, rotation, shift and flip act in that square frame, about its
centre, so that a narrow box keeps its garment in view and a pixel is worth the same share of the
box for every sample. The whole way is `augmentation(...) @ crop(box, size)`.

Matrices map continuous coordinates (the centre of pixel (i, j) is (i + 0.5, j + 0.5)), original
to input, in float64; `np.linalg.inv` of one leads back.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from ffld.sample import DataError
from ffld.schema import Visibility

BOX_PADDING = 0.1  # of the box's side, added on each side, so that hems do not lie on the border
FILL = (124, 116, 104)  # RGB outside the image: near zero after the usual normalisation


def crop(box: np.ndarray, size: int, padding: float = BOX_PADDING) -> np.ndarray:
    """(3, 3): the padded box (x1, y1, x2, y2) stretched to size x size input pixels."""
    x1, y1, x2, y2 = (float(side) for side in box)
    if not (x2 > x1 and y2 > y1):
        raise DataError(f"box ({x1:g}, {y1:g}, {x2:g}, {y2:g}) has no area; x1 < x2 and y1 < y2")
    scale_x = size / ((x2 - x1) * (1 + 2 * padding))
    scale_y = size / ((y2 - y1) * (1 + 2 * padding))
    return np.array(
        [
            [scale_x, 0, size / 2 - scale_x * (x1 + x2) / 2],
            [0, scale_y, size / 2 - scale_y * (y1 + y2) / 2],
            [0, 0, 1],
        ]
    )


def augmentation(
    size: int,
    *,
    scale: float = 1.0,
    rotation: float = 0.0,
    shift: tuple[float, float] = (0.0, 0.0),
    flip: bool = False,
) -> np.ndarray:
    """(3, 3): input frame to input frame; flip, then scale and rotation, then shift.

    Args:
        scale: above 1 zooms in.
        rotation: degrees, clockwise as seen.
        shift: right and down, as fractions of the frame.
    """
    angle = math.radians(rotation)
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    mirror = -1.0 if flip else 1.0
    linear = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    centre = np.array([size / 2, size / 2])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = centre - linear @ centre + np.asarray(shift, np.float64) * size
    return matrix


def translation(dx: float, dy: float) -> np.ndarray:
    """(3, 3): a shift by (dx, dy) pixels."""
    return np.array([[1.0, 0, dx], [0, 1.0, dy], [0, 0, 1]])


def apply(matrix: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Points (..., P, 2) through matrices (..., 3, 3), in float64; NaN stays NaN."""
    linear, offset = matrix[..., :2, :2], matrix[..., None, :2, 2]
    return np.asarray(xy, np.float64) @ np.swapaxes(linear, -1, -2) + offset


def mirror(
    xy: np.ndarray, visibility: np.ndarray, flip_index: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks (..., K, 2) and visibility (..., K) in the slots of a mirrored garment.

    A mirrored left sleeve is a right sleeve: the values move to the partner's slot. Coordinates
    are not changed; that is the matrix's part.
    """
    return xy[..., flip_index, :], visibility[..., flip_index]


def drop_outside(
    xy: np.ndarray, visibility: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks (..., K, 2) outside the input frame become absent: the border cuts them off."""
    inside = ((xy >= 0) & (xy <= size)).all(-1)  # NaN compares false
    return (
        np.where(inside[..., None], xy, np.nan),
        np.where(inside, visibility, np.uint8(Visibility.ABSENT)),
    )


def warp(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """(H, W, 3) uint8 -> (size, size, 3) uint8 as the matrix says.

    Bilinear; an image that shrinks to less than half along an axis is first averaged down, since
    bilinear sampling would then skip pixels.
    """
    image, matrix = _cut_to_view(image, matrix, size)
    if image.size == 0:
        return np.full((size, size, 3), FILL, np.uint8)
    image, matrix = _average_down(image, matrix)
    # OpenCV counts from the centre of the first pixel.
    index_matrix = translation(-0.5, -0.5) @ matrix @ translation(0.5, 0.5)
    return cv2.warpAffine(
        image,
        index_matrix[:2],
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=FILL,
    )


def _cut_to_view(image: np.ndarray, matrix: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The part of the image that the frame shows, with the matrix that fits it."""
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], np.float64)
    seen = apply(np.linalg.inv(matrix), corners)
    spare = np.ceil(2 / np.minimum(_scales(matrix), 1))  # keeps the cut out of the interpolation
    limit = np.array(image.shape[1::-1])
    left, top = np.clip(np.floor(seen.min(0)) - spare, 0, limit).astype(int)
    right, bottom = np.clip(np.ceil(seen.max(0)) + spare, 0, limit).astype(int)
    return image[top:bottom, left:right], matrix @ translation(left, top)


def _average_down(image: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scales = _scales(matrix)
    if scales.min() >= 0.5:
        return image, matrix
    old = np.array(image.shape[1::-1])
    new = np.where(scales < 0.5, np.maximum(np.rint(old * scales), 1), old).astype(int)
    smaller = cv2.resize(image, (int(new[0]), int(new[1])), interpolation=cv2.INTER_AREA)
    return smaller, matrix @ np.diag([*(old / new), 1.0])


def _scales(matrix: np.ndarray) -> np.ndarray:
    """(2,): input pixels per original pixel along the original's x and y."""
    return np.hypot(matrix[0, :2], matrix[1, :2])
