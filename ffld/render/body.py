"""The body itself as layers: limbs, torso, head, hair, hands and shoes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ffld.render.figure import NECK, SIDES, Figure
from ffld.render.outline import ellipse, mix, smooth
from ffld.render.pieces import (
    BODY,
    FAR_PANEL,
    HEAD,
    LEG,
    Layer,
    Mark,
    bend_patches,
    limb_order,
    outward,
    tube,
)
from ffld.render.stream import Stream
from ffld.render.view import View


@dataclass(frozen=True)
class Look:
    """What a body shows besides clothes.

    Attributes:
        hair: "bald", "short", "bob", "long" or "bun".
        fringe: how far hair comes down the forehead, 0 to 1.
        strands: sides on which long hair falls before the shoulder.
        head: whether there is one (shop mannequins often have none).
        shoes: height of the shoe's shaft above the ankle, body frame.
    """

    hair: str
    fringe: float
    strands: tuple[str, ...]
    head: bool
    shoes: float

    @staticmethod
    def draw(stream: Stream, headless: float, loose: float) -> Look:
        """Random; `headless` is the probability of a mannequin without a head.

        `loose` is the probability that long hair falls before the shoulder, for each one.
        """
        hair = stream.weighted({"short": 3, "bob": 2, "long": 4, "bun": 1.2, "bald": 0.25})
        strands = tuple(side for side in SIDES if hair == "long" and stream.chance(loose))
        return Look(
            hair=hair,
            fringe=stream.unit(),
            strands=strands,
            head=not stream.chance(headless),
            shoes=stream.weighted({0.0: 4, 0.03: 1.5, 0.10: 0.8}),
        )


def body_layers(figure: Figure, view: View, look: Look, sleeve: float = 0.0) -> list[Layer]:
    """All skin, hair and shoes of a figure; arms are bare from `sleeve`, a fraction of the arm."""
    layers = [_torso(figure, view)]
    for side in SIDES:
        layers += _leg(figure, view, side, look)
        layers += _arm(figure, view, side, max(0.0, sleeve - 0.05))
    if look.head:
        layers += _head(figure, view, look)
    return layers


def _torso(figure: Figure, view: View) -> Layer:
    sides = {}
    for side in SIDES:
        rings = [figure.ring(y) for y in (0.880, 0.850, 0.815, 0.755, 0.620, 0.510, 0.450)]
        sides[side] = [view.project(ring.corner(side)) for ring in rings]
    outline = [*smooth(sides["left"], 2), *smooth(sides["right"], 2)[::-1]]
    return Layer("torso", "skin", BODY, outline)


def _leg(figure: Figure, view: View, side: str, look: Look) -> list[Layer]:
    limb = figure.legs[side]
    stops = [0.0, 0.25, 0.5, 0.66, 1.0]
    outer, inner = tube(view, limb, stops, [0.0, 0.0, 0.0, 0.004, 0.0], outward(figure, side))
    ahead = view.depth(limb.joints[1]) - view.depth(figure.torso(0.0, 0.5, 0.0))
    order = LEG + min(2.0, max(-2.0, 3 * ahead))
    outline = [*smooth(outer), *smooth(inner[::-1])]
    leg = Layer(f"bare_leg_{side}", "skin", order, outline, patches=bend_patches(outer, inner))
    ankle, radius = limb.along(1.0)
    front = figure.ring(0.5).b
    size = figure.build.size
    toe = tuple(ankle[i] + 0.085 * size * front[i] for i in range(3))
    toe = (toe[0], toe[1] - 0.036 * size, toe[2])
    shaft, _ = limb.along(1.0 - look.shoes)
    heel = (ankle[0], ankle[1] - 0.040 * size, ankle[2])
    u = view.scale(ankle) * size
    p, q, r, s = (view.project(x) for x in (shaft, heel, toe, ankle))
    half = 1.25 * radius * u / size
    sole = [q - half, r - 0.024 * u, r + 0.010j * u, r + 0.024 * u, q + half]
    outline = [p - half, *sole, s + half, p + half]
    shoe = Layer(f"shoe_{side}", "shoe", order + 0.2, outline)
    return [leg, shoe]


def _arm(figure: Figure, view: View, side: str, start: float) -> list[Layer]:
    limb = figure.arms[side]
    stops = [start, *(f for f in (0.25, 0.5, 0.62) if f > start + 0.05), 1.0]
    room = [0.003 if f == 0.62 else 0.0 for f in stops]
    outer, inner = tube(view, limb, stops, room, outward(figure, side))
    order = limb_order(view, figure, limb)
    outline = [*smooth(outer), *smooth(inner[::-1])]
    across = (outer[0] - inner[0]) / 2
    cap = ellipse(mix(outer[0], inner[0], 0.5), across, across * 1j, 12)
    patches = [cap, *bend_patches(outer, inner)]
    arm = Layer(f"bare_arm_{side}", "skin", order, outline, patches=patches)
    wrist, radius = limb.along(1.0)
    elbow = limb.joints[1]
    length = 0.055 * figure.build.size
    span = math.sqrt(sum((wrist[i] - elbow[i]) ** 2 for i in range(3))) or 1.0
    tip = tuple(wrist[i] + (wrist[i] - elbow[i]) / span * length for i in range(3))
    p, q = view.project(wrist), view.project(tip)
    u = view.scale(wrist)
    along = (q - p) * 0.62
    if abs(along) < radius * u * 1.3:
        along = 1j * radius * u * 1.3
    across = along / abs(along) * 1j * radius * u * 1.25
    hand = Layer(f"hand_{side}", "skin", order + 0.5, ellipse(mix(p, q, 0.5), across, along, 12))
    return [arm, hand]


def _head(figure: Figure, view: View, look: Look) -> list[Layer]:
    centre, radius = figure.head()
    c, u = view.project(centre), view.scale(centre)
    neck = view.project(figure.torso(0.0, NECK, 0.0))
    up = (c - neck) / (abs(c - neck) or 1.0)
    r = radius * u
    across = up * 1j
    front = figure.ring(NECK).b
    turned = front[0]
    faces = front[2]
    marks = _face(c, up, across, r, turned) if faces > -0.25 else []
    skull = Layer("head", "skin", HEAD, ellipse(c, across * r * 0.80, up * r * 1.18), -up, marks)
    return [skull, *_hair(c, up, across, r, turned, faces, look)]


def _face(c: complex, up: complex, across: complex, r: float, turned: float) -> list[Mark]:
    # `across` points to the picture's right for an upright head; the face slides with the turn
    middle = c + across * turned * r * 0.55
    spread = 0.34 * r * max(0.35, 1 - 0.5 * abs(turned))
    marks = []
    for sign in (-1.0, 1.0):
        eye = middle + across * sign * spread + up * 0.08 * r
        marks.append(Mark("eye", [eye - across * 0.13 * r, eye + across * 0.13 * r]))
        brow = eye + up * 0.22 * r
        marks.append(Mark("brow", [brow - across * 0.18 * r, brow + across * 0.18 * r]))
    mouth = middle - up * 0.58 * r
    nose = middle - up * 0.22 * r
    marks.append(Mark("mouth", [mouth - across * 0.16 * r, mouth + across * 0.16 * r]))
    marks.append(Mark("fold", [nose - across * 0.08 * r, nose + across * 0.08 * r]))
    return marks


def _hair(
    c: complex, up: complex, across: complex, r: float, turned: float, faces: float, look: Look
) -> list[Layer]:
    if look.hair == "bald":
        return []
    length = {"short": 0.2, "bob": 1.35, "bun": 0.2, "long": 2.9}[look.hair]
    back = c - across * turned * r * 0.25
    side, low = across * r * 0.96, up * r * length
    mass = [back + up * r * 1.26, back + side + up * r * 0.3, back + side - low,
            back - low - up * r * 0.15, back - side - low, back - side + up * r * 0.3]  # fmt: skip
    mass = smooth([*mass, mass[0]])
    if faces < -0.1:  # seen from behind, hair hides head, neck and collar
        layers = [Layer("hair", "hair", HEAD + 2.0, mass, -up)]
    else:
        layers = [Layer("hair", "hair", FAR_PANEL - 5.0, mass, -up)]
        line = 0.42 - 0.22 * look.fringe
        brow = c + across * turned * r * 0.3 + up * r * (line + 0.25)
        cap = [c - across * r * 0.86 + up * r * 0.05, c - across * r * 0.66 + up * r * 0.95,
               c + up * r * 1.27, c + across * r * 0.66 + up * r * 0.95,
               c + across * r * 0.86 + up * r * 0.05, brow + across * r * 0.4, brow,
               brow - across * r * 0.5]  # fmt: skip
        layers.append(Layer("fringe", "hair", HEAD + 1.0, smooth([*cap, cap[0]], 2), -up))
        for side in look.strands:
            sign = -1.0 if side == "left" else 1.0
            root = c + across * sign * r * 0.78
            strand = [root + up * r * 0.2, root + across * sign * r * 0.25 - up * r * 1.2,
                      root + across * sign * r * 0.35 - up * r * 3.2,
                      root - across * sign * r * 0.25 - up * r * 3.0,
                      root - across * sign * r * 0.20 - up * r * 1.2]  # fmt: skip
            layers.append(Layer(f"strand_{side}", "hair", HEAD + 2.0, smooth(strand, 2), -up))
    if look.hair == "bun":
        ball = ellipse(c + up * r * 1.35, across * r * 0.42, up * r * 0.38, 12)
        layers.append(Layer("bun", "hair", HEAD + 2.0, ball, -up))
    return layers
