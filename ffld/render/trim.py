"""Marks drawn on layers: seams, bands, collars, plackets, pockets, and the features of a face."""

from __future__ import annotations

import cv2
import numpy as np

from ffld.render.fabric import Material
from ffld.render.palette import Colour, luma, scaled

_FIXED = {"zip": (158, 158, 156), "buckle": (196, 180, 130)}


def draw_mark(
    picture: np.ndarray, kind: str, path: np.ndarray, material: Material, thin: int
) -> None:
    """Draw one mark of a layer, in place.

    Args:
        kind: see `Mark`.
        path: (n, 2) int32 in 1/16 pixel of the picture.
        thin: width of a seam in pixels.
    """
    draw = _KINDS.get(kind)
    if draw:
        draw(picture, path, material, thin)
        return
    _stroke(picture, path, _FIXED.get(kind, material.ink), thin * (2 if kind == "zip" else 1))


def _stroke(picture: np.ndarray, path: np.ndarray, colour: Colour, width: float) -> None:
    width = max(1, round(width))
    cv2.polylines(picture, [path], False, colour, width, cv2.LINE_AA, 4)


def _fill(picture: np.ndarray, path: np.ndarray, colour: Colour) -> None:
    cv2.fillPoly(picture, [path], colour, cv2.LINE_AA, 4)


def _edge(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    """A hem: the stitching, and the shade below it."""
    _stroke(picture, path, material.ink, thin * 0.8)


def _band(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    """A ribbed band, such as at a neckline, a cuff or a hem."""
    colour = material.rim or scaled(material.base, 0.95 if luma(material.base) > 60 else 1.1)
    _stroke(picture, path, colour, thin * 5)
    _stroke(picture, path + np.int32([0, thin * 40]), scaled(colour, 0.8), max(1, thin * 0.6))


def _flap(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    """A collar flap or lapel: a filled shape with a shadow along its lower edge."""
    _fill(picture, path + np.int32([0, thin * 22]), scaled(material.base, 0.72))
    _fill(picture, path, material.rim or scaled(material.base, 1.05, 3))
    closed = np.concatenate([path, path[:1]])
    _stroke(picture, closed, material.ink, 1)


def _pocket(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    """The outline of a patch pocket, or the slit of another; the first edge is the opening."""
    _stroke(picture, path[:2] + np.int32([0, 8 * thin]), scaled(material.base, 0.6), thin * 1.4)
    _stroke(picture, path, material.ink, thin * 0.8)


def _buttons(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    """A placket with buttons between the first and the last point."""
    way = (path[-1] - path[0]).astype(np.float64)
    length = float(np.hypot(*way)) or 1.0
    side = np.array((-way[1], way[0])) / length * thin * 56
    for sign, amount in ((1, 0.74), (-0.7, 0.9)):
        _stroke(picture, (path + sign * side).astype(np.int32), scaled(material.base, amount), 1)
    steps = 7
    light = luma(material.base) < 60 or luma(material.base) > 200
    colour = scaled(material.base, 0.9, 40) if light else scaled(material.base, 0.5)
    for k in range(steps):
        x, y = (path[0] + way * (k + 0.3) / steps) / 16
        at = (int(x), int(y))
        cv2.circle(
            picture, at, max(1, round(thin * 2.2)), scaled(material.base, 0.6), -1, cv2.LINE_AA
        )
        cv2.circle(picture, at, max(1, round(thin * 1.6)), colour, -1, cv2.LINE_AA)


def _belt(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    """A leather belt with its buckle in the middle."""
    dark = (38.0, 30.0, 27.0) if luma(material.base) > 50 else (112.0, 76.0, 50.0)
    _stroke(picture, path, dark, thin * 6)
    x, y = path[len(path) // 2] / 16
    p = (int(x - 4 * thin), int(y - 3 * thin))
    q = (int(x + 4 * thin), int(y + 3 * thin))
    cv2.rectangle(picture, p, q, (202, 186, 140), max(1, thin))


def _waistband(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    _stroke(picture, path, scaled(material.base, 0.7), thin * 1.2)
    _stroke(picture, path - np.int32([0, thin * 20]), material.ink, 1)


def _shadow(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    _stroke(picture, path, scaled(material.base, 0.82), thin * 3)


def _eye(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    centre, span = path.mean(0) / 16, abs(path[1] - path[0]).max() / 32
    at = (int(centre[0]), int(centre[1]))
    if span > 1.5:
        axes = (int(span), max(1, int(span * 0.5)))
        cv2.ellipse(picture, at, axes, 0, 0, 360, (232, 228, 224), -1, cv2.LINE_AA)
    cv2.circle(picture, at, max(1, int(span * 0.5)), (40, 30, 28), -1, cv2.LINE_AA)


def _brow(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    _stroke(picture, path, (66, 50, 44), thin * 2)


def _mouth(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    _stroke(picture, path, (188, 96, 94), thin * 2)


_KINDS = {"edge": _edge, "band": _band, "flap": _flap, "pocket": _pocket, "buttons": _buttons,
          "belt": _belt, "waistband": _waistband, "shadow": _shadow, "eye": _eye, "brow": _brow,
          "mouth": _mouth}  # fmt: skip
