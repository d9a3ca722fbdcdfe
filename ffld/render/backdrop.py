"""What is behind: studios, rooms, streets, greenery and the surfaces of flat-lays."""

from __future__ import annotations

import cv2
import numpy as np

from ffld.render.noise import noise
from ffld.render.palette import Colour, draw_colour
from ffld.render.stream import Stream

_FLOORS = ((150, 112, 78), (186, 158, 124), (150, 150, 148), (205, 200, 192), (96, 84, 78))


def draw_backdrop(style: str, presentation: str, width: int, height: int, s: Stream) -> np.ndarray:
    """(height, width, 3) uint8; drawn at half size, so it is soft as if out of focus."""
    w, h = (width + 1) // 2, (height + 1) // 2
    if presentation == "flat" and not s.chance(0.3 if style == "shop" else 0.0):
        picture = _surface(w, h, s)
    elif style == "shop":
        picture = _studio(w, h, s) if s.chance(0.8) else _room(w, h, s)
    else:
        kinds = {_room: 5, _street: 3, _greenery: 1.2, _shop_rail: 1, _studio: 1}
        picture = s.weighted(kinds)(w, h, s)
    blur = s.uniform(0.3, 2.6) if s.chance(0.8) else s.uniform(2.6, 6.0)
    picture = cv2.GaussianBlur(picture, (0, 0), blur)
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)


def _pale(s: Stream, low: float = 150) -> Colour:
    value = s.uniform(low, 245)
    return tuple(min(255.0, value + s.normal(0, 5)) for _ in range(3))


def _fill(w: int, h: int, colour: Colour) -> np.ndarray:
    return np.full((h, w, 3), colour, np.float32)


def _noisy(picture: np.ndarray, kind: str, amount: float, s: Stream) -> np.ndarray:
    h, w = picture.shape[:2]
    field = cv2.resize(noise(kind, s), (w, h), interpolation=cv2.INTER_LINEAR)
    return picture + amount * field[..., None]


def _finish(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture, 0, 255).astype(np.uint8)


def _box(picture: np.ndarray, x: float, y: float, w: float, h: float, colour: Colour) -> None:
    height, width = picture.shape[:2]
    p = (int(x * width), int(y * height))
    q = (int((x + w) * width), int((y + h) * height))
    cv2.rectangle(picture, p, q, colour, -1)


def _framed(picture: np.ndarray, s: Stream, x: float, y: float, w: float, h: float) -> None:
    """A window, mirror, door or picture: a frame round something lighter or darker."""
    frame = draw_colour(s)
    inside = _pale(s, 60)
    t = s.uniform(0.008, 0.03)
    _box(picture, x, y, w, h, frame)
    _box(picture, x + t, y + t, w - 2 * t, h - 2 * t, inside)
    if s.chance(0.4):
        _box(picture, x + w / 2 - t / 2, y, t, h, frame)
    if s.chance(0.3):
        _box(picture, x, y + h / 2 - t / 2, w, t, frame)


def _studio(w: int, h: int, s: Stream) -> np.ndarray:
    top = _pale(s, 215) if s.chance(0.7) else draw_colour(s)
    bottom = tuple(c * s.uniform(0.86, 1.02) for c in top)
    ramp = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    picture = np.array(top, np.float32) * (1 - ramp) + np.array(bottom, np.float32) * ramp
    picture = np.broadcast_to(picture, (h, w, 3)).copy()
    if s.chance(0.4):
        edge = int(h * s.uniform(0.7, 0.95))
        picture[edge:] *= s.uniform(0.88, 0.98)
    return _finish(_noisy(picture, "clouds", 1.5, s))


def _floor(picture: np.ndarray, y: float, s: Stream) -> None:
    """Floor from y down, with boards or tiles that run to a vanishing point."""
    h, w = picture.shape[:2]
    colour = s.pick(_FLOORS)
    edge = int(y * h)
    cv2.rectangle(picture, (0, edge), (w, h), colour, -1)
    line = tuple(c * 0.82 for c in colour)
    vanish = (int(w * s.uniform(0.2, 0.8)), int(edge - h * s.uniform(0.3, 0.8)))
    if s.chance(0.7):
        for k in range(-12, 26):
            cv2.line(picture, vanish, (int(k * w / 7), 2 * h), line, 1, cv2.LINE_AA)
    if s.chance(0.4):
        for k in range(1, 6):
            row = edge + int((h - edge) * (k / 6) ** 1.7)
            cv2.line(picture, (0, row), (w, row), line, 1)


def _room(w: int, h: int, s: Stream) -> np.ndarray:
    picture = _fill(w, h, _pale(s, 120))
    picture = np.ascontiguousarray(_noisy(picture, "clouds", 5, s))
    floor = s.uniform(0.55, 1.15)
    for _ in range(s.integer(3)):
        x, y = s.uniform(-0.2, 0.9), s.uniform(-0.2, 0.35)
        _framed(picture, s, x, y, s.uniform(0.15, 0.5), s.uniform(0.25, 0.8))
    if s.chance(0.25):
        x, span, colour = s.unit(), s.uniform(0.15, 0.4), draw_colour(s)
        for k in range(10):
            shade = tuple(c * (0.8 + 0.25 * (k % 2)) for c in colour)
            _box(picture, x + span * k / 10, 0, span / 10, 1, shade)
    if floor < 1:
        before = picture.copy()
        _floor(picture, floor, s)
        edge = int(floor * h)
        picture[:edge] = before[:edge]
        if s.chance(0.6):
            _box(picture, 0, floor - 0.03, 1, 0.03, _pale(s, 180))
    for _ in range(s.integer(4)):
        bottom = min(1.0, floor + s.uniform(0.0, 0.2))
        size = s.uniform(0.1, 0.4)
        x = s.uniform(-0.2, 1.0)
        _box(picture, x, bottom - size, s.uniform(0.12, 0.45), size, draw_colour(s))
        if s.chance(0.5):
            _box(picture, x + 0.02, bottom - size * 0.9, 0.1, size * 0.3, draw_colour(s))
    return _finish(picture)


def _street(w: int, h: int, s: Stream) -> np.ndarray:
    wall = _pale(s, 90)
    picture = np.ascontiguousarray(_noisy(_fill(w, h, wall), "blotches", 6, s))
    columns, rows = 1 + s.integer(5), 1 + s.integer(4)
    glass = _pale(s, 40)
    dark = tuple(c * s.uniform(0.3, 0.8) for c in glass)
    for i in range(columns):
        for j in range(rows):
            x, y = (i + s.uniform(0.1, 0.3)) / columns, (j + 0.15) / rows * 0.8
            _box(picture, x, y, 0.6 / columns, 0.5 / rows, dark)
            if s.chance(0.5):
                _box(picture, x + 0.03 / columns, y, 0.25 / columns, 0.5 / rows, glass)
    before = picture.copy()
    floor = s.uniform(0.55, 1.05)
    _floor(picture, floor, s)
    picture[: int(floor * h)] = before[: int(floor * h)]
    if s.chance(0.35):
        for _ in range(8):
            centre = (int(w * s.unit()), int(h * s.uniform(0, 0.5)))
            green = (60, 80 + 50 * s.unit(), 50)
            cv2.circle(picture, centre, int(w * s.uniform(0.05, 0.15)), green, -1)
    return _finish(picture)


def _greenery(w: int, h: int, s: Stream) -> np.ndarray:
    base = (s.uniform(70, 130), s.uniform(95, 145), s.uniform(60, 100))
    picture = _noisy(_fill(w, h, base), "blotches", 15, s)
    picture = np.ascontiguousarray(_noisy(picture, "clouds", 15, s))
    if s.chance(0.6):
        sky = int(h * s.uniform(0.05, 0.45))
        picture[:sky] = 0.25 * picture[:sky] + 0.75 * np.array((205, 222, 240), np.float32)
    before = picture.copy()
    floor = s.uniform(0.6, 1.1)
    if s.chance(0.6):
        _floor(picture, floor, s)
        picture[: int(floor * h)] = before[: int(floor * h)]
    return _finish(picture)


def _shop_rail(w: int, h: int, s: Stream) -> np.ndarray:
    picture = _fill(w, h, _pale(s, 130))
    for row in range(1 + s.integer(2)):
        top, x = 0.05 + 0.48 * row, s.uniform(-0.1, 0.2)
        while x < 1:
            step = s.uniform(0.03, 0.10)
            _box(picture, x, top, step, s.uniform(0.3, 0.45), draw_colour(s))
            x += step
        _box(picture, 0, top - 0.015, 1, 0.015, (120, 120, 120))
    return _finish(picture)


def _surface(w: int, h: int, s: Stream) -> np.ndarray:
    kind = s.weighted({"sheet": 3, "wood": 2, "carpet": 1.5, "plain": 2})
    base = _pale(s, 170) if kind in ("sheet", "plain") else draw_colour(s)
    picture = _fill(w, h, base)
    if kind == "sheet":
        picture = _noisy(_noisy(picture, "folds", 9, s), "clouds", 7, s)
    elif kind == "carpet":
        picture = _noisy(picture, "grain", 14, s)
    elif kind == "wood":
        wood = s.pick(((170, 130, 92), (128, 92, 62), (206, 178, 140)))
        picture = np.ascontiguousarray(_noisy(_fill(w, h, wood), "streaks", 10, s))
        step = max(8, int(w * s.uniform(0.08, 0.25)))
        for x in range(0, w, step):
            cv2.line(picture, (x, 0), (x, h), tuple(0.6 * c for c in wood), 1)
    return _finish(picture)
