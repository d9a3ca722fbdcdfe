"""Hands and shoes."""

from __future__ import annotations

import math
from functools import partial

from ffld.render.body.figure import Figure
from ffld.render.body.look import Look
from ffld.render.geometry.outline import mix, smooth
from ffld.render.geometry.pieces import Layer, Mark, limb_order
from ffld.render.geometry.view import View, along, between

Points = tuple[tuple[float, float], ...]

# A hand: x across in half widths (the thumb at -1), y from the wrist 0 to the longest fingertip 1.
_HANDS: dict[str, Points] = {
    "relaxed": ((-0.80, 0.0), (-1.00, 0.25), (-1.02, 0.55), (-0.80, 0.84), (-0.45, 0.93),
                (-0.05, 0.95), (0.35, 0.90), (0.75, 0.76), (0.98, 0.45), (0.80, 0.0)),
    "open": ((-0.80, 0.0), (-1.05, 0.25), (-1.10, 0.5), (-1.15, 0.88), (-0.80, 0.90),
             (-0.62, 0.56), (-0.50, 0.98), (-0.14, 1.0), (-0.06, 0.57), (0.16, 0.97),
             (0.46, 0.93), (0.42, 0.55), (0.74, 0.82), (1.02, 0.76), (1.0, 0.4), (0.80, 0.0)),
    "fist": ((-0.80, 0.0), (-1.15, 0.20), (-1.18, 0.45), (-0.85, 0.64), (0.0, 0.68),
             (0.80, 0.60), (1.10, 0.40), (1.05, 0.15), (0.80, 0.0)),
    "victory": ((-0.80, 0.0), (-1.10, 0.45), (-1.55, 1.05), (-1.15, 1.12), (-0.55, 0.66),
                (-0.05, 1.18), (0.30, 1.15), (0.25, 0.62), (0.80, 0.58), (1.05, 0.3),
                (0.80, 0.0)),
}  # fmt: skip
_THUMBS: dict[str, Points] = {
    "relaxed": ((-0.7, 0.10), (-1.30, 0.40), (-1.22, 0.62), (-0.95, 0.62), (-0.6, 0.45)),
    "open": ((-0.7, 0.05), (-1.75, 0.42), (-1.80, 0.58), (-1.50, 0.60), (-0.7, 0.42)),
    "fist": ((-0.9, 0.15), (-1.20, 0.42), (-0.40, 0.58), (-0.2, 0.50), (-0.6, 0.3)),
    "victory": ((-0.9, 0.15), (-1.20, 0.42), (0.0, 0.5), (0.1, 0.40), (-0.6, 0.25)),
}  # fmt: skip
_GAPS: dict[str, tuple[Points, ...]] = {
    "relaxed": (((-0.52, 0.55), (-0.50, 0.90)), ((-0.05, 0.55), (-0.05, 0.92)),
                ((0.40, 0.52), (0.42, 0.86))),
    "fist": (((-0.45, 0.45), (-0.45, 0.64)), ((0.02, 0.45), (0.02, 0.66)),
             ((0.50, 0.42), (0.52, 0.60))),
}  # fmt: skip


def hand(figure: Figure, view: View, side: str, look: Look) -> Layer:
    """The hand at the end of an arm."""
    limb = figure.arms[side]
    wrist, radius = limb.along(1.0)
    elbow = limb.joints[1]
    length = 0.088 * figure.build.size
    (x, y, z), (dx, dy, dz) = wrist, between(elbow, wrist)
    span = math.sqrt(dx**2 + dy**2 + dz**2) or 1.0
    tip = (x + dx / span * length, y + dy / span * length, z + dz / span * length)
    p, q = view.project(wrist), view.project(tip)
    half = radius * view.scale(wrist) * 1.2
    down = q - p
    if abs(down) < 2.4 * half:  # pointing at the camera
        down = down / (abs(down) or 1.0) * 2.4 * half if abs(down) > 1e-9 else 2.4j * half
    inward = figure.shown if side == "left" else -figure.shown
    across = down / abs(down) * 1j * half * inward
    shape = look.hands[side]

    def place(points: Points) -> list[complex]:
        return [p + across * x + down * (y - 0.06) for x, y in points]

    def marks() -> list[Mark]:
        return [Mark("fold", place(gap)) for gap in _GAPS.get(shape, ())]

    outline = smooth(place(_HANDS[shape]), 2)
    order = limb_order(view, figure, limb) + 0.5
    thumb = smooth(place(_THUMBS[shape]), 2)
    return Layer(f"hand_{side}", "skin", order, outline, down, marks, [thumb])


def shoe(figure: Figure, view: View, side: str, look: Look, order: float) -> Layer:
    """A shoe, or a bare foot."""
    limb = figure.legs[side]
    ankle, radius = limb.along(1.0)
    front, size = figure.ring(0.5).b, figure.build.size
    toe = along(ankle, front, 0.082 * size)
    toe = (toe[0], toe[1] - 0.040 * size, toe[2])
    heel = along(ankle, front, -0.022 * size)
    heel = (heel[0], heel[1] - 0.042 * size, heel[2])
    top, wide = limb.along(1.0 - look.shaft)
    u = view.scale(ankle) * size
    p, h, t, s = (view.project(x) for x in (top, heel, toe, ankle))
    shaft = (1.2 * radius + 1.1 * (wide - radius)) * u / size
    ankle_half = (1.05 if look.shoes in ("heel", "flat", "bare") else 1.3) * radius * u / size
    way = 1.0 if (t - h).real >= 0 else -1.0
    reach = abs((t - h).real) / u
    ball = 0.021 * u * max(0.0, 1 - reach * 8)  # wider when seen from the front
    tip = t + way * 0.010 * u
    low = complex(0, 0.006 * u)
    back = [p - way * shaft, s - way * ankle_half, h - way * 0.010 * u - 2 * low,
            h - way * (0.010 * u + ball)]  # fmt: skip
    toes = [tip + way * ball - low, tip + way * (ball + 0.004 * u) - 3 * low,
            mix(s, t, 0.72) + way * ball - 3 * low, s + way * ankle_half,
            p + way * shaft]  # fmt: skip
    sole = [mix(h, t, 0.5) - way * ball + low, t - way * ball * 0.8 + low, tip + low]
    outline = [*back, *sole, *toes]
    laced = look.shoes in ("sneaker", "boot")
    marks = partial(_shoe_marks, h, t, s, way * 0.012 * u) if laced else tuple
    material = "skin" if look.shoes == "bare" else "shoe"
    return Layer(f"shoe_{side}", material, order, outline, t - h, marks)


def _shoe_marks(heel: complex, toe: complex, ankle: complex, beyond: complex) -> list[Mark]:
    under = [heel - beyond, mix(heel, toe, 0.5), toe + beyond]
    return [Mark("sole", under), Mark("laces", [mix(ankle, toe, 0.35), mix(ankle, toe, 0.65)])]
