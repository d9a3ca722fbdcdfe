"""Faces, drawn on the skin of a head."""

from __future__ import annotations

import cv2
import numpy as np

from ffld.render.picture.fabric import Material
from ffld.render.picture.palette import Colour, blend, scaled

Points = tuple[tuple[float, float], ...]

_DARK = (44.0, 33.0, 30.0)
_LENS = ((-0.25, 0.12), (0.0, 0.18), (0.25, 0.14), (0.22, -0.10), (0.0, -0.20), (-0.22, -0.10))


class _Sheet:
    """Draws in a face's own coordinates: x to the side, y up, in head radii."""

    def __init__(self, picture: np.ndarray, path: np.ndarray) -> None:
        self.picture = picture
        self.origin = path[0].astype(np.float64)
        self.axes = (path[1:] - path[0]).astype(np.float64)
        self.size = float(np.hypot(*self.axes[1])) / 16

    def at(self, points: Points) -> np.ndarray:
        return (self.origin + np.array(points) @ self.axes).astype(np.int32)

    def line(self, points: Points, colour: Colour, width: float) -> None:
        thick = max(1, round(width * self.size))
        cv2.polylines(self.picture, [self.at(points)], False, colour, thick, cv2.LINE_AA, 4)

    def area(self, points: Points, colour: Colour) -> None:
        cv2.fillPoly(self.picture, [self.at(points)], colour, cv2.LINE_AA, 4)

    def disc(self, x: float, y: float, r: float, colour: Colour) -> None:
        centre = self.at(((x, y),))[0].tolist()
        radius = max(8, int(r * self.size * 16))
        cv2.circle(self.picture, centre, radius, colour, -1, cv2.LINE_AA, 4)

    def blocks(self, r: float) -> None:
        """Make a square of half width r unrecognisable, as people in photographs often are."""
        (x, y), half = (self.origin / 16).astype(int).tolist(), int(r * self.size)
        part = self.picture[max(0, y - half) : y + half, max(0, x - half) : x + half]
        if min(part.shape[:2]) > 8:
            small = cv2.resize(part, (6, 7), interpolation=cv2.INTER_AREA)
            part[:] = cv2.resize(small, part.shape[1::-1], interpolation=cv2.INTER_NEAREST)


def draw_face(picture: np.ndarray, kind: str, path: np.ndarray, skin: Material) -> None:
    """Eyes, brows, nose and mouth, and what covers them.

    Args:
        kind: "face", or "profile" where it is seen from the side.
        path: middle of the face, one head radius to its side and one up; in 1/16 pixel.
    """
    sheet = _Sheet(picture, path)
    if sheet.size < 3:
        return
    look = skin.features or (0.5,) * 5
    sides = (0.62,) if kind == "profile" else (-0.34, 0.34)
    red, green, blue = skin.base
    blush = (min(255.0, red * 1.01), green * 0.93, blue * 0.92)
    for x in sides:
        sheet.disc(x * 1.25, -0.32, 0.20, blush)
    shade = (red * 0.90, green * 0.83, blue * 0.80)
    nose = 0.86 if kind == "profile" else 0.0
    if kind == "face":
        sheet.line(((0.07, 0.10), (0.10, -0.22), (0.02, -0.34)), shade, 0.05)
        sheet.line(((-0.11, -0.33), (0.0, -0.38), (0.11, -0.33)), scaled(shade, 0.88), 0.05)
    sheet.area(((-0.25 + nose * 0.8, -0.80), (nose * 0.8, -0.84), (0.25 + nose * 0.8, -0.80),
                (nose * 0.8, -0.74)), shade)  # fmt: skip
    for x in sides:
        _eye(sheet, x, look, skin.base)
    _mouth(sheet, 0.74 if kind == "profile" else 0.0, look, skin.base)
    _cover(sheet, skin.cover, sides, look)


def _eye(sheet: _Sheet, x: float, look: tuple[float, ...], base: Colour) -> None:
    sign, wide, tall = (1.0 if x > 0 else -1.0), 0.15, 0.05 + 0.04 * look[0]
    out, inn, y = x + sign * wide, x - sign * wide, 0.03
    white = blend(base, (238.0, 238.0, 238.0), 0.45)
    sheet.area(((inn, y - 0.01), (x, y + tall), (out, y + 0.03), (x, y - tall)), white)
    sheet.disc(x, y, 0.045 + 0.5 * tall, (48.0, 34.0, 29.0))
    sheet.line(((inn, y), (x, y + tall + 0.01), (out + sign * 0.03, y + 0.04)), _DARK, 0.035)
    brow = scaled(base, 0.25 + 0.3 * look[1])
    lift = 0.24 + 0.04 * look[1]
    sheet.line(((inn - sign * 0.03, lift - 0.03), (x + sign * 0.06, lift + 0.03),
                (out + sign * 0.06, lift - 0.03)), brow, 0.05 + 0.03 * look[2])  # fmt: skip


def _mouth(sheet: _Sheet, x: float, look: tuple[float, ...], base: Colour) -> None:
    strength = 0.25 + 0.5 * look[3]
    natural = (base[0] * 0.92, base[1] * 0.7, base[2] * 0.68)
    lip = blend(natural, (196.0, 62.0, 70.0), strength)
    wide, y = 0.17 + 0.06 * look[4], -0.60
    smile = 0.05 * look[4]
    sheet.area(((x - wide, y + smile), (x - 0.05, y + 0.06), (x, y + 0.045), (x + 0.05, y + 0.06),
                (x + wide, y + smile), (x, y - 0.08)), lip)  # fmt: skip
    sheet.line(((x - wide, y + smile), (x, y), (x + wide, y + smile)), scaled(lip, 0.66), 0.03)


def _cover(sheet: _Sheet, cover: str, sides: tuple[float, ...], look: tuple[float, ...]) -> None:
    if cover in ("sunglasses", "glasses"):
        for x in sides:
            rim = tuple((x + a, 0.03 + b) for a, b in _LENS)
            if cover == "sunglasses":
                sheet.area(rim, (34.0, 30.0, 32.0))
            else:
                sheet.line((*rim, rim[0]), (40.0, 34.0, 34.0), 0.035)
        sheet.line(((-0.85, 0.14), (0.85, 0.14)), (36.0, 32.0, 32.0), 0.04)
    elif cover == "mask":
        colour = ((238.0, 240.0, 242.0), (150.0, 190.0, 214.0), (36.0, 36.0, 40.0))
        shape = ((-0.62, -0.12), (0.0, -0.02), (0.62, -0.12), (0.56, -0.75), (0.0, -1.02),
                 (-0.56, -0.75))  # fmt: skip
        pick = colour[min(2, int(look[0] * 3))]
        sheet.area(shape, pick)
        sheet.line(((-0.55, -0.45), (0.0, -0.42), (0.55, -0.45)), scaled(pick, 0.88), 0.03)
    elif cover == "sticker":
        sheet.disc(0.0, -0.1, 0.85, ((250.0, 206.0, 70.0), (246.0, 170.0, 190.0))[look[0] > 0.5])
        for x in (-0.3, 0.3):
            sheet.disc(x, 0.1, 0.1, (40.0, 32.0, 30.0))
        sheet.line(((-0.35, -0.3), (0.0, -0.5), (0.35, -0.3)), (40.0, 32.0, 30.0), 0.08)
    elif cover == "mosaic":
        sheet.blocks(0.8)
