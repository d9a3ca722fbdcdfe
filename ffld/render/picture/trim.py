"""Marks drawn on layers: seams, bands, collars, plackets, pockets, faces, soles."""

from __future__ import annotations

import cv2
import numpy as np

from ffld.render.picture.fabric import Material
from ffld.render.picture.face import draw_face
from ffld.render.picture.palette import Colour, luma, scaled

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
    if kind in ("face", "profile"):
        draw_face(picture, kind, path, material)
        return
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


def _stripe(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    colour = material.rim or scaled(material.base, 0.5 if luma(material.base) > 110 else 1.0, 110)
    _stroke(picture, path, colour, thin * 3)


def _cord(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    _stroke(picture, path, scaled(material.base, 0.6), thin * 2)
    _stroke(picture, path - np.int32([8, 0]), (240, 238, 232), thin * 1.2)


def _pleat(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    _stroke(picture, path, scaled(material.base, 0.72), thin * 1.5)
    _stroke(picture, path + np.int32([24 * thin, 0]), scaled(material.base, 1.08, 6), thin)


def _tier(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    """A ruffle sewn on: it throws a shadow, and gathers hang from it."""
    _stroke(picture, path + np.int32([0, 16 * thin]), scaled(material.base, 0.74), thin * 2.5)
    _stroke(picture, path - np.int32([0, 24 * thin]), scaled(material.base, 1.07, 5), thin * 1.5)
    for p, q in zip(path, path[1:], strict=False):
        for share in (0.2, 0.55, 0.9):
            at = (p + (q - p) * share).astype(np.int32)
            gather = np.array([at, at + np.int32([8 * thin, 150 * thin])], np.int32)
            _stroke(picture, gather, scaled(material.base, 0.84), thin)


def _scallop(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    """A lace border of small arcs with holes."""
    pale, dark = scaled(material.base, 1.06, 8), scaled(material.base, 0.7)
    for p, q in zip(path, path[1:], strict=False):
        count = max(1, int(np.hypot(*(q - p)) / (16 * 7 * thin)))
        for k in range(count):
            x, y = (p + (q - p) * ((k + 0.5) / count)).astype(np.int32).tolist()
            cv2.circle(picture, (x, y), 48 * thin, pale, -1, cv2.LINE_AA, 4)
            cv2.circle(picture, (x, y), 20 * thin, dark, -1, cv2.LINE_AA, 4)


def _watch(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    """A watch or bangle round the wrist."""
    dark = material.features[0] < 0.5 if material.features else True
    _stroke(picture, path, (36, 32, 32) if dark else (196, 178, 132), thin * 4)
    x, y = path.mean(0).astype(np.int32).tolist()
    cv2.circle(picture, (x, y), 64 * thin, (222, 218, 208), -1, cv2.LINE_AA, 4)


def _necklace(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    _stroke(picture, path, (206, 182, 128), thin)
    x, y = path[len(path) // 2].tolist()
    cv2.circle(picture, (x, y), 32 * thin, (226, 208, 160), -1, cv2.LINE_AA, 4)


def _patch(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    """A tie or a bow: a shape that stands out, with a shadow under it."""
    _fill(picture, path + np.int32([12 * thin, 16 * thin]), scaled(material.base, 0.72))
    colour = material.rim or (scaled(material.base, 0.4) if luma(material.base) > 90 else
                              scaled(material.base, 1.0, 90))  # fmt: skip
    _fill(picture, path, colour)
    _stroke(picture, np.concatenate([path, path[:1]]), scaled(colour, 0.75), 1)


def _turn_up(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    """The trouser leg turned up: its pale inside and the shadow above it."""
    way = path[1] - path[0]
    wide = np.array([path[0] - way * 0.2, path[1] + way * 0.2]).astype(np.int32)
    _stroke(picture, wide, scaled(material.base, 1.12, 18), thin * 10)
    normal = np.array((way[1], -way[0])) / (np.hypot(*way) or 1.0) * 16 * 5 * thin
    normal = normal if normal[1] < 0 else -normal
    _stroke(picture, (wide + normal).astype(np.int32), scaled(material.base, 0.66), thin * 1.4)


def _rip(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    """A torn hole with the pale weft across it."""
    for k in range(4):
        line = path + np.int32([[8 * k * thin, 26 * k * thin], [-6 * k * thin, 26 * k * thin]])
        _stroke(picture, line, (226, 200, 182) if k % 2 else (232, 234, 236), thin * 2)


def _label(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    _fill(picture, path, (250, 250, 248) if luma(material.base) < 200 else (40, 40, 44))


def _shadow(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    """A hollow of the body."""
    red, green, blue = material.base
    _stroke(picture, path, (red * 0.97, green * 0.94, blue * 0.925), thin * 3)


def _shine(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    """A glint on hair: strands of it a little lighter."""
    step = (path[len(path) // 2] - path.mean(0)) * 0.25
    for k in range(-2, 3):
        colour = scaled(material.base, 1.12 + 0.06 * (2 - abs(k)), 8 - 2 * abs(k))
        _stroke(picture, (path + step * k).astype(np.int32), colour, thin)


def _sole(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    dark = luma(material.base) > 190
    _stroke(picture, path, (120, 96, 74) if dark else (238, 236, 230), thin * 3.5)


def _laces(picture: np.ndarray, path: np.ndarray, material: Material, thin: int) -> None:
    _stroke(picture, path, scaled(material.base, 0.6, 70), thin * 2)


_KINDS = {"edge": _edge, "band": _band, "flap": _flap, "pocket": _pocket, "buttons": _buttons,
          "belt": _belt, "waistband": _waistband, "shadow": _shadow, "stripe": _stripe,
          "cord": _cord, "pleat": _pleat, "rip": _rip, "watch": _watch, "necklace": _necklace,
          "tier": _tier, "patch": _patch, "turn_up": _turn_up, "scallop": _scallop,
          "label": _label, "shine": _shine, "sole": _sole, "laces": _laces}  # fmt: skip
