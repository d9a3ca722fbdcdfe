"""A backdrop that looks like no place: shapes, cloth, limbs, leaves and things at random.

For studies of whether models need backdrops that look real (domain randomisation: Tobin et al.,
IROS 2017); docs/transfer.md has what was found.
"""

from __future__ import annotations

import cmath
import math

import cv2
import numpy as np

from ffld.render.geometry.stream import Stream
from ffld.render.picture.brush import Brush
from ffld.render.picture.palette import draw_colour, scaled

_KINDS = {"shape": 4, "limb": 4, "cloth": 2.5, "disc": 2, "line": 2, "heap": 1, "leaves": 0.7}
_COLOURS = {"cloth": 4, "room": 3, "skin": 2, "wood": 1, "denim": 1, "hair": 1}


def draw_jumble(width: int, height: int, s: Stream) -> np.ndarray:
    """(height, width, 3) uint8."""
    b = Brush(width, height, draw_colour(s, s.weighted(_COLOURS)), s)
    b.light(0.15)
    for _ in range(8 + s.integer(28)):
        _draw(s.weighted(_KINDS), b, s)
    b.grain("grain", s.uniform(0, 1.5))
    picture = cv2.convertScaleAbs(b.picture, alpha=s.uniform(0.5, 1.1))
    if s.chance(0.35):
        picture = cv2.GaussianBlur(picture, (0, 0), s.uniform(0.6, 5))
    return picture


def _draw(kind: str, b: Brush, s: Stream) -> None:
    """One thing somewhere; small ones are likelier than large ones."""
    at, size = complex(s.uniform(-0.1, 1.1), s.uniform(-0.1, 1.1)), 0.04 * 15 ** s.unit()
    colour, turn = draw_colour(s, s.weighted(_COLOURS)), s.uniform(0, math.tau)
    if kind == "limb":
        _limb(b, at, at + 2 * size * cmath.exp(1j * turn), s)
    elif kind == "disc":
        b.disc(at.real, at.imag, size / 2, colour, s.uniform(0.4, 2))
    elif kind == "line":
        end = at + 3 * size * cmath.exp(1j * turn)
        b.line(at.real, at.imag, end.real, end.imag, colour, 1 + s.integer(4))
    elif kind == "leaves":
        b.foliage(at.real, at.imag, size / 2, colour)
    else:
        count = 3 + s.integer(4)
        spokes = [
            at + size * s.uniform(0.4, 1.0) * cmath.exp(1j * (turn + math.tau * k / count))
            for k in range(count)
        ]
        points = [(p.real, p.imag) for p in spokes]
        if kind == "shape":
            b.shape(points, colour)
        elif kind == "cloth":
            b.cloth(points)
        else:
            b.heap(points)


def _limb(b: Brush, start: complex, end: complex, s: Stream) -> None:
    """A tube of skin or cloth, lighter on one side, as arms, legs and sleeves of nobody are."""
    colour = draw_colour(s, s.weighted({"skin": 3, "cloth": 3, "denim": 1, "wood": 0.5}))
    wide = max(3, int(s.uniform(0.03, 0.14) * b.width))
    aside = complex(s.sign() * wide / 4 / b.width, 0)
    for shift, share, tone in ((0, 1.0, 0.72), (aside / 2, 0.75, 0.88), (aside, 0.4, 1.0)):
        p, q = start + shift, end + shift
        b.line(p.real, p.imag, q.real, q.imag, scaled(colour, tone), max(1, int(wide * share)))
