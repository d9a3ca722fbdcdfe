"""The body itself as layers: torso, limbs, head, hands and shoes."""

from __future__ import annotations

from functools import partial

from ffld.render.body.extremities import hand, shoe
from ffld.render.body.figure import SIDES, Figure
from ffld.render.body.head import head_layers
from ffld.render.body.look import Look
from ffld.render.geometry.outline import ellipse, mix, smooth
from ffld.render.geometry.pieces import (
    BODY,
    LEG,
    Layer,
    Mark,
    bend_patches,
    limb_order,
    outward,
    tube,
)
from ffld.render.geometry.view import View

__all__ = ["Look", "body_layers"]


_COLLAR_BONE = ((0.012, 0.822, 0.045), (0.040, 0.829, 0.040), (0.075, 0.832, 0.030))

_NECKLACE = ((-0.040, 0.845, 0.020), (-0.022, 0.818, 0.045), (0.0, 0.804, 0.052),
             (0.022, 0.818, 0.045), (0.040, 0.845, 0.020))  # fmt: skip


def body_layers(figure: Figure, view: View, look: Look, sleeve: float = 0.0) -> list[Layer]:
    """All skin, hair and shoes of a figure; arms are bare from `sleeve`, a fraction of the arm."""
    layers = [_torso(figure, view)]
    for side in SIDES:
        layers += _leg(figure, view, side, look)
        layers.append(_arm(figure, view, side, max(0.0, sleeve - 0.05)))
        layers.append(hand(figure, view, side, look))
    if look.head:
        layers += head_layers(figure, view, look)
    return layers


def _torso(figure: Figure, view: View) -> Layer:
    sides = {}
    for side in SIDES:
        rings = [figure.ring(y) for y in (0.880, 0.850, 0.815, 0.755, 0.620, 0.510)]
        sides[side] = [view.project(ring.corner(side)) for ring in rings]
    crotch = view.project(figure.torso(0.0, 0.452, 0.0))  # below it there are legs only
    outline = [*smooth(sides["left"], 2), crotch, *smooth(sides["right"], 2)[::-1]]
    return Layer("torso", "skin", BODY, outline, marks=partial(_torso_marks, figure, view))


def _torso_marks(figure: Figure, view: View) -> list[Mark]:
    marks = []
    if figure.faces_camera:
        for sign in (-1.0, 1.0):  # collar bones
            bone = [figure.torso(sign * x, y, z) for x, y, z in _COLLAR_BONE]
            marks.append(Mark("shadow", [view.project(point) for point in bone]))
        chain = [figure.torso(x, y, z) for x, y, z in _NECKLACE]
        marks.append(Mark("necklace", [view.project(point) for point in chain], "necklace"))
    return marks


def _leg(figure: Figure, view: View, side: str, look: Look) -> list[Layer]:
    limb = figure.legs[side]
    stops = [0.0, 0.25, 0.5, 0.66, 1.0]
    outer, inner = tube(view, limb, stops, [0.0, 0.0, 0.0, 0.004, 0.0], outward(figure, side))
    ahead = view.depth(limb.joints[1]) - view.depth(figure.torso(0.0, 0.5, 0.0))
    order = LEG + min(2.0, max(-2.0, 3 * ahead))
    outline = [*smooth(outer), *smooth(inner[::-1])]
    grain = mix(outer[-1], inner[-1], 0.5) - mix(outer[0], inner[0], 0.5)
    patches = bend_patches(outer, inner)
    marks = partial(_knee, outer, inner) if figure.faces_camera else tuple
    leg = Layer(
        f"bare_leg_{side}",
        "tights" if look.tights else "skin",
        order,
        outline,
        grain,
        marks,
        patches,
    )
    return [leg, shoe(figure, view, side, look, order + 0.2)]


def _knee(outer: list[complex], inner: list[complex]) -> list[Mark]:
    dip = mix(outer[2], inner[2], 0.5) + 0.06 * (outer[3] - outer[2])
    across = 0.22 * (outer[2] - inner[2])
    low = 0.04 * (outer[4] - outer[2])
    return [Mark("shadow", [dip - across, dip + low, dip + across])]


def _arm(figure: Figure, view: View, side: str, start: float) -> Layer:
    limb = figure.arms[side]
    stops = [start, *(f for f in (0.25, 0.5, 0.62) if f > start + 0.05), 1.0]
    room = [0.003 if f == 0.62 else 0.0 for f in stops]
    outer, inner = tube(view, limb, stops, room, outward(figure, side))
    order = limb_order(view, figure, limb)
    outline = [*smooth(outer), *smooth(inner[::-1])]
    across = (outer[0] - inner[0]) / 2
    cap = ellipse(mix(outer[0], inner[0], 0.5), across, across * 1j, 12)
    patches = [cap, *bend_patches(outer, inner)]
    grain = mix(outer[-1], inner[-1], 0.5) - mix(outer[0], inner[0], 0.5)
    marks = partial(_watch, outer, inner) if side == "left" else tuple
    return Layer(f"bare_arm_{side}", "skin", order, outline, grain, marks, patches)


def _watch(outer: list[complex], inner: list[complex]) -> list[Mark]:
    wrist = [mix(p, q, 0.93) for p, q in ((outer[-2], outer[-1]), (inner[-2], inner[-1]))]
    return [Mark("watch", wrist, "watch")]
