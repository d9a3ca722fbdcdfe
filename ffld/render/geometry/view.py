"""The pinhole camera that looks at a scene, and the frame cut out of what it sees."""

from __future__ import annotations

import math
from dataclasses import dataclass

Vector = tuple[float, float, float]


def dot(p: Vector, q: Vector) -> float:
    """Their scalar product; `sum` adds floats in another way from Python 3.12 on."""
    return p[0] * q[0] + p[1] * q[1] + p[2] * q[2]


def along(start: Vector, way: Vector, length: float) -> Vector:
    """The point at some multiple of a vector from a point."""
    return (start[0] + length * way[0], start[1] + length * way[1], start[2] + length * way[2])


def between(p: Vector, q: Vector) -> Vector:
    """The vector from p to q."""
    return (q[0] - p[0], q[1] - p[1], q[2] - p[2])


@dataclass(frozen=True)
class View:
    """A camera on the +z side of the scene.

    World axes: x to the picture's right, y up, z towards the camera; the unit is a body height.
    `pitch` > 0 looks down from above.
    """

    distance: float
    height: float
    pitch: float
    roll: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sin", math.sin(self.pitch))
        object.__setattr__(self, "_cos", math.cos(self.pitch))
        object.__setattr__(self, "_turn", complex(math.cos(self.roll), math.sin(self.roll)))

    def depth(self, point: Vector) -> float:
        """How near a point is to the camera; larger is nearer."""
        return (point[1] - self.height) * self._sin + point[2] * self._cos - self.distance

    def scale(self, point: Vector) -> float:
        """Picture-plane length of a unit length at that point."""
        return 1.0 / max(0.15, -self.depth(point))

    def project(self, point: Vector) -> complex:
        """Picture-plane position, x right, y down, at focal length 1."""
        x, y, z = point
        y -= self.height
        away = self.distance - (y * self._sin + z * self._cos)
        up = y * self._cos - z * self._sin
        return complex(x, -up) * (1.0 / (away if away > 0.15 else 0.15)) * self._turn


@dataclass(frozen=True)
class Frame:
    """Which part of the picture plane becomes the image.

    Attributes:
        width, height: pixels.
        zoom: pixels per unit of the picture plane.
        origin: the picture-plane point at the image's top left corner.
    """

    width: int
    height: int
    zoom: float
    origin: complex

    def pixel(self, point: complex) -> complex:
        """Continuous pixel coordinates, rounded to 1/16 so that no platform's arithmetic shows."""
        at = (point - self.origin) * self.zoom
        return complex(math.floor(at.real * 16 + 0.5) / 16, math.floor(at.imag * 16 + 0.5) / 16)

    def contains(self, pixel: complex) -> bool:
        """Whether a pixel position lies in the image."""
        return 0 <= pixel.real < self.width and 0 <= pixel.imag < self.height
