"""Lettering, emblems and pictures as they are printed on shirts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from ffld.render.geometry.stream import Stream
from ffld.render.picture.noise import noise
from ffld.render.picture.palette import Colour, contrast, draw_colour

SIDE = 128
WORDS = ("NEW", "LOVE", "BOY", "GIRL", "PARIS", "1989", "SPORT", "TOKYO", "HAPPY", "ROCK", "CLUB",
          "ENJOY", "HELLO", "88", "23", "NO", "WILD", "SUN", "DREAM", "CITY", "LUCKY", "MUSIC",
          "YEAH", "OK", "STAR", "SEOUL", "RIDE", "TEAM", "COOL", "DAY", "HOPE")  # fmt: skip
_KINDS = {"words": 4, "glyphs": 0.7, "badge": 1.5, "shape": 2, "photo": 1.2, "face": 1.2, "band": 1}
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX,
          cv2.FONT_HERSHEY_SCRIPT_COMPLEX)  # fmt: skip


@dataclass(frozen=True)
class Decal:
    """A square picture with transparency, and where it sits on the chest.

    Attributes:
        picture: (SIDE, SIDE, 3) uint8.
        alpha: (SIDE, SIDE) uint8.
        span: its width, as a fraction of the chest's width.
        at: its middle: across (-1 to 1 from side to side) and down (0 armpit to 1 hem).
        turn: radians.
    """

    picture: np.ndarray
    alpha: np.ndarray
    span: float
    at: tuple[float, float]
    turn: float

    def mirrored(self) -> Decal:
        """As a mirror shows it."""
        flip = np.ascontiguousarray
        across, down = self.at
        return Decal(flip(self.picture[:, ::-1]), flip(self.alpha[:, ::-1]), self.span,
                     (-across, down), -self.turn)  # fmt: skip


def draw_decal(base: Colour, s: Stream) -> Decal:
    """Something printed on cloth of this colour."""
    kind = s.weighted(
        {"words": 4, "glyphs": 0.7, "badge": 1.5, "shape": 2, "photo": 1.2, "face": 1.2, "band": 1}
    )
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    alpha = np.zeros((SIDE, SIDE), np.uint8)
    ink = contrast(base, s)
    picture[:] = ink
    _DRAW[kind](picture, alpha, ink, s)
    if kind == "badge":
        return Decal(picture, alpha, s.uniform(0.14, 0.3), (s.uniform(0.2, 0.45), 0.08), 0.0)
    if kind == "band":
        return Decal(picture, alpha, s.uniform(1.2, 2.2), (0.0, s.uniform(0.0, 0.4)), 0.0)
    at = (s.normal(0, 0.03), s.uniform(0.12, 0.36))
    return Decal(picture, alpha, s.uniform(0.42, 0.92), at, s.normal(0, 0.05) * s.chance(0.5))


def draw_line(alpha: np.ndarray, text: str, y: float, height: float, s: Stream) -> None:
    """A line of text, stretched to the full width when it is short."""
    canvas = np.zeros((64, 320), np.uint8)
    weight = s.pick((3, 5, 8))
    cv2.putText(canvas, text, (8, 48), s.pick(_FONTS), 1.5, 255, weight, cv2.LINE_AA)
    x, top, w, h = cv2.boundingRect(canvas)
    if not w:
        return
    width = min(SIDE - 4, int(height * SIDE * w / h * 1.2))
    rows = max(4, int(height * SIDE))
    word = cv2.resize(canvas[top : top + h, x : x + w], (width, rows), interpolation=cv2.INTER_AREA)
    left, first = (SIDE - width) // 2, min(SIDE - rows, max(0, int(y * SIDE)))
    part = alpha[first : first + rows, left : left + width]
    np.maximum(part, word, out=part)


def _words(picture: np.ndarray, alpha: np.ndarray, ink: Colour, s: Stream) -> None:
    count = s.pick((1, 1, 2, 2, 3))
    height = s.uniform(0.18, 0.42) if count == 1 else 0.8 / count * s.uniform(0.6, 0.9)
    for k in range(count):
        y = (k + 0.5) / count - height / 2 if count > 1 else 0.5 - height / 2
        draw_line(alpha, s.pick(WORDS), y, height, s)
    if s.chance(0.3):
        other = np.array(draw_colour(s), np.uint8)
        picture[: int(SIDE * s.uniform(0.3, 0.6))] = other


def _glyphs(picture: np.ndarray, alpha: np.ndarray, ink: Colour, s: Stream) -> None:
    """A few square characters, side by side or one above the other."""
    count = s.pick((1, 2, 2, 4))
    side = {1: 110, 2: 60, 4: 52}[count]
    for k in range(count):
        x, y = (6 + (k % 2) * 62, (10 if count == 4 else 34) + (k // 2) * 60)
        draw_glyph(alpha, x if count > 1 else 9, y if count > 1 else 9, side, s)


def draw_glyph(alpha: np.ndarray, x: int, y: int, side: int, s: Stream) -> None:
    """A made-up character of crossing strokes in a square."""
    weight = max(1, side // 10)

    def p(u: float, v: float) -> tuple[int, int]:
        return (x + int(u * side), y + int(v * side))

    for _ in range(2 + s.integer(3)):
        v, u = s.uniform(0.05, 0.95), s.uniform(0.0, 0.35)
        cv2.line(alpha, p(u, v), p(1 - s.uniform(0.0, 0.3), v), 255, weight, cv2.LINE_AA)
    for _ in range(1 + s.integer(3)):
        u = s.uniform(0.1, 0.9)
        cv2.line(alpha, p(u, s.uniform(0, 0.4)), p(u, s.uniform(0.6, 1)), 255, weight, cv2.LINE_AA)
    for sign in (-1, 1):
        if s.chance(0.5):
            top = p(0.5, s.uniform(0.3, 0.6))
            cv2.line(alpha, top, p(0.5 + sign * 0.45, 0.98), 255, weight, cv2.LINE_AA)


def _badge(picture: np.ndarray, alpha: np.ndarray, ink: Colour, s: Stream) -> None:
    if s.chance(0.5):
        cv2.circle(alpha, (64, 64), 60, 255, -1, cv2.LINE_AA)
        cv2.circle(picture, (64, 64), 40, draw_colour(s), -1)
    else:
        draw_line(alpha, s.pick(WORDS), 0.35, 0.35, s)


def _star(count: int, inner: float, radius: float, turn: float) -> np.ndarray:
    angles = turn + np.arange(2 * count) * (math.pi / count)
    radii = np.where(np.arange(2 * count) % 2, radius * inner, radius)
    points = np.stack([64 + radii * np.sin(angles), 64 - radii * np.cos(angles)], 1)
    return points.astype(np.int32)


def _shape(picture: np.ndarray, alpha: np.ndarray, ink: Colour, s: Stream) -> None:
    count = s.pick((2, 3, 3, 4, 5, 8))
    points = _star(count, s.uniform(0.35, 1.0), s.uniform(40, 60), s.pick((0.0, math.pi)))
    if s.chance(0.5):
        cv2.fillPoly(alpha, [points], 255, cv2.LINE_AA)
        if s.chance(0.5):
            small = ((points - 64) * 0.6 + 64).astype(np.int32)
            cv2.fillPoly(picture, [small], draw_colour(s), cv2.LINE_AA)
    else:
        for k in range(s.pick((1, 2, 3))):
            small = ((points - 64) * (1 - 0.25 * k) + (64, 64 + 8 * k)).astype(np.int32)
            cv2.polylines(alpha, [small], True, 255, s.pick((4, 7)), cv2.LINE_AA)
    if s.chance(0.4):
        draw_line(alpha, s.pick(WORDS), 0.82, 0.16, s)


def _photo(picture: np.ndarray, alpha: np.ndarray, ink: Colour, s: Stream) -> None:
    """A photograph or painting, with a figure of some sort in it."""
    field = noise("blotches", s)[:SIDE, :SIDE, None] * 0.5 + noise("clouds", s)[:SIDE, :SIDE, None]
    one, other = (np.array(draw_colour(s), np.float32) for _ in range(2))
    mix = np.clip(0.5 + 0.4 * field, 0, 1)
    picture[:] = (one * mix + other * (1 - mix)).astype(np.uint8)
    ink = contrast(tuple(one), s)
    cv2.circle(picture, (64, 46), s.pick((14, 20)), ink, -1, cv2.LINE_AA)
    cv2.ellipse(picture, (64, 112), (30, 46), 0, 180, 360, ink, -1, cv2.LINE_AA)
    x, y = int(s.uniform(0, 24)), int(s.uniform(0, 24))
    alpha[y : SIDE - y, x : SIDE - x] = 255
    if s.chance(0.4):
        draw_line(picture[..., 1], s.pick(WORDS), 0.78, 0.14, s)


def _face(picture: np.ndarray, alpha: np.ndarray, ink: Colour, s: Stream) -> None:
    """A cartoon animal or doll."""
    fur, dark = draw_colour(s), (26, 24, 26)
    picture[:] = fur
    ear, r = s.pick((14, 20)), s.pick((34, 42))
    for sign in (-1, 1):
        at = (64 + sign * int(r * 0.75), 64 - int(r * s.uniform(0.75, 1.0)))
        cv2.circle(alpha, at, ear, 255, -1, cv2.LINE_AA)
        eye = (64 + sign * int(r * 0.4), 60)
        cv2.circle(picture, eye, s.pick((4, 7)), dark, -1, cv2.LINE_AA)
        cv2.circle(picture, (64 + sign * int(r * 0.62), 80), 6, (232, 130, 130), -1, cv2.LINE_AA)
    cv2.ellipse(alpha, (64, 68), (r + 6, r), 0, 0, 360, 255, -1, cv2.LINE_AA)
    cv2.ellipse(picture, (64, 78), (8, 6), 0, 0, 360, dark, -1, cv2.LINE_AA)
    if s.chance(0.5):
        bow = np.array([(64, 26), (36, 12), (36, 40), (64, 26), (92, 12), (92, 40)], np.int32)
        cv2.fillPoly(alpha, [bow], 255, cv2.LINE_AA)
        cv2.fillPoly(picture, [bow], draw_colour(s), cv2.LINE_AA)


def _band(picture: np.ndarray, alpha: np.ndarray, ink: Colour, s: Stream) -> None:
    """Stripes across the chest."""
    y = 52
    for _ in range(s.pick((1, 2, 3))):
        step = s.pick((4, 8, 14))
        alpha[y : y + step] = 255
        if s.chance(0.4):
            picture[y : y + step] = draw_colour(s)
        y += step + s.pick((3, 6))


_DRAW = {"words": _words, "glyphs": _glyphs, "badge": _badge, "shape": _shape, "photo": _photo,
         "face": _face, "band": _band}  # fmt: skip
