"""What a dressed body is made of: layers with outlines, and landmarks anchored on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ffld.render.body.figure import Figure, Limb
from ffld.render.garments.cut import Cut
from ffld.render.geometry.view import View

# Paint order within a person, back to front; limbs get LIMB_BEHIND or LIMB_BEFORE plus their depth.
FAR_PANEL, LIMB_BEHIND, LEG, BODY, LOWER, NEAR_PANEL, HEAD, LIMB_BEFORE, HELD = (
    0.0, 10.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0,
)  # fmt: skip


class Anchor(NamedTuple):
    """A landmark on its garment.

    Attributes:
        point: picture-plane position.
        parts: names of the garment's layers that may show it.
        facing: whether the cloth at this point is turned to the camera.
    """

    point: complex
    parts: tuple[str, ...]
    facing: bool = True


class Mark(NamedTuple):
    """Something drawn on a layer that leaves its outline as it is.

    Attributes:
        kind: how it is drawn, such as "seam", "flap" or "pocket".
        path: a line, or the corners of an area.
        option: where not empty, it is drawn on fabrics only that have this trim.
    """

    kind: str
    path: list[complex]
    option: str = ""


class Layer(NamedTuple):
    """One piece that is painted in one go.

    Attributes:
        name: of the piece within its garment or body.
        material: key of the material, such as "cloth", "skin", "hair".
        order: larger is painted later.
        grain: direction down the piece, along which folds run.
        marks: finds out its marks, once it is painted; labels need none of them.
        patches: further polygons of the same piece, where a bent tube's outline crosses itself.
    """

    name: str
    material: str
    order: float
    outline: list[complex]
    grain: complex = 1j
    marks: Callable[[], Sequence[Mark]] = tuple
    patches: Sequence[list[complex]] = ()


@dataclass(frozen=True)
class Garment:
    """A garment on a body.

    Attributes:
        anchors: its landmarks by FFLD name.
        seams: by side, where its side seam meets the lower edge, on garments that have such.
        sew: makes its layers, which the labels of somebody in the background do not need.
    """

    garment_type: str
    cut: Cut
    anchors: dict[str, Anchor]
    seams: dict[str, Anchor]
    sew: Callable[[], list[Layer]]

    @cached_property
    def layers(self) -> list[Layer]:
        """Its pieces, in no particular order."""
        return self.sew()


def limb_order(view: View, figure: Figure, limb: Limb, room: float = 0.0) -> float:
    """Whether a limb is painted behind the torso or before it, and in which order.

    With `room` it may be so much further behind, in body heights, and still be painted before it.
    """
    torso = figure.torso(0.0, 0.66, 0.0)
    elbow, wrist = limb.joints[1], limb.joints[2]
    ahead = 0.35 * view.depth(elbow) + 0.65 * view.depth(wrist) - view.depth(torso)
    return (LIMB_BEFORE if ahead > -0.007 - room else LIMB_BEHIND) + min(4.0, max(-4.0, ahead * 4))


def tube(
    view: View, limb: Limb, stops: list[float], room: list[float], out: float
) -> tuple[list[complex], list[complex]]:
    """Outer and inner edge of a limb's tube at some fractions of its length.

    `room` is added to the limb's thickness at each stop; `out` is +1 where the outer edge is the
    one to the left of a limb that hangs down the picture, else -1.
    """
    outer, inner = [], []
    first, middle, last = map(view.project, limb.joints)
    upper, lower = way(first, middle), way(middle, last)
    bend = upper + lower
    bend = bend / abs(bend) if abs(bend) > 0.2 else lower
    for fraction, extra in zip(stops, room, strict=True):
        point, radius = limb.along(min(1.06, fraction))
        centre = view.project(point)
        along = upper if fraction < 0.42 else lower if fraction > 0.58 else bend
        offset = along * 1j * (out * (radius + extra) * view.scale(point))
        outer.append(centre + offset)
        inner.append(centre - offset)
    return outer, inner


def bend_patches(outer: list[complex], inner: list[complex]) -> list[list[complex]]:
    """A quadrangle for each stretch of a tube that is bent by more than about 45 degrees."""
    middles = [(p + q) / 2 for p, q in zip(outer, inner, strict=True)]
    steps = [way(p, q) for p, q in zip(middles, middles[1:], strict=False)]
    turns = (a.real * b.real + a.imag * b.imag for a, b in zip(steps, steps[1:], strict=False))
    if min(turns, default=1.0) > 0.7:
        return []
    return [[outer[i], outer[i + 1], inner[i + 1], inner[i]] for i in range(len(outer) - 1)]


def outward(figure: Figure, side: str) -> float:
    """Sign of a limb's outer edge for `tube`.

    It is carried by the body, not by the picture's side, so that crossed limbs keep theirs.
    """
    return figure.shown if side == "left" else -figure.shown


def way(p: complex, q: complex) -> complex:
    """The direction from p to q."""
    length = abs(q - p)
    return (q - p) / length if length > 1e-6 else 1j
