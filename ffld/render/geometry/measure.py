"""Random measures of bodies, clothes and postures, given by their median and quartiles."""

from __future__ import annotations

from ffld.render.geometry.stream import Stream


def around(
    s: Stream, middle: float, below: float, above: float, least: float, most: float
) -> float:
    """Bell-shaped: half of the values lie between `middle` - `below` and `middle` + `above`.

    All lie between `least` and `most`.
    """
    u = 2.0 * s.unit() - 1.0
    square = u * u
    deviation = u * (1.0 + 0.7 * square * square) / 0.522
    return min(most, max(least, middle + deviation * (below if u < 0 else above)))


def scatter(s: Stream, quartile: float) -> float:
    """About 0 with a long tail: half within the quartile, one in ten beyond 3.5 quartiles.

    Real postures and the irregularity of worn cloth are like this: mostly calm and even, and now
    and then not at all.
    """
    u = 2.0 * s.unit() - 1.0
    square = u * u
    return quartile * u * (1.0 + 1.77 * square * square) / 0.5553
