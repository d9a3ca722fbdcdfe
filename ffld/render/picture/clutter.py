"""Things without number, as photographs have them behind people: shapes that lie on each other.

A picture of opaque shapes of all sizes at all angles has the statistics of photographs of the
world (Lee, Mumford, Huang, "Occlusion models for natural images", IJCV 2001): as many edges at any
scale, none along the picture's axes. One such picture is drawn once; parts of it are coloured anew.
"""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np

from ffld.render.geometry.stream import Stream
from ffld.render.picture.noise import noise
from ffld.render.picture.palette import Colour

_SIDE = 1024
_LEAST = 8  # smaller ones would leave nothing whole of the larger ones
_TONES = (0.35, 0.6, 0.8, 1.0)  # of each colour


@cache
def _bank() -> np.ndarray:
    """(_SIDE, _SIDE) uint8 numbers of shapes; their radii are distributed as r to the power -3."""
    s = Stream(bytes(range(16)))
    bank = np.zeros((_SIDE, _SIDE), np.uint8)
    for _ in range(8000):
        radius = _LEAST / math.sqrt(1 - s.unit() * (1 - (_LEAST / 200) ** 2))
        x, y, turn = s.unit() * _SIDE, s.unit() * _SIDE, s.unit() * math.pi
        axes = complex(radius, radius * s.uniform(0.15, 1.0))
        number, round_ = s.integer(256), s.chance(0.35)
        if round_:
            cv2.ellipse(bank, (int(x), int(y)), (int(axes.real), int(axes.imag)),
                        math.degrees(turn), 0, 360, number, -1)  # fmt: skip
            continue
        skew = s.uniform(-0.4, 0.4) * axes.real
        ring = (axes, complex(skew - axes.real, axes.imag), -axes,
                complex(axes.real - skew, -axes.imag))  # fmt: skip
        way = complex(math.cos(turn), math.sin(turn))
        path = [(x + (p * way).real, y + (p * way).imag) for p in ring]
        cv2.fillPoly(bank, [np.array(path).astype(np.int32)], number)
    return bank


def clutter(width: int, height: int, colours: list[Colour], s: Stream) -> np.ndarray:
    """(height, width, 3) uint8 of shapes in tones of some colours."""
    zoom = s.uniform(0.7, 1.6)
    w, h = min(_SIDE, int(width * zoom) + 1), min(_SIDE, int(height * zoom) + 1)
    x, y = s.integer(_SIDE - w + 1), s.integer(_SIDE - h + 1)
    tones = np.array(colours, np.float32)[:, None] * np.float32(_TONES)[:, None]
    table = np.resize(tones.reshape(-1, 3), (256, 3)).astype(np.uint8)[None]
    part = _bank()[y : y + h, x : x + w]
    things = cv2.resize(cv2.LUT(cv2.merge([part] * 3), table), (width, height))
    dents = cv2.resize(noise("crumple", s), (width, height)) * np.float32(12)
    return cv2.add(things, cv2.merge([dents] * 3), dtype=cv2.CV_8U)
