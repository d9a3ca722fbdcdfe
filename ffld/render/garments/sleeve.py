"""Sleeves, as tubes round the arms, and the cloth round the arm-holes."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from ffld.render.body.figure import SIDES
from ffld.render.garments.cut import STRAPPED
from ffld.render.garments.details import sleeve_details, stitching
from ffld.render.garments.tailor import Tailor
from ffld.render.geometry.outline import bow, halfway, mix, smooth
from ffld.render.geometry.pieces import (
    Anchor,
    Layer,
    bend_patches,
    limb_order,
    outward,
    tube,
    way,
)
from ffld.render.geometry.view import between, dot

TURNED = 0.25  # silhouettes that much before or behind the shoulders, in depths, are chest or back
_UPPER = 0.45  # part of the arm that ends above its elbow
_AWAY = 0.6  # an elbow that far out, in upper arms, leaves a sleeve all its room beneath
_PRESSED = 0.2  # part of it that is left when the arm hangs
_BENEATH = 0.012  # from the armpit to the inner end of a short sleeve, at least; body heights
_HAND = 0.4  # part of a landmark's slack by which hands move it along an edge
_SEEN = 0.04  # an upper arm that is shorter in the picture points at the camera; body heights
_BULGE = (0.815, 0.800, 0.785, 0.770)  # heights of chest and back beside the arm-holes


class Sleeved(Tailor):
    """Builds the sleeves of an upper garment, and what of its panels lies round the arm-holes.

    Attributes:
        pits: corner of the panels at the armpit, by side.
        pit_y, neck_y: heights of the armpits and of the neckline's lowest point.
        tubes: by side, the stops down the arm of a sleeve, and its outer and inner edge there.
        edges: by side, its outline from the shoulder to cuff_out and from the armpit to cuff_in,
            through the landmarks half-way.
    """

    pits: dict[str, complex]
    pit_y: float
    neck_y: float
    tubes: dict[str, tuple[list[float], list[complex], list[complex]]]
    edges: dict[str, tuple[list[complex], list[complex]]]

    def measure_sleeve(self, side: str) -> None:
        """The edges and landmarks of a sleeve."""
        cut, figure = self.cut, self.figure
        end, half = cut.sleeve, cut.sleeve / 2
        stops = sorted({half, end, *(f for f in (0.5, 0.75) if half + 0.06 < f < end - 0.06)})
        room = [self._sleeve_room(f) for f in stops]
        outer, inner = tube(self.view, figure.arms[side], stops, room, outward(figure, side))
        outer[-1] -= cut.slant * self.unit * way(outer[-2], outer[-1])
        shoulder, armpit = (self.anchors[f"{side}_{name}"].point for name in ("shoulder", "armpit"))
        if cut.worn.even_sleeves:
            inner = self._beneath(side, stops, room, armpit)
        sleeve, paths = (f"sleeve_{side}",), []
        for name, start, edge in (("out", shoulder, outer), ("in", armpit, inner)):
            cuff, landmark = f"{side}_cuff_{name}", f"{side}_sleeve_{name}"
            edge[-1] = self.slack(edge[-1], cuff)
            if cut.worn.half_sleeves == "arm":
                at = stops.index(half)
                edge[at] = self.slack(edge[at], landmark)
                path, at = [start, *edge], at + 1
            else:
                # above the elbow the inner edge hangs straight from the armpit
                bends = [p for f, p in zip(stops, edge, strict=True) if name == "out" or f > _UPPER]
                path = [start, *(bends or edge[-1:])]
                if cut.worn.even_sleeves:
                    path, at = self._halved(path, landmark)
                else:
                    at, middle = halfway(path)
                    path.insert(at, self.slack(middle, landmark))
            self.anchors[landmark] = Anchor(path[at], sleeve)
            self.anchors[cuff] = Anchor(edge[-1], sleeve)
            paths.append(path)
        self.tubes[side] = stops, outer, inner
        self.edges[side] = paths[0], paths[1]

    def raised(self, side: str) -> tuple[float, float]:
        """0 for an arm that hangs, 1 for one held out, 2 for one held up; and how far out it is."""
        shoulder, elbow = self.figure.arms[side].joints[:2]
        length = 0.168 * self.figure.build.size
        a = self.figure.ring(0.78).a
        out = dot(between(shoulder, elbow), a) / length
        return 1.0 + (elbow[1] - shoulder[1]) / length, -out if side == "left" else out

    def _beneath(
        self, side: str, stops: list[float], room: list[float], armpit: complex
    ) -> list[complex]:
        """The inner edge of a sleeve, which has little room between body and an arm that hangs.

        One that ends above the elbow ends beneath the armpit, and no further inward.
        """
        arm, out = self.figure.arms[side], outward(self.figure, side)
        away = min(1.0, max(0.0, self.raised(side)[1] / _AWAY))
        share = max(_PRESSED, away)
        loose = [extra * (share if f < 0.5 else 1.0) for f, extra in zip(stops, room, strict=True)]
        inner = tube(self.view, arm, stops, loose, out)[1]
        shoulder, elbow = (self.view.project(joint) for joint in arm.joints[:2])
        if stops[-1] < 0.5 and abs(elbow - shoulder) > _SEEN * self.unit:
            down, least = way(shoulder, elbow), _BENEATH * self.unit
            beyond = (inner[-1] - armpit) * down.conjugate()  # down the arm, and across it
            inward = max(0.0, -out * beyond.imag - least)
            inner[-1] += (max(0.0, least - beyond.real) + (1.0 - away) * inward * out * 1j) * down
        return inner

    def _halved(self, path: list[complex], landmark: str) -> tuple[list[complex], int]:
        """An edge through its landmark half-way, which hands move along it; and where that is."""
        length = 0.0
        for p, q in pairwise(path):
            length += abs(q - p)
        if not length:
            return [path[0], *path], 1
        slack = _HAND * self.unit * self.cut.slack[landmark]
        moved = (slack * way(path[0], path[-1]).conjugate()).real
        at, middle = halfway(path, min(0.65, max(0.35, 0.5 + moved / length)))
        before = [p for p in path[1:at] if abs(p - middle) > 0.2 * length]
        after = [p for p in path[at:-1] if abs(p - middle) > 0.2 * length]
        return [path[0], *before, middle, *after, path[-1]], 1 + len(before)

    def sew_sleeve(self, side: str) -> list[Layer]:
        """The sleeve of one side, between its shoulder and its armpit; or what shows of it."""
        cut, figure, view = self.cut, self.figure, self.view
        stops, outer, inner = self.tubes[side]
        if cut.covered:
            return self._sleeve_end(side, stops, outer, inner)
        outside, inside = self.edges[side]
        arm = figure.arms[side]
        shoulder = self.anchors[f"{side}_shoulder"].point
        armpit = self.anchors[f"{side}_armpit"].point
        chest = view.project(figure.torso(0.0, 0.78, 0.0))
        closing = mix(mix(shoulder, armpit, 0.5), chest, 0.5 if self.level else 0.35)
        rim = self._rim(side, outer, inner)
        top = []
        if cut.sleeve / 2 > 0.35:  # the upper arm, which a straight line to the elbow would cut off
            top = tube(view, arm, [0.2], [self._sleeve_room(0.2)], outward(figure, side))[0]
        outline = [
            *smooth([shoulder, *top, *outside[1:]]),
            *rim,
            *smooth(inside[::-1]),
            closing,
        ]
        ends = shoulder, armpit, chest
        marks = partial(sleeve_details, ends, outer, inner, rim, self.unit)
        room = cut.worn.short_before if cut.sleeve < _UPPER else 0.0
        order = limb_order(view, figure, arm, room) + 0.52 + 0.02 * self.level  # over the hand
        grain = mix(outer[-1], inner[-1], 0.5) - mix(shoulder, armpit, 0.5)
        first, second, patches = outer[0], inner[0], []
        if cut.worn.even_sleeves:
            first, second = (self.anchors[f"{side}_sleeve_{end}"].point for end in ("out", "in"))
            outer, inner = [first, *outer[1:]], [second, *inner[1:]]
            patches = [[shoulder, mix(shoulder, chest, 0.3), closing]]  # over the arm's joint
        patches += [[shoulder, first, second, armpit], [shoulder, armpit, closing]]
        patches += [[shoulder, point, first, second] for point in top]
        if self.level:  # hide where the sleeve beneath begins
            collar = self.anchors[f"{side}_collar"].point
            patches.append([shoulder, mix(shoulder, collar, 0.3), closing, armpit])
        patches += bend_patches(outer, inner)
        return [Layer(f"sleeve_{side}", "cloth", order, outline, grain, marks, patches)]

    def _rim(self, side: str, outer: list[complex], inner: list[complex]) -> list[complex]:
        """The opening at the end of a sleeve, without the ends of its two edges."""
        ahead = -0.1j * outward(self.figure, side) * (outer[-1] - inner[-1])  # down the arm
        return bow(outer[-1], mix(outer[-1], inner[-1], 0.5) + ahead, inner[-1], 4)

    def _sleeve_end(
        self, side: str, stops: list[float], outer: list[complex], inner: list[complex]
    ) -> list[Layer]:
        """What a sleeve shows that lies under another's: its end, where that one is shorter."""
        start = max(0.05, self.cut.covered - 0.15)
        if self.cut.sleeve < self.cut.covered:
            return []
        arm, out = self.figure.arms[side], outward(self.figure, side)
        first, second = tube(self.view, arm, [start], [self._sleeve_room(start)], out)
        shown = [k for k, stop in enumerate(stops) if stop > start]
        outer = first + [outer[k] for k in shown]
        inner = second + [inner[k] for k in shown]
        rim = self._rim(side, outer, inner)
        outline = [*smooth(outer), *rim, *smooth(inner[::-1])]
        grain = mix(outer[0], inner[0], 0.5) - mix(outer[-1], inner[-1], 0.5)
        marks = partial(stitching, [outer[-1], *rim, inner[-1]], 0.07 * grain)
        order = limb_order(self.view, self.figure, arm) + 0.52
        patches = bend_patches(outer, inner)
        return [Layer(f"sleeve_{side}", "cloth", order, outline, -grain, marks, patches)]

    def _sleeve_room(self, fraction: float) -> float:
        t = min(1.0, fraction / max(0.3, self.cut.sleeve))
        room = self.cut.sleeve_ease
        return (room + t * (self.cut.cuff - room)) * self.figure.build.size

    def yokes(self, neck: list[complex]) -> list[list[complex]]:
        """What a body shows of shoulder, chest or back beyond the arm-holes, on each side.

        The panel's outline goes straight from shoulder to armpit; an arm that is turned away does
        not cover the rest, nor does one without a sleeve.
        """
        half, patches = len(neck) // 2, []
        for side in SIDES if self.cut.garment_type not in STRAPPED else ():
            ahead = self.figure.ring(0.790).ahead(side)
            line = neck[: half + 1] if side == "left" else neck[: half - 1 : -1]
            if ahead * self.near < TURNED:  # that side of the neckline is out of sight
                line = line[:1]
            if self.cut.sleeve or abs(ahead) > TURNED:
                patches.append(self.yoke(side, line, ahead > TURNED))
        return patches

    def yoke(self, side: str, neck: list[complex], chest: bool) -> list[complex]:
        """From a part of the neckline round the body's silhouette, of the chest or of the back."""
        top = min(_BULGE[0], self.neck_y) if chest else _BULGE[0]
        heights = [y for y in _BULGE if self.pit_y < y <= top]
        bulge = [self.corner(self.figure.ring(y, 0.004), side) for y in heights]
        return [*neck, *bulge, self.pits[side], self.anchors[f"{side}_shoulder"].point]
