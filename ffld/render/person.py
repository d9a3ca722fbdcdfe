"""A dressed figure: who wears what in which posture, as layers from back to front."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ffld.render.body import Look, body_layers
from ffld.render.cut import DRESSES, OUTWEAR, TOPS, TROUSERS, draw_cut
from ffld.render.figure import SIDES, Build, Figure, Posture
from ffld.render.garments import wear
from ffld.render.measure import scatter
from ffld.render.outline import ellipse
from ffld.render.pieces import HELD, Garment, Layer, limb_order
from ffld.render.poses import ARMS, LEGS, LimbPose
from ffld.render.stream import Stream
from ffld.render.view import Vector, View

BODY_OWNER = -1


@dataclass(frozen=True)
class Person:
    """A figure with its garments, innermost first, and everything to paint of it.

    `layers` pairs each layer with its owner: the garment's number, or BODY_OWNER.
    """

    garments: list[Garment]
    layers: list[tuple[int, Layer]]


def draw_outfit(target: str, alone: bool, stream: Stream) -> list[str]:
    """Garment types worn together, innermost first; `target` is one of them."""
    s = stream
    if alone:
        return [target]
    outfit = []
    if target in TROUSERS or target == "skirt":
        outfit = [target, _draw_top(s)]
    elif target in TOPS:
        outfit = [_draw_bottom(s), target]
    elif target in DRESSES:
        outfit = [target]
    elif s.chance(0.2):
        outfit = [s.pick(DRESSES)]
    else:
        outfit = [_draw_bottom(s), _draw_top(s)]
    if target in OUTWEAR:
        outfit.append(target)
    elif s.chance(0.1):
        outfit.append("long_sleeve_outwear" if s.chance(0.85) else "short_sleeve_outwear")
    return outfit


def draw_posture(
    viewpoint: str, calm: bool, stream: Stream, place: Vector = (0.0, 0.0, 0.0)
) -> Posture:
    """A posture of somebody seen from the front, the side or the back.

    A `calm` one is as of those who stand up straight to be photographed.
    """
    s = stream
    facing = math.pi if viewpoint == "back" else 0.0
    if viewpoint == "side":
        yaw = s.sign() * s.uniform(0.85, 1.65)
    else:
        yaw = facing + (scatter(s, 0.07) if calm else s.normal(0.0, 0.32))
    sitting = not calm and s.chance(0.10)
    return Posture(
        yaw=yaw,
        twist=scatter(s, 0.04) if calm else s.normal(0.0, 0.18),
        lean=s.normal(0.0, 0.03) if calm else s.normal(0.04, 0.09) + (0.10 if sitting else 0.0),
        tilt=scatter(s, 0.024) if calm else s.normal(0.0, 0.07),
        arms=_calm_arms(s) if calm else _arms(s),
        legs=_calm_legs(s) if calm else _legs(s, sitting),
        place=place,
    )


def flat_posture(stream: Stream) -> Posture:
    """Laid out on a surface, or on a hanger: arms and legs a little apart, facing up."""
    s = stream
    spread = s.uniform(0.5, 1.6)
    arm = ARMS["flat"]
    pose = LimbPose(_scaled(arm.upper, spread), _scaled(arm.lower, spread * s.uniform(0.5, 1.2)))
    leg = _jitter(LEGS["apart"] if s.chance(0.6) else LEGS["standing"], s, 0.02)
    return Posture(
        yaw=0.0, twist=0.0, lean=0.0, tilt=scatter(s, 0.024),
        arms={"left": _jitter(pose, s, 0.04), "right": _jitter(pose, s, 0.04)},
        legs={"left": leg, "right": leg},
    )  # fmt: skip


def dress(
    outfit: list[str],
    posture: Posture,
    view: View,
    look: Look | None,
    stream: Stream,
    tuck: float = 0.12,
) -> Person:
    """A person in an outfit; without a look only the garments are there.

    `tuck` is the probability that a top is worn inside trousers or skirt.
    """
    figure = Figure(Build.draw(stream), posture)
    garments = []
    for level, garment_type in enumerate(outfit):
        worn_over = level if garment_type in OUTWEAR else 0
        cut = draw_cut(garment_type, stream, tuck)
        garments.append(wear(cut, figure, view, worn_over))
    layers = [(owner, layer) for owner, g in enumerate(garments) for layer in g.layers]
    if look is not None:
        sleeve = max(garment.cut.sleeve for garment in garments)
        layers += [(BODY_OWNER, layer) for layer in body_layers(figure, view, look, sleeve)]
        layers += [(BODY_OWNER, layer) for layer in _held(figure, view, stream)]
    layers.sort(key=lambda pair: pair[1].order)
    return Person(garments, layers)


def _draw_top(s: Stream) -> str:
    return s.weighted({"short_sleeve_top": 5, "long_sleeve_top": 3, "vest": 1.2, "sling": 0.8})


def _draw_bottom(s: Stream) -> str:
    return s.weighted({"trousers": 5, "shorts": 2.5, "skirt": 2.5})


def _scaled(way: Vector, out: float) -> Vector:
    return (way[0] * out, way[1], way[2])


def _jitter(pose: LimbPose, s: Stream, amount: float) -> LimbPose:
    return LimbPose(*(tuple(x + s.normal(0.0, amount) for x in direction) for direction in pose))


def _calm_arms(s: Stream) -> dict[str, LimbPose]:
    both = ARMS[s.weighted({"hanging": 10, "relaxed": 1, "in_pocket": 1, "on_hip": 0.4,
                            "behind": 0.4})]  # fmt: skip
    kinds = dict.fromkeys(SIDES, both)
    if s.chance(0.40):
        kinds[s.pick(SIDES)] = _busy_arm(s)
    return {side: _scattered(kind, s, 0.035) for side, kind in kinds.items()}


def _busy_arm(s: Stream) -> LimbPose:
    """One arm that does something; what, one can't tell as often as not."""
    if s.chance(0.5):
        return ARMS[s.weighted({"on_hip": 2, "in_pocket": 2, "at_face": 1.5, "holding": 1,
                                "clasped": 1, "phone": 0.7, "behind": 0.5})]  # fmt: skip
    upper = (s.uniform(0.0, 0.8), s.uniform(-1.0, -0.5), s.uniform(-0.2, 0.7))
    return LimbPose(upper, (s.normal(-0.2, 0.6), s.normal(0.1, 0.7), s.uniform(0.1, 0.9)))


def _calm_legs(s: Stream) -> dict[str, LimbPose]:
    both = LEGS[s.weighted({"standing": 3, "apart": 1.3})]
    kinds = dict.fromkeys(SIDES, both)
    if s.chance(0.45):
        kinds[s.pick(SIDES)] = LEGS[s.weighted({"step_front": 2, "bent": 1, "crossed": 0.7})]
    return {side: _scattered(kind, s, 0.022) for side, kind in kinds.items()}


def _scattered(pose: LimbPose, s: Stream, quartile: float) -> LimbPose:
    return LimbPose(*(tuple(x + scatter(s, quartile) for x in direction) for direction in pose))


def _arms(s: Stream) -> dict[str, LimbPose]:
    likely = {
        "hanging": 7, "relaxed": 5, "on_hip": 2, "in_pocket": 2.4, "clasped": 1.2, "at_face": 1.0,
        "phone": 1.2, "raised": 0.6, "overhead": 0.3, "reaching": 0.4, "selfie": 0.7,
        "behind": 0.8, "spread": 0.6, "holding": 1.0,
    }  # fmt: skip
    if s.chance(0.07):
        both = ARMS["crossed"]
        return {side: _jitter(both, s, 0.06) for side in SIDES}
    if s.chance(0.45):
        both = ARMS[s.weighted(likely)]
        return {side: _jitter(both, s, 0.10) for side in SIDES}
    return {side: _jitter(ARMS[s.weighted(likely)], s, 0.10) for side in SIDES}


def _legs(s: Stream, sitting: bool) -> dict[str, LimbPose]:
    if sitting:
        kinds = {"left": "sitting", "right": "sitting"}
        if s.chance(0.3):
            kinds[s.pick(SIDES)] = "sitting_crossed"
    else:
        stance = s.weighted({"still": 5, "apart": 2, "walk": 2.5, "crossed": 0.8, "bent": 1.2})
        kinds = {"left": "standing", "right": "standing"}
        one = s.pick(SIDES)
        other = "right" if one == "left" else "left"
        if stance == "apart":
            kinds = {"left": "apart", "right": "apart"}
        elif stance == "walk":
            kinds = {one: "step_front", other: "step_back"}
        elif stance == "crossed":
            kinds[one] = "crossed"
        elif stance == "bent":
            kinds[one] = s.weighted({"bent": 2, "lifted": 0.5, "kicked": 0.8})
    return {side: _jitter(LEGS[kinds[side]], s, 0.05) for side in SIDES}


def _held(figure: Figure, view: View, s: Stream) -> list[Layer]:
    """Bag, phone or cup, where the hands and shoulders are."""
    held = []
    side = s.pick(SIDES)
    sign = -1.0 if side == "left" else 1.0
    arm = figure.arms[side]
    wrist, _ = arm.along(1.0)
    u = view.scale(wrist) * figure.build.size
    at = view.project(wrist)
    order = limb_order(view, figure, arm) + 0.6
    if s.chance(0.16):
        held += _bag(figure, view, s, sign)
    raised = arm.joints[2][1] > arm.joints[1][1]
    if raised and s.chance(0.6):
        w, h = 0.020 * u, 0.040 * u
        tilt = complex(1.0, s.normal(0.0, 0.2))
        box = [at + tilt * complex(x * w, y * h - 0.03 * u)
               for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]  # fmt: skip
        held.append(Layer("phone", "device", order, box))
    elif s.chance(0.06):
        cup = ellipse(at + complex(0, -0.01 * u), 0.018 * u + 0j, 0.034j * u, 12)
        held.append(Layer("cup", "object", order, cup))
    return held


def _bag(figure: Figure, view: View, s: Stream, sign: float) -> list[Layer]:
    size = figure.build.size
    top = figure.torso(sign * 0.09, 0.828, 0.0)
    across = s.chance(0.35)
    if across:
        top = figure.torso(-sign * 0.07, 0.83, 0.03)
    low = figure.torso(sign * s.uniform(0.10, 0.17), s.uniform(0.42, 0.60), s.uniform(-0.02, 0.09))
    p, q = view.project(top), view.project(low)
    u = view.scale(low) * size
    w, h = s.uniform(0.045, 0.095) * u, s.uniform(0.035, 0.085) * u
    half = complex(0.006 * u)
    strap = [p - half, q - half, q + half, p + half]
    corners = ((-0.85, 0.0), (0.85, 0.0), (1.0, 1.0), (0.9, 2.0), (-0.9, 2.0), (-1.0, 1.0))
    body = [q + complex(x * w, y * h) for x, y in corners]
    behind = not figure.faces_camera
    order = HELD if across and not behind else HELD - 8.0
    return [Layer("strap", "bag", order, strap), Layer("bag", "bag", order + 0.1, body)]
