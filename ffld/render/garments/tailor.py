"""What every garment builder shares: body, camera, room for cloth, and the hem of a skirt."""

from __future__ import annotations

from ffld.render.body.figure import SIDES, Figure, Ring
from ffld.render.garments.cut import OUTWEAR, Cut
from ffld.render.geometry.pieces import Anchor
from ffld.render.geometry.view import View, between, dot

_HIDDEN = 0.5  # seams on a side that is turned away by more than 30 degrees are out of sight


class Tailor:
    """Builds one garment: `measure` finds its landmarks, and `sew` then makes its layers.

    Marks of the layers refer to their tailor, who therefore keeps no layer: things that refer to
    each other in a circle live on until the garbage collector comes, and make it slow.
    """

    def __init__(self, cut: Cut, figure: Figure, view: View, level: int) -> None:
        self.cut = cut
        self.figure = figure
        self.view = view
        self.level = level
        self.anchors: dict[str, Anchor] = {}
        self.seams: dict[str, Anchor] = {}
        self.near = 1.0 if figure.faces_camera else -1.0
        self.outer = cut.garment_type in OUTWEAR
        extra = 0.004 * level if self.outer else 0.0
        self.ease = cut.ease + extra
        self.unit = view.scale(figure.torso(0.0, 0.6, 0.0)) * figure.build.size

    def corner(self, ring: Ring, side: str, name: str | None = None) -> complex:
        """Where a ring's silhouette ends on a side; with the slack of a landmark `name` there."""
        point = self.view.project(ring.corner(side))
        return point if name is None else self.slack(point, f"{side}_{name}")

    def slack(self, point: complex, name: str) -> complex:
        """The point where the worn cloth has it; outlines pass through it as landmarks do."""
        return point + self.cut.slack[name] * self.unit

    def seam(self, ring: Ring, side: str, parts: tuple[str, ...], corner: complex) -> None:
        """The lower end of a side seam, which a turned body takes round from its `corner`."""
        sign = -1.0 if side == "left" else 1.0
        turned = self.view.project(ring.at(sign, 0.0)) - self.view.project(ring.corner(side))
        self.seams[side] = Anchor(corner + turned, parts, sign * ring.a[2] > -_HIDDEN)

    def hem_middle(self, ring: Ring, left: complex, right: complex, toward: float = 1.0) -> complex:
        """Middle of a hem, on the camera's side or, for -1, on the far one.

        It keeps its place between the hem's corners as these are pulled about.
        """
        even = self.corner(ring, "left") + self.corner(ring, "right")
        pull = (left + right - even) / 2
        return self.view.project(ring.rim(toward)) + pull + 1j * self.cut.hem_sag * self.unit

    def leg_ring(self, fraction: float, half_width: float) -> Ring:
        """The hem of a skirt or coat at a fraction of the legs: round both, `half_width` if it can.

        `half_width` is in body heights.
        """
        figure = self.figure
        size = figure.build.size
        (p, r), (q, _) = (figure.legs[side].along(max(0.0, fraction)) for side in SIDES)
        pelvis = figure.ring(0.512)
        middle = ((p[0] + q[0]) / 2, (p[1] + q[1]) / 2, (p[2] + q[2]) / 2)
        step = between(p, q)
        across = dot(step, pelvis.a)
        spread = (step[0] ** 2 + step[1] ** 2 + step[2] ** 2) ** 0.5 / 2
        width = max(half_width * size, abs(across) / 2 + r)
        depth = max(0.6 * half_width * size, 0.8 * (spread + r))
        way = between(pelvis.centre, middle)
        length = dot(way, way) ** 0.5 or 1.0
        d = (way[0] / length, way[1] / length, way[2] / length)
        a = pelvis.a
        front = (d[1] * a[2] - d[2] * a[1], d[2] * a[0] - d[0] * a[2], d[0] * a[1] - d[1] * a[0])
        return Ring(middle, a, front, width, depth, pelvis.shown)
