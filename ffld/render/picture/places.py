"""Rooms and shops, as backgrounds of photographs."""

from __future__ import annotations

import numpy as np

from ffld.render.geometry.stream import Stream
from ffld.render.picture.brush import (
    Brush,
    bricks,
    clothes_rail,
    curtain,
    floor,
    pale,
    small_things,
)
from ffld.render.picture.palette import draw_colour, near, scaled


def room(w: int, h: int, ground: float, s: Stream) -> np.ndarray:
    """A wall, a floor and furniture; often a mirror's frame round all of it."""
    b = Brush(w, h, draw_colour(s, "room"), s)
    if s.chance(0.26):
        bricks(b, s.pick(("tiles", "tiles", "bricks")))
    if s.chance(0.12):
        b.cloth([(0, 0), (1, 0), (1, 1), (0, 1)])
    if s.chance(0.3):  # a corner: the other wall is lit differently
        x, lean = s.uniform(0.1, 0.9), s.normal(0, 0.03)
        side = [(x, 0), (x + lean, 1), (2, 1), (2, 0)]
        if s.chance(0.5):
            side = [(x, 0), (x + lean, 1), (-1, 1), (-1, 0)]
        b.shape(side, scaled(tuple(b.picture[0, 0].tolist()), s.uniform(0.75, 1.1)))
    b.light(0.08)
    for _ in range(1 + s.integer(6)):
        s.pick((_window, _window, _door, _wardrobe, _picture, _picture, _drapes, _shelf))(b, ground)
    floor(b, ground)
    if ground < 0.95 and s.chance(0.15):  # a rug
        x, y = s.uniform(-0.3, 0.4), ground + 0.06
        b.cloth([(x, y), (x + 0.8, y), (x + 1.0, y + 0.3), (x - 0.2, y + 0.3)])
    if ground < 1 and s.chance(0.6):
        b.box(0, ground - 0.025, 1, 0.025, pale(s, 170))
    for _ in range(s.pick((1, 2, 3, 4, 6))):
        s.pick((_bed, _table, _table, _chair, _heap, _lamp, _suitcase, _plant))(b, ground)
    for _ in range(s.pick((0, 1, 1, 2, 3))):
        _full(b, ground)
    b.light(0.2)
    if s.chance(0.35):
        _beams(b)
    if s.chance(0.1):
        _mirror_frame(b)
    return b.picture


def mirror_room(w: int, h: int, ground: float, s: Stream) -> np.ndarray:
    """A room with the frame of the mirror round it."""
    b = Brush(w, h, (0, 0, 0), s)
    b.picture[:] = room(w, h, ground, s)
    _mirror_frame(b)
    return b.picture


def _beams(b: Brush) -> None:
    """Patches of sun on wall and floor, with the shadows of the window's bars; or deep shade."""
    s = b.s
    factor = s.uniform(1.2, 1.7) if s.chance(0.6) else s.uniform(0.5, 0.8)
    x, y, lean = s.uniform(-0.2, 0.8), s.uniform(-0.1, 0.8), s.uniform(-0.3, 0.3)
    wide, tall = s.uniform(0.15, 0.5), s.uniform(0.2, 0.6)
    for k in range(s.pick((1, 1, 2))):
        at = x + k * (wide + 0.03)
        b.beam([(at, y), (at + wide, y), (at + wide + lean, y + tall), (at + lean, y + tall)],
               factor)  # fmt: skip


def _window(b: Brush, ground: float) -> None:
    s = b.s
    x, y, w, h = (
        s.uniform(-0.1, 0.8),
        s.uniform(-0.1, 0.2),
        s.uniform(0.15, 0.5),
        s.uniform(0.3, 0.6),
    )
    b.box(x, y, w, h, pale(s, 215))
    glass = s.pick(((252, 254, 255), (236, 244, 252), (196, 214, 226), (60, 66, 78)))
    panes = 1 + s.integer(3)
    for k in range(panes):
        b.box(x + w * (k + 0.08) / panes, y + 0.03, w * 0.84 / panes, h - 0.06, glass)
    if s.chance(0.15):  # blinds
        for k in range(24):
            b.line(x, y + h * k / 24, x + w, y + h * k / 24, (206, 204, 198))
    if s.chance(0.5):
        curtain(b, x - 0.05, w * 0.35, pale(s, 180) if s.chance(0.5) else draw_colour(s))


def _door(b: Brush, ground: float) -> None:
    s = b.s
    x, w, top = s.uniform(-0.1, 0.85), s.uniform(0.2, 0.38), s.uniform(-0.2, 0.15)
    colour = pale(s, 200) if s.chance(0.5) else draw_colour(s, "wood")
    b.box(x - 0.02, top - 0.02, w + 0.04, ground - top + 0.02, scaled(colour, 1.08))
    b.box(x, top, w, ground - top, colour)
    for row in range(2):
        y = top + (ground - top) * (0.08 + 0.48 * row)
        tall = (ground - top) * 0.36
        b.box(x + 0.15 * w, y, 0.7 * w, tall, scaled(colour, 0.86))
        b.box(x + 0.17 * w, y + 0.01, 0.66 * w, tall - 0.015, scaled(colour, 0.97))
    b.disc(x + 0.9 * w, (top + ground) / 2, 0.012, (168, 156, 120))


def _wardrobe(b: Brush, ground: float) -> None:
    s = b.s
    x, w, top = s.uniform(-0.2, 0.7), s.uniform(0.3, 0.7), s.uniform(-0.2, 0.15)
    colour = draw_colour(s, "wood") if s.chance(0.6) else pale(s, 190)
    b.box(x, top, w, ground + 0.02 - top, colour)
    if s.chance(0.3):  # its doors are open
        b.box(x + 0.03, top + 0.03, w - 0.06, ground - top, scaled(colour, 0.45))
        clothes_rail(b, x + 0.04, top + 0.08, w - 0.1, 0.5)
        return
    count = 2 + s.integer(3)
    for k in range(1, count):
        b.line(x + w * k / count, top, x + w * k / count, ground, scaled(colour, 0.6))
        b.line(x + w * k / count - 0.02, 0.45, x + w * k / count - 0.02, 0.52, (120, 116, 108), 2)


def _picture(b: Brush, ground: float) -> None:
    s = b.s
    x, y, w = s.uniform(-0.1, 0.9), s.uniform(0, 0.4), s.uniform(0.1, 0.3)
    h = w * s.uniform(0.6, 1.4) * b.width / b.height
    b.box(x, y, w, h, draw_colour(s, "wood"))
    b.box(x + 0.012, y + 0.01, w - 0.024, h - 0.02, pale(s, 200))
    inside = (x + 0.03, y + 0.03, w - 0.06, h - 0.06)
    b.box(*inside, draw_colour(s))
    if s.chance(0.5):
        b.cloth([(x + 0.03, y + 0.03), (x + w - 0.03, y + 0.03), (x + w - 0.03, y + h - 0.03),
                 (x + 0.03, y + h - 0.03)])  # fmt: skip


def _drapes(b: Brush, ground: float) -> None:
    s = b.s
    colour = draw_colour(s) if s.chance(0.6) else pale(s, 180)
    curtain(b, s.uniform(-0.2, 0.8), s.uniform(0.2, 0.7), colour, 0.0, min(1.0, ground + 0.02))


def _shelf(b: Brush, ground: float) -> None:
    s = b.s
    x, w, colour = s.uniform(-0.2, 0.8), s.uniform(0.2, 0.5), draw_colour(s, "wood")
    rows, step = 1 + s.integer(4), s.uniform(0.1, 0.2)
    for k in range(rows):
        y = 0.15 + step * k
        small_things(b, x, y, w, 3 + s.integer(6))
        b.box(x, y, w, 0.015, colour)


def _bed(b: Brush, ground: float) -> None:
    s = b.s
    x, top, sheet = s.uniform(-0.5, 0.6), ground - s.uniform(-0.05, 0.15), draw_colour(s)
    sheet = pale(s, 200) if s.chance(0.6) else sheet
    b.shape([(x, top), (x + 0.9, top), (x + 1.1, top + 0.2), (x - 0.15, top + 0.2)], sheet)
    b.shape([(x - 0.15, top + 0.2), (x + 1.1, top + 0.2), (x + 1.05, 1.1), (x - 0.1, 1.1)],
            scaled(sheet, 0.8))  # fmt: skip
    if s.chance(0.5):
        b.cloth([(x + 0.05, top + 0.04), (x + 0.95, top + 0.04), (x + 1.1, top + 0.2),
                 (x + 1.05, 1.1), (x - 0.1, 1.1), (x - 0.15, top + 0.2)])  # fmt: skip
    for k in range(2):
        b.disc(x + 0.15 + 0.3 * k, top + 0.01, 0.13, near(scaled(sheet, 0.95), s, 8), 0.35)


def _table(b: Brush, ground: float) -> None:
    s = b.s
    x, w, top = s.uniform(-0.3, 0.8), s.uniform(0.25, 0.6), ground - s.uniform(0.05, 0.25)
    colour = draw_colour(s, "wood") if s.chance(0.7) else pale(s, 200)
    if s.chance(0.5):
        b.box(x, top, w, ground + 0.08 - top, scaled(colour, 0.72))
        b.line(x, top + 0.08, x + w, top + 0.08, scaled(colour, 0.5))
    else:
        for leg in (0.03, 0.94):
            b.box(x + leg * w, top, 0.025, ground + 0.08 - top, scaled(colour, 0.6))
    small_things(b, x, top, w * 0.9, s.integer(7))
    b.box(x - 0.02, top, w + 0.04, 0.03, colour)


def _chair(b: Brush, ground: float) -> None:
    s = b.s
    x, w, colour = s.uniform(0, 0.9), s.uniform(0.12, 0.25), draw_colour(s)
    top, seat, low = ground - s.uniform(0.2, 0.35), ground - 0.06, ground + 0.12
    b.box(x, top, w, seat - top, scaled(colour, 0.85))
    b.shape([(x, seat), (x + w, seat), (x + 1.15 * w, seat + 0.05), (x - 0.15 * w, seat + 0.05)],
            colour)  # fmt: skip
    for at in (x - 0.1 * w, x + 0.15 * w, x + 0.8 * w, x + 1.05 * w):
        b.line(at, seat + 0.05, at, low, (70, 62, 56), 2)


def _heap(b: Brush, ground: float) -> None:
    """Clothes or bags that lie about."""
    s = b.s
    x, y = s.unit(), min(0.98, ground + s.uniform(0, 0.15))
    for _ in range(2 + s.integer(5)):
        b.disc(
            x + s.normal(0, 0.08), y + s.normal(0, 0.03), s.uniform(0.03, 0.11), draw_colour(s), 0.6
        )


def _full(b: Brush, ground: float) -> None:
    """Shelves, a desk, an open cupboard or the floor, full of things."""
    s = b.s
    x, w, tall = s.uniform(-0.4, 0.8), s.uniform(0.2, 1.0), s.uniform(0.1, 0.7)
    low = min(1.0, ground) + s.uniform(-0.5, 0.15)
    lean = s.normal(0, 0.08)
    b.heap([(x + lean, low - tall), (x + 0.5 * w, low - tall * s.uniform(0.9, 1.2)),
            (x + w + lean, low - tall), (x + w, low), (x, low)])  # fmt: skip
    if s.chance(0.5):
        b.box(x - 0.02, low, w + 0.04, s.uniform(0.01, 0.05), draw_colour(s, "wood"))


def _lamp(b: Brush, ground: float) -> None:
    s = b.s
    x, top = s.uniform(0.05, 0.95), s.uniform(0.1, 0.4)
    shade = s.pick(((252, 244, 220), (210, 200, 180), (110, 130, 150)))
    b.line(x, top, x, ground + 0.05, (60, 58, 56), 2)
    b.shape(
        [(x - 0.05, top), (x + 0.05, top), (x + 0.09, top + 0.13), (x - 0.09, top + 0.13)], shade
    )


def _plant(b: Brush, ground: float) -> None:
    s = b.s
    x, tall = s.unit(), s.uniform(0.1, 0.3)
    b.foliage(x, ground - 0.5 * tall, s.uniform(0.08, 0.2), near((80, 112, 72), s, 15))
    b.box(x - 0.05, ground, 0.1, 0.1, pale(s, 150))


def _suitcase(b: Brush, ground: float) -> None:
    s = b.s
    x, w, colour = s.uniform(0, 0.85), s.uniform(0.12, 0.25), draw_colour(s)
    low, top = ground + 0.1, ground - s.uniform(0.05, 0.2)
    b.box(x, top, w, low - top, colour)
    for k in range(1, 5):
        b.line(x + w * k / 5, top, x + w * k / 5, low, scaled(colour, 0.8))


def _mirror_frame(b: Brush) -> None:
    """The frame of the mirror in which the picture is taken, along one side or two."""
    s = b.s
    colour = s.pick(((246, 244, 238), (60, 44, 34), (28, 26, 26), (176, 140, 84), (150, 112, 76)))
    wide, lean = s.uniform(0.04, 0.14), s.normal(0, 0.04)
    outside = scaled(tuple(b.picture[b.height // 2, b.width // 2].tolist()), 0.8)
    left = s.chance(0.5)
    for thick, tone in (
        (wide + 0.05, scaled(colour, 0.6)),
        (wide + 0.04, colour),
        (wide * 0.6, outside),
    ):
        side = [(-0.1, -0.1), (thick + lean, -0.1), (thick - lean, 1.1), (-0.1, 1.1)]
        b.shape(side if left else [(1 - x, y) for x, y in side], tone)
    if s.chance(0.4):
        b.shape([(-0.1, -0.1), (1.1, -0.1), (1.1, 0.03 + lean), (-0.1, 0.03 - lean)], colour)


def shop(w: int, h: int, ground: float, s: Stream) -> np.ndarray:
    """Rails and shelves of clothes, lamps in the ceiling."""
    b = Brush(w, h, pale(s, 150), s)
    floor(b, ground, s.pick(("tiles", "boards")))
    for row in range(1 + s.integer(2)):
        x, wide = s.uniform(-0.3, 0.5), s.uniform(0.4, 1.2)
        if s.chance(0.65):
            clothes_rail(b, x, 0.08 + 0.45 * row, wide, s.uniform(0.3, 0.42))
        else:
            for k in range(4):
                y = 0.2 + 0.16 * k
                small_things(b, x, y, wide, 8)
                b.box(x, y, wide, 0.012, draw_colour(s, "wood"))
    for _ in range(s.pick((0, 1, 1, 2))):
        _full(b, ground)
    for _ in range(s.integer(5)):
        b.disc(s.unit(), s.uniform(0, 0.1), s.uniform(0.01, 0.04), (255, 253, 244), 0.5)
    b.light(0.2)
    return b.picture
