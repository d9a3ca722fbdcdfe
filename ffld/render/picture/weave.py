"""Repeating tiles of cloth: weaves, knits and prints all over."""

from __future__ import annotations

import math

import cv2
import numpy as np

from ffld.render.geometry.stream import Stream
from ffld.render.picture.noise import levels, noise
from ffld.render.picture.palette import Colour, contrast, draw_colour, near, scaled

TILE = 128

_TONES = np.arange(-128, 128)


def flat(base: Colour, grain: float, s: Stream) -> np.ndarray:
    """A tile of one colour with fine irregularity."""
    tones = np.array(base) + (_TONES * (grain / 32))[:, None]
    return cv2.LUT(levels(s)[:TILE, :TILE], clip(tones)[None])


def clip(tile: np.ndarray) -> np.ndarray:
    """As uint8."""
    return np.clip(tile, 0, 255).astype(np.uint8)


def quarter(kind: str, s: Stream) -> np.ndarray:
    """(TILE // 2, TILE // 2) noise, enough for a tile that is made `periodic`."""
    return noise(kind, s)[: TILE // 2, : TILE // 2]


def periodic(corner: np.ndarray) -> np.ndarray:
    """A tile that repeats without a seam: its upper left quarter, mirrored to both sides."""
    return cv2.copyMakeBorder(corner, 0, TILE // 2, 0, TILE // 2, cv2.BORDER_REFLECT)


def denim(base: Colour, s: Stream) -> np.ndarray:
    """Twill with slubs along the warp."""
    fine = quarter("grain", s) * 0.035 + quarter("streaks", s) * 0.03
    return periodic(clip(np.array(base, np.float32) * (1 + fine)[..., None]))


def weave(kind: str, base: Colour, s: Stream) -> tuple[np.ndarray, float]:
    """A tile of that kind and its length in body heights."""
    return _WEAVES[kind](base, s)


def _plain(base: Colour, s: Stream) -> tuple[np.ndarray, float]:
    return flat(base, s.uniform(0.5, 3.5), s), 0.2


def _melange(base: Colour, s: Stream) -> tuple[np.ndarray, float]:
    field = quarter("grain", s) + quarter("streaks", s).T
    corner = clip(np.array(base, np.float32) + s.uniform(2, 5) * field[..., None])
    return periodic(corner), 0.25


def _knit(base: Colour, s: Stream) -> tuple[np.ndarray, float]:
    """Ribs or cables: each rib rounded, its stitches slanting to both sides."""
    step = s.pick((8, 8, 16, 32))
    rows, columns = np.mgrid[:TILE, :TILE].astype(np.float32)
    across = np.sin(columns * (2 * math.pi / step))
    slant = np.sin((rows + np.abs(columns % step - step / 2)) * (2 * math.pi / 8))
    shade = 1 + (0.06 + 0.05 * (step > 8)) * across + 0.05 * slant
    if s.chance(0.25):
        shade = shade.T
    return clip(np.array(base, np.float32) * shade[..., None]), s.uniform(0.12, 0.3)


def _stripes(base: Colour, s: Stream) -> tuple[np.ndarray, float]:
    step = s.pick((8, 16, 32, 32, 64))
    width = max(2, int(step * s.uniform(0.12, 0.55)))
    on = (np.arange(TILE) % step) < width
    line = np.where(on[:, None], np.array(contrast(base, s)), np.array(base))
    if step > 16 and s.chance(0.3):
        line[(np.arange(TILE) % step) == (width + step) // 2] = draw_colour(s)
    tile = np.broadcast_to(clip(line)[:, None], (TILE, TILE, 3))
    if s.chance(0.35):
        tile = tile.transpose(1, 0, 2)
    return np.ascontiguousarray(tile), s.uniform(0.12, 0.28)


def _checks(base: Colour, s: Stream) -> tuple[np.ndarray, float]:
    """Gingham, windowpane or tartan."""
    kind = s.weighted({"gingham": 2, "window": 1.5, "tartan": 2})
    step = s.pick((8, 16, 32)) if kind == "gingham" else s.pick((32, 64))
    at = np.arange(TILE) % step
    on = (at < step * (0.5 if kind != "window" else 0.07)).astype(np.float32)
    amount = (on[:, None] + on[None, :])[..., None] / (2 if kind == "gingham" else 2.6)
    other = np.array(contrast(base, s) if kind == "window" else draw_colour(s), np.float32)
    tile = np.array(base) * (1 - amount) + other * amount
    if kind == "tartan":
        line = (at == step * 3 // 4) | (at == step // 4)
        third = np.array(contrast(base, s))
        tile[line] = 0.5 * tile[line] + 0.5 * third
        tile[:, line] = 0.5 * tile[:, line] + 0.5 * third
    return clip(tile), s.uniform(0.10, 0.24)


def _dots(base: Colour, s: Stream) -> tuple[np.ndarray, float]:
    tile, other = flat(base, 1, s), contrast(base, s)
    step = s.pick((16, 16, 32))
    radius = max(2, int(step * s.uniform(0.14, 0.3)))
    for y in range(0, TILE + 1, step):
        shift = step // 2 if (y // step) % 2 else 0
        for x in range(0, TILE + 1, step):
            cv2.circle(tile, (x + shift, y), radius, other, -1, cv2.LINE_AA)
    return tile, s.uniform(0.08, 0.2)


def _floral(base: Colour, s: Stream) -> tuple[np.ndarray, float]:
    """Flowers of five petals with leaves, scattered so that the tile repeats."""
    tile = flat(base, 1, s)
    colours = [draw_colour(s), contrast(base, s), contrast(base, s)]
    petals = [[scaled(colour, 0.88 + 0.06 * k) for k in range(5)] for colour in colours]
    green, heart = near((74, 108, 66), s, 18), near((226, 190, 84), s, 15)
    size = s.uniform(3, 11)
    for _ in range(int(s.uniform(160, 420) / size)):
        x, y, turn, shades = s.integer(TILE), s.integer(TILE), s.unit() * 6.28, s.pick(petals)
        r = size * s.uniform(0.6, 1.3)
        for dx in (0, -TILE if x > TILE / 2 else TILE):
            for dy in (0, -TILE if y > TILE / 2 else TILE):
                reach = 2.2 * r + 2
                if -reach < x + dx < TILE + reach and -reach < y + dy < TILE + reach:
                    _flower(tile, x + dx, y + dy, r, turn, (green, *shades, heart))
    return tile, s.uniform(0.14, 0.4)


def _flower(
    tile: np.ndarray, x: float, y: float, r: float, turn: float, colours: tuple[Colour, ...]
) -> None:
    green, *petals, heart = colours
    if r > 3:
        for k in (0.5, 3.2):
            way = complex(math.cos(turn + k), math.sin(turn + k)) * r * 1.4
            axes = (int(r * 0.75), int(r * 0.28) + 1)
            at = (int(x + way.real), int(y + way.imag))
            cv2.ellipse(tile, at, axes, math.degrees(turn + k), 0, 360, green, -1, cv2.LINE_AA)
    for k, petal in enumerate(petals):
        a = turn + k * 1.2566
        at = (int(x + math.cos(a) * r * 0.55), int(y + math.sin(a) * r * 0.55))
        cv2.circle(tile, at, max(1, int(r * 0.48)), petal, -1, cv2.LINE_AA)
    cv2.circle(tile, (int(x), int(y)), max(1, int(r * 0.25)), heart, -1, cv2.LINE_AA)


def _patches(base: Colour, s: Stream) -> tuple[np.ndarray, float]:
    """Camouflage, leopard or batik: thresholds of smooth noise that wraps round."""
    kind = s.pick(("blotches", "crumple", "clouds"))
    field = noise(kind, s)[:TILE, :TILE]
    half = TILE // 2
    ramp = np.abs(np.arange(TILE) - half).astype(np.float32) / half
    for axis in (0, 1):
        weight = ramp[:, None] if axis == 0 else ramp[None, :]
        field = field * (1 - weight) + np.roll(field, half, axis) * weight
    tile = np.empty((TILE, TILE, 3), np.float32)
    tile[:] = base
    for level, colour in ((0.35, draw_colour(s)), (0.9, contrast(base, s))):
        tile[field > level] = colour
    return clip(cv2.blur(tile, (3, 3))), s.uniform(0.15, 0.5)


def _lace(base: Colour, s: Stream) -> tuple[np.ndarray, float]:
    """Openwork: a net with rings and scallops, shadows in its holes."""
    tile = flat(scaled(base, 0.86), 1, s)
    light = scaled(base, 1.04, 5)
    for k in range(0, TILE, 16):
        for m in range(0, TILE, 16):
            cv2.circle(tile, (k + 8, m + 8), 6, light, 2, cv2.LINE_AA)
            cv2.circle(tile, (k, m), 3, light, -1, cv2.LINE_AA)
    return tile, s.uniform(0.08, 0.16)


def _quilt(base: Colour, s: Stream) -> tuple[np.ndarray, float]:
    """Down in horizontal or diamond chambers: puffed, with a tight seam between."""
    rows, columns = np.mgrid[:TILE, :TILE].astype(np.float32) * (2 * math.pi / TILE)
    count = s.pick((1, 2))
    wave = np.abs(np.sin(rows * count))
    if s.chance(0.3):
        wave = np.minimum(np.abs(np.sin(rows + columns)), np.abs(np.sin(rows - columns)))
    pull = 0.05 * np.sin(columns * 9 + 2 * np.sin(rows * 3)) * (1 - wave)
    lit = 0.72 + 0.36 * np.sqrt(wave) + 0.10 * np.sin(2 * rows * count) + pull
    return clip(np.array(base, np.float32) * lit[..., None]), s.uniform(0.08, 0.16)


def _fur(base: Colour, s: Stream) -> tuple[np.ndarray, float]:
    """Teddy, fleece or boucle: soft lumps."""
    lumps = noise("blotches", s)[:TILE:2, :TILE:2] + 0.6 * quarter("grain", s)
    corner = clip(np.array(base, np.float32) * (1 + 0.08 * lumps)[..., None])
    return periodic(corner), s.uniform(0.12, 0.3)


_WEAVES = {"plain": _plain, "melange": _melange, "knit": _knit, "stripes": _stripes,
           "checks": _checks, "dots": _dots, "floral": _floral, "patches": _patches,
           "lace": _lace, "quilt": _quilt, "fur": _fur}  # fmt: skip
