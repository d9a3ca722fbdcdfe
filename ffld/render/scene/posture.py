"""How people stand, sit and hold their arms, and how garments are laid out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from ffld.render.body.figure import SIDES, Posture
from ffld.render.calibration import Calibration
from ffld.render.geometry.measure import around, scatter
from ffld.render.geometry.stream import Stream
from ffld.render.geometry.view import Vector
from ffld.render.mix import EDITION_STANCES
from ffld.render.scene.poses import ARMS, LEGS, LimbPose

_ARMS = {
    "hanging": 7, "relaxed": 5, "on_hip": 2, "in_pocket": 2.4, "clasped": 1.4, "at_face": 1.0,
    "phone": 1.0, "raised": 0.4, "overhead": 0.3, "reaching": 0.4, "selfie": 0.4, "behind": 0.8,
    "spread": 0.6, "holding": 1.4,
}  # fmt: skip
_CALM_ARMS = {
    "hanging": 8, "relaxed": 1.2, "in_pocket": 1, "on_hip": 0.5, "behind": 0.5, "clasped": 0.7,
    "spread": 0.3,
}  # fmt: skip
_ONE_ARM = {
    "on_hip": 2, "in_pocket": 2, "at_face": 1.5, "holding": 1, "clasped": 1, "phone": 0.7,
    "behind": 0.5,
}  # fmt: skip
_SEATS = {"sitting": 4, "sitting_apart": 2, "sitting_low": 1.5, "cross_legged": 1}


def draw_posture(
    viewpoint: str,
    calm: bool,
    stream: Stream,
    worn: Calibration,
    place: Vector = (0.0, 0.0, 0.0),
    habit: str = "posed",
    stances: Mapping[str, float] = EDITION_STANCES,
    coat: bool = False,
) -> Posture:
    """A posture of somebody seen from the front, the side or the back.

    A `calm` one is as of those who stand up straight to be photographed. `habit` is one of
    `mix.HABITS`: before a "mirror" a hand holds the phone up, for a "selfie" it reaches for the
    camera, for a "close selfie" it holds it. `stances` are weights of what the legs do of those who
    neither are calm nor sit. `worn` and whether there is a `coat` decide how arms hang.
    """
    s = stream
    facing = math.pi if viewpoint == "back" else 0.0
    if viewpoint == "side":
        yaw = s.sign() * s.uniform(0.75, 1.65)
    else:
        yaw = facing + (scatter(s, 0.07) if calm else s.normal(0.0, 0.34))
    if calm:
        legs, name = _calm_legs(s, worn), "standing"
    else:
        legs, name = _legs(s, 0.20 if "selfie" in habit else 0.13, stances)
    return Posture(
        yaw=yaw,
        twist=scatter(s, 0.04) if calm else s.normal(0.0, 0.18),
        lean=s.normal(0.0, 0.03) if calm else s.normal(0.04, 0.09) + 0.1 * (name == "sitting"),
        tilt=scatter(s, 0.024) if calm else s.normal(0.0, 0.08),
        arms=_calm_arms(s, habit, worn, coat) if calm else _arms(s, habit),
        legs=legs,
        place=place,
        name=name,
        shoots=habit == "close selfie",
    )


def flat_posture(stream: Stream) -> Posture:
    """Laid out on a surface, or on a hanger: arms and legs a little apart, facing up."""
    s = stream
    spread = around(s, 0.30, 0.18, 0.34, 0.0, 1.5)
    arm = ARMS["flat"]
    pose = LimbPose(_scaled(arm.upper, spread), _scaled(arm.lower, spread * s.uniform(0.5, 1.2)))
    leg = _jitter(LEGS["apart"] if s.chance(0.6) else LEGS["standing"], s, 0.02)
    return Posture(
        yaw=0.0, twist=0.0, lean=0.0, tilt=scatter(s, 0.024),
        arms={"left": _jitter(pose, s, 0.04), "right": _jitter(pose, s, 0.04)},
        legs={"left": leg, "right": leg},
        name="laid out",
    )  # fmt: skip


def hide_hands(posture: Posture, share: float, stream: Stream) -> Posture:
    """The posture with a share of its arms behind the back."""
    behind = {side: _jitter(ARMS["behind"], stream, 0.06) for side in SIDES if stream.chance(share)}
    return replace(posture, arms={**posture.arms, **behind})


def _scaled(way: Vector, out: float) -> Vector:
    return (way[0] * out, way[1], way[2])


def _jitter(pose: LimbPose, s: Stream, amount: float) -> LimbPose:
    return LimbPose(*(tuple(x + s.normal(0.0, amount) for x in direction) for direction in pose))


def _scattered(pose: LimbPose, s: Stream, quartile: float) -> LimbPose:
    return LimbPose(*(tuple(x + scatter(s, quartile) for x in direction) for direction in pose))


def _calm_arms(s: Stream, habit: str, worn: Calibration, coat: bool) -> dict[str, LimbPose]:
    names = dict.fromkeys(SIDES, s.weighted(_CALM_ARMS))
    busy = s.chance(worn.coat_busy if coat else 0.50)
    if busy:
        names[s.pick(SIDES)] = s.weighted(_ONE_ARM)
    _hold_phone(names, habit, s)
    arms = {side: _scattered(ARMS[name], s, 0.045) for side, name in names.items()}
    if busy and habit == "posed" and s.chance(0.5):
        arms[s.pick(SIDES)] = _any_arm(s)
    hang = worn.coat_hang if coat else worn.hang
    return {side: _moved(pose, hang) for side, pose in arms.items()}


def _moved(pose: LimbPose, by: Vector) -> LimbPose:
    return LimbPose(*((x + by[0], y + by[1], z + by[2]) for x, y, z in pose))


def _any_arm(s: Stream) -> LimbPose:
    """One arm that does something, one can't tell what."""
    upper = (s.uniform(0.0, 0.8), s.uniform(-1.0, -0.5), s.uniform(-0.2, 0.7))
    return LimbPose(upper, (s.normal(-0.2, 0.6), s.normal(0.1, 0.7), s.uniform(0.1, 0.9)))


def _arms(s: Stream, habit: str) -> dict[str, LimbPose]:
    if habit == "posed" and s.chance(0.05):
        return {side: _jitter(ARMS["crossed"], s, 0.06) for side in SIDES}
    names = dict.fromkeys(SIDES, s.weighted(_ARMS))
    if s.chance(0.55):
        names["right"] = s.weighted(_ARMS)
    _hold_phone(names, habit, s)
    return {side: _jitter(ARMS[name], s, 0.10) for side, name in names.items()}


def _hold_phone(names: dict[str, str], habit: str, s: Stream) -> None:
    if habit == "mirror":
        names[s.pick(SIDES)] = s.weighted({"phone": 3, "at_face": 1})
    elif habit == "selfie":
        names[s.pick(SIDES)] = "selfie"
    elif habit == "close selfie":
        names[s.pick(SIDES)] = "to_camera"


def _calm_legs(s: Stream, worn: Calibration) -> dict[str, LimbPose]:
    names = dict.fromkeys(SIDES, s.weighted({"standing": 3, "apart": 1.3}))
    if s.chance(0.45):
        names[s.pick(SIDES)] = s.weighted({"step_front": 2, "bent": 1, "crossed": 0.7})
    apart = (worn.legs_apart, 0.0, 0.0)
    return {side: _moved(_scattered(LEGS[name], s, 0.022), apart) for side, name in names.items()}


def _legs(s: Stream, sits: float, stances: Mapping[str, float]) -> tuple[dict[str, LimbPose], str]:
    """Poses of both legs, and what they do: sitting, or one of `mix.STANCES`."""
    one = s.pick(SIDES)
    other = "right" if one == "left" else "left"
    if s.chance(sits):
        names = dict.fromkeys(SIDES, s.weighted(_SEATS))
        if names[one] == "sitting" and s.chance(0.35):
            names[one] = "sitting_crossed"
        return {side: _jitter(LEGS[names[side]], s, 0.09) for side in SIDES}, "sitting"
    stance = s.weighted(stances)
    names = dict.fromkeys(SIDES, "standing")
    if stance in ("apart", "kneeling"):
        names = dict.fromkeys(SIDES, stance)
    elif stance == "walking":
        names = {one: "step_front", other: "step_back"}
    elif stance == "leg up":
        names[one] = s.weighted({"bent": 3, "lifted": 0.8, "kicked": 1, "raised": 1.2,
                                 "figure_four": 0.6})  # fmt: skip
    elif stance == "crossed":
        names[one] = "crossed"
    elif stance == "crossing":
        names = {one: "over", other: "under"}
    elif stance == "lunge":
        names = {one: "lunge_front", other: "lunge_back"}
    stance = "standing" if stance in ("apart", "crossed", "crossing") else stance
    return {side: _jitter(LEGS[names[side]], s, 0.05) for side in SIDES}, stance
