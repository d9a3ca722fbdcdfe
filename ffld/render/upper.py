"""Tops, outwear and dresses: panels round the torso, sleeves, straps."""

from __future__ import annotations

from ffld.render.cut import DRESSES, OUTWEAR, STRAPPED
from ffld.render.details import hood, open_details, panel_details, sleeve_details
from ffld.render.figure import ARMPIT, SHOULDER, SIDES, Ring
from ffld.render.outline import bow, mix, smooth
from ffld.render.pieces import (
    FAR_PANEL,
    NEAR_PANEL,
    Anchor,
    Layer,
    Mark,
    bend_patches,
    limb_order,
    outward,
    tube,
)
from ffld.render.tailor import Tailor
from ffld.render.view import Vector


class Upper(Tailor):
    """Builds a top, an outwear garment or a dress."""

    def build(self) -> None:
        """A top, an outwear garment or a dress."""
        panels = self._panels()
        necks = {side: self._neck(side) for side in SIDES}
        flanks = {side: self._flank(side, panels) for side in SIDES}
        for side in SIDES:
            if self.cut.sleeve:
                self._sleeve(side, panels)
        hems = self._hem_middles()
        order = NEAR_PANEL + self.level + (-12.0 if self.cut.tucked else 0.0)
        for front in (True, False):
            visible = front == (self.near > 0)
            at = order if visible else FAR_PANEL - self.level
            if front and self.cut.gap:
                for side in SIDES:
                    self._open_front(side, necks[side], flanks[side], at)
            else:
                self._panel(front, necks, flanks, hems[front], at)
        if self.cut.garment_type in STRAPPED:
            self._straps(order)
        if self.cut.collar == "hood" and self.near > 0:
            self.layers.append(hood(list(necks.values()), FAR_PANEL + 6.0, self.unit))

    def _neck(self, side: str) -> complex:
        """The collar landmark: neckline meets shoulder seam, or strap meets bodice."""
        sign = -1.0 if side == "left" else 1.0
        if self.cut.garment_type in STRAPPED:
            point = self.figure.ring(0.772, self.ease).at(sign * 0.62, 0.75)
        else:
            point = self.figure.torso(sign * self.cut.neck_width, 0.840 + self.ease * 0.2, -0.004)
        self.anchor(f"{side}_collar", point, self._panels(), sign, limit=0.6)
        return self.anchors[f"{side}_collar"].point

    def _panels(self) -> tuple[str, ...]:
        return ("front_left", "front_right", "back") if self.cut.gap else ("front", "back")

    def _shoulder(self, side: str) -> Vector:
        sign = -1.0 if side == "left" else 1.0
        figure, cut = self.figure, self.cut
        width = figure.shoulder_width()
        if cut.sleeve:
            lift = max(0.0, figure.arms[side].joints[1][1] - figure.arms[side].joints[0][1])
            point = figure.torso(sign * (width + self.ease * 0.3), SHOULDER + 0.25 * lift, 0.0)
            elbow = figure.arms[side].joints[1]
            t = (cut.drop + self.ease * 0.3) / 0.16
            return tuple(point[i] + t * (elbow[i] - point[i]) for i in range(3))
        if cut.garment_type in STRAPPED:
            return figure.torso(sign * 0.062, 0.836, 0.0)
        span = cut.neck_width + 0.35 * (width - cut.neck_width) + 0.4 * cut.drop
        return figure.torso(sign * span, 0.834, 0.0)

    def _width(self, y: float) -> float:
        """Half width of the cloth round the torso at a rest height, body frame."""
        figure, cut = self.figure, self.cut
        body = figure.ring(y).width / figure.build.size + self.ease
        chest = figure.ring(ARMPIT).width / figure.build.size + self.ease
        if y > 0.72:
            return body
        hang = max(body, body + cut.straight * (chest - body))
        return hang * (1 + max(0.0, 0.56 - y) * 3 * max(0.0, cut.flare))

    def _ring(self, y: float) -> Ring:
        return self.figure.ring(y, self.ease, self._width(y) - self.ease)

    def _flank(self, side: str, panels: tuple[str, ...]) -> list[complex]:
        """The outline from shoulder to hem on one side."""
        cut, figure = self.cut, self.figure
        sign = -1.0 if side == "left" else 1.0
        shoulder = self._shoulder(side)
        own = (*panels, f"sleeve_{side}") if cut.sleeve else panels
        if cut.garment_type in STRAPPED:
            own = (*panels, f"strap_{side}")
        self.anchor(f"{side}_shoulder", shoulder, own, sign, limit=0.75)
        pit = figure.ring(ARMPIT - cut.armpit, self.ease)
        own = (*panels, f"sleeve_{side}") if cut.sleeve else panels
        self.anchor(f"{side}_armpit", pit.at(sign, 0.0), own, sign, limit=0.5)
        start = self.view.project(shoulder)
        corner = self.corner(pit, side)
        path = [] if cut.garment_type in STRAPPED else [start]
        if not cut.sleeve and path:
            inner = figure.ring(0.790).at(sign * 0.80, 0.0)
            path.append(mix(mix(start, corner, 0.55), self.view.project(inner), 0.6))
        return [*path, *self._side(side, corner, panels)]

    def _side(self, side: str, corner: complex, panels: tuple[str, ...]) -> list[complex]:
        """From the armpit's corner down to the hem, through the waistline where there is one."""
        cut = self.cut
        waist = self.corner(self._ring(cut.waist), side)
        if cut.garment_type in DRESSES:
            hem = self.corner(self.skirt_ring(), side)
            hip = self.corner(self.figure.ring(0.515, self.ease + 0.03 * max(0, cut.flare)), side)
            self.anchors[f"{side}_waistline"] = Anchor(waist, panels)
            self.anchors[f"{side}_hemline"] = Anchor(hem, panels)
            return smooth([corner, waist, mix(hip, mix(waist, hem, 0.3), 0.4), hem])
        hem = self.corner(self._ring(cut.hem), side)
        self.anchors[f"{side}_top_hem"] = Anchor(hem, panels)
        if cut.garment_type in OUTWEAR:
            level = max(cut.waist, cut.hem + 0.035)
            waist = self.corner(self._ring(level), side)
            self.anchors[f"{side}_waistline"] = Anchor(waist, panels)
            return smooth([corner, waist, hem])
        if cut.hem < 0.58:
            return smooth([corner, self.corner(self._ring(0.62), side), hem])
        return smooth([corner, hem])

    def _hem_middles(self) -> dict[bool, complex]:
        """Middle of the hem in front and at the back."""
        ring = self.skirt_ring() if self.cut.garment_type in DRESSES else self._ring(self.cut.hem)
        return {True: self.hem_middle(ring, self.near), False: self.hem_middle(ring, -self.near)}

    def _neckline(self, front: bool, necks: dict[str, complex]) -> list[complex]:
        """Between the two collar points; in front it dips to the centre collar landmark."""
        cut, figure = self.cut, self.figure
        if cut.garment_type in STRAPPED:
            y = 0.760 if front else 0.740
            middle = self.view.project(figure.ring(y, self.ease).at(0.0, 1.0 if front else -0.9))
        elif front:
            y = 0.838 - cut.neck_depth
            ring = figure.ring(y, self.ease)
            middle = self.view.project(ring.at(0.0, 1.0 if y < 0.81 else 0.85))
        else:
            middle = self.view.project(figure.torso(0.0, 0.832, -0.040))
        if front and not cut.gap and cut.garment_type not in OUTWEAR:
            self.anchors["center_collar"] = Anchor(middle, ("front",))
        left, right = necks["left"], necks["right"]
        if front and cut.neckline == "v":
            return [mix(left, middle, 0.5), middle, mix(middle, right, 0.5)]
        if front and cut.neckline == "square":
            down = middle - mix(left, right, 0.5)
            return [left + 0.92 * down, middle, right + 0.92 * down]
        return bow(left, middle, right)

    def _panel(
        self,
        front: bool,
        necks: dict[str, complex],
        flanks: dict[str, list[complex]],
        hem: complex,
        order: float,
    ) -> None:
        """The whole front or the whole back as one piece."""
        neckline = self._neckline(front, necks)
        left, right = flanks["left"], flanks["right"]
        edge = [right[-1], *bow(right[-1], hem, left[-1]), left[-1]]
        outline = [necks["left"], *neckline, necks["right"], *right, *edge, *left[::-1]]
        if self.cut.garment_type in STRAPPED:
            left_edge, right_edge = (mix(necks[side], flanks[side][0], 0.35) for side in SIDES)
            outline = [necks["left"], *neckline, necks["right"], right_edge, *right, *edge,
                       *left[::-1], left_edge]  # fmt: skip
        marks = self._panel_marks(front, [necks["left"], *neckline, necks["right"]], edge, hem)
        grain = hem - mix(necks["left"], necks["right"], 0.5)
        name = "front" if front else "back"
        self.layers.append(Layer(name, "cloth", order, outline, grain, marks))

    def _panel_marks(
        self, front: bool, neck: list[complex], edge: list[complex], hem: complex
    ) -> list[Mark]:
        cut, u = self.cut, self.unit
        marks = [Mark("edge", [p - 0.012j * u for p in edge])]
        pits = [self.anchors[f"{side}_armpit"].point for side in SIDES]
        marks += panel_details(front, cut.collar, cut.garment_type in OUTWEAR, neck, pits, edge, u)
        middle = neck[len(neck) // 2]
        if front and cut.collar == "shirt":
            marks.append(Mark("buttons", [middle, hem]))
        elif front and cut.garment_type in OUTWEAR:
            marks.append(Mark("zip" if cut.collar == "hood" else "buttons", [middle, hem]))
        if cut.garment_type in DRESSES:
            left, right = (self.anchors[f"{side}_waistline"].point for side in SIDES)
            middle = mix(left, right, 0.5) + 0.006j * u
            marks.append(Mark("seam", [left, *bow(left, middle, right), right]))
        return marks

    def _open_front(self, side: str, neck: complex, flank: list[complex], order: float) -> None:
        """One half of an open front, from its edge to the side."""
        cut, figure, view = self.cut, self.figure, self.view
        sign = -1.0 if side == "left" else 1.0
        top = view.project(figure.ring(0.770, self.ease).at(sign * max(0.10, cut.gap * 0.7), 0.95))
        waist = view.project(self._ring(max(0.60, cut.hem + 0.03)).at(sign * cut.gap, 0.92))
        hem = view.project(self._ring(cut.hem).at(sign * min(0.95, cut.gap * 1.15), 0.90))
        hem += 1j * cut.hem_sag * self.unit
        edge = smooth([neck, top, waist, hem])
        rim = bow(hem, mix(hem, flank[-1], 0.5) + 0.006j * self.unit, flank[-1])
        marks = [Mark("edge", [p + sign * self.near * 0.008 * self.unit for p in edge])]
        pit = self.anchors[f"{side}_armpit"].point
        marks += open_details(neck, top, hem, pit, cut.collar, self.unit)
        outline = [*edge, *rim, *flank[::-1]]
        self.layers.append(Layer(f"front_{side}", "cloth", order, outline, hem - neck, marks))

    def _straps(self, order: float) -> None:
        for side in SIDES:
            collar = self.anchors[f"{side}_collar"].point
            top = self.anchors[f"{side}_shoulder"].point
            half = complex(0.0045 * self.unit)
            outline = [collar - half, top - half, top + half, collar + half]
            behind = not self.figure.faces_camera
            at = order + (0.2 if not behind else -0.2)
            self.layers.append(Layer(f"strap_{side}", "cloth", at, outline, collar - top))

    # Sleeves

    def _sleeve(self, side: str, panels: tuple[str, ...]) -> None:
        cut, figure, view = self.cut, self.figure, self.view
        arm = figure.arms[side]
        end, half = cut.sleeve, cut.sleeve / 2
        stops = sorted({half, end, *(f for f in (0.5, 0.75) if half + 0.06 < f < end - 0.06)})
        room = [self._sleeve_room(f) for f in stops]
        outer, inner = tube(view, arm, stops, room, outward(figure, side))
        sleeve = (f"sleeve_{side}",)
        at = stops.index(half)
        self.anchors[f"{side}_sleeve_out"] = Anchor(outer[at], sleeve)
        self.anchors[f"{side}_sleeve_in"] = Anchor(inner[at], sleeve)
        self.anchors[f"{side}_cuff_out"] = Anchor(outer[-1], sleeve)
        self.anchors[f"{side}_cuff_in"] = Anchor(inner[-1], sleeve)
        shoulder = self.anchors[f"{side}_shoulder"].point
        armpit = self.anchors[f"{side}_armpit"].point
        chest = view.project(figure.torso(0.0, 0.78, 0.0))
        closing = mix(mix(shoulder, armpit, 0.5), chest, 0.35)
        opening = mix(outer[-1], inner[-1], 0.5) + 0.1 * (outer[-1] - inner[-1]) * 1j
        rim = bow(outer[-1], opening, inner[-1], 4)
        outline = [*smooth([shoulder, *outer]), *rim, *smooth([*inner[::-1], armpit]), closing]
        back = (mix(shoulder, armpit, 0.5) - mix(outer[-1], inner[-1], 0.5)) * 0.07
        marks = [Mark("edge", [p + back for p in (outer[-1], *rim, inner[-1])])]
        marks.append(Mark("seam", [shoulder, mix(mix(shoulder, armpit, 0.5), chest, 0.12), armpit]))
        marks += sleeve_details(shoulder, outer, inner, rim, self.unit)
        order = limb_order(view, figure, arm) + 0.1 * (self.level + 1)
        grain = mix(outer[-1], inner[-1], 0.5) - mix(shoulder, armpit, 0.5)
        patches = [[shoulder, outer[0], inner[0], armpit], [shoulder, armpit, closing]]
        patches += bend_patches(outer, inner)
        self.layers.append(Layer(f"sleeve_{side}", "cloth", order, outline, grain, marks, patches))

    def _sleeve_room(self, fraction: float) -> float:
        t = min(1.0, fraction / max(0.3, self.cut.sleeve))
        room = self.cut.sleeve_ease + 0.004 * self.level
        return (room + t * (self.cut.cuff - room) + 0.004 * self.level) * self.figure.build.size
