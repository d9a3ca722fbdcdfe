"""Garments on a body: closed outlines that pass through their landmarks.

Landmarks are points of the outlines or of the body's rings, so labels are exact. What each of the
32 landmarks means is written in docs/datasheet.md.
"""

from __future__ import annotations

from ffld.render.body.figure import Figure
from ffld.render.garments.cut import TROUSERS, Cut
from ffld.render.garments.lower import Skirt, Trousers
from ffld.render.garments.upper import Upper
from ffld.render.geometry.pieces import Garment
from ffld.render.geometry.view import View


def wear(cut: Cut, figure: Figure, view: View, level: int = 0) -> Garment:
    """Put a garment of this cut on a body; `level` counts the garments beneath it."""
    if cut.garment_type in TROUSERS:
        builder = Trousers
    elif cut.garment_type == "skirt":
        builder = Skirt
    else:
        builder = Upper
    tailor = builder(cut, figure, view, level)
    tailor.measure()
    return Garment(cut.garment_type, cut, tailor.anchors, tailor.seams, tailor.sew)
