"""What is behind: studios, places, and the surfaces that clothes are laid on."""

from __future__ import annotations

import math

import cv2
import numpy as np

from ffld.render.geometry.stream import Stream
from ffld.render.picture.brush import Brush, bricks, curtain, floor, pale, small_things
from ffld.render.picture.noise import noise
from ffld.render.picture.outdoors import greenery, street
from ffld.render.picture.palette import draw_colour, near, scaled
from ffld.render.picture.places import mirror_room, room, shop


def draw_backdrop(
    style: str,
    presentation: str,
    width: int,
    height: int,
    feet: float,
    mirrored: bool,
    s: Stream,
) -> np.ndarray:
    """(height, width, 3) uint8.

    `feet` is where people stand, as a fraction of the height; the floor begins above it.
    `mirrored` pictures show what somebody with a phone sees in a mirror: mostly rooms.
    """
    w, h = width, height
    ground = feet - s.uniform(0.02, 0.22) if feet < 1.2 else s.uniform(0.8, 1.3)
    if presentation == "flat":
        plain = style == "shop" and s.chance(0.55)
        picture = _studio(w, h, ground, s) if plain else _surface(w, h, s)
    elif presentation == "hung":
        picture = s.weighted({_set: 3, room: 2, _studio: 2, shop: 1})(w, h, ground, s)
    elif style == "shop":
        picture = s.weighted({_studio: 6, _set: 1.4, room: 1.2, street: 1.2, shop: 0.4})(
            w, h, ground, s
        )
    else:
        kinds = {room: 5, street: 2.4, shop: 1.2, greenery: 0.9, _studio: 0.8, _set: 0.6}
        if mirrored:
            kinds = {mirror_room: 5, room: 2, shop: 1.5, _set: 1}
        picture = s.weighted(kinds)(w, h, ground, s)
    if style == "consumer":  # places are often darker than who is in them
        picture = cv2.convertScaleAbs(picture, alpha=s.uniform(0.45, 1.05))
    blur = s.weighted({0.0: 6, s.uniform(0.5, 1.2): 2, s.uniform(2.0, 8.0): 1.5})
    if blur >= 2:  # at half size, where it costs a quarter
        picture = cv2.resize(picture, ((w + 1) // 2, (h + 1) // 2), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(cv2.GaussianBlur(picture, (0, 0), blur / 2), (w, h))
    elif blur:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    if style != "shop" or presentation == "flat":
        picture = _held(picture, presentation == "flat", ground, s)
    return picture if blur else _textured(picture, s)


def _textured(picture: np.ndarray, s: Stream) -> np.ndarray:
    """The fine roughness of plaster, stone and wood that a sharp picture shows."""
    field = noise("grain", s) * np.float32(s.uniform(0, 5))
    height, width = picture.shape[:2]
    field = cv2.repeat(field, -(-height // 256), -(-width // 256))[:height, :width]
    return cv2.add(picture, cv2.merge([field] * 3), dtype=cv2.CV_8U)


def _held(picture: np.ndarray, from_above: bool, ground: float, s: Stream) -> np.ndarray:
    """A picture from a hand-held camera: rolled, turned to a side, and closer or farther."""
    turn = s.uniform(-1.6, 1.6) if from_above else s.normal(0, 0.1)
    size, (height, width) = 1 / s.uniform(1.0, 1.5), picture.shape[:2]
    a, b = math.cos(turn) * size, math.sin(turn) * size
    x, y = s.uniform(0.4, 0.6) * width, (min(ground, 1.0) if ground > 0.3 else 0.5) * height
    # lines that are parallel in the world meet somewhere beside and above or below the picture
    yaw, pitch = s.normal(0, 0.3) / width, s.normal(0, 0.08) / height
    middle = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]])
    back = np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])
    matrix = back @ np.array([[a, b, 0], [-b, a, 0], [yaw, pitch, 1]]) @ middle
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(
        picture, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT
    )


def _studio(w: int, h: int, ground: float, s: Stream) -> np.ndarray:
    """Seamless paper, mostly white, a little darker at the foot or at the edges."""
    kind = s.weighted({"white": 5, "pale": 4, "colour": 1.2})
    if kind == "white":
        top = (255.0, 255.0, 255.0) if s.chance(0.6) else pale(s, 242)
    else:
        top = pale(s, 205) if kind == "pale" else draw_colour(s)
    b = Brush(w, h, top, s)
    if kind != "white" or s.chance(0.3):
        b.light(0.05)
    if ground < 0.95 and s.chance(0.4):
        floor_ = b.below(ground)
        tone = cv2.convertScaleAbs(floor_.picture, alpha=s.uniform(0.9, 0.99))
        floor_.picture[:] = tone
    return b.picture


def _set(w: int, h: int, ground: float, s: Stream) -> np.ndarray:
    """A plain wall and floor as shops use them, with a curtain, a plant or a chair."""
    b = Brush(w, h, pale(s, 200), s)
    if s.chance(0.25):
        bricks(b, "bricks")
    if s.chance(0.25):
        curtain(b, s.uniform(-0.2, 0.8), s.uniform(0.2, 0.6), pale(s, 190))
    floor(b, ground, s.pick(("boards", "boards", "tiles", "carpet")))
    if s.chance(0.6):
        b.box(0, ground - 0.025, 1, 0.025, pale(s, 215))
    if s.chance(0.3):
        x = s.pick((0.08, 0.92))
        b.foliage(x, ground - 0.15, 0.14, near((80, 112, 72), s, 15))
        b.box(x - 0.05, ground - 0.05, 0.1, 0.1, pale(s, 180))
    b.light(0.06)
    return b.picture


def _surface(w: int, h: int, s: Stream) -> np.ndarray:
    """A bed, boards, a rug, stone or a table from above, sometimes with small things at its rim."""
    kind = s.weighted({"sheet": 3, "wood": 2.5, "carpet": 1.2, "stone": 1, "plain": 1.5})
    if kind == "wood":
        base = draw_colour(s, "wood") if s.chance(0.7) else pale(s, 200)
        b = Brush(w, h, base, s)
        b.grain("streaks", 6)
        step = s.uniform(0.08, 0.25)
        for k in range(int(1 / step) + 1):
            b.line(k * step, 0, k * step, 1, scaled(base, 0.62))
    elif kind == "sheet":
        b = Brush(w, h, pale(s, 190) if s.chance(0.6) else draw_colour(s), s)
        b.grain("crumple", 6)
        b.grain("folds", 4, turned=s.chance(0.5))
    elif kind == "carpet":
        b = Brush(w, h, draw_colour(s, "room"), s)
        b.grain("grain", 8)
    else:
        b = Brush(w, h, pale(s, 180), s)
        if kind == "stone":
            b.grain("streaks", 2)
            b.grain("clouds", 5)
    if s.chance(0.35):
        edge = s.pick((0.03, 0.85))
        for _ in range(1 + s.integer(3)):
            small_things(b, edge, s.uniform(0.1, 1.0), 0.1, 1)
            b.disc(
                edge + 0.05, s.unit(), s.uniform(0.03, 0.07), draw_colour(s), s.uniform(0.5, 1.0)
            )
    b.light(0.08)
    return b.picture
