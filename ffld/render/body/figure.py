"""An articulated body: a torso of elliptical rings, and limbs of two bones.

Body frame: x to the picture's right when the front is seen, y up from the soles, z to the front;
the unit is the body's height. Left is the garment's left: x < 0.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ffld.render.geometry.stream import Stream
from ffld.render.geometry.view import Vector, along
from ffld.render.scene.poses import LimbPose

SIDES = ("left", "right")

# Rest heights of a standing body.
ANKLE, KNEE, CROTCH, PELVIS, ARMPIT, SHOULDER, NECK = (
    0.045, 0.283, 0.480, 0.535, 0.755, 0.818, 0.846,
)  # fmt: skip

# Torso rings: rest height, half width, half depth.
_RINGS = (
    (0.300, 0.084, 0.060), (0.480, 0.087, 0.064), (0.512, 0.088, 0.066), (0.560, 0.080, 0.059),
    (0.620, 0.066, 0.049), (0.670, 0.070, 0.053), (0.725, 0.079, 0.062), (0.755, 0.083, 0.061),
    (0.800, 0.092, 0.048), (0.822, 0.100, 0.040), (0.846, 0.037, 0.034), (0.880, 0.030, 0.031),
)  # fmt: skip
_HEIGHTS = [height for height, _, _ in _RINGS]
# From below the lowest to above the highest: a ring, and what a ring at the stretch's end adds.
_STRETCHES = [
    (*p, q[0] - p[0] or 1.0, q[1] - p[1], q[2] - p[2])
    for p, q in pairwise((_RINGS[0], *_RINGS, _RINGS[-1]))
]


class Ring(NamedTuple):
    """An ellipse round the body: centre, lateral axis a, front axis b, half width and depth.

    `shown` is 1 where the garment's left side is to be looked for at the picture's left, else -1;
    all rings of a figure agree on it, however its torso is twisted.
    """

    centre: Vector
    a: Vector
    b: Vector
    width: float
    depth: float
    shown: float

    def at(self, lateral: float, front: float) -> Vector:
        """The point at these multiples of half width and half depth."""
        u, v = lateral * self.width, front * self.depth
        c, a, b = self.centre, self.a, self.b
        return (
            c[0] + u * a[0] + v * b[0], c[1] + u * a[1] + v * b[1], c[2] + u * a[2] + v * b[2],
        )  # fmt: skip

    def corner(self, side: str) -> Vector:
        """Where the ring's silhouette ends on a garment side, as seen by the camera."""
        ax, bx = self.a[0], self.b[0]
        reach = math.sqrt((self.width * ax) ** 2 + (self.depth * bx) ** 2) or 1.0
        sign = -self.shown if side == "left" else self.shown
        return self.at(sign * self.width * ax / reach, sign * self.depth * bx / reach)

    def ahead(self, side: str) -> float:
        """How far before the middle that end is, in half depths: -1 the back, 1 the front."""
        wide, deep = self.width * self.a[0], self.depth * self.b[0]
        sign = -self.shown if side == "left" else self.shown
        return sign * deep / (math.sqrt(wide * wide + deep * deep) or 1.0)

    def rim(self, toward: float) -> Vector:
        """The ring's point nearest to the camera for 1, farthest from it for -1."""
        az, bz = toward * self.a[2], toward * self.b[2]
        reach = math.sqrt((self.width * az) ** 2 + (self.depth * bz) ** 2) or 1.0
        return self.at(self.width * az / reach, self.depth * bz / reach)


@dataclass(frozen=True)
class Limb:
    """Joints of an arm (shoulder, elbow, wrist) or a leg (hip, knee, ankle), and its thickness."""

    joints: tuple[Vector, Vector, Vector]
    radii: tuple[float, float, float]

    def along(self, fraction: float) -> tuple[Vector, float]:
        """Point and thickness at a fraction of the limb; 0.5 is the elbow or knee."""
        bone, t = (0, fraction * 2) if fraction <= 0.5 else (1, fraction * 2 - 1)
        p, q = self.joints[bone], self.joints[bone + 1]
        r = self.radii[bone] + t * (self.radii[bone + 1] - self.radii[bone])
        return (
            p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1]), p[2] + t * (q[2] - p[2]),
        ), r  # fmt: skip


@dataclass(frozen=True)
class Posture:
    """How a body stands: angles in radians, poses of arms and legs by side, position of the feet.

    `yaw` 0 faces the camera; `twist`, `lean` (forward) and `tilt` (to the right) bend the torso.
    Who `shoots` holds the camera itself, and no phone is seen.
    """

    yaw: float
    twist: float
    lean: float
    tilt: float
    arms: dict[str, LimbPose]
    legs: dict[str, LimbPose]
    place: Vector = (0.0, 0.0, 0.0)
    name: str = "standing"
    shoots: bool = False


@dataclass(frozen=True)
class Build:
    """Proportions, as multiples of an average adult's."""

    shoulders: float = 1.0
    waist: float = 1.0
    hips: float = 1.0
    limbs: float = 1.0
    head: float = 1.0
    size: float = 1.0

    @staticmethod
    def draw(stream: Stream, slim: float = 1.0) -> Build:
        """Slim to stout, wide shoulders or wide hips, some children.

        `slim` is a factor on the widths of waist and hips.
        """
        stout = stream.normal(1.0, 0.09)
        child = stream.chance(0.06)
        return Build(
            shoulders=stout**0.5 * stream.normal(1.0, 0.06),
            waist=slim * stout * stream.normal(1.0, 0.06),
            hips=slim * stout * stream.normal(1.0, 0.05),
            limbs=stout * stream.normal(1.0, 0.07),
            head=1.35 if child else stream.normal(1.0, 0.05),
            size=stream.uniform(0.55, 0.75) if child else stream.normal(1.0, 0.04),
        )


class Figure:
    """A body of some build in some posture."""

    def __init__(self, build: Build, posture: Posture) -> None:
        self.build = build
        self.posture = posture
        #: 1 where the garment's left is at the picture's left, -1 where it is at its right.
        self.shown = 1.0 if math.cos(posture.yaw + 0.5 * posture.twist) >= 0 else -1.0
        #: Whether the front of the chest is turned to the camera.
        self.faces_camera = math.cos(posture.yaw + posture.twist) >= 0
        self._ground = 0.0
        self._spines: dict[float, tuple] = {}
        self._rings: dict[tuple, Ring] = {}
        self._turns: dict[float, tuple] = {}
        self.legs = {side: self._leg(side) for side in SIDES}
        self._ground = min(leg.joints[2][1] for leg in self.legs.values()) - ANKLE * build.size
        self._spines.clear()
        self._rings.clear()
        self.legs = {side: self._leg(side) for side in SIDES}
        self.arms = {side: self._arm(side) for side in SIDES}

    def ring(self, y: float, ease: float = 0.0, width: float | None = None) -> Ring:
        """The torso's ring at rest height y, let out by `ease`; `width` replaces its half width."""
        key = (y, ease, width)
        ring = self._rings.get(key)
        if ring is None:
            centre, (a, _, b) = self._spine(y)
            w, d = self._girth(y)
            w = w if width is None else width
            size = self.build.size
            ring = Ring(centre, a, b, (w + ease) * size, (d + ease) * size, self.shown)
            self._rings[key] = ring
        return ring

    def torso(self, x: float, y: float, z: float) -> Vector:
        """World position of a point of the torso given in the body frame at rest."""
        centre, (a, _, b) = self._spine(y)
        x, z = x * self.build.size, z * self.build.size
        return (
            centre[0] + x * a[0] + z * b[0], centre[1] + x * a[1] + z * b[1],
            centre[2] + x * a[2] + z * b[2],
        )  # fmt: skip

    def shoulder_width(self) -> float:
        """Half width between the shoulder points, body frame."""
        return 0.106 * self.build.shoulders

    def head(self) -> tuple[Vector, float]:
        """Centre and radius of the head."""
        centre, (a, u, b) = self._spine(NECK)
        size = self.build.size * self.build.head
        rise, forward = 0.084 * size, 0.012 * size
        return along(along(centre, u, rise), b, forward), 0.057 * size

    def _spine(self, y: float) -> tuple[Vector, tuple[Vector, Vector, Vector]]:
        """Centre and lateral, up and front axes of the torso at a rest height."""
        spine = self._spines.get(y)
        if spine is None:
            spine = self._spines[y] = self._bend(y)
        return spine

    def _bend(self, y: float) -> tuple[Vector, tuple[Vector, Vector, Vector]]:
        p, size = self.posture, self.build.size
        t = min(1.0, max(0.0, (y - PELVIS) / (NECK - PELVIS)))
        if t not in self._turns:
            axes = _axes(p.yaw + t * p.twist, t * p.lean, t * p.tilt)
            up = _up(p.yaw + 0.5 * t * p.twist, 0.5 * t * p.lean, 0.5 * t * p.tilt)
            self._turns[t] = axes, up
        axes, up = self._turns[t]
        rise = (y - PELVIS) * size
        x, z = p.place[0], p.place[2]
        pelvis = p.place[1] + PELVIS * size - self._ground
        return (x + rise * up[0], pelvis + rise * up[1], z + rise * up[2]), axes

    def _girth(self, y: float) -> tuple[float, float]:
        low, w, d, tall, wider, deeper = _STRETCHES[bisect_right(_HEIGHTS, y)]
        t = (y - low) / tall
        w += t * wider
        d += t * deeper
        b = self.build
        if y < PELVIS + 0.02:
            factor = b.hips
        elif y < 0.70:
            factor = b.waist
        else:
            factor = b.shoulders if y < NECK - 0.005 else 1.0
        return w * factor, d * factor

    def _arm(self, side: str) -> Limb:
        sign = -1.0 if side == "left" else 1.0
        pose = self.posture.arms[side]
        lift = max(0.0, _unit(pose.upper)[1] + 0.5) * 0.03
        shoulder = self.torso(sign * (self.shoulder_width() - 0.012), 0.796 + lift, 0.0)
        _, axes = self._spine(NECK)
        size = self.build.size
        elbow = _step(shoulder, axes, sign, pose.upper, 0.168 * size)
        wrist = _step(elbow, axes, sign, pose.lower, 0.148 * size)
        k = self.build.limbs * size
        return Limb((shoulder, elbow, wrist), (0.024 * k, 0.018 * k, 0.0125 * k))

    def _leg(self, side: str) -> Limb:
        sign = -1.0 if side == "left" else 1.0
        pose = self.posture.legs[side]
        size = self.build.size
        hip = self.torso(sign * 0.044 * self.build.hips, 0.508, 0.0)
        _, axes = self._spine(PELVIS)
        knee = _step(hip, axes, sign, pose.upper, 0.225 * size)
        ankle = _step(knee, axes, sign, pose.lower, 0.238 * size)
        k = self.build.limbs * size
        return Limb((hip, knee, ankle), (0.043 * k, 0.028 * k, 0.018 * k))


def _axes(yaw: float, lean: float, tilt: float) -> tuple[Vector, Vector, Vector]:
    """Lateral, up and front axes after tilting to the right, leaning forward and turning."""
    cy, sy = math.cos(yaw), math.sin(yaw)
    cl, sl = math.cos(lean), math.sin(lean)
    ct, st = math.cos(tilt), math.sin(tilt)
    x, z = -st * sl, ct * sl
    return (
        (ct * cy + x * sy, -st * cl, x * cy - ct * sy),
        (st * cy + z * sy, ct * cl, z * cy - st * sy),
        (cl * sy, -sl, cl * cy),
    )


def _up(yaw: float, lean: float, tilt: float) -> Vector:
    """The second of `_axes`."""
    ct, z = math.cos(tilt), math.cos(tilt) * math.sin(lean)
    cy, sy, st = math.cos(yaw), math.sin(yaw), math.sin(tilt)
    return (st * cy + z * sy, ct * math.cos(lean), z * cy - st * sy)


def _unit(v: Vector) -> Vector:
    length = math.sqrt(v[0] ** 2 + v[1] ** 2 + v[2] ** 2)
    return (v[0] / length, v[1] / length, v[2] / length)


def _step(
    start: Vector, axes: tuple[Vector, Vector, Vector], sign: float, way: Vector, length: float
) -> Vector:
    out, up, front = _unit(way)
    a, u, b = axes
    out *= sign
    return (
        start[0] + length * (out * a[0] + up * u[0] + front * b[0]),
        start[1] + length * (out * a[1] + up * u[1] + front * b[1]),
        start[2] + length * (out * a[2] + up * u[2] + front * b[2]),
    )
