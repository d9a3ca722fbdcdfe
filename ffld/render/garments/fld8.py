"""Garments in the 8-landmark schema of FLD and DeepFashion."""

from __future__ import annotations

from ffld.render.garments.cut import STRAPPED
from ffld.render.geometry.outline import mix
from ffld.render.geometry.pieces import Anchor, Garment
from ffld.schema import FLD8


def fld8_landmarks(garment: Garment) -> dict[str, Anchor]:
    """The landmarks of a garment in the 8-landmark schema of FLD and DeepFashion.

    A hem's end follows the side seam round a body that is turned, as in FLD's annotation; those of
    `ffld` are the corners that one sees. A sleeve is the middle of its cuff, or lies on the edge of
    the arm-hole where there is none. What FLD calls waistline and hem of a lower garment are its
    waistband and its lower edge.
    """
    own, found = garment.anchors, {}
    for side in ("left", "right"):
        for name in ("collar", "waistline"):
            if f"{side}_{name}" in own:
                found[f"{side}_{name}"] = own[f"{side}_{name}"]
        if f"{side}_waistband" in own:
            found[f"{side}_waistline"] = own[f"{side}_waistband"]
        for name in ("top_hem", "hemline", "bottom_out"):
            if f"{side}_{name}" in own:
                found[f"{side}_hem"] = own[f"{side}_{name}"]
        if side in garment.seams:
            found[f"{side}_hem"] = garment.seams[side]
        if f"{side}_cuff_in" in own:
            a, b = own[f"{side}_cuff_in"], own[f"{side}_cuff_out"]
            found[f"{side}_sleeve"] = Anchor((a.point + b.point) / 2, a.parts)
        elif f"{side}_shoulder" in own:
            shoulder, armpit = own[f"{side}_shoulder"], own[f"{side}_armpit"]
            down = 0.5 if garment.garment_type in STRAPPED else 0.15
            edge = mix(shoulder.point, armpit.point, down)
            found[f"{side}_sleeve"] = shoulder._replace(point=edge)
    allowed = FLD8.garment_types[fld8_type(garment.garment_type)]
    return {name: anchor for name, anchor in found.items() if name in allowed}


def fld8_type(garment_type: str) -> str:
    """upper, lower or full."""
    if garment_type.endswith("dress"):
        return "full"
    return "lower" if garment_type in ("shorts", "trousers", "skirt") else "upper"
