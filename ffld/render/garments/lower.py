"""Trousers, shorts and skirts."""

from __future__ import annotations

from functools import partial

from ffld.render.body.figure import CROTCH, SIDES
from ffld.render.garments.details import hem_edge, leg_details, skirt_details, yoke_details
from ffld.render.garments.tailor import Tailor
from ffld.render.geometry.outline import bow, mix, smooth
from ffld.render.geometry.pieces import LOWER, Anchor, Layer, bend_patches, outward, tube, way


class Trousers(Tailor):
    """Builds trousers or shorts: a yoke and two legs."""

    def measure(self) -> None:
        """Waistband, crotch, and the edges of both legs."""
        cut, figure = self.cut, self.figure
        self.waist = figure.ring(cut.waist, 0.006 + self.ease * 0.4)
        hip = figure.ring(0.512, 0.003 + self.ease * 0.6)
        crotch = self.view.project(figure.torso(0.0, CROTCH - cut.crotch, 0.02 * self.near))
        self.crotch = self.slack(crotch, "crotch")
        legs = ("yoke", "leg_left", "leg_right")
        facing = abs(self.waist.b[2]) > 0.3
        self.anchors["crotch"] = Anchor(self.crotch, legs, facing)
        self.hips = {side: self.corner(hip, side) for side in SIDES}
        self.edges = {side: self._edges(side) for side in SIDES}
        self._part(self.edges, self.hips["right"] - self.hips["left"])
        for side in SIDES:
            top = self.corner(self.waist, side, "waistband")
            self.anchors[f"{side}_waistband"] = Anchor(top, ("yoke",))
            self._end(side, *self.edges[side])
            if cut.garment_type == "shorts" and cut.worn.even_legs:
                self._flare(side, top)

    def sew(self) -> list[Layer]:
        """Two legs and the yoke."""
        return [*(self._leg(side, *self.edges[side]) for side in SIDES), self._yoke()]

    def _yoke(self) -> Layer:
        crotch, hips = self.crotch, [self.hips[side] for side in SIDES]
        tops = [self.anchors[f"{side}_waistband"].point for side in SIDES]
        middle = self.view.project(self.waist.rim(1.0))
        band = [tops[0], *bow(tops[0], middle, tops[1]), tops[1]]
        outline = [*band, hips[1], crotch, hips[0]]
        marks = partial(yoke_details, self.near > 0, tops, hips, crotch, band, self.unit)
        order = LOWER + 0.5 + self.level
        return Layer("yoke", "cloth", order, outline, crotch - middle, marks)

    def _stops(self) -> list[float]:
        end = self.cut.leg
        stops = [0.28, 0.5, 0.75] if self.cut.garment_type == "trousers" else [end * 0.55]
        return [f for f in stops if f < end - 0.02] + [end]

    def _edges(self, side: str) -> tuple[list[complex], list[complex]]:
        """Outer and inner edge of a leg at its stops."""
        cut, figure, stops = self.cut, self.figure, self._stops()
        room = [(self.ease * 0.5 + (cut.cuff - self.ease * 0.5) * (f / cut.leg) ** 1.5)
                * figure.build.size for f in stops]  # fmt: skip
        return tube(self.view, figure.legs[side], stops, room, outward(figure, side))

    def _part(self, edges: dict[str, tuple[list[complex], list[complex]]], hips: complex) -> None:
        """Legs side by side press against each other where they are wider than there is room.

        `hips` goes from the left hip to the right one.
        """
        (left_out, left_in), (right_out, right_in) = edges["left"], edges["right"]
        for k in range(len(left_in)):
            apart = right_out[k] + right_in[k] - left_out[k] - left_in[k]
            across = apart / (abs(apart) or 1.0)
            over = left_in[k] - right_in[k]
            over = over.real * across.real + over.imag * across.imag
            if over > 0 and apart.real * hips.real + apart.imag * hips.imag > 0:
                pull = 0.5 * over * across
                left_in[k] -= pull
                left_out[k] -= 0.5 * pull
                right_in[k] += pull
                right_out[k] += 0.5 * pull

    def _end(self, side: str, outer: list[complex], inner: list[complex]) -> None:
        """Give a leg its slanting lower end, and its landmarks."""
        cut = self.cut
        wide = abs(outer[-1] - inner[-1]) - 0.06 * self.unit
        rise = cut.slant * self.unit + 0.1 * wide
        ends = outer[-1], inner[-1]
        outer[-1] -= rise * way(outer[-2], outer[-1])
        leg = (f"leg_{side}",)
        places = {"bottom": -1}
        if cut.garment_type == "trousers":
            places["knee"] = self._stops().index(0.5)
        for place, at in places.items():
            for end_name, edge, end in zip(("out", "in"), (outer, inner), ends, strict=True):
                name = f"{side}_{place}_{end_name}"
                edge[at] = self.slack(edge[at], name)
                self.anchors[name] = Anchor(edge[at], leg)
                if place == "bottom" and cut.worn.even_legs:
                    self._follow(edge, edge[-1] - end)

    def _flare(self, side: str, top: complex) -> None:
        """Short legs that stand off do so from the waistband on, not from the hip."""
        outer, along = self.edges[side][0], way(top, self.edges[side][0][-1])
        out = 1j * outward(self.figure, side) * along

        def straight(point: complex) -> complex:
            inside = -((point - top) / out).real
            return point + 0.8 * max(0.0, inside) * out

        self.hips[side] = straight(self.hips[side])
        outer[:-1] = map(straight, outer[:-1])

    def _follow(self, edge: list[complex], pulled: complex) -> None:
        """An edge goes along with its end that is pulled aside: cloth has no thin tips."""
        for k, stop in enumerate(self._stops()[:-1]):
            edge[k] += pulled * (stop / self.cut.leg) ** 2

    def _leg(self, side: str, outer: list[complex], inner: list[complex]) -> Layer:
        figure, view, limb = self.figure, self.view, self.figure.legs[side]
        hip, crotch = self.hips[side], self.crotch
        middle = mix(outer[-1], inner[-1], 0.5)
        rim = bow(outer[-1], middle + 0.006j * self.unit, inner[-1], 4)
        inside = view.project(figure.torso(0.0, 0.535, 0.0))
        outline = [*smooth([hip, *outer]), *rim, *smooth([*inner[::-1], crotch]),
                   mix(crotch, inside, 0.5), mix(hip, inside, 0.3)]  # fmt: skip
        marks = partial(leg_details, [hip, *outer], [crotch, *inner], rim, self.unit)
        ahead = view.depth(limb.joints[1]) - view.depth(figure.torso(0.0, 0.5, 0.0))
        order = LOWER + 0.6 + self.level + 0.3 * min(1.0, max(-0.25, ahead))
        grain = middle - hip
        patches = [[hip, outer[0], inner[0], crotch], [hip, crotch, inside]]
        patches += bend_patches(outer, inner)
        return Layer(f"leg_{side}", "cloth", order, outline, grain, marks, patches)


class Skirt(Tailor):
    """Builds a skirt."""

    def measure(self) -> None:
        """The corners of waistband and hemline."""
        cut, figure = self.cut, self.figure
        self.waist = figure.ring(cut.waist, 0.003)
        self.hem = self.leg_ring(cut.skirt, cut.flare * self.waist.width / figure.build.size)
        for side in SIDES:
            top = self.corner(self.waist, side, "waistband")
            hem = self.corner(self.hem, side, "hemline")
            self.anchors[f"{side}_waistband"] = Anchor(top, ("skirt",))
            self.anchors[f"{side}_hemline"] = Anchor(hem, ("skirt",))
            self.seam(self.hem, side, ("skirt",), hem)

    def _side(self, side: str) -> list[complex]:
        """From waistband to hemline, round the hips where they are wider."""
        top, hem = (self.anchors[f"{side}_{name}"].point for name in ("waistband", "hemline"))
        hips = mix(top, hem, 0.09 / (0.09 + 0.463 * self.cut.skirt))
        bulge = self.corner(self.figure.ring(0.515, 0.005), side)
        sign = -self.hem.shown if side == "left" else self.hem.shown
        outside = sign * (bulge - hips).real > 0
        return [*smooth([top, bulge if outside else hips]), hem]

    def sew(self) -> list[Layer]:
        """The skirt as one piece."""
        left, right = self._side("left"), self._side("right")
        middle = self.view.project(self.waist.rim(1.0))
        band = bow(left[0], middle, right[0])
        low = self.hem_middle(self.hem, left[-1], right[-1])
        edge = hem_edge(right[-1], low, left[-1], self.cut.flare, self.unit)
        outline = [left[0], *band, *right, *edge, *left[::-1]]
        ends = [left[0], *band, right[0]], [right[-1], *edge, left[-1]]
        marks = partial(skirt_details, *ends, self.unit)
        order = LOWER + 1.0 + self.level
        return [Layer("skirt", "cloth", order, outline, low - middle, marks)]
