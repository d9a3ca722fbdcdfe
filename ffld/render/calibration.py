"""Summary parameters that were set anew after real layouts, by the edition that they came with.

Editions keep the values that their labels were made with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ffld.render.geometry.view import Vector


@dataclass(frozen=True)
class Calibration:
    """How clothes are worn and people hold themselves, as far as versions of editions differ.

    Attributes:
        half_sleeves: where the landmarks half-way down a sleeve lie: half-way along its "edge", as
            they are annotated on photographs, or of the "arm" in it.
        tucked: share of tops worn inside trousers or shorts.
        tails: share of tucked tops that hang out on one side.
        dress_neck: factor on the depth of the necklines of dresses.
        leg_room: median room at the end of a leg of trousers, in body heights.
        legs_apart: how much further outward the legs of calm people go, per length of a bone.
        even_sleeves: whether landmarks half-way down a sleeve move along its edges only, and its
            cloth lies close under an arm that hangs; it has notches and tips otherwise.
        even_legs: whether a leg's edge goes along with its end where that stands off or is pulled
            aside; it curls up into a tip otherwise.
        hang, coat_hang: (outward, up, forward) that is added to the directions of both bones of the
            arms of calm people; the latter in outwear.
        coat_busy: share of calm people in outwear one of whose arms does something.
        short_before: how much further behind the body an arm may hang whose short sleeve lies
            before it still, in body heights.
        short_sleeves: factor on the length of short sleeves.
        coat_sleeves: share of long sleeves of outwear that end above the wrist.
        near, coat_near: an arm nearer to the body hides the armpit: elbow's way out, in upper arms;
            the latter in outwear.
        spread_hair: share of long hair on outwear that falls over the shoulder, not the collar.
    """

    half_sleeves: str
    tucked: float
    tails: float
    dress_neck: float
    leg_room: float
    legs_apart: float
    even_legs: bool
    even_sleeves: bool
    hang: Vector
    coat_hang: Vector
    coat_busy: float
    short_before: float
    short_sleeves: float
    coat_sleeves: float
    near: float
    coat_near: float
    spread_hair: float


_FIRST = Calibration(
    half_sleeves="arm",
    tucked=0.86,
    tails=0.45,
    dress_neck=1.0,
    leg_room=0.019,
    legs_apart=0.0,
    even_legs=False,
    even_sleeves=False,
    hang=(0.0, 0.0, 0.0),
    coat_hang=(0.0, 0.0, 0.0),
    coat_busy=0.50,
    short_before=0.0,
    short_sleeves=1.0,
    coat_sleeves=0.28,
    near=0.135,
    coat_near=0.205,
    spread_hair=0.0,
)

_SECOND = Calibration(
    half_sleeves="edge",
    tucked=0.94,
    tails=0.56,
    dress_neck=1.25,
    leg_room=0.016,
    legs_apart=0.02,
    even_legs=True,
    even_sleeves=False,
    hang=(0.02, 0.0, 0.10),
    coat_hang=(0.055, 0.0, 0.07),
    coat_busy=0.30,
    short_before=0.08,
    short_sleeves=1.0,
    coat_sleeves=0.12,
    near=0.153,
    coat_near=0.25,
    spread_hair=0.7,
)

CALIBRATIONS: Mapping[str, Calibration] = {
    "1.0": _FIRST,
    "1.1": replace(_FIRST, half_sleeves="edge"),
    "1.2": _SECOND,
    "1.3": replace(_SECOND, even_sleeves=True),
    "fld-1.1": replace(
        _FIRST,
        tucked=0.94,
        tails=0.56,
        even_legs=True,
        hang=(0.05, 0.0, 0.0),
        coat_hang=(0.08, 0.0, 0.0),
        coat_busy=0.30,
        short_sleeves=0.78,
    ),
}
