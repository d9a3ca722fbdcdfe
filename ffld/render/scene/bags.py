"""Bags: over the shoulder, across the body, in the hand, on the back."""

from __future__ import annotations

from ffld.render.body.figure import SIDES, Figure
from ffld.render.geometry.outline import smooth
from ffld.render.geometry.pieces import HELD, Layer, limb_order
from ffld.render.geometry.stream import Stream
from ffld.render.geometry.view import View

_FLAPPED = ((-0.9, 0.0), (0.9, 0.0), (1.0, 0.9), (0.94, 1.8), (0.0, 1.95), (-0.94, 1.8),
            (-1.0, 0.9), (-0.9, 0.0))  # fmt: skip
_TOTE = ((-1.0, 0.0), (1.0, 0.0), (0.86, 2.5), (-0.86, 2.5))
_SOFT = ((-0.6, 0.0), (0.6, 0.0), (1.05, 1.0), (0.8, 1.9), (-0.8, 1.9), (-1.05, 1.0),
         (-0.6, 0.0))  # fmt: skip


def draw_bag(figure: Figure, view: View, side: str, s: Stream) -> list[Layer]:
    """A bag at one side of a figure."""
    kind = s.weighted({"shoulder": 3, "across": 2, "hand": 2, "backpack": 1})
    if kind == "backpack":
        return _backpack(figure, view)
    if kind == "hand":
        return _in_hand(figure, view, side, s)
    return _on_strap(figure, view, side, kind == "across", s)


def _body(at: complex, u: float, s: Stream) -> list[complex]:
    """The outline of a bag that hangs from its upper middle."""
    w, h = s.uniform(0.045, 0.09) * u, s.uniform(0.035, 0.07) * u
    shape = s.pick((_FLAPPED, _FLAPPED, _TOTE, _SOFT))
    outline = [at + complex(x * w, y * h) for x, y in shape]
    return outline if shape is _TOTE else smooth(outline, 2)


def _on_strap(figure: Figure, view: View, side: str, across: bool, s: Stream) -> list[Layer]:
    sign, size = -1.0 if side == "left" else 1.0, figure.build.size
    top = figure.torso(sign * s.uniform(0.080, 0.112), 0.826, 0.0)
    if across:
        top = figure.torso(-sign * 0.07, 0.83, 0.03)
    low = figure.torso(sign * s.uniform(0.10, 0.17), s.uniform(0.42, 0.60), s.uniform(-0.02, 0.09))
    p, q = view.project(top), view.project(low)
    u = view.scale(low) * size
    half = complex(s.uniform(0.003, 0.008) * u)
    strap = [p - half, q - half, q + half, p + half]
    order = HELD if across and figure.faces_camera else HELD - 8.0
    body = Layer("bag", "bag", order + 0.1, _body(q, u, s))
    return [Layer("strap", "bag", order, strap), body]


def _in_hand(figure: Figure, view: View, side: str, s: Stream) -> list[Layer]:
    """A handbag whose handles lie in the hand."""
    arm = figure.arms[side]
    point, _ = arm.along(1.06)
    at, u = view.project(point), view.scale(point) * figure.build.size
    top = at + 0.055j * u
    wide, thin = 0.026 * u, 0.006 * u
    handle = [top - wide, at - 0.6 * wide, at - 0.008j * u, at + 0.6 * wide, top + wide,
              top + wide - thin, at + 0.6 * wide - thin, at + (thin - 0.008 * u) * 1j,
              at - 0.6 * wide + thin, top - wide + thin]  # fmt: skip
    order = limb_order(view, figure, arm) + 0.4
    body = Layer("bag", "bag", order + 0.05, _body(top, u, s))
    return [Layer("handle", "bag", order, handle), body]


def _backpack(figure: Figure, view: View) -> list[Layer]:
    """From the front its two straps show, from behind the bag."""
    u = view.scale(figure.torso(0.0, 0.75, 0.0)) * figure.build.size
    if not figure.faces_camera:
        corners = ((-0.07, 0.83), (0.07, 0.83), (0.10, 0.76), (0.105, 0.62), (0.08, 0.575),
                   (-0.08, 0.575), (-0.105, 0.62), (-0.10, 0.76), (-0.07, 0.83))  # fmt: skip
        outline = [view.project(figure.torso(x, y, -0.11)) for x, y in corners]
        return [Layer("bag", "bag", HELD - 8.0, smooth(outline, 2))]
    layers = []
    for side in SIDES:
        sign = -1.0 if side == "left" else 1.0
        path = [
            view.project(figure.torso(sign * 0.072, 0.838, 0.0)),
            view.project(figure.torso(sign * 0.080, 0.790, 0.06)),
            view.project(figure.ring(0.690, 0.016).corner(side)),
        ]
        half = complex(0.009 * u)
        outline = [*(p - half for p in path), *(p + half for p in path[::-1])]
        layers.append(Layer(f"strap_{side}", "bag", HELD - 8.0, outline))
    return layers
