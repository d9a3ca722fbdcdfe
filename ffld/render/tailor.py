"""What every garment builder shares: body, camera, room for cloth, and the hem of a skirt."""

from __future__ import annotations

from ffld.render.cut import OUTWEAR, Cut
from ffld.render.figure import SIDES, Figure, Ring
from ffld.render.pieces import Anchor, Layer
from ffld.render.view import Vector, View


class Tailor:
    """Builds one garment; every method adds anchors and layers."""

    def __init__(self, cut: Cut, figure: Figure, view: View, level: int) -> None:
        self.cut = cut
        self.figure = figure
        self.view = view
        self.level = level
        self.anchors: dict[str, Anchor] = {}
        self.layers: list[Layer] = []
        self.near = 1.0 if figure.faces_camera else -1.0
        extra = 0.006 * level if cut.garment_type in OUTWEAR else 0.0
        self.ease = cut.ease + extra
        self.unit = view.scale(figure.torso(0.0, 0.6, 0.0))

    def corner(self, ring: Ring, side: str) -> complex:
        return self.view.project(ring.corner(side))

    def anchor(
        self, name: str, point: Vector, parts: tuple[str, ...], sign: float, limit: float
    ) -> None:
        """A landmark on the side of the torso; it faces away when its side is turned away."""
        lateral = self.figure.ring(0.78).a
        facing = sign * lateral[2] > -limit
        self.anchors[name] = Anchor(self.view.project(point), parts, facing)

    def hem_middle(self, ring: Ring, toward: float = 1.0) -> complex:
        """Middle of a hem, on the camera's side or, for -1, on the far one."""
        return self.view.project(ring.rim(toward)) + 1j * self.cut.hem_sag * self.unit

    def skirt_ring(self) -> Ring:
        """The hem of a skirt: round both legs, and as wide as the flare wants it."""
        cut, figure = self.cut, self.figure
        size = figure.build.size
        (p, r), (q, _) = (figure.legs[side].along(cut.skirt) for side in SIDES)
        pelvis = figure.ring(0.512)
        middle = tuple((p[i] + q[i]) / 2 for i in range(3))
        spread = sum((p[i] - q[i]) ** 2 for i in range(3)) ** 0.5 / 2
        across = sum((q[i] - p[i]) * pelvis.a[i] for i in range(3))
        reach = max(spread, abs(across) / 2) + r + 0.008 * size
        width = max(pelvis.width * (1 + cut.flare * (0.4 + cut.skirt)), reach)
        depth = max(pelvis.depth * (1 + cut.flare * (0.4 + cut.skirt)), reach * 0.8)
        way = tuple(middle[i] - pelvis.centre[i] for i in range(3))
        length = sum(x * x for x in way) ** 0.5 or 1.0
        d = tuple(x / length for x in way)
        a = pelvis.a
        front = (d[1] * a[2] - d[2] * a[1], d[2] * a[0] - d[0] * a[2], d[0] * a[1] - d[1] * a[0])
        return Ring(middle, a, front, width, depth, pelvis.shown)
