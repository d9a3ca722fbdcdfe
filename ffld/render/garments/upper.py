"""Tops, outwear and dresses: panels round the torso, sleeves, straps."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ffld.render.body.figure import SHOULDER, SIDES, Ring
from ffld.render.garments.cut import DRESSES, STRAPPED, TOPS
from ffld.render.garments.details import hem_edge, hood, open_details, panel_details, stitching
from ffld.render.garments.sleeve import TURNED, Sleeved
from ffld.render.geometry.outline import bow, mix, smooth
from ffld.render.geometry.pieces import FAR_PANEL, NEAR_PANEL, Anchor, Layer, Mark
from ffld.render.geometry.view import Vector

_LEGS, _LEG = 0.508, 0.463  # height and length of the legs, whose pose a longer hem follows


class Upper(Sleeved):
    """Builds a top, an outwear garment or a dress."""

    def measure(self) -> None:
        """Landmarks from the collar down to the hem."""
        cut = self.cut
        self._size()
        panels = ("front_left", "front_right", "back") if cut.gap else ("front", "back")
        self.necks = {side: self._neck(side, panels) for side in SIDES}
        self.pits = {side: self._pit(side, panels) for side in SIDES}
        self.hems = {side: self._hem(side, panels) for side in SIDES}
        self.tubes, self.edges = {}, {}
        if cut.sleeve:
            for side in SIDES:
                self.measure_sleeve(side)
        if not cut.gap and not self.outer:
            middle = self.slack(self._throat(front=True), "center_collar")
            self.anchors["center_collar"] = Anchor(middle, ("front",))
        self.hangs_out = cut.tail if self.hem_y < 0.60 else ""
        if self.hangs_out:
            ring, side = self.figure.ring(0.560, self.ease), cut.tail
            hem = self.corner(ring, side, "top_hem")
            self.anchors[f"{side}_top_hem"] = Anchor(hem, ("tail",))
            self.seam(ring, side, ("tail",), hem)

    def sew(self) -> list[Layer]:
        """Sleeves, front and back, and what hangs on them."""
        cut, layers = self.cut, []
        flanks = {side: self._flank(side) for side in SIDES}
        for side in self.tubes:
            layers += self.sew_sleeve(side)
        order = NEAR_PANEL + self.level + (-12.0 if cut.tucked else 0.0)
        for front in (True, False):
            visible = front == (self.near > 0)
            at = order if visible else FAR_PANEL - self.level
            if front and cut.gap:
                layers += [self._open_front(side, flanks[side], at) for side in SIDES]
            else:
                layers.append(self._panel(front, flanks, at))
        if self.hangs_out:
            layers.append(self._tail(self.hangs_out))
        if cut.garment_type in STRAPPED:
            layers += self._straps(order)
        if cut.collar == "hood" and self.near > 0:
            layers.append(hood(list(self.necks.values()), FAR_PANEL + 6.0, self.unit))
        return layers

    def _size(self) -> None:
        """Heights and half widths of the cloth, from the widths between the shoulders."""
        fit = self.cut.fit
        self.half = half = self.figure.shoulder_width() * self.cut.shoulder
        self.pit_y = SHOULDER - 2 * half * fit["pit_drop"]
        self.hem_y = min(self.pit_y - 0.05, SHOULDER - 2 * half * fit["length"])
        if self.cut.tucked:
            self.hem_y = max(self.hem_y, 0.570)
        rise = self.cut.slope * half * (1.0 - fit["neck"])
        self.neck_y = SHOULDER + rise - 2 * half * self.cut.neck_depth
        self.waist_y = max(self.hem_y + 0.035, SHOULDER - 2 * half * fit["waist_drop"])
        self.hem_ring = self._hem_ring()

    def _hem_ring(self) -> Ring:
        width = self.half * self.cut.fit["hem"]
        if self.hem_y < _LEGS:
            return self.leg_ring((_LEGS - self.hem_y) / _LEG, width)
        return self.figure.ring(self.hem_y, self.ease, self._over(self.hem_y, width) - self.ease)

    def _over(self, y: float, width: float) -> float:
        """A half width that cloth can have at this height: not much less than the body's."""
        return max(width, 0.96 * self.figure.ring(y).width / self.figure.build.size)

    def _neck(self, side: str, panels: tuple[str, ...]) -> complex:
        """The collar landmark: neckline meets shoulder seam, or strap meets bodice."""
        sign = -1.0 if side == "left" else 1.0
        if self.cut.garment_type in STRAPPED:
            point = self.figure.ring(0.772, self.ease).at(sign * 0.62, 0.75)
        else:
            point = self._seam(sign, self.cut.fit["neck"])
        self.anchor(f"{side}_collar", point, panels, sign, limit=0.3)
        return self.anchors[f"{side}_collar"].point

    def _seam(self, sign: float, fraction: float) -> Vector:
        """A point of the shoulder seam, 0 at the neck's middle, 1 at the shoulder."""
        rise = self.cut.slope * self.half * (1.0 - fraction)
        y = SHOULDER + self.ease * 0.2 + rise
        return self.figure.torso(sign * self.half * fraction, y, -0.004 * (1.0 - fraction))

    def anchor(
        self, name: str, point: Vector, parts: tuple[str, ...], sign: float, limit: float
    ) -> None:
        """A landmark on the side of the torso; it faces away when its side is turned away."""
        lateral = self.figure.ring(0.78).a
        facing = sign * lateral[2] > -limit
        self.anchors[name] = Anchor(self.slack(self.view.project(point), name), parts, facing)

    def _shoulder(self, side: str) -> Vector:
        sign = -1.0 if side == "left" else 1.0
        figure, cut = self.figure, self.cut
        if cut.sleeve:
            shoulder, elbow = figure.arms[side].joints[:2]
            lift = max(0.0, elbow[1] - shoulder[1])
            x, y, z = self._seam(sign, 1.0)
            return (x, y + 0.25 * lift, z)
        if cut.garment_type in STRAPPED:
            return figure.torso(sign * 0.062, 0.836, 0.0)
        neck = cut.fit["neck"]
        return self._seam(sign, neck + 0.4 * (1.0 - neck))

    def _pit(self, side: str, panels: tuple[str, ...]) -> complex:
        """The landmarks at shoulder and armpit, and the panels' corner there."""
        cut, figure = self.cut, self.figure
        sign = -1.0 if side == "left" else 1.0
        shoulder = self._shoulder(side)
        own = (*panels, f"sleeve_{side}") if cut.sleeve else panels
        strapped = (*panels, f"strap_{side}") if cut.garment_type in STRAPPED else own
        self.anchor(f"{side}_shoulder", shoulder, strapped, sign, limit=0.6)
        raised, out = self.raised(side)
        width = self.half * cut.fit["pit"] + 0.025 * (min(out, 0.8) - 0.2)
        pit = figure.ring(self.pit_y + 0.020 * raised, self.ease, width - self.ease)
        near, name = cut.worn.coat_near if self.outer else cut.worn.near, f"{side}_armpit"
        self.anchor(name, pit.at(sign * 0.98, 0.5 * self.near), own, sign, limit=0.5)
        if cut.sleeve and out < near:
            self.anchors[name] = self.anchors[name]._replace(facing=False)
        return self.corner(pit, side, "armpit")

    def _hem(self, side: str, panels: tuple[str, ...]) -> complex:
        """The landmarks at waist and hem, and the panels' corner at the latter."""
        cut = self.cut
        below = "hemline" if cut.garment_type in DRESSES else "top_hem"
        hem = self.corner(self.hem_ring, side, below)
        self.anchors[f"{side}_{below}"] = Anchor(hem, panels)
        self.seam(self.hem_ring, side, panels, hem)
        if cut.garment_type not in TOPS:
            width = self._over(self.waist_y, self.half * cut.fit["waist"])
            ring = self.figure.ring(self.waist_y, self.ease, width - self.ease)
            waist = self.corner(ring, side, "waistline")
            self.anchors[f"{side}_waistline"] = Anchor(waist, panels)
        return hem

    def _flank(self, side: str) -> list[complex]:
        """The outline from shoulder to hem on one side."""
        start, corner = self.anchors[f"{side}_shoulder"].point, self.pits[side]
        path = [] if self.cut.garment_type in STRAPPED else [start]
        if not self.cut.sleeve and path:
            inner = self.figure.ring(0.790).at(-0.80 if side == "left" else 0.80, 0.0)
            path.append(mix(mix(start, corner, 0.55), self.view.project(inner), 0.6))
        return [*path, *self._side(side, corner, self.hems[side])]

    def _side(self, side: str, corner: complex, hem: complex) -> list[complex]:
        """From the armpit's corner down to the hem, through the waistline where there is one."""
        if self.cut.garment_type in TOPS:
            return self._plain_side(side, corner, hem)
        waist = self.anchors[f"{side}_waistline"].point
        if self.hem_y > 0.50:
            return smooth([corner, waist, hem], 4)
        hip = self.corner(self.figure.ring(0.515, self.ease), side)
        t = (self.waist_y - 0.515) / (self.waist_y - self.hem_y)
        line = mix(waist, hem, t)
        outside = (hip - line).real * (corner.real - self._middle().real) > 0
        return [*smooth([corner, waist, hip if outside else line]), hem]

    def _plain_side(self, side: str, corner: complex, hem: complex) -> list[complex]:
        """The side of a top: between a straight line and the body's waist."""
        if self.hem_y > 0.60:
            return [corner, hem]
        y = 0.635
        line = mix(corner, hem, (self.pit_y - y) / (self.pit_y - self.hem_y))
        waist = self.corner(self.figure.ring(y, self.ease), side)
        return smooth([corner, mix(waist, line, self.cut.straight), hem], 4)

    def _middle(self) -> complex:
        return self.view.project(self.figure.torso(0.0, 0.6, 0.0))

    def _throat(self, front: bool) -> complex:
        """The middle of the neckline, in front or at the back."""
        figure = self.figure
        if self.cut.garment_type in STRAPPED:
            y = 0.760 if front else 0.740
            return self.view.project(figure.ring(y, self.ease).at(0.0, 1.0 if front else -0.9))
        if front:
            ring = figure.ring(self.neck_y, self.ease)
            return self.view.project(ring.at(0.0, 1.0 if self.neck_y < 0.81 else 0.85))
        return self.view.project(figure.torso(0.0, 0.832, -0.040))

    def _neckline(self, front: bool) -> list[complex]:
        """Between the two collar points; in front it dips to the centre collar landmark."""
        cut, (left, right) = self.cut, self.necks.values()
        collar = self.anchors.get("center_collar") if front else None
        middle = collar.point if collar else self._throat(front)
        if front and cut.neckline == "v":
            return [mix(left, middle, 0.5), middle, mix(middle, right, 0.5)]
        if front and cut.neckline == "square":
            down = middle - mix(left, right, 0.5)
            return [left + 0.92 * down, middle, right + 0.92 * down]
        return bow(left, middle, right)

    def _panel(self, front: bool, flanks: dict[str, list[complex]], order: float) -> Layer:
        """The whole front or the whole back as one piece."""
        necks, neckline = self.necks, self._neckline(front)
        left, right = flanks["left"], flanks["right"]
        toward = self.near if front else -self.near
        hem = self.hem_middle(self.hem_ring, left[-1], right[-1], toward)
        flare = 1.0
        if self.cut.garment_type in DRESSES:
            waist = [self.anchors[f"{side}_waistline"].point for side in SIDES]
            flare = abs(right[-1] - left[-1]) / (abs(waist[1] - waist[0]) or 1.0)
        edge = [right[-1], *hem_edge(right[-1], hem, left[-1], flare, self.unit), left[-1]]
        outline = [necks["left"], *neckline, necks["right"], *right, *edge, *left[::-1]]
        if self.cut.garment_type in STRAPPED:
            left_edge, right_edge = (mix(necks[side], flanks[side][0], 0.35) for side in SIDES)
            outline = [necks["left"], *neckline, necks["right"], right_edge, *right, *edge,
                       *left[::-1], left_edge]  # fmt: skip
        neck = [necks["left"], *neckline, necks["right"]]
        marks = partial(self._panel_marks, front, neck, edge, hem)
        grain = hem - mix(necks["left"], necks["right"], 0.5)
        name = "front" if front else "back"
        patches = self.yokes(neck) if front == (self.near > 0) else []
        return Layer(name, "cloth", order, outline, grain, marks, patches)

    def _panel_marks(
        self, front: bool, neck: list[complex], edge: list[complex], hem: complex
    ) -> list[Mark]:
        cut, u = self.cut, self.unit
        marks = [Mark("edge", [p - 0.012j * u for p in edge])]
        middle = neck[len(neck) // 2]
        if front and cut.collar == "shirt":
            marks.append(Mark("buttons", [middle, hem]))
        elif front and self.outer:
            marks.append(Mark("zip" if cut.collar == "hood" else "buttons", [middle, hem]))
        pits = [self.anchors[f"{side}_armpit"].point for side in SIDES]
        marks += panel_details(front, cut.collar, self.outer, neck, pits, edge, u)
        if cut.garment_type in DRESSES:
            left, right = (self.anchors[f"{side}_waistline"].point for side in SIDES)
            middle = mix(left, right, 0.5) + 0.006j * u
            marks.append(Mark("seam", [left, *bow(left, middle, right), right]))
        return marks

    def _open_front(self, side: str, flank: list[complex], order: float) -> Layer:
        """One half of an open front, from its edge to the side."""
        cut, figure, view, neck = self.cut, self.figure, self.view, self.necks[side]
        sign = -1.0 if side == "left" else 1.0
        top = view.project(figure.ring(0.770, self.ease).at(sign * max(0.10, cut.gap * 0.7), 0.95))
        waist = view.project(figure.ring(self.waist_y, self.ease).at(sign * cut.gap, 0.92))
        hem = view.project(self.hem_ring.at(sign * min(0.95, cut.gap * 1.15), 0.90))
        hem += 1j * cut.hem_sag * self.unit
        edge = smooth([neck, top, waist, hem])
        rim = bow(hem, mix(hem, flank[-1], 0.5) + 0.006j * self.unit, flank[-1])
        inward, pit = sign * self.near * 0.008, self.anchors[f"{side}_armpit"].point
        marks = partial(open_details, neck, top, hem, pit, edge, inward, cut.collar, self.unit)
        outline = [*edge, *rim, *flank[::-1]]
        ahead = figure.ring(0.790).ahead(side)
        patches = [] if ahead > TURNED else [self.yoke(side, [neck], chest=False)]
        return Layer(f"front_{side}", "cloth", order, outline, hem - neck, marks, patches)

    def _tail(self, side: str) -> Layer:
        """What hangs out over the waistband on one side; the hem's corner is its own."""
        hem = self.anchors[f"{side}_top_hem"].point
        high = self.corner(self.figure.ring(0.660, self.ease), side)
        inside = self.view.project(self.figure.ring(0.640, self.ease).rim(1.0))
        low = self.view.project(self.figure.ring(0.560, self.ease).rim(1.0))
        edge = bow(hem, mix(hem, mix(inside, low, 0.8), 0.5), mix(hem, inside, 0.8))
        outline = [high, hem, *edge, mix(high, inside, 0.8)]
        marks = partial(stitching, [hem, *edge], -0.010j * self.unit)
        return Layer("tail", "cloth", NEAR_PANEL + self.level, outline, hem - high, marks)

    def _straps(self, order: float) -> Iterator[Layer]:
        for side in SIDES:
            collar = self.anchors[f"{side}_collar"].point
            top = self.anchors[f"{side}_shoulder"].point
            half = complex(0.0045 * self.unit)
            outline = [collar - half, top - half, top + half, collar + half]
            behind = not self.figure.faces_camera
            at = order + (0.2 if not behind else -0.2)
            yield Layer(f"strap_{side}", "cloth", at, outline, collar - top)
