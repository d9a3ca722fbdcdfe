"""Streets and gardens, as backgrounds of photographs."""

from __future__ import annotations

import numpy as np

from ffld.render.geometry.stream import Stream
from ffld.render.picture.brush import Brush, bricks, floor, passers_by
from ffld.render.picture.palette import contrast, draw_colour, near, scaled


def street(w: int, h: int, ground: float, s: Stream) -> np.ndarray:
    """A house front with shop windows, or a wall, pavement, cars, people."""
    b = Brush(w, h, scaled(draw_colour(s, "room"), s.uniform(0.6, 1.0)), s)
    kind = s.weighted({"shops": 4, "wall": 2, "open": 2})
    if kind == "shops":
        _shop_fronts(b, ground)
    elif kind == "wall":
        bricks(b, s.pick(("bricks", "bricks", "tiles")))
        b.grain("blotches", 4)
        if s.chance(0.5):
            _shop_fronts(b, ground)
    else:
        _open_street(b, ground)
    floor(b, ground, s.pick(("stone", "asphalt", "stone")))
    if s.chance(0.3):
        passers_by(b, ground, 1 + s.integer(4))
    if s.chance(0.25):
        _car(b, ground)
    if s.chance(0.2):
        _fence(b, ground)
    if s.chance(0.2):
        b.foliage(s.unit(), ground, s.uniform(0.1, 0.3), near((70, 96, 58), s, 15))
    b.light(0.18)
    if s.chance(0.35):  # sun on one side of the street, or the shade of a house
        x, lean, side = s.uniform(0.1, 0.9), s.uniform(-0.3, 0.3), s.pick((-1, 2))
        b.beam([(x, -0.1), (side, -0.1), (side, 1.1), (x + lean, 1.1)], s.pick((0.62, 0.75, 1.35)))
    return b.picture


def _shop_fronts(b: Brush, ground: float) -> None:
    s = b.s
    x, sign = s.uniform(-0.3, 0), s.uniform(0.0, 0.25)
    frame = s.pick(((32, 32, 34), (60, 48, 40), (200, 198, 192), (120, 40, 40), (50, 70, 60)))
    if s.chance(0.7):
        colour = draw_colour(s)
        b.box(0, sign - 0.1, 1, 0.1, colour)
        for k in range(s.pick((0, 1, 2))):
            b.letters(0.1 + 0.5 * k, sign - 0.03, s.uniform(0.03, 0.06), contrast(colour, s))
    while x < 1:
        w = s.uniform(0.2, 0.5)
        glass = s.pick(((44, 48, 54), (70, 76, 80), (120, 118, 108), (186, 176, 150), (30, 30, 32)))
        b.box(x, sign, w, ground - sign, frame)
        b.box(x + 0.02, sign + 0.02, w - 0.04, ground - sign - 0.05, near(glass, s, 10))
        if s.chance(0.5):  # what is inside, and what the glass mirrors
            low, tall = ground - 0.05, (ground - sign) * s.uniform(0.2, 0.9)
            tones = [scaled(draw_colour(s), 0.7), near(glass, s, 10), scaled(glass, 1.2, 10)]
            b.heap([(x + 0.03, low - tall), (x + w - 0.03, low - tall), (x + w - 0.03, low),
                    (x + 0.03, low)], tones)  # fmt: skip
        for _ in range(s.integer(6)):
            tall = s.uniform(0.08, 0.5)
            b.box(x + w * s.uniform(0.1, 0.8), ground - 0.06 - tall, s.uniform(0.02, 0.1), tall,
                  near(scaled(draw_colour(s), 0.7), s, 8))  # fmt: skip
        b.shape([(x + 0.1 * w, sign), (x + 0.4 * w, sign), (x + 0.1 * w, ground - 0.1)],
                scaled(glass, 1.1, 10))  # fmt: skip
        x += w + s.uniform(0.0, 0.25)


def _open_street(b: Brush, ground: float) -> None:
    s = b.s
    b.fill(s.pick(((222, 230, 238), (196, 214, 232), (240, 240, 238))))
    x = -0.1
    while x < 1:
        w, top = s.uniform(0.1, 0.4), s.uniform(0.0, 0.5)
        colour = scaled(draw_colour(s, "room"), s.uniform(0.6, 1.0))
        b.box(x, top, w, ground - top, colour)
        for j in range(6):
            for i in range(4):
                b.box(
                    x + w * (i + 0.25) / 4,
                    top + 0.03 + 0.08 * j,
                    w * 0.12,
                    0.04,
                    scaled(colour, 0.6),
                )
        x += w
    for _ in range(s.integer(4)):
        b.foliage(s.unit(), s.uniform(0.1, 0.45), s.uniform(0.1, 0.25), near((74, 100, 60), s, 15))


def _fence(b: Brush, ground: float) -> None:
    """Railings or bollards along the pavement."""
    s = b.s
    colour, step, top = draw_colour(s), s.uniform(0.02, 0.12), ground - s.uniform(0.08, 0.25)
    wide = 1 + s.integer(3)
    for k in range(int(1 / step) + 1):
        b.line(k * step, top, k * step, ground + 0.01, colour, wide)
    if s.chance(0.7):
        b.line(0, top, 1, top, colour, wide)
        b.line(0, ground - 0.02, 1, ground - 0.02, colour, wide)


def _car(b: Brush, ground: float) -> None:
    s = b.s
    x, w, colour = s.uniform(-0.3, 0.8), s.uniform(0.4, 0.7), draw_colour(s)
    h = w * 0.3 * b.width / b.height
    low = ground + 0.02
    b.shape([(x, low), (x, low - 0.55 * h), (x + 0.2 * w, low - 0.6 * h), (x + 0.32 * w, low - h),
             (x + 0.7 * w, low - h), (x + 0.85 * w, low - 0.6 * h), (x + w, low - 0.5 * h),
             (x + w, low)], colour)  # fmt: skip
    b.shape([(x + 0.26 * w, low - 0.6 * h), (x + 0.35 * w, low - 0.92 * h),
             (x + 0.68 * w, low - 0.92 * h), (x + 0.79 * w, low - 0.6 * h)],
            (46, 52, 60))  # fmt: skip
    for wheel in (0.2, 0.8):
        b.disc(x + wheel * w, low, 0.09 * w, (28, 28, 30))


def greenery(w: int, h: int, ground: float, s: Stream) -> np.ndarray:
    """A park or garden: foliage, sky between leaves, grass or a path."""
    b = Brush(w, h, near((92, 112, 76), s, 22), s)
    leaves = [near((92, 112, 76), s, 25) for _ in range(4)]
    b.heap([(0, 0), (1, 0), (1, 1), (0, 1)], leaves)
    b.grain("clouds", 14)
    if s.chance(0.5):
        b.box(0, -0.1, 1, s.uniform(0.15, 0.5), s.pick(((226, 236, 244), (205, 222, 240))))
    for _ in range(3 + s.integer(6)):
        b.foliage(s.unit(), s.uniform(0, 0.6), s.uniform(0.12, 0.35), near((84, 110, 66), s, 22))
    for _ in range(s.integer(3)):
        x = s.unit()
        b.box(x, -0.1, s.uniform(0.02, 0.07), 0.85, near((84, 70, 56), s, 12))
    if s.chance(0.5):
        floor(b, ground, s.pick(("asphalt", "stone")))
    elif ground < 1:
        lawn = b.below(ground)
        lawn.fill(near((118, 138, 84), s, 18))
        lawn.grain("streaks", 8)
    b.light(0.2)
    return b.picture
