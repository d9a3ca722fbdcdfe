"""What makes bags, phones and cups recognisable, drawn on their layers."""

from __future__ import annotations

import cv2
import numpy as np

from ffld.render.geometry.stream import Stream
from ffld.render.picture.fabric import Material
from ffld.render.picture.palette import draw_colour, scaled

_METAL = (206.0, 186.0, 132.0)


def draw_thing(
    picture: np.ndarray, name: str, outline: np.ndarray, material: Material, thin: int
) -> None:
    """Add details to a thing, in place; other layers stay as they are.

    Args:
        name: of the layer.
        outline: (n, 2) int32 in 1/16 pixel of the picture.
        thin: width of a seam in pixels.
    """
    draw = _KINDS.get(name)
    if draw and len(outline) >= 4:
        draw(picture, outline, material, thin)


def _at(outline: np.ndarray, x: float, y: float) -> np.ndarray:
    """A point at fractions of the outline's bounding box."""
    low, high = outline.min(0), outline.max(0)
    return (low + (high - low) * (x, y)).astype(np.int32)


def _line(picture: np.ndarray, points: list, colour: tuple, width: float) -> None:
    path = np.array(points, np.int32)
    cv2.polylines(picture, [path], False, colour, max(1, round(width)), cv2.LINE_AA, 4)


def _bag(picture: np.ndarray, outline: np.ndarray, material: Material, thin: int) -> None:
    """A flap with a clasp, or a zip and stitching."""

    def p(x: float, y: float) -> np.ndarray:
        return _at(outline, x, y)

    dark = material.ink
    kind = int(sum(material.base)) % 3
    if kind == 0:
        flap = np.array([p(0.02, 0.04), p(0.98, 0.04), p(0.9, 0.5), p(0.5, 0.6), p(0.1, 0.5)])
        cv2.fillPoly(picture, [flap + np.int32([0, 16 * thin])], scaled(material.base, 0.7),
                     cv2.LINE_AA, 4)  # fmt: skip
        cv2.fillPoly(picture, [flap], scaled(material.base, 1.04, 4), cv2.LINE_AA, 4)
        _line(picture, [p(0.5, 0.52), p(0.5, 0.64)], _METAL, thin * 4)
    elif kind == 1:
        _line(picture, [p(0.06, 0.16), p(0.94, 0.16)], _METAL, thin * 1.5)
        _line(picture, [p(0.15, 0.45), p(0.85, 0.45), p(0.82, 0.85), p(0.18, 0.85), p(0.15, 0.45)],
              dark, thin)  # fmt: skip
    else:
        for k in range(1, 5):  # quilted
            _line(picture, [p(0.25 * k, 0.0), p(0.25 * k - 0.5, 1.0)], dark, thin * 0.8)
            _line(picture, [p(1 - 0.25 * k, 0.0), p(1.5 - 0.25 * k, 1.0)], dark, thin * 0.8)
        _line(picture, [p(0.46, 0.3), p(0.54, 0.3)], _METAL, thin * 3)


def _phone(picture: np.ndarray, outline: np.ndarray, material: Material, thin: int) -> None:
    """The back of a phone held up to a mirror: camera and emblem."""
    a, b, c, d = (outline[k].astype(np.float64) for k in range(4))

    def p(x: float, y: float) -> list[int]:
        return ((a * (1 - x) + b * x) * (1 - y) + (d * (1 - x) + c * x) * y).astype(int).tolist()

    size = float(np.hypot(*(b - a)))
    rim = scaled(material.base, 1.3, 26)
    _line(picture, [a, b, c, d, a], rim, thin)
    for x, y, r in ((0.24, 0.12, 0.10), (0.24, 0.24, 0.07)):
        cv2.circle(picture, p(x, y), int(r * size), (14, 14, 18), -1, cv2.LINE_AA, 4)
        cv2.circle(picture, p(x, y), int(r * size * 0.4), (70, 76, 96), -1, cv2.LINE_AA, 4)
    cv2.circle(picture, p(0.5, 0.45), int(0.12 * size), rim, -1, cv2.LINE_AA, 4)


def _cup(picture: np.ndarray, outline: np.ndarray, material: Material, thin: int) -> None:
    """A paper cup: lid and sleeve."""
    points = [_at(outline, *at) for at in ((0, 0), (1, 0), (1, 0.16), (0, 0.16))]
    cv2.fillPoly(picture, [np.array(points)], (242, 240, 236), cv2.LINE_AA, 4)
    points = [_at(outline, *at) for at in ((0, 0.4), (1, 0.4), (1, 0.75), (0, 0.75))]
    cv2.fillPoly(picture, [np.array(points)], (150, 112, 78), cv2.LINE_AA, 4)


def draw_hanger(picture: np.ndarray, anchors: dict[str, complex], unit: float) -> None:
    """A hanger behind a garment, in place; `anchors` are the garment's landmarks in pixels."""
    neck = "collar" if "left_collar" in anchors else "waistband"
    left, right = anchors.get(f"left_{neck}"), anchors.get(f"right_{neck}")
    if left is None or right is None:
        return
    middle, way = (left + right) / 2, (right - left) / abs(right - left or 1)
    up = way * -1j * unit
    top = middle + 0.045 * up
    wood, metal = (176.0, 132.0, 88.0), (140.0, 140.0, 144.0)
    hook = [top, top + 0.035 * up, top + 0.055 * up + way * 0.012 * unit,
            top + 0.068 * up, top + 0.058 * up - way * 0.014 * unit]  # fmt: skip
    if neck == "waistband":
        bar = [left + 0.02 * up, right + 0.02 * up]
        clips = [[p + 0.03 * up, p - 0.02 * up] for p in bar]
        hook = [middle + 0.02 * up, *hook]
    else:
        shoulders = [anchors.get(f"{side}_shoulder", p) for side, p in
                     (("left", left), ("right", right))]  # fmt: skip
        bar, clips = [shoulders[0] - 0.01 * up, top, shoulders[1] - 0.01 * up], []
    for path, colour, width in ((bar, wood, 0.012), (hook, metal, 0.005),
                                *((clip, metal, 0.014) for clip in clips)):  # fmt: skip
        _line(picture, [(p.real * 16, p.imag * 16) for p in path], colour, width * unit)


def draw_seat(picture: np.ndarray, x: float, y: float, unit: float, s: Stream) -> None:
    """A stool, bench, chair or bed under somebody who sits at a point, in place."""
    colour = draw_colour(s) if s.chance(0.5) else draw_colour(s, "wood")
    wide = s.pick((0.11, 0.14, 0.6, 1.5)) * unit
    top, low = y - 0.03 * unit, y + s.uniform(0.05, 0.30) * unit
    p, q = (int(x - wide), int(top)), (int(x + wide), int(low))
    if wide < 0.2 * unit and s.chance(0.6):
        back = (int(x - wide), int(top - s.uniform(0.15, 0.3) * unit))
        cv2.rectangle(picture, back, (q[0], p[1]), scaled(colour, 0.8), -1)
    cv2.rectangle(picture, p, q, scaled(colour, 0.72), -1)
    cv2.rectangle(picture, p, (q[0], int(y + 0.03 * unit)), colour, -1)


_KINDS = {"bag": _bag, "phone": _phone, "cup": _cup}
