"""Curves through points of the picture plane, as the outlines of garments need them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache


def bow(start: complex, middle: complex, end: complex, steps: int = 6) -> list[complex]:
    """A parabola from start to end through the middle; without its two ends."""
    control = 2 * middle - (start + end) / 2
    return [a * start + b * control + c * end for a, b, c in _parabola(steps)]


def smooth(points: Sequence[complex], steps: int = 3) -> list[complex]:
    """A Catmull-Rom curve through all points, ends included."""
    path, weights = [points[0]], _catmull_rom(steps)
    p0, p1, p2 = 2 * points[0] - points[1], *points[:2]
    for p3 in (*points[2:], 2 * points[-1] - points[-2]):
        for a, b, c, d in weights:
            path.append(a * p0 + b * p1 + c * p2 + d * p3)
        path.append(p2)
        p0, p1, p2 = p1, p2, p3
    return path


@cache
def _catmull_rom(steps: int) -> list[tuple[float, float, float, float]]:
    """Weights of the four points round a stretch, at each step within it."""
    between = [(k / steps, 1 - k / steps) for k in range(1, steps)]
    return [(-t * u * u / 2, (2 - 5 * t * t + 3 * t * t * t) / 2,
             (2 - 5 * u * u + 3 * u * u * u) / 2, -u * t * t / 2) for t, u in between]  # fmt: skip


@cache
def _parabola(steps: int) -> list[tuple[float, float, float]]:
    """Weights of start, control point and end, at each step between them."""
    between = [(k / steps, 1 - k / steps) for k in range(1, steps)]
    return [(u * u, 2 * t * u, t * t) for t, u in between]


def mix(a: complex, b: complex, t: float) -> complex:
    """The point at fraction t from a to b."""
    return a + (b - a) * t


def halfway(path: Sequence[complex], part: float = 0.5) -> tuple[int, complex]:
    """The middle of a path, or another part of its length, and the index at which it belongs."""
    steps = [(p, q, abs(q - p)) for p, q in zip(path, path[1:], strict=False)]
    whole = 0.0
    for _, _, length in steps:  # `sum` adds floats in another way from Python 3.12 on
        whole += length
    left = whole * part
    for index, (p, q, length) in enumerate(steps, start=1):
        if length and left <= length:
            return index, mix(p, q, left / length)
        left -= length
    return len(path) - 1, path[-1]


def ellipse(centre: complex, across: complex, down: complex, steps: int = 20) -> list[complex]:
    """A closed ellipse with these two half axes."""
    return [centre + across * c + down * s for c, s in _CIRCLE[steps]]


def _circle(steps: int) -> list[tuple[float, float]]:
    # cos and sin by rotating a rational step, so that no platform's libm enters the labels
    turn = complex(1.0)
    angle = {12: 0.5235987755982988, 20: 0.3141592653589793}[steps]
    step = complex(1 - angle**2 / 2 + angle**4 / 24 - angle**6 / 720,
                   angle - angle**3 / 6 + angle**5 / 120 - angle**7 / 5040)  # fmt: skip
    points = []
    for _ in range(steps):
        points.append((turn.real, turn.imag))
        turn *= step
    return points


_CIRCLE = {steps: _circle(steps) for steps in (12, 20)}
