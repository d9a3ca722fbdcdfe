"""Painting backgrounds: shapes in fractions of the picture, gradients of light, simple things."""

from __future__ import annotations

import cv2
import numpy as np

from ffld.render.geometry.stream import Stream
from ffld.render.picture.clutter import clutter
from ffld.render.picture.decal import draw_glyph
from ffld.render.picture.noise import noise
from ffld.render.picture.palette import Colour, draw_colour, near, scaled
from ffld.render.picture.weave import weave


class Brush:
    """A (h, w, 3) uint8 picture to paint on; positions are fractions of its width and height."""

    def __init__(self, width: int, height: int, colour: Colour, s: Stream) -> None:
        self.picture = np.empty((height, width, 3), np.uint8)
        self.width, self.height, self.s = width, height, s
        self.fill(colour)

    def fill(self, colour: Colour) -> None:
        """All of the picture."""
        cv2.rectangle(self.picture, (0, 0), (self.width, self.height), colour, -1)

    def box(self, x: float, y: float, w: float, h: float, colour: Colour) -> None:
        """An upright rectangle."""
        p = (int(x * self.width), int(y * self.height))
        q = (int((x + w) * self.width), int((y + h) * self.height))
        cv2.rectangle(self.picture, p, q, colour, -1)

    def shape(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """A polygon."""
        path = np.array(points) * (self.width * 16, self.height * 16)
        path = path.clip(-30000, 30000).astype(np.int32)
        cv2.fillPoly(self.picture, [path], colour, cv2.LINE_AA, 4)

    def cloth(self, points: list[tuple[float, float]]) -> None:
        """A polygon of patterned cloth: a bedspread, a rug, wallpaper, a poster."""
        kind = self.s.pick(("checks", "stripes", "floral", "dots", "patches"))
        tile, _ = weave(kind, draw_colour(self.s), self.s)
        side = int(self.s.uniform(24, 80))
        tile = cv2.resize(tile, (side, side), interpolation=cv2.INTER_AREA)
        mask, (x, y, w, h) = self._within(points)
        if w:
            part = cv2.repeat(tile, -(-h // side), -(-w // side))[:h, :w]
            cv2.copyTo(np.ascontiguousarray(part), mask, self.picture[y : y + h, x : x + w])

    def heap(self, points: list[tuple[float, float]], colours: list[Colour] | None = None) -> None:
        """A polygon full of things, in these colours or any."""
        mask, (x, y, w, h) = self._within(points)
        if w:
            some = colours or [draw_colour(self.s) for _ in range(3 + self.s.integer(4))]
            part = self.picture[y : y + h, x : x + w]
            cv2.copyTo(clutter(w, h, some, self.s), mask, part)

    def _within(
        self, points: list[tuple[float, float]]
    ) -> tuple[np.ndarray, tuple[int, int, int, int]]:
        """The mask of a polygon and its place (x, y, w, h) in the picture."""
        path = (np.array(points) * (self.width, self.height)).clip(-2000, 2000).astype(np.int32)
        low = path.min(0).clip(0)
        x, y = low.tolist()
        w, h = (np.minimum(path.max(0) + 1, (self.width, self.height)) - low).clip(0).tolist()
        mask = np.zeros((h, w if h else 0), np.uint8)
        if mask.size:
            cv2.fillPoly(mask, [path - low], 255)
        return mask, (x, y, *mask.shape[::-1])

    def line(self, x: float, y: float, x2: float, y2: float, colour: Colour, width=1) -> None:
        """A straight line, `width` in pixels."""
        p = (int(x * self.width), int(y * self.height))
        q = (int(x2 * self.width), int(y2 * self.height))
        cv2.line(self.picture, p, q, colour, width, cv2.LINE_AA)

    def disc(self, x: float, y: float, r: float, colour: Colour, tall: float = 1.0) -> None:
        """An ellipse, r as a fraction of the width."""
        axes = (max(1, int(r * self.width)), max(1, int(r * tall * self.width)))
        at = (int(x * self.width), int(y * self.height))
        cv2.ellipse(self.picture, at, axes, 0, 0, 360, colour, -1, cv2.LINE_AA)

    def grain(self, kind: str, amount: float, turned: bool = False) -> None:
        """Add noise all over."""
        field = noise(kind, self.s)
        field = field.T if turned else field
        field = cv2.resize(field, (self.width, self.height)) * np.float32(amount)
        cv2.add(self.picture, cv2.merge([field] * 3), dst=self.picture, dtype=cv2.CV_8U)

    def light(self, amount: float) -> None:
        """A smooth change of brightness across the picture."""
        count = 2 + self.s.chance(0.3)
        corners = [[1 + self.s.normal(0, amount) for _ in range(count)] for _ in range(count)]
        size = (self.width, self.height)
        field = cv2.resize(np.array(corners, np.float32), size, interpolation=cv2.INTER_LINEAR)
        level = cv2.convertScaleAbs(field, alpha=128)
        cv2.multiply(self.picture, cv2.merge([level] * 3), dst=self.picture, scale=1 / 128)

    def beam(self, points: list[tuple[float, float]], factor: float) -> None:
        """A polygon lit by the sun through a window, or one in shadow."""
        mask = np.full((self.height, self.width), 128, np.uint8)
        path = np.array(points) * (self.width, self.height)
        cv2.fillPoly(mask, [path.clip(-2000, 2000).astype(np.int32)], 128 * factor)
        mask = cv2.blur(mask, (3, 3))
        cv2.multiply(self.picture, cv2.merge([mask] * 3), dst=self.picture, scale=1 / 128)

    def foliage(self, x: float, y: float, r: float, colour: Colour) -> None:
        """Leaves without number, in a ragged clump of radius r (a fraction of the width)."""
        size = max(4, int(r * self.width))
        left, top = int(x * self.width) - size, int(y * self.height) - size
        x1, y1 = max(0, left), max(0, top)
        x2, y2 = min(self.width, left + 2 * size), min(self.height, top + 2 * size)
        if x2 - x1 < 2 or y2 - y1 < 2:
            return
        rows, columns = np.ogrid[
            y1 - top - size : y2 - top - size, x1 - left - size : x2 - left - size
        ]
        far = (rows**2 + columns**2) * np.float32(1 / size**2)
        leaves, masses = (
            cv2.repeat(noise(kind, self.s), -(-(y2 - y1) // 256), -(-(x2 - x1) // 256))
            for kind in ("blotches", "crumple")
        )
        leaves, masses = leaves[: y2 - y1, : x2 - x1], masses[: y2 - y1, : x2 - x1]
        tone = 1 + 0.22 * leaves + 0.16 * masses - rows * np.float32(0.25 / size)
        part = self.picture[y1:y2, x1:x2]
        inside = far + 0.25 * leaves + 0.2 * masses < 0.8
        shades = np.clip(tone[..., None] * np.array(colour, np.float32), 0, 255).astype(np.uint8)
        part[inside] = shades[inside]

    def letters(self, x: float, y: float, height: float, colour: Colour) -> None:
        """A word as of a shop's sign; its height is a fraction of the picture's."""
        if self.s.chance(0.5):
            side = max(4, int(height * self.height))
            mask = np.zeros(self.picture.shape[:2], np.uint8)
            for k in range(2 + self.s.integer(3)):
                left, top = int(x * self.width + k * 1.2 * side), int(y * self.height) - side
                draw_glyph(mask, left, top, side, self.s)
            self.picture[mask > 127] = colour
            return
        word = self.s.pick(("CAFE", "SHOP", "FASHION", "HOTEL", "BOOKS", "24H", "STUDIO", "BAKERY",
                            "No.5", "OPEN", "BEAUTY", "STORE"))  # fmt: skip
        at = (int(x * self.width), int(y * self.height))
        font = cv2.FONT_HERSHEY_DUPLEX
        size = height * self.height / 22
        cv2.putText(self.picture, word, at, font, size, colour, max(1, int(size * 2)), cv2.LINE_AA)

    def below(self, y: float) -> Brush:
        """A brush on a copy of what lies below y, to be put back with `put`."""
        other = object.__new__(Brush)
        other.picture = self.picture[max(0, int(y * self.height)) :]
        other.height, other.width = other.picture.shape[:2]
        other.s = self.s
        return other


def pale(s: Stream, low: float = 190) -> Colour:
    """White, cream or light grey."""
    value = s.uniform(low, 250)
    warm = s.normal(2, 4)
    return (min(255.0, value + warm), value, max(0.0, min(255.0, value - 1.4 * warm)))


def floor(b: Brush, y: float, kind: str = "") -> None:
    """Floor from y down: boards, tiles, carpet, stone or asphalt, with a vanishing point."""
    s = b.s
    if y >= 0.97:
        return
    kind = kind or s.weighted({"boards": 3, "tiles": 2.5, "carpet": 2})
    if kind == "boards":
        colour = draw_colour(s, "wood")
    else:
        colour = draw_colour(s, "room")
        colour = scaled(colour, s.uniform(0.55, 1.0))
    ground = b.below(y)
    ground.fill(colour)
    line = scaled(colour, s.uniform(0.75, 0.9))
    vanish = (s.uniform(0.1, 0.9), -s.uniform(0.5, 1.6))
    if kind in ("boards", "tiles", "stone"):
        step = s.uniform(0.12, 0.4)
        for k in range(-14, 20):
            ground.line(*vanish, k * step, 2.2, line)
    if kind in ("tiles", "stone"):
        for k in range(1, 8):
            row = (k / 8) ** s.uniform(1.4, 1.7)
            ground.line(0, row, 1, row, line)
    if kind in ("carpet", "asphalt", "stone"):
        ground.grain("grain", 4)
    elif kind == "boards":
        ground.grain("streaks", 4, turned=True)
    if s.chance(0.4):  # polished: it mirrors the wall
        ramp = np.linspace(s.uniform(0, 45), 0, ground.height, dtype=np.float32)
        field = np.repeat(ramp[:, None], ground.width, 1)
        cv2.add(ground.picture, cv2.merge([field] * 3), dst=ground.picture, dtype=cv2.CV_8U)


def curtain(
    b: Brush, x: float, w: float, colour: Colour, top: float = 0.0, low: float = 1.0
) -> None:
    """Cloth that hangs in vertical folds."""
    p, q = max(0, int(x * b.width)), min(b.width, int((x + w) * b.width))
    if q - p < 4:
        return
    profile = noise("strands", b.s)[0] + 1.5 * noise("blotches", b.s)[0]
    profile = cv2.resize(profile[None, : (q - p + 2) // 2], (q - p, 1))[0]
    bands = np.array(colour, np.float32) * (1 + 0.13 * profile)[:, None]
    rows = slice(int(top * b.height), int(low * b.height))
    b.picture[rows, p:q] = np.clip(bands, 0, 255).astype(np.uint8)[None]


def bricks(b: Brush, kind: str) -> None:
    """Bricks or tiles all over the wall."""
    s = b.s
    base = b.picture[0, 0].tolist()
    joint = scaled(tuple(base), s.uniform(0.78, 0.92)) if s.chance(0.6) else scaled(base, 1.12, 8)
    rows = 5 + s.integer(14)
    for j in range(rows + 1):
        y = j / rows
        b.line(0, y, 1, y, joint)
        step = (1.6 if kind == "tiles" else 2.6) / rows * b.height / b.width
        x = step * (0.5 * (j % 2) if kind == "bricks" else 0.0)
        while x < 1:
            b.line(x, y, x, y + 1 / rows, joint)
            x += step


def clothes_rail(b: Brush, x: float, top: float, w: float, drop: float) -> None:
    """Garments side by side on a rail, seen from the side."""
    s = b.s
    end = x + w
    while x < end:
        step = s.uniform(0.02, 0.07)
        colour, low = draw_colour(s), top + drop * s.uniform(0.6, 1.0)
        b.shape([(x, top + 0.03), (x + 0.4 * step, top), (x + step, top + 0.03),
                 (x + step * 1.15, low), (x - 0.1 * step, low)], colour)  # fmt: skip
        b.line(x + step, top + 0.03, x + step * 1.1, low, scaled(colour, 0.65))
        x += step
    b.line(end - w, top - 0.01, end, top - 0.01, (150, 150, 152), 2)


def small_things(b: Brush, x: float, y: float, w: float, count: int) -> None:
    """Bottles, boxes and books that stand on a surface at height y."""
    s = b.s
    for _ in range(count):
        at, wide, tall = x + w * s.unit(), s.uniform(0.015, 0.06), s.uniform(0.02, 0.09)
        colour = near(draw_colour(s), s, 10)
        if s.chance(0.3):
            b.disc(at, y - tall / 2, wide / 2, colour)
        b.box(at, y - tall, wide, tall, colour)
        b.box(at + wide * 0.7, y - tall, wide * 0.3, tall, scaled(colour, 0.75))
        b.box(at, y - tall * s.uniform(0.4, 0.8), wide * 0.7, tall * 0.2, draw_colour(s))


def passers_by(b: Brush, y: float, count: int) -> None:
    """People in the distance, whose feet are at about y."""
    s = b.s
    for _ in range(count):
        x, tall = s.unit(), s.uniform(0.12, 0.45)
        low = y + 0.35 * tall
        upper, lower, skin = draw_colour(s), draw_colour(s), draw_colour(s, "skin")
        w = tall * 0.14 * b.height / b.width
        b.shape([(x - w, low - 0.5 * tall), (x + w, low - 0.5 * tall), (x + 0.7 * w, low),
                 (x + 0.15 * w, low), (x, low - 0.4 * tall), (x - 0.2 * w, low),
                 (x - 0.7 * w, low)], lower)  # fmt: skip
        b.shape([(x - 1.2 * w, low - 0.82 * tall), (x + 1.2 * w, low - 0.82 * tall),
                 (x + 1.5 * w, low - 0.5 * tall), (x - 1.5 * w, low - 0.5 * tall)],
                upper)  # fmt: skip
        b.disc(x, low - 0.92 * tall, 0.5 * w, skin, 1.25)
        b.disc(x, low - 0.95 * tall, 0.5 * w, draw_colour(s, "hair"), 1.0)
