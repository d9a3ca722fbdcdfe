"""How a garment is cut: lengths, ease, neckline, sleeves, opening; drawn at random per type."""

from __future__ import annotations

from dataclasses import dataclass

from ffld.render.figure import KNEE
from ffld.render.stream import Stream

OUTWEAR = ("short_sleeve_outwear", "long_sleeve_outwear")
DRESSES = ("short_sleeve_dress", "long_sleeve_dress", "vest_dress", "sling_dress")
TOPS = ("short_sleeve_top", "long_sleeve_top", "vest", "sling")
TROUSERS = ("shorts", "trousers")
STRAPPED = ("sling", "sling_dress")


@dataclass(frozen=True)
class Cut:
    """Measures of one garment; lengths in body heights, fractions of a limb where said so.

    Attributes:
        ease: room between body and cloth.
        straight: 0 follows the waist, 1 hangs from the chest.
        neckline: "round", "v", "square" or "high".
        collar: "none", "band", "shirt", "lapel", "hood" or "turtle".
        neck_width, neck_depth: half width at the shoulder seam, drop of the lowest front point.
        drop: how far the shoulder point slides down the arm.
        sleeve, leg, skirt: length as a fraction of arm, leg, leg; 0 without.
        cuff: room at the end of sleeve or leg.
        hem: rest height of a top's hem.
        waist: rest height of waistline or waistband.
        flare: widening of the hem, as a fraction of the hips.
        gap: half width of an open front as a fraction of the body; 0 closed.
    """

    garment_type: str
    ease: float
    straight: float
    neckline: str
    collar: str
    neck_width: float
    neck_depth: float
    drop: float
    armpit: float
    sleeve: float
    sleeve_ease: float
    cuff: float
    hem: float
    hem_sag: float
    waist: float
    skirt: float
    leg: float
    flare: float
    gap: float
    tucked: bool


def draw_cut(garment_type: str, stream: Stream, tuck: float) -> Cut:
    """A random cut of this garment type; a top is tucked in with probability `tuck`."""
    s = stream
    outer = garment_type in OUTWEAR
    loose = s.unit() ** 1.5
    neckline = s.weighted({"round": 5, "v": 3, "square": 0.6, "high": 1.2})
    deep = {"round": 0.040, "v": 0.075, "square": 0.060, "high": 0.014}[neckline]
    sleeve = _sleeve(garment_type, s)
    return Cut(
        garment_type=garment_type,
        ease=(0.012 if outer else 0.004) + 0.034 * loose,
        straight=min(1.0, 0.15 + 0.6 * s.unit() + 0.5 * loose),
        neckline=neckline,
        collar=_collar(garment_type, neckline, s),
        neck_width=s.uniform(0.046, 0.062) + (0.018 if s.chance(0.12) else 0.0),
        neck_depth=deep * s.uniform(0.7, 1.35),
        drop=0.040 * loose * s.unit(),
        armpit=0.008 + 0.030 * loose + (0.008 if outer else 0.0),
        sleeve=sleeve,
        sleeve_ease=(0.008 if outer else 0.004) + 0.022 * loose + 0.012 * s.unit() ** 2,
        cuff=_cuff(garment_type, loose, s),
        hem=_hem(garment_type, s),
        hem_sag=s.uniform(-0.004, 0.012),
        waist=_waist(garment_type, s),
        skirt=_skirt(garment_type, s),
        leg=_leg(garment_type, s),
        flare=_flare(garment_type, s),
        gap=_gap(s) if outer else 0.0,
        tucked=garment_type in TOPS and s.chance(tuck),
    )


def _sleeve(garment_type: str, s: Stream) -> float:
    if garment_type.startswith("short_sleeve"):
        return s.uniform(0.20, 0.52) if s.chance(0.85) else s.uniform(0.10, 0.20)
    if garment_type.startswith("long_sleeve"):
        pushed = s.chance(0.22)
        return s.uniform(0.60, 0.84) if pushed else s.uniform(0.90, 1.03)
    return 0.0


def _cuff(garment_type: str, loose: float, s: Stream) -> float:
    if garment_type in TROUSERS:
        return s.weighted({0.004: 3, 0.014: 3, 0.030: 1.6, 0.060: 0.5}) * s.uniform(0.7, 1.3)
    if garment_type.startswith("long_sleeve"):
        bell = 0.045 if s.chance(0.08) else 0.0
        return 0.004 + 0.010 * loose + 0.006 * s.unit() + bell
    return 0.006 + 0.022 * loose + 0.022 * s.unit() ** 2


def _collar(garment_type: str, neckline: str, s: Stream) -> str:
    if garment_type in OUTWEAR:
        return s.weighted({"none": 1.5, "lapel": 3, "shirt": 2, "hood": 1.5})
    if garment_type in STRAPPED or garment_type in TROUSERS or garment_type == "skirt":
        return "none"
    if neckline == "high":
        return s.weighted({"turtle": 1.5, "band": 2})
    return s.weighted({"none": 2.5, "band": 3, "shirt": 1.6, "hood": 0.6})


def _hem(garment_type: str, s: Stream) -> float:
    if garment_type in OUTWEAR:
        return s.weighted({0.545: 2.2, 0.49: 3, 0.42: 2, 0.33: 1.4}) + s.uniform(-0.03, 0.03)
    if garment_type in TOPS:
        return s.weighted({0.635: 0.9, 0.56: 3, 0.50: 4, 0.45: 1.2}) + s.uniform(-0.025, 0.025)
    return KNEE


def _waist(garment_type: str, s: Stream) -> float:
    if garment_type in TROUSERS or garment_type == "skirt":
        return s.uniform(0.572, 0.640)
    return s.uniform(0.600, 0.645) + (0.05 if s.chance(0.12) else 0.0)


def _skirt(garment_type: str, s: Stream) -> float:
    if garment_type not in DRESSES and garment_type != "skirt":
        return 0.0
    length = s.weighted({0.28: 3, 0.42: 4, 0.60: 2, 0.85: 1.3})
    return length + s.uniform(-0.08, 0.08)


def _leg(garment_type: str, s: Stream) -> float:
    if garment_type == "shorts":
        return s.weighted({0.20: 3, 0.32: 2.5, 0.46: 1.2}) * s.uniform(0.85, 1.15)
    if garment_type == "trousers":
        return s.uniform(0.92, 1.03) if s.chance(0.72) else s.uniform(0.70, 0.92)
    return 0.0


def _flare(garment_type: str, s: Stream) -> float:
    if garment_type in DRESSES or garment_type == "skirt":
        return s.weighted({-0.06: 2, 0.15: 3, 0.45: 3, 0.95: 1.2}) * s.uniform(0.7, 1.3)
    return s.uniform(-0.02, 0.12) + (0.25 if s.chance(0.1) else 0.0)


def _gap(s: Stream) -> float:
    return s.uniform(0.12, 0.75) if s.chance(0.68) else 0.0
