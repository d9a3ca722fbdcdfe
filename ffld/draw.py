"""Samples as pictures: landmarks, boxes, types, and sheets of many."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ffld.schema import LandmarkSchema, Visibility
from ffld.transforms import BOX_PADDING

_LEFT, _RIGHT, _MIDDLE = (235, 64, 52), (34, 139, 230), (250, 200, 20)
_TRUTH, _MISS = (255, 255, 255), (255, 220, 0)
_BOX = (60, 220, 90)
_TITLE = 18  # pixels of a tile below the picture
_LONG, _ROW = 900, 26  # pixels: long side of a picture with a list, height of the list's rows


def draw_sample(
    image: np.ndarray,
    box: np.ndarray,
    xy: np.ndarray,
    visibility: np.ndarray,
    schema: LandmarkSchema,
    *,
    title: str = "",
    predicted: np.ndarray | None = None,
    side: int = 320,
) -> np.ndarray:
    """One sample on a square tile.

    Without predictions: filled dots are visible landmarks, rings occluded ones; the garment's left
    is red, its right blue, the middle yellow. With predictions: dots are predictions, each joined
    by a line to its target, a white ring.

    Args:
        image: (H, W, 3) uint8 RGB; it is not changed.
        box: (4,); xy and predicted: (K, 2), NaN where there is none; visibility: (K,).
        side: pixels of the tile.

    Returns:
        (side + 18, side, 3) uint8 RGB; the title stands below.
    """
    height, width = image.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = cv2.resize(image, size, interpolation=smooth)
    if np.isfinite(box).all():
        corners = np.rint(np.asarray(box) * scale).astype(int)
        cv2.rectangle(picture, tuple(corners[:2].tolist()), tuple(corners[2:].tolist()), _BOX, 1)
    for slot, name in enumerate(schema.landmarks):
        target = _at(xy[slot], scale) if visibility[slot] != Visibility.ABSENT else None
        if predicted is None:
            if target is not None:
                _dot(picture, target, _colour(name), visibility[slot] == Visibility.VISIBLE)
        elif target is not None:
            _compare(picture, target, _at(predicted[slot], scale), _colour(name))
    tile = np.full((side + _TITLE, side, 3), 24, np.uint8)
    tile[: picture.shape[0], : picture.shape[1]] = picture
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(tile, title, (4, side + 13), font, 0.38, (230, 230, 230), 1, cv2.LINE_AA)
    return tile


def cut_out(image: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The surroundings of a box: a square about it, padded as a model's input is, within the image.

    Args:
        image: (H, W, 3); box: (4,).

    Returns:
        A part (h, w, 3) of the image, and the box in its pixels.
    """
    half = (0.5 + BOX_PADDING) * np.ptp(np.reshape(box, (2, 2)), axis=0).max()
    middle = np.reshape(box, (2, 2)).mean(0)
    x1, y1 = np.maximum(np.floor(middle - half), 0).astype(int)
    x2, y2 = np.ceil(middle + half).astype(int)
    return image[y1:y2, x1:x2], np.asarray(box) - [x1, y1, x1, y1]


def draw_landmarks(
    image: np.ndarray,
    box: np.ndarray,
    names: Sequence[str],
    xy: np.ndarray,
    confidence: np.ndarray,
) -> np.ndarray:
    """Landmarks without known targets on their picture, numbered, with a list of them beside it.

    The garment's left is red, its right blue, the middle yellow; rings are less than 0.2 sure.

    Args:
        image: (H, W, 3) uint8 RGB; it is not changed.
        names: of n landmarks; xy (n, 2) pixels of the image; confidence (n,) in [0, 1].

    Returns:
        The picture enlarged or reduced to a long side of 900 pixels, with a panel on its right.
    """
    scale = _LONG / max(image.shape[:2])
    size = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(image, size, interpolation=smooth)
    corners = np.rint(np.asarray(box) * scale).astype(int).tolist()
    cv2.rectangle(picture, tuple(corners[:2]), tuple(corners[2:]), _BOX, 2)
    height = max(size[1], _ROW * (len(names) + 1))
    panel = np.full((height, 250, 3), 24, np.uint8)
    points = [_at(point, scale) for point in xy]
    for row, (name, at, sure) in enumerate(zip(names, points, confidence, strict=True)):
        for canvas, place in ((picture, at), (panel, (16 * 16, 16 * (_ROW * row + _ROW)))):
            _numbered(canvas, place, str(row + 1), _colour(name), filled=sure >= 0.2)
        line = f"{name}  {sure:.2f}"
        _text(panel, line, (50, _ROW * row + _ROW + 5), 0.45)
    padded = np.full((height, size[0], 3), 24, np.uint8)
    padded[: size[1]] = picture
    return np.hstack([padded, panel])


def sheet_size(count: int, side: int, columns: int = 6) -> tuple[int, int]:
    """Width and height of a sheet of `count` tiles that `draw_sample` makes."""
    return columns * side, -(-count // columns) * (side + _TITLE)


def sheet(tiles: Sequence[np.ndarray], columns: int = 6) -> np.ndarray:
    """Tiles of one size in rows, as one picture."""
    blank = np.full_like(tiles[0], 24)
    padded = [*tiles, *[blank] * (-len(tiles) % columns)]
    rows = [np.hstack(padded[at : at + columns]) for at in range(0, len(padded), columns)]
    return np.vstack(rows)


def _at(point: np.ndarray, scale: float) -> tuple[int, int] | None:
    """OpenCV's fixed point (1/16 pixel, pixel centres at whole numbers), None without a point."""
    if not np.isfinite(point).all():
        return None
    x, y = np.clip(np.asarray(point) * scale, -1000, 5000)
    return round(x * 16 - 8), round(y * 16 - 8)


def _colour(name: str) -> tuple[int, int, int]:
    return _LEFT if name.startswith("left_") else _RIGHT if name.startswith("right_") else _MIDDLE


def _numbered(
    picture: np.ndarray,
    at: tuple[int, int],
    number: str,
    colour: tuple[int, int, int],
    *,
    filled: bool,
) -> None:
    thickness = -1 if filled else 2
    cv2.circle(picture, at, 7 * 16, (20, 20, 20), thickness, cv2.LINE_AA, 4)
    cv2.circle(picture, at, 5 * 16 if filled else 6 * 16, colour, thickness, cv2.LINE_AA, 4)
    _text(picture, number, (at[0] // 16 + 8, at[1] // 16 + 5), 0.42)


def _text(picture: np.ndarray, text: str, at: tuple[int, int], scale: float) -> None:
    """White on a rim of black; a thicker stroke would be wider set in OpenCV 5."""
    font = cv2.FONT_HERSHEY_SIMPLEX
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        place = (at[0] + dx, at[1] + dy)
        cv2.putText(picture, text, place, font, scale, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.putText(picture, text, at, font, scale, (255, 255, 255), 1, cv2.LINE_AA)


def _dot(
    picture: np.ndarray, at: tuple[int, int], colour: tuple[int, int, int], filled: bool
) -> None:
    if filled:
        cv2.circle(picture, at, 56, (20, 20, 20), -1, cv2.LINE_AA, 4)
        cv2.circle(picture, at, 44, colour, -1, cv2.LINE_AA, 4)
    else:
        cv2.circle(picture, at, 52, (20, 20, 20), 3, cv2.LINE_AA, 4)
        cv2.circle(picture, at, 52, colour, 1, cv2.LINE_AA, 4)


def _compare(
    picture: np.ndarray,
    target: tuple[int, int],
    predicted: tuple[int, int] | None,
    colour: tuple[int, int, int],
) -> None:
    if predicted is not None:
        cv2.line(picture, target, predicted, _MISS, 1, cv2.LINE_AA, 4)
        cv2.circle(picture, predicted, 44, colour, -1, cv2.LINE_AA, 4)
    cv2.circle(picture, target, 48, _TRUTH, 1, cv2.LINE_AA, 4)
