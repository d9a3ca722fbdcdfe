"""Bold clothes: artwork that fills a shirt's front, and sleeves of two colours.

Line drawings, letters and splashes as large as the chest have edges stronger than those of the
garment, and so have sleeves whose upper part is of another colour.
"""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np

from ffld.render.geometry.stream import Stream
from ffld.render.picture.decal import SIDE, WORDS, Decal, draw_line
from ffld.render.picture.fabric import Material, is_printed
from ffld.render.picture.palette import Colour, contrast, draw_colour

_MIDDLE = SIDE // 2


def embolden(cloth: Material, garment: str, stream: Stream) -> Material:
    """The same cloth with artwork on its front, with sleeves of two colours, or with both.

    Only tops and sleeved dresses are printed like that; other garments stay as they are.
    """
    s = stream
    if not is_printed(garment):
        return cloth
    what = s.weighted({"art": 6, "cap": 2, "both": 2})
    if what != "cap":
        cloth = replace(cloth, decal=_draw_artwork(cloth.base, s), block=None)
    if what != "art":
        ink = contrast(cloth.base, s) if s.chance(0.6) else draw_colour(s)
        cloth = replace(cloth, cap=(ink, s.uniform(0.15, 0.75), s.normal(0.0, 0.5)))
    return cloth


def _draw_artwork(base: Colour, s: Stream) -> Decal:
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    alpha = np.zeros((SIDE, SIDE), np.uint8)
    ink = contrast(base, s)
    picture[:] = ink
    draw = s.weighted({_figures: 4, _letters: 3, _splashes: 2, _creature: 2, _scene: 1})
    draw(picture, alpha, s)
    at = (s.normal(0.0, 0.05), s.uniform(0.02, 0.25))
    return Decal(picture, alpha, s.uniform(0.7, 1.25), at, s.normal(0.0, 0.04))


def _corners(count: int, radius: float, turn: float, centre: tuple[float, float]) -> np.ndarray:
    angles = turn + np.arange(count) * (2 * math.pi / count)
    x, y = centre
    return np.stack([x + radius * np.sin(angles), y - radius * np.cos(angles)], 1).astype(np.int32)


def _figures(picture: np.ndarray, alpha: np.ndarray, s: Stream) -> None:
    """Outlines of triangles, squares and circles, within one another or linked."""
    count, turn = s.pick((3, 3, 4, 6, 24)), s.pick((0.0, math.pi, math.pi / 4))
    weight = s.pick((3, 5, 8))
    apart = s.uniform(0.0, 18.0)
    for k in range(s.pick((1, 2, 2, 3, 4))):
        radius = 58 * (1 - s.uniform(0.1, 0.3) * k)
        centre = (_MIDDLE + s.normal(0.0, 4.0), _MIDDLE + apart * k * s.sign())
        path = _corners(count, radius, turn, centre)
        cv2.polylines(alpha, [path], True, 255, weight, cv2.LINE_AA)
        if s.chance(0.2):
            one, other = (tuple(map(int, path[corner])) for corner in (0, count // 2))
            cv2.line(alpha, one, other, 255, weight)
    if s.chance(0.5):
        draw_line(alpha, s.pick(WORDS), s.uniform(0.7, 0.88), 0.1, s)


def _letters(picture: np.ndarray, alpha: np.ndarray, s: Stream) -> None:
    """A word or a number as large as the chest, straight or down the front."""
    word = s.pick(WORDS)[:4]
    if s.chance(0.3) and len(word) > 1:
        for k, letter in enumerate(word):
            draw_line(alpha, letter, k / len(word), 0.9 / len(word), s)
        return
    draw_line(alpha, word, s.uniform(0.05, 0.4), s.uniform(0.4, 0.6), s)
    if s.chance(0.3):
        picture[: int(SIDE * s.uniform(0.3, 0.6))] = draw_colour(s)


def _splashes(picture: np.ndarray, alpha: np.ndarray, s: Stream) -> None:
    """Paint thrown and brushed over the front, in one or two colours."""
    weight = s.pick((1, 2, 3))
    for _ in range(40 + s.integer(80)):
        x, y = int(s.normal(_MIDDLE, 26)), int(s.normal(_MIDDLE, 26))
        dx, dy = int(s.normal(0, 4)), int(s.normal(0, 12))
        cv2.line(alpha, (x, y), (x + dx, y + dy), 255, weight + s.integer(4), cv2.LINE_AA)
    if s.chance(0.5):
        colour = draw_colour(s)
        for _ in range(1 + s.integer(6)):
            at = (int(s.uniform(20, 108)), int(s.uniform(20, 108)))
            cv2.circle(picture, at, 6 + s.integer(22), colour, -1, cv2.LINE_AA)


def _creature(picture: np.ndarray, alpha: np.ndarray, s: Stream) -> None:
    """The head of an animal, seen so near that it fills the front."""
    fur, eye, dark = draw_colour(s), draw_colour(s), (24, 22, 26)
    picture[:] = fur
    cv2.ellipse(alpha, (_MIDDLE, 70), (56, 52), 0, 0, 360, 255, -1, cv2.LINE_AA)
    for sign in (-1, 1):
        ear = [(_MIDDLE + sign * 22, 30), (_MIDDLE + sign * 54, 2), (_MIDDLE + sign * 56, 60)]
        cv2.fillPoly(alpha, [np.array(ear, np.int32)], 255, cv2.LINE_AA)
        at, size = (_MIDDLE + sign * s.pick((20, 26)), 58), s.pick((8, 13))
        cv2.circle(picture, at, size, eye, -1, cv2.LINE_AA)
        cv2.circle(picture, at, size // 2, dark, -1, cv2.LINE_AA)
    for _ in range(20 + s.integer(50)):  # hair
        x, y = int(s.uniform(4, 124)), int(s.uniform(16, 124))
        way = (x + (x - _MIDDLE) // 8, y + 6 + s.integer(8))
        cv2.line(picture, (x, y), way, contrast(fur, s), 1, cv2.LINE_AA)
    nose = [(_MIDDLE - 10, 82), (_MIDDLE + 10, 82), (_MIDDLE, 94)]
    cv2.fillPoly(picture, [np.array(nose, np.int32)], dark, cv2.LINE_AA)


def _scene(picture: np.ndarray, alpha: np.ndarray, s: Stream) -> None:
    """A city or mountains beneath a sky, without an edge or within a round one."""
    sky, ground = draw_colour(s), draw_colour(s)
    rows = np.linspace(0, 1, SIDE, dtype=np.float32)[:, None, None]
    picture[:] = (np.array(sky) * (1 - rows) + np.array(ground) * rows).astype(np.uint8)
    heights = [int(s.uniform(40, 100)) for _ in range(9)]
    for k, top in enumerate(heights):
        if s.chance(0.5):
            cv2.rectangle(picture, (k * 14, top), (k * 14 + 12, SIDE), draw_colour(s), -1)
        else:
            peak = [(k * 14 - 12, SIDE), (k * 14 + 6, top), (k * 14 + 26, SIDE)]
            cv2.fillPoly(picture, [np.array(peak, np.int32)], draw_colour(s), cv2.LINE_AA)
    if s.chance(0.5):
        cv2.circle(alpha, (_MIDDLE, _MIDDLE), 60, 255, -1, cv2.LINE_AA)
    else:
        alpha[8 : SIDE - 8] = 255
