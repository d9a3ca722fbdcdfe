"""Where collars, pockets, bands and pleats are on a garment, as marks on its layers.

They never change an outline, so labels don't depend on them; which of the optional ones a garment
shows is part of its fabric.
"""

from __future__ import annotations

from ffld.render.geometry.outline import bow, mix, smooth
from ffld.render.geometry.pieces import Layer, Mark

Path = list[complex]


def panel_details(
    front: bool, collar: str, outwear: bool, neck: Path, pits: Path, edge: Path, u: float
) -> list[Mark]:
    """Details of a whole front or back.

    Args:
        collar: kind of collar of the cut.
        neck: along the neckline from the left to the right collar point.
        pits: left and right armpit.
        edge: along the hem from the right to the left.
        u: picture-plane length of a body height.
    """
    middle, hem = neck[len(neck) // 2], edge[len(edge) // 2]
    down = _unit(hem - middle)
    marks = [Mark("band", [p - 0.010 * u * down for p in edge], "hem_band"),
             Mark("scallop", [p - 0.004 * u * down for p in edge], "scallops")]  # fmt: skip
    if not front:
        return [*marks, *_back(collar, neck, pits, down, u)]
    if collar == "hood":
        marks += [_flap(p, middle, 0.5, down, u) for p in (neck[0], neck[-1])]
        marks += [_cord(mix(p, middle, 0.75), down, u) for p in (neck[0], neck[-1])]
        low = mix(middle, hem, 0.72)
        side = 0.36 * (pits[1] - pits[0])
        pouch = [low - 0.6 * side, low + 0.6 * side, low + side + 0.05 * u * down,
                 low + side + 0.085 * u * down, low - side + 0.085 * u * down,
                 low - side + 0.05 * u * down, low - 0.6 * side]  # fmt: skip
        marks.append(Mark("pocket", pouch, "pouch"))
    elif collar in ("shirt", "lapel"):
        long = 1.0 if collar == "shirt" else 1.7
        marks += [_flap(p, middle, long, down, u) for p in (neck[0], neck[-1])]
        marks.append(_tie(middle, down, _unit(pits[1] - pits[0]), u))
    elif collar in ("band", "turtle", "none"):
        kind = "edge" if collar == "none" else "band"
        marks.append(Mark(kind, [p + 0.006 * u * down for p in neck]))
    across = _unit(pits[1] - pits[0])
    bow_ = [(-1, -0.6), (-1.1, 0.6), (0, 0.15), (0.5, 2.4), (0.7, 2.3), (0.1, 0.1), (1.1, 0.6),
            (1, -0.6), (0, -0.15)]  # fmt: skip
    shape = [middle + 0.026 * u * (x * across + (y + 0.5) * down) for x, y in bow_]
    marks.append(Mark("patch", shape, "bow"))
    side = mix(pits[0], edge[-1], 0.75)
    fold = mix(mix(neck[-1], side, 0.5), middle, 0.3)
    marks.append(Mark("pleat", [neck[-1], *bow(neck[-1], fold, side), side], "wrap"))
    marks += _pockets(middle, hem, pits, outwear, down, u)
    return marks


def stitching(edge: Path, away: complex) -> list[Mark]:
    """The seam of a hem, at some way from its edge."""
    return [Mark("edge", [p + away for p in edge])]


def hem_edge(start: complex, middle: complex, end: complex, flare: float, u: float) -> Path:
    """A hem without its two ends; one wider than what it hangs from goes in waves.

    `flare` is how many times as wide it is.
    """
    depth = 0.006 * u * min(1.2, max(0.0, flare - 1.25))
    if not depth:
        return bow(start, middle, end)
    waves = min(8, 2 + int(3 * flare))
    path = bow(start, middle, end, 6 * waves)
    side = _unit(end - start) * 1j
    ripple = (0.0, 0.7, 1.0, 0.3, -0.6, -0.8)
    return [p + depth * ripple[k % 6] * side for k, p in enumerate(path)]


def hood(necks: Path, order: float, u: float) -> Layer:
    """A hood that lies behind the neck, as seen from the front."""
    middle, half = mix(necks[0], necks[1], 0.5), (necks[1] - necks[0]) / 2
    up = -1j * half / (abs(half) or 1.0) * u
    up = up if up.imag < 0 else -up
    outline = smooth([necks[0] - 0.25 * half - 0.02 * up, necks[0] - 0.15 * half + 0.022 * up,
                      middle + 0.040 * up, necks[1] + 0.15 * half + 0.022 * up,
                      necks[1] + 0.25 * half - 0.02 * up])  # fmt: skip
    return Layer("hood", "cloth", order, outline)


def open_details(
    neck: complex, top: complex, hem: complex, pit: complex, edge: Path, inward: float,
    collar: str, u: float,
) -> list[Mark]:  # fmt: skip
    """Details of one half of an open front, whose inner edge runs from neck over top to hem.

    The stitching lies `inward` body heights beside the edge.
    """
    down, out = _unit(hem - neck), _unit(pit - top)
    marks = stitching(edge, inward * u)
    if collar in ("lapel", "shirt"):
        reach = (0.055 if collar == "lapel" else 0.03) * u
        step = 0.045 * u * down
        marks.append(Mark("flap", [neck, mix(neck, top, 0.5), top + 0.02 * u * down,
                                   mix(neck, top, 0.75) + reach * out,
                                   mix(neck, top, 0.45) + reach * 0.75 * out,
                                   mix(neck, top, 0.4) + reach * 1.25 * out,
                                   neck + 0.25 * step + 0.012 * u * out]))  # fmt: skip
    elif collar == "hood":
        marks.append(Mark("flap", [neck, mix(neck, top, 0.8), mix(neck, top, 0.7) + 0.02 * u * out,
                                   neck + 0.03 * u * out]))  # fmt: skip
    low = mix(top, hem, 0.62) + 0.4 * (pit - top)
    marks.append(Mark("pocket", [low, low + 0.03 * u * out + 0.055 * u * down], "hip_pocket"))
    return marks


def sleeve_details(ends: Path, outer: Path, inner: Path, rim: Path, u: float) -> list[Mark]:
    """The hem, the seam at the arm-hole, a band at the cuff, and stripes down the outer side.

    `ends` are the shoulder, the armpit and the middle of the chest.
    """
    shoulder, armpit, chest = ends
    start = mix(shoulder, armpit, 0.5)
    up = (start - mix(outer[-1], inner[-1], 0.5)) * 0.07
    back = _unit(mix(outer[0], inner[0], 0.5) - mix(outer[-1], inner[-1], 0.5))
    cuff = [p + 0.009 * u * back for p in (outer[-1], *rim, inner[-1])]
    marks = [*stitching([outer[-1], *rim, inner[-1]], up),
             Mark("seam", [shoulder, mix(start, chest, 0.12), armpit]),
             Mark("band", cuff, "cuff_band")]  # fmt: skip
    for share in (0.16, 0.30):
        line = [shoulder, *(mix(p, q, share) for p, q in zip(outer, inner, strict=True))]
        marks.append(Mark("stripe", line, "stripes"))
    return marks


def yoke_details(front: bool, tops: Path, hips: Path, crotch: complex, band: Path, u: float):
    """Waistband, fly, belt, pockets and drawstring of trousers; tops and hips are left and right.

    `band` runs along the upper edge.
    """
    middle = band[len(band) // 2]
    down = _unit(crotch - middle)
    marks = [Mark("waistband", [p + 0.018 * u * down for p in band]),
             Mark("belt", [p + 0.009 * u * down for p in band], "belt")]  # fmt: skip
    for top, hip in zip(tops, hips, strict=True):
        if front:
            start = mix(top, middle, 0.32) + 0.018 * u * down
            end = mix(top, hip, 0.75)
            bend = mix(mix(start, end, 0.5), mix(middle, crotch, 0.5), 0.18)
            marks.append(Mark("pocket", [start, *bow(start, bend, end, 5), end], "front_pocket"))
            marks.append(_cord(middle + 0.05 * (top - middle) + 0.014 * u * down, down, u))
        else:
            at = mix(mix(top, middle, 0.52), mix(hip, crotch, 0.5), 0.36)
            w = 0.34 * (middle - top)
            h = 0.055 * u * down
            low = at + 0.8 * h
            patch = [at - w, at + w, low + 0.95 * w, at + h, low - 0.95 * w, at - w]
            marks.append(Mark("pocket", patch, "back_pocket"))
    if front:
        fly = mix(middle, crotch, 0.62)
        side = 0.10 * (tops[1] - tops[0])
        marks.append(Mark("seam", [middle, crotch]))
        marks.append(Mark("seam", [middle + side, mix(middle + side, fly, 0.7), fly], "fly"))
    else:
        marks.append(Mark("seam", [middle, crotch]))
    return marks


def leg_details(outer: Path, inner: Path, rim: Path, u: float) -> list[Mark]:
    """The hem, the outer seam with stripes, a pressed crease, and holes at the knee."""
    marks = stitching([outer[-1], *rim, inner[-1]], -0.016j * u)
    for share, kind, option in ((0.10, "stripe", "stripes"), (0.5, "seam", "pressed"),
                                (0.06, "seam", "outseam")):  # fmt: skip
        line = [mix(p, q, share) for p, q in zip(outer, inner, strict=True)]
        marks.append(Mark(kind, line, option))
    back = 0.013 * u * _unit(mix(outer[-2], inner[-2], 0.5) - mix(outer[-1], inner[-1], 0.5))
    marks.append(Mark("turn_up", [outer[-1] + back, inner[-1] + back], "turn_up"))
    if len(outer) > 4:
        p, q = outer[2], inner[2]
        marks.append(Mark("rip", [mix(p, q, 0.22), mix(p, q, 0.75)], "rips"))
    return marks


def skirt_details(band: Path, edge: Path, u: float) -> list[Mark]:
    """Hem, waistband, belt, pleats and buttons; the edge runs from right to left."""
    middle, hem = band[len(band) // 2], edge[len(edge) // 2]
    down = _unit(hem - middle)
    marks = [*stitching(edge, -0.010j * u),
             Mark("waistband", [p + 0.016 * u * down for p in band]),
             Mark("belt", [p + 0.009 * u * down for p in band], "belt")]  # fmt: skip
    low = edge[::-1]
    for k in range(1, 12):
        marks.append(Mark("pleat", [_along(band, k / 12), _along(low, k / 12)], "pleats"))
    marks.append(Mark("scallop", [p - 0.004 * u * down for p in low], "scallops"))
    for share in (0.36, 0.68):
        tier = [mix(_along(band, k / 8), _along(low, k / 8), share) for k in range(9)]
        marks.append(Mark("tier", tier, "tiers"))
    marks.append(Mark("buttons", [middle + 0.02 * u * down, hem], "button_front"))
    for side in (band[0], band[-1]):
        start = mix(side, middle, 0.4) + 0.018 * u * down
        marks.append(
            Mark("pocket", [start, mix(side, start, 0.2) + 0.05 * u * down], "front_pocket")
        )
    return marks


def _back(collar: str, neck: Path, pits: Path, down: complex, u: float) -> list[Mark]:
    middle = neck[len(neck) // 2]
    label = [middle + complex(x * 0.011, 0) * u + 0.004 * u * down * (1 + y)
             for x, y in ((-1, 0), (1, 0), (1, 3), (-1, 3))]  # fmt: skip
    marks = [Mark("label", label, "label")]
    if collar == "hood":
        side = 0.42 * (neck[-1] - neck[0])
        hood = [neck[0], *neck[1:-1], neck[-1], neck[-1] + 0.25 * side + 0.05 * u * down,
                middle + 0.6 * side + 0.115 * u * down, middle + 0.13 * u * down,
                middle - 0.6 * side + 0.115 * u * down,
                neck[0] - 0.25 * side + 0.05 * u * down]  # fmt: skip
        marks.append(Mark("flap", hood))
    elif collar in ("shirt", "lapel"):
        marks.append(Mark("flap", [*neck, neck[-1] + 0.03 * u * down, middle + 0.04 * u * down,
                                   neck[0] + 0.03 * u * down]))  # fmt: skip
        marks.append(Mark("seam", [mix(p, middle, -0.2) + 0.03 * u * down for p in pits]))
    return marks


def _pockets(middle: complex, hem: complex, pits: Path, outwear: bool, down: complex, u: float):
    w, h = 0.022 * u * _unit(pits[1] - pits[0]), 0.048 * u * down
    at = mix(mix(pits[0], pits[1], 0.5), pits[1], 0.5) - 0.1 * h
    chest = [at - w, at + w, at + w + 0.85 * h, at + h, at - w + 0.85 * h, at - w]
    marks = [Mark("pocket", chest, "chest_pocket")]
    for pit in pits if outwear else ():
        low = mix(mix(middle, hem, 0.68), pit + (hem - middle) * 0.6, 0.55)
        out = 0.02 * u * _unit(pit - middle)
        marks.append(Mark("pocket", [low - out, low + out + 0.4 * h], "hip_pocket"))
    return marks


def _flap(neck: complex, middle: complex, long: float, down: complex, u: float) -> Mark:
    """A collar's flap from its point at the shoulder to the middle of the front."""
    out = neck - middle
    tip = middle + 0.42 * out * long**0.3 + 0.040 * long * u * down
    side = neck + 0.10 * out + 0.022 * long * u * down
    return Mark("flap", [neck, mix(neck, middle, 0.55), middle + 0.004 * u * down, tip, side])


def _tie(top: complex, down: complex, across: complex, u: float) -> Mark:
    shape = (
        (-0.9, 0.0),
        (0.9, 0.0),
        (0.5, 2.0),
        (1.3, 18.0),
        (0.0, 20.0),
        (-1.3, 18.0),
        (-0.5, 2.0),
    )
    return Mark("patch", [top + 0.011 * u * (x * across + y * down) for x, y in shape], "tie")


def _cord(start: complex, down: complex, u: float) -> Mark:
    return Mark("cord", [start, start + 0.05 * u * down + complex(0.004 * u, 0)], "cords")


def _along(path: Path, t: float) -> complex:
    at = t * (len(path) - 1)
    k = min(len(path) - 2, int(at))
    return mix(path[k], path[k + 1], at - k)


def _unit(step: complex) -> complex:
    length = abs(step)
    return step / length if length > 1e-9 else 1j
