"""How a garment is cut: lengths, widths, neckline, sleeves, opening; drawn at random per type.

The numbers of `FITS` and of the functions below are summary parameters, written by hand after the
medians and quartiles of ratios of real layouts (FashionAI's, half of them), such as the width
between the armpits over that between the shoulders. docs/datasheet.md says how close they come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from ffld.render.calibration import Calibration
from ffld.render.geometry.measure import around, scatter
from ffld.render.geometry.stream import Stream
from ffld.schema import FFLD

OUTWEAR = ("short_sleeve_outwear", "long_sleeve_outwear")
DRESSES = ("short_sleeve_dress", "long_sleeve_dress", "vest_dress", "sling_dress")
TOPS = ("short_sleeve_top", "long_sleeve_top", "vest", "sling")
TROUSERS = ("shorts", "trousers")
STRAPPED = ("sling", "sling_dress")

# How far worn cloth, and annotators' hands, take landmarks from where an even garment would have
# them: quartiles of the displacement in x and in y, in body heights.
SLACK = {
    "collar": 0.0032, "shoulder": 0.0038, "armpit": 0.0046, "sleeve": 0.0025, "cuff": 0.0030,
    "waistline": 0.0025, "top_hem": 0.0052, "waistband": 0.0018, "hemline": 0.0045,
    "crotch": 0.0030, "knee": 0.0020, "bottom": 0.0025,
}  # fmt: skip
CUFF_SLACK = 0.0040  # likewise, of both ends of a cuff, or of the leg or sleeve above it

_SLACK = {
    name: next(slack for place, slack in SLACK.items() if place in name) for name in FFLD.landmarks
}

Range = tuple[float, float, float, float, float]  # the arguments of `around`


class Fit(NamedTuple):
    """Measures of one kind of upper garment, in widths from shoulder to shoulder.

    Attributes:
        neck: width between the collar points.
        pit, pit_drop: width between the armpits, and how far they lie below the shoulders.
        waist, waist_drop: likewise at the waistline.
        hem: width of the hem.
        length: from shoulder to hem.
    """

    neck: Range
    pit: Range
    pit_drop: Range
    waist: Range
    waist_drop: Range
    hem: Range
    length: Range


FITS = {
    "top": Fit(
        neck=(0.43, 0.08, 0.09, 0.24, 0.75),
        pit=(0.86, 0.055, 0.07, 0.66, 1.25),
        pit_drop=(0.45, 0.07, 0.07, 0.28, 0.80),
        waist=(0.80, 0.07, 0.09, 0.60, 1.20),
        waist_drop=(0.89, 0.07, 0.07, 0.65, 1.15),
        hem=(0.88, 0.09, 0.10, 0.60, 1.50),
        length=(1.41, 0.18, 0.14, 0.80, 2.00),
    ),
    "dress": Fit(
        neck=(0.50, 0.10, 0.07, 0.26, 0.75),
        pit=(0.82, 0.04, 0.05, 0.66, 1.10),
        pit_drop=(0.43, 0.06, 0.07, 0.28, 0.75),
        waist=(0.71, 0.05, 0.07, 0.56, 1.05),
        waist_drop=(0.89, 0.07, 0.07, 0.65, 1.20),
        hem=(1.24, 0.28, 0.26, 0.60, 2.50),
        length=(2.44, 0.27, 0.34, 1.75, 3.80),
    ),
    "outwear": Fit(
        neck=(0.36, 0.05, 0.05, 0.24, 0.60),
        pit=(0.84, 0.035, 0.05, 0.70, 1.10),
        pit_drop=(0.47, 0.06, 0.05, 0.30, 0.75),
        waist=(0.78, 0.07, 0.08, 0.60, 1.10),
        waist_drop=(0.87, 0.07, 0.08, 0.65, 1.15),
        hem=(1.17, 0.07, 0.10, 0.75, 2.00),
        length=(2.33, 0.42, 0.42, 1.10, 3.40),
    ),
}


@dataclass(frozen=True)
class Cut:
    """Measures of one garment; lengths in body heights, fractions of a limb where said so.

    Attributes:
        ease: room between body and cloth.
        straight: 0 follows the waist, 1 hangs straight from armpit to hem.
        neckline: "round", "v", "square" or "high".
        collar: "none", "band", "shirt", "lapel", "hood" or "turtle".
        neck_depth: drop of the lowest front point, in widths from shoulder to shoulder.
        shoulder: width between the shoulders, as a multiple of the body's.
        slope: fall of the shoulder seam over its run.
        fit: an upper garment's other widths and heights, those of `Fit`.
        sleeve, leg, skirt: length as a fraction of arm, leg, leg; 0 without.
        cuff: room at the end of sleeve or leg.
        waist: rest height of the waistband.
        crotch: how far the crotch hangs.
        slant: how much higher the ends of sleeves or legs are on the outside.
        flare: width of a skirt's hem over that of its waistband.
        gap: half width of an open front as a fraction of the body; 0 closed.
        tucked: whether the hem is inside trousers or skirt.
        tail: side on which the hem of a tucked top hangs out after all; "" for none.
        worn: how clothes are worn in this version of the edition.
        slack: by landmark, how far the worn cloth pulls it from where an even one would have it.
        covered: how far down the arms another garment's sleeves lie over it; 0 without another.
    """

    garment_type: str
    ease: float
    straight: float
    neckline: str
    collar: str
    neck_depth: float
    shoulder: float
    slope: float
    fit: dict[str, float]
    sleeve: float
    sleeve_ease: float
    cuff: float
    hem_sag: float
    waist: float
    crotch: float
    slant: float
    skirt: float
    leg: float
    flare: float
    gap: float
    tucked: bool
    tail: str
    worn: Calibration
    slack: Mapping[str, complex]
    covered: float = 0.0


def beneath(inner: Cut, outer: Cut) -> Cut:
    """The cut of an upper garment under another: nowhere wider, so that it doesn't stick out."""
    shoulder = min(inner.shoulder, outer.shoulder - 0.03)
    scale = outer.shoulder / shoulder
    fit = dict(inner.fit)
    for name in ("pit", "waist", "pit_drop"):
        fit[name] = min(fit[name], outer.fit[name] * scale)
    fit["hem"] = min(fit["hem"], _widest_hem(fit, {k: v * scale for k, v in outer.fit.items()}))
    return replace(
        inner,
        shoulder=shoulder,
        fit=fit,
        ease=min(inner.ease, outer.ease),
        sleeve_ease=min(inner.sleeve_ease, 0.6 * outer.sleeve_ease),
        cuff=min(inner.cuff, 0.6 * outer.cuff),
        covered=outer.sleeve,
    )


def _widest_hem(inner: Mapping[str, float], outer: Mapping[str, float]) -> float:
    """Width of a hem that stays within another garment as far down as this one goes."""
    start, end = inner["waist_drop"], inner["length"]
    low = min(end, outer["length"])
    t = (low - outer["waist_drop"]) / max(0.1, outer["length"] - outer["waist_drop"])
    room = outer["waist"] + min(1.0, max(0.0, t)) * (outer["hem"] - outer["waist"])
    if low <= start:
        return room
    return inner["waist"] + (room - inner["waist"]) * max(1.0, (end - start) / (low - start))


def draw_cut(
    garment_type: str, stream: Stream, worn: Calibration, tuck: float, slim: float = 1.0
) -> Cut:
    """A random cut of this garment type.

    A top is tucked in with probability `tuck`; `slim` is a factor on the widths of waist and hem.
    """
    s = stream
    outer = garment_type in OUTWEAR
    loose = s.unit() ** 1.5
    neckline = s.weighted({"round": 5, "v": 3, "square": 0.6, "high": 1.6})
    sleeve = _sleeve(garment_type, worn, s)
    fit = _fit("outwear" if outer else "dress" if garment_type in DRESSES else "top", s)
    deep = worn.dress_neck if garment_type in DRESSES else 1.0
    tucked = garment_type in TOPS and s.chance(tuck)
    fit |= {"waist": slim * fit["waist"], "hem": slim * fit["hem"]}
    return Cut(
        garment_type=garment_type,
        ease=(0.008 if outer else 0.003) + 0.012 * loose,
        straight=min(1.0, 0.3 + 0.6 * s.unit() + 0.4 * loose),
        neckline=neckline,
        collar=_collar(garment_type, neckline, s),
        neck_depth=deep * _neck_depth(neckline, s) * (0.4 + 1.3 * fit["neck"]),
        shoulder=around(s, 1.0, 0.03, 0.04, 0.9, 1.25),
        slope=around(s, 0.62 if outer else 0.50, 0.09, 0.09, 0.2, 0.9),
        fit=fit,
        sleeve=sleeve,
        sleeve_ease=(0.004 if outer else 0.001) + 0.010 * loose + 0.008 * s.unit() ** 2,
        cuff=_cuff(garment_type, loose, worn, s),
        hem_sag=s.uniform(-0.004, 0.010),
        waist=around(s, 0.625, 0.012, 0.012, 0.580, 0.665),
        crotch=0.004 + scatter(s, 0.006) + 0.006 * loose,
        slant=scatter(s, 0.003) + (0.007 if garment_type in DRESSES and sleeve < 0.5 else 0.002),
        skirt=around(s, 0.45, 0.19, 0.17, 0.08, 0.98) if garment_type == "skirt" else 0.0,
        leg=_leg(garment_type, s),
        flare=around(s, 1.63, 0.28, 0.40, 1.0, 3.6),
        gap=_gap(s) if outer else 0.0,
        tucked=tucked,
        tail=s.pick(("left", "right")) if tucked and s.chance(worn.tails) else "",
        worn=worn,
        slack=_slack(garment_type, s),
    )


def _fit(kind: str, s: Stream) -> dict[str, float]:
    """Measures of an upper garment; one that is wide at the armpits is so further down."""
    measures = FITS[kind]
    fit = {name: around(s, *measure) for name, measure in measures._asdict().items()}
    wide = fit["pit"] - measures.pit[0]
    return fit | {
        "pit_drop": fit["pit_drop"] + 0.35 * wide,
        "waist": fit["waist"] + 0.45 * wide,
        "hem": fit["hem"] + 0.45 * wide,
    }


def _slack(garment_type: str, s: Stream) -> dict[str, complex]:
    """Both ends of a cuff move together, and a little against each other."""
    pulled: dict[str, complex] = {}
    shared: dict[str, complex] = {}
    for name in FFLD.garment_types[garment_type]:
        own = _SLACK[name]
        pulled[name] = complex(scatter(s, own), scatter(s, own))
        limb, _, end = name.rpartition("_")
        if end in ("in", "out"):
            if limb not in shared:
                shared[limb] = complex(scatter(s, CUFF_SLACK), scatter(s, CUFF_SLACK))
            pulled[name] += shared[limb]
    return pulled


def _neck_depth(neckline: str, s: Stream) -> float:
    deep = {"round": 0.15, "v": 0.27, "square": 0.20, "high": 0.06}[neckline]
    return deep * s.uniform(0.5, 1.5)


def _sleeve(garment_type: str, worn: Calibration, s: Stream) -> float:
    if garment_type.startswith("short_sleeve"):
        return worn.short_sleeves * around(s, 0.29, 0.09, 0.08, 0.08, 0.52)
    if garment_type.startswith("long_sleeve"):
        short = worn.coat_sleeves if garment_type in OUTWEAR else 0.28
        return s.uniform(0.50, 0.86) if s.chance(short) else s.uniform(0.88, 1.06)
    return 0.0


def _cuff(garment_type: str, loose: float, worn: Calibration, s: Stream) -> float:
    if garment_type == "shorts":
        return around(s, worn.leg_room + 0.002, 0.008, 0.009, 0.002, 0.060)
    if garment_type == "trousers":
        return around(s, worn.leg_room, 0.011, 0.017, 0.002, 0.085)
    if garment_type.startswith("long_sleeve"):
        bell = 0.030 if s.chance(0.06) else 0.0
        return 0.001 + 0.005 * loose + 0.004 * s.unit() + bell
    return around(s, 0.006, 0.004, 0.010, 0.000, 0.045)


def _collar(garment_type: str, neckline: str, s: Stream) -> str:
    if garment_type in OUTWEAR:
        return s.weighted({"none": 1.5, "lapel": 3, "shirt": 2, "hood": 1.5})
    if garment_type in STRAPPED or garment_type in TROUSERS or garment_type == "skirt":
        return "none"
    if neckline == "high":
        return s.weighted({"turtle": 1.5, "band": 2})
    return s.weighted({"none": 2.5, "band": 3, "shirt": 1.6, "hood": 0.6})


def _leg(garment_type: str, s: Stream) -> float:
    if garment_type == "shorts":
        return around(s, 0.20, 0.07, 0.13, 0.08, 0.56)
    if garment_type == "trousers":
        return s.uniform(0.86, 1.02) if s.chance(0.5) else s.uniform(0.54, 0.86)
    return 0.0


def _gap(s: Stream) -> float:
    return s.uniform(0.12, 0.75) if s.chance(0.55) else 0.0
