"""Materials: what cloth, skin, hair and things look like before light falls on them.

A material is a tile that repeats; it is laid along the grain of each layer, so that a pattern
follows the garment. Colours are RGB, 0 to 255.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from ffld.render.stream import Stream

TILE = 128

Colour = tuple[float, float, float]

_SKIN = ((255, 224, 200), (244, 208, 177), (233, 190, 155), (214, 163, 124), (177, 122, 84),
         (141, 93, 62), (98, 64, 45), (250, 232, 218))  # fmt: skip
_HAIR = ((24, 20, 20), (38, 28, 24), (64, 42, 30), (105, 68, 42), (150, 108, 66), (196, 158, 104),
         (120, 48, 30), (150, 150, 150))  # fmt: skip
_NEUTRAL = ((245, 245, 243), (28, 28, 32), (60, 62, 68), (150, 150, 152), (200, 198, 194),
            (36, 44, 74), (214, 196, 168), (120, 96, 74), (92, 98, 82), (235, 226, 212),
            (252, 252, 252), (18, 18, 20), (126, 36, 44), (178, 190, 205))  # fmt: skip
_DENIM = ((52, 74, 112), (86, 112, 150), (132, 158, 188), (34, 42, 62), (170, 188, 206))


@dataclass(frozen=True)
class Material:
    """A repeating tile and how it takes light.

    Attributes:
        tile: (TILE, TILE, 3) uint8.
        size: length of the tile in body heights.
        relief: strength of folds and of the light's direction.
        ink: colour of seams and edges.
        even: whether the tile has no pattern, so that its direction doesn't show.
        print: strokes of a graphic on the chest, in units of the layer's half width, or none.
    """

    tile: np.ndarray
    size: float
    relief: float
    ink: Colour
    even: bool = False
    print: tuple[tuple[Colour, tuple[tuple[float, float], ...]], ...] = ()


def draw_cloth(stream: Stream, denim_likely: bool) -> Material:
    """A random fabric; trousers, shorts, skirts and jackets are often denim."""
    s = stream
    if denim_likely and s.chance(0.32):
        return _denim(s)
    base, other = draw_colour(s), draw_colour(s)
    kind = s.weighted({"plain": 9, "stripes": 2.2, "checks": 1.6, "dots": 0.8, "floral": 1.6,
                       "knit": 1.4, "melange": 1.2})  # fmt: skip
    tile, size = _TILES[kind](base, other, s)
    graphic = _graphic(base, s) if kind in ("plain", "melange") and s.chance(0.35) else ()
    shade = 0.72 if sum(base) > 200 else 1.6
    ink = tuple(min(255.0, c * shade + (18 if shade > 1 else 0)) for c in base)
    return Material(tile, size, s.uniform(0.6, 1.3), ink, kind in ("plain", "melange"), graphic)


def draw_skin(stream: Stream) -> Material:
    """A skin tone with little texture."""
    base = _near(stream.pick(_SKIN), stream, 10)
    return Material(_flat(base, 2.0, stream), 0.2, 0.75, tuple(0.72 * c for c in base), True)


def draw_hair(stream: Stream) -> Material:
    """Hair: streaks along the grain."""
    base = _near(stream.pick(_HAIR), stream, 8)
    streaks = noise("streaks", stream)[:TILE, :TILE, None]
    tile = _clip(np.array(base) * (1 + 0.2 * streaks))
    return Material(tile, 0.12, 0.9, tuple(0.6 * c for c in base))


def draw_thing(stream: Stream) -> Material:
    """A bag, a shoe, a cup, some object."""
    base = draw_colour(stream)
    return Material(_flat(base, 4.0, stream), 0.3, 1.0, tuple(0.6 * c for c in base), True)


def draw_device(stream: Stream) -> Material:
    """A phone."""
    base = _near((30, 30, 32), stream, 5)
    return Material(_flat(base, 1.0, stream), 0.2, 0.6, (70.0, 70.0, 80.0), True)


def draw_leaf(stream: Stream) -> Material:
    """Leaves of a plant."""
    base = _near((70, 120, 60), stream, 28)
    return Material(_flat(base, 8.0, stream), 0.2, 0.8, tuple(0.6 * c for c in base), True)


def draw_colour(stream: Stream) -> Colour:
    """A colour as clothes have it: mostly neutral, sometimes bright."""
    s = stream
    if s.chance(0.62):
        return _near(s.pick(_NEUTRAL), s, 12)
    hue, value = s.unit() * 6, s.uniform(90, 245)
    strength = 0.1 + 0.8 * s.unit() ** 1.5
    ramp = [min(1.0, max(0.0, abs((hue - k) % 6 - 3) - 1)) for k in (0, 2, 4)]
    return tuple(value * (1 - strength * (1 - c)) for c in ramp)


@cache
def _bank(kind: str) -> np.ndarray:
    bits = np.random.Philox(key=20190616).random_raw(512 * 512)
    white = ((bits >> np.uint64(40)).astype(np.float32) / 2**23 - 1).reshape(512, 512)
    sigmas = {"grain": (0.6, 0.6), "folds": (9, 30), "streaks": (0.8, 14), "clouds": (24, 24),
              "blotches": (5, 5)}[kind]  # fmt: skip
    wrapped = np.tile(white, (3, 3))[256:-256, 256:-256]
    soft = cv2.GaussianBlur(wrapped, (0, 0), sigmas[0], sigmaY=sigmas[1])[256:-256, 256:-256]
    return np.ascontiguousarray(soft / soft.std())


def noise(kind: str, stream: Stream) -> np.ndarray:
    """(256, 256) float32 of unit deviation, from a random place of a fixed bank of noise.

    Kinds: "grain", "folds" and "streaks" (both run down the rows), "clouds", "blotches".
    """
    y, x = stream.integer(256), stream.integer(256)
    return _bank(kind)[y : y + 256, x : x + 256]


def _near(colour: Colour, s: Stream, spread: float) -> Colour:
    shift = s.normal(0, spread)
    return tuple(min(255.0, max(5.0, c + shift + s.normal(0, spread / 3))) for c in colour)


def _clip(tile: np.ndarray) -> np.ndarray:
    return np.clip(tile, 0, 255).astype(np.uint8)


def _flat(base: Colour, grain: float, s: Stream) -> np.ndarray:
    field = noise("grain", s)[:TILE, :TILE, None] * np.float32(grain)
    return _clip(np.array(base, np.float32) + field)


def _denim(s: Stream) -> Material:
    base = np.array(_near(s.pick(_DENIM), s, 8))
    worn = noise("clouds", s)[:TILE, :TILE] * 0.06
    twill = noise("grain", s)[:TILE, :TILE] * 0.07 + noise("streaks", s)[:TILE, :TILE] * 0.04
    tile = _clip(base * (1 + worn + twill)[..., None])
    ink = (190.0, 140.0, 80.0) if s.chance(0.6) else tuple(0.7 * base)
    return Material(tile, 0.16, s.uniform(0.9, 1.3), ink)


def _plain(base: Colour, other: Colour, s: Stream) -> tuple[np.ndarray, float]:
    return _flat(base, s.uniform(1, 5), s), 0.2


def _melange(base: Colour, other: Colour, s: Stream) -> tuple[np.ndarray, float]:
    return _flat(base, s.uniform(10, 22), s), 0.25


def _knit(base: Colour, other: Colour, s: Stream) -> tuple[np.ndarray, float]:
    rows = np.arange(TILE)
    step = s.pick((4, 8, 16))
    rib = np.where(rows % step < step // 2, 1.06, 0.90)
    rib = rib[None, :] if s.chance(0.6) else rib[:, None]
    return _clip(np.array(base) * (rib * np.ones((TILE, TILE)))[..., None]), s.uniform(0.08, 0.3)


def _stripes(base: Colour, other: Colour, s: Stream) -> tuple[np.ndarray, float]:
    step = s.pick((16, 32, 64))
    width = max(2, int(step * s.uniform(0.12, 0.6)))
    on = (np.arange(TILE) % step) < width
    tile = np.where(on[:, None, None], np.array(other), np.array(base))
    tile = np.broadcast_to(tile, (TILE, TILE, 3))
    if s.chance(0.3):
        tile = tile.transpose(1, 0, 2)
    return _clip(np.ascontiguousarray(tile)), s.uniform(0.10, 0.24)


def _checks(base: Colour, other: Colour, s: Stream) -> tuple[np.ndarray, float]:
    step = s.pick((16, 32, 64))
    width = max(1, int(step * s.pick((0.06, 0.25, 0.5))))
    on = ((np.arange(TILE) % step) < width).astype(float)
    amount = (on[:, None] + on[None, :])[..., None] / 2
    tile = np.array(base) * (1 - amount) + np.array(other) * amount
    return _clip(tile), s.uniform(0.08, 0.22)


def _dots(base: Colour, other: Colour, s: Stream) -> tuple[np.ndarray, float]:
    tile = _flat(base, 2, s)
    step = s.pick((16, 32))
    for y in range(0, TILE + 1, step):
        for x in range(0, TILE + 1, step):
            shift = step // 2 if (y // step) % 2 else 0
            cv2.circle(tile, (x + shift, y), max(2, step // 5), other, -1, cv2.LINE_AA)
    return tile, s.uniform(0.06, 0.2)


def _floral(base: Colour, other: Colour, s: Stream) -> tuple[np.ndarray, float]:
    tile = _flat(base, 2, s)
    colours = (other, draw_colour(s), _near((70, 110, 60), s, 20))
    for _ in range(s.pick((8, 16, 28))):
        x, y, r = s.integer(TILE), s.integer(TILE), 3 + s.integer(9)
        colour = s.pick(colours)
        for dx in (-TILE, 0, TILE):
            for dy in (-TILE, 0, TILE):
                axes = (r, max(2, int(r * s.uniform(0.5, 1))))
                cv2.ellipse(tile, (x + dx, y + dy), axes, 360 * s.unit(), 0, 360, colour, -1)
    return tile, s.uniform(0.12, 0.35)


_TILES = {"plain": _plain, "melange": _melange, "knit": _knit, "stripes": _stripes,
          "checks": _checks, "dots": _dots, "floral": _floral}  # fmt: skip


def _graphic(base: Colour, s: Stream) -> tuple:
    """Strokes like lettering or an emblem, around (0, 0)."""
    colour = draw_colour(s)
    if sum(abs(a - b) for a, b in zip(colour, base, strict=True)) < 150:
        colour = tuple(255 - c for c in base)
    strokes = []
    if s.chance(0.55):
        count, height = 3 + s.integer(5), s.uniform(0.10, 0.26)
        for i in range(count):
            x, step = (i - count / 2) * 0.9 / count, 0.6 / count
            points = [(x + step * s.unit(), height * s.uniform(-0.5, 0.5)) for _ in range(4)]
            strokes.append((colour, ((x, -height / 2), *points, (x + step, height / 2))))
    else:
        for _ in range(2 + s.integer(4)):
            points = tuple((s.normal(0, 0.22), s.normal(0, 0.22)) for _ in range(4))
            strokes.append((draw_colour(s) if s.chance(0.4) else colour, points))
    return tuple(strokes)
