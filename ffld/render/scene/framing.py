"""Where the camera stands, and which part of what it sees becomes the image."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain

import numpy as np

from ffld.render.geometry.measure import scatter
from ffld.render.geometry.pieces import Layer
from ffld.render.geometry.stream import Stream
from ffld.render.geometry.view import Frame, View
from ffld.render.mix import Mix
from ffld.render.scene.person import THINGS, Person

Window = tuple[float, float, float, float]  # x1, y1, x2, y2 in the picture plane

_PART_OF_IMAGE = (0.65, 1.30)  # what is framed of a person takes up this part of the image


def draw_habit(mix: Mix, style: str, s: Stream) -> str:
    """What sort of picture of a person it is, one of `mix.HABITS`."""
    return "posed" if style == "shop" else s.weighted(mix.habits)


def draw_camera(style: str, habit: str, s: Stream) -> View:
    """Where a picture of that sort is taken from."""
    if style == "shop":
        distance, height = s.uniform(2.8, 6.0), s.uniform(0.45, 0.75)
        roll = scatter(s, 0.013) if s.chance(0.8) else s.normal(0.0, 0.18)
        return View(distance, height, s.normal(0.0, 0.03), roll)
    if habit == "selfie":
        distance, height, roll = s.uniform(0.50, 0.95), s.uniform(0.85, 1.20), 0.20
    elif habit == "close selfie":
        distance, height, roll = s.uniform(0.34, 0.58), s.uniform(0.80, 1.25), 0.24
    elif habit == "mirror":
        distance, height, roll = s.uniform(0.9, 2.4), s.uniform(0.60, 0.95), 0.11
    else:
        distance, height, roll = s.uniform(1.1, 3.8), s.uniform(0.35, 1.05), 0.06
    down = math.atan2(height - s.uniform(0.45, 0.75), distance) * s.uniform(0.6, 1.1)
    return View(distance, height, down, s.normal(0.0, roll))


def frame_alone(mix: Mix, style: str, layers: list[Layer], s: Stream) -> Frame:
    """The image of a garment without a body."""
    return _frame(mix, _extent(layers), _part(s.weighted(mix.zoom[style]), s), s)


def frame_worn(mix: Mix, style: str, lower: bool, person: Person, number: int, s: Stream) -> Frame:
    """The image of a person in the annotated garment of that number, a lower one or not."""
    window, part = _window(mix, style, lower, person, number, s)
    return _frame(mix, window, part, s)


def _extent(layers: Iterable[Layer]) -> Window:
    points = chain.from_iterable(layer.outline for layer in layers)
    corners = np.fromiter(points, np.complex128).view(np.float64).reshape(-1, 2)
    corners = np.ascontiguousarray(corners.T)  # whose extremes are found ten times as fast
    return (*corners.min(1).tolist(), *corners.max(1).tolist())


def _window(
    mix: Mix, style: str, lower: bool, person: Person, number: int, s: Stream
) -> tuple[Window, float]:
    """What of the picture plane the photographer wants to show, and on what part of the image.

    "garment" is the target alone, "cut" that without its lower end, "close" a part of it; of the
    whole "person", "bust" is the upper part, "torso" leaves out the head, "legs" is the lower part.
    """
    kinds = {k: v for k, v in mix.framing[style].items() if k != ("bust" if lower else "legs")}
    kind = s.weighted(kinds)
    x1, y1, x2, y2 = _extent(person.garments[number].layers)
    if kind == "garment":
        return (x1, y1, x2, y2), _part(s.weighted(mix.zoom[style]), s)
    if kind == "cut":
        return (x1, y1, x2, y1 + (y2 - y1) * s.uniform(0.55, 0.98)), 1.0
    if kind == "close":
        w, h = (x2 - x1) * s.uniform(0.55, 0.95), (y2 - y1) * s.uniform(0.55, 0.95)
        x1 += (x2 - x1 - w) * s.unit()
        y1 += (y2 - y1 - h) * s.unit()
        return (x1, y1, x1 + w, y1 + h), s.uniform(0.85, 1.15)
    body = (layer for _, layer in person.layers if layer.material not in THINGS)
    px1, py1, px2, py2 = _extent(body)
    tall = py2 - py1
    if kind == "bust":
        py2 = max(py1 + tall * s.uniform(0.34, 0.60), y1 + 0.35 * (y2 - y1))
    elif kind == "torso":
        py1 = min(py1 + tall * s.uniform(0.08, 0.20), y1 + 0.35 * (y2 - y1))
        py2 = max(py1 + tall * s.uniform(0.40, 0.75), y1 + 0.60 * (y2 - y1))
    elif kind == "legs":
        py1 = min(py1 + tall * s.uniform(0.25, 0.50), y2 - 0.35 * (y2 - y1))
    middle = ((px1 + px2) / 2 + (x1 + x2) / 2) / 2
    half = min(px2 - px1, 0.9 * (py2 - py1)) / 2
    return (middle - half, py1, middle + half, py2), _part(_PART_OF_IMAGE, s)


def _part(limits: tuple[float, float], s: Stream) -> float:
    low, high = limits
    return low * (high / low) ** s.unit()


def _frame(mix: Mix, window: Window, part: float, s: Stream) -> Frame:
    """Make a window take up this part of the image."""
    x1, y1, x2, y2 = window
    aspect = s.weighted({0.75: 5, 1.0: 2.5, 0.667: 2, 0.5625: 1, 1.333: 0.8})
    side = s.pick(mix.long_side)
    width = side if aspect >= 1 else round(side * aspect)
    height = side if aspect <= 1 else round(side / aspect)
    zoom = part * min(width / (x2 - x1), height / (y2 - y1))
    loose_x = width / zoom - (x2 - x1)
    loose_y = height / zoom - (y2 - y1)
    dx = loose_x * (0.5 + s.normal(0.0, 0.16)) + s.normal(0.0, 0.04) * width / zoom
    dy = loose_y * (0.5 + s.normal(0.0, 0.16)) + s.normal(0.0, 0.04) * height / zoom
    return Frame(width, height, zoom, complex(x1 - dx, y1 - dy))
