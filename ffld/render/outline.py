"""Curves through points of the picture plane, as the outlines of garments need them."""

from __future__ import annotations

from collections.abc import Sequence


def bow(start: complex, middle: complex, end: complex, steps: int = 6) -> list[complex]:
    """A parabola from start to end through the middle; without its two ends."""
    control = 2 * middle - (start + end) / 2
    points = []
    for i in range(1, steps):
        t = i / steps
        points.append((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t * t * end)
    return points


def smooth(points: Sequence[complex], steps: int = 3) -> list[complex]:
    """A Catmull-Rom curve through all points, ends included."""
    path = [points[0]]
    p0, p1, p2 = 2 * points[0] - points[1], *points[:2]
    for p3 in (*points[2:], 2 * points[-1] - points[-2]):
        twice, slope = 2 * p1, p2 - p0
        bend, twist = 2 * p0 - 5 * p1 + 4 * p2 - p3, 3 * p1 - p0 - 3 * p2 + p3
        for t, square, cube in _POWERS[steps]:
            path.append(0.5 * (twice + slope * t + bend * square + twist * cube))
        path.append(p2)
        p0, p1, p2 = p1, p2, p3
    return path


def mix(a: complex, b: complex, t: float) -> complex:
    """The point at fraction t from a to b."""
    return a + (b - a) * t


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


_POWERS = {
    steps: [(k / steps, (k / steps) ** 2, (k / steps) ** 3) for k in range(1, steps)]
    for steps in (2, 3)
}
_CIRCLE = {steps: _circle(steps) for steps in (12, 20)}
