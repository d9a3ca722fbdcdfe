"""Creases of cloth, where bodies make them: at armpits, elbows, waist, crotch and knees."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

import cv2
import numpy as np

from ffld.render.geometry.stream import Stream
from ffld.render.picture.noise import noise

Crease = tuple[complex, complex, float]  # start, end, width

_T = np.linspace(0, 1, 7)[None, :]
_BOW = 4 * _T * (1 - _T)
_TAPER = np.array([[0.30, 0.85, 1.0, 0.86, 0.60, 0.30, 0.02]])  # it runs out slowly


def creases(name: str, points: Mapping[str, complex], s: Stream) -> list[Crease]:
    """The creases of a garment's layer.

    Args:
        name: of the layer.
        points: the garment's landmarks in pixels.
    """
    part, _, side = name.partition("_")
    if part == "sleeve":
        return _sleeve(points, side, s)
    if part == "leg":
        return _leg(points, side, s)
    if part == "yoke":
        return [
            crease for each in ("left", "right") for crease in _crotch(points, each, 0.05, 0.6, s)
        ]
    if part in ("skirt", "front", "back"):
        return _torso(points, s) + _drapes(points, s)
    return []


def relief(
    shape: tuple[int, int], strokes: list[Crease], corner: complex, way: complex
) -> np.ndarray:
    """Light and dark sides of creases, float32 around 0, on a picture of half size.

    Args:
        corner: of the picture, in full pixels.
        way: unit vector towards the light.
    """
    height = np.zeros(shape, np.uint8)
    if not strokes:
        return height.astype(np.float32)
    start, end, width = (np.array(column)[:, None] for column in zip(*strokes, strict=True))
    step = end - start
    bend = np.array([(-0.09, 0.09)[number % 2] for number in range(len(strokes))])[:, None]
    spine = start + _T * step + step * 1j * bend * _BOW
    side = step * 1j / np.maximum(1e-6, abs(step)) * width * 0.5 * _TAPER
    ring = (np.concatenate([spine + side, (spine - side)[:, ::-1]], 1) - corner) * 8
    ring = np.minimum(np.maximum(ring.view(np.float64), -30000), 30000).astype(np.int32)
    for number, polygon in enumerate(ring.reshape(len(strokes), -1, 2)):
        cv2.fillPoly(height, [polygon], 90 + 50 * (number % 4), cv2.LINE_AA, 4)
    size = max(0.8, 0.12 * median(stroke[2] for stroke in strokes))
    soft = cv2.GaussianBlur(height, (0, 0), size).astype(np.float32)
    move = way * max(1.0, size)
    matrix = np.array([[1, 0, -move.real], [0, 1, -move.imag]], np.float32)
    moved = cv2.warpAffine(soft, matrix, shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    return (soft - moved) * (1 / 160)


def bulges(name: str, points: Mapping[str, complex]) -> list[tuple[complex, float]]:
    """Where the body swells under a layer: chest or buttocks, as middles and radii in pixels."""
    top, low = (("left_armpit", "right_armpit"), 0.10)
    if name in ("yoke", "skirt"):
        top, low = ("left_waistband", "right_waistband"), 0.55
        if name == "yoke" and points[top[0]].real < points[top[1]].real:
            return []  # seen from the front
    elif name != "front":
        return []
    left, right = points[top[0]], points[top[1]]
    if name == "skirt" and left.real < right.real:
        return []
    middle, half = (left + right) / 2, abs(right - left) / 2
    down = half * (right - left) * 1j / (abs(right - left) or 1.0)
    down = down if down.imag > 0 else -down
    across = (right - left) / 2
    return [(middle + sign * 0.46 * across + 2 * low * down, 0.42 * half) for sign in (-1, 1)]


def swell(
    shape: tuple[int, int], found: list[tuple[complex, float]], corner: complex, way: complex
) -> np.ndarray | float:
    """Light and shade of bulges, as `relief` gives those of creases."""
    if not found or found[0][1] < 8:
        return 0.0
    height = np.zeros(shape, np.uint8)
    radius = found[0][1] / 2
    for middle, _ in found:
        at = (middle - corner) / 2
        centre = (int(at.real), int(at.imag))
        cv2.ellipse(height, centre, (int(radius * 0.8), int(radius * 0.85)), 0, 0, 360, 255, -1)
    size = int(radius * 0.45) * 2 + 1
    soft = cv2.blur(cv2.blur(height, (size, size)), (size, size)).astype(np.float32)
    move = way * max(1.0, 0.22 * radius)
    matrix = np.array([[1, 0, -move.real], [0, 1, -move.imag]], np.float32)
    moved = cv2.warpAffine(soft, matrix, shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    return (soft - moved) * (1 / 255)


def drift(kind: str, shape: tuple[int, int], grain: complex, scale: float, s: Stream) -> np.ndarray:
    """Noise of unit deviation laid along a direction; `scale` is noise pixels per pixel."""
    across = grain / (abs(grain) or 1.0) / 1j * scale
    a, b = across.real, across.imag
    matrix = np.array([[a, b, 40], [-b, a, 40]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        noise(kind, s), matrix, shape[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT
    )


def _torso(points: Mapping[str, complex], s: Stream) -> list[Crease]:
    found = []
    for side, other in (("left", "right"), ("right", "left")):
        pit = points.get(f"{side}_armpit")
        if pit is None:
            continue
        hem = points.get(f"{side}_waistline") or points.get(f"{side}_top_hem") or pit + 1j
        across = points[f"{other}_armpit"] - pit
        down = hem - pit
        size = max(abs(across), 0.6 * abs(down))
        for _ in range(2 + s.integer(3)):  # pulled from the armpit to the bust and the waist
            way = across * s.uniform(0.15, 0.45) + down * s.uniform(0.1, 0.55)
            start = pit + 0.06 * way + down * s.uniform(0, 0.12)
            found.append((start, start + way, size * s.uniform(0.03, 0.075)))
        for _ in range(s.integer(4)):  # gathered at the waist
            at = pit + down * s.uniform(0.5, 1.0)
            way = across * s.uniform(0.15, 0.5) + down * s.normal(0.08, 0.1)
            found.append((at, at + way, size * s.uniform(0.025, 0.065)))
        shoulder = points.get(f"{side}_shoulder")
        if shoulder is not None and s.chance(0.6):
            start = shoulder + across * 0.12 + down * 0.1
            way = across * s.uniform(0.0, 0.25) + down * s.uniform(0.2, 0.5)
            found.append((start, start + way, size * s.uniform(0.04, 0.09)))
    return found


def _drapes(points: Mapping[str, complex], s: Stream) -> list[Crease]:
    """Folds that hang down to a hem, closer together where they come from."""
    for low in ("hemline", "top_hem"):
        if f"left_{low}" in points:
            break
    else:
        return []
    high = next(k for k in ("waistband", "waistline", "armpit") if f"left_{k}" in points)
    top = (points[f"left_{high}"], points[f"right_{high}"])
    hem = (points[f"left_{low}"], points[f"right_{low}"])
    skirt = low == "hemline"
    flare = abs(hem[1] - hem[0]) / (abs(top[1] - top[0]) or 1.0) - 1.2
    count = int(2 + (4 + 8 * min(1.0, max(0.0, flare))) * s.unit() * (1.0 if skirt else 0.6))
    found = []
    for k in range(count):
        u = (k + s.uniform(0.2, 0.8)) / count
        end = hem[0] + (hem[1] - hem[0]) * u
        start = top[0] + (top[1] - top[0]) * (0.5 + (u - 0.5) * 0.92)
        t = s.uniform(0.0, 0.5) if skirt else s.uniform(0.45, 0.8)
        width = abs(hem[1] - hem[0]) / (count + 1.5) * s.uniform(0.35, 0.75)
        # it goes on beyond the hem, so that it is widest there
        found.append((end + (end - start) * (1 - t) * 0.5, start + (end - start) * t, width))
    return found


def _sleeve(points: Mapping[str, complex], side: str, s: Stream) -> list[Crease]:
    pit = points[f"{side}_armpit"]
    outer, inner = ([points[f"{side}_{at}_{way}"] for at in ("sleeve", "cuff")]
                    for way in ("out", "in"))  # fmt: skip
    outer, inner = [points[f"{side}_shoulder"], *outer], [pit, *inner]
    size = abs(outer[1] - inner[1])
    long = abs(outer[2] - outer[0]) > 2.2 * size
    found = []
    for _ in range(2 + s.integer(3) + 3 * long):
        t = s.pick((0.2, 0.5, 0.95, 1.0, 1.1, 1.2, 1.7, 1.85)) + s.normal(0, 0.08)
        inside = _at(inner, t)
        way = (_at(outer, t + s.normal(0.05, 0.22)) - inside) * s.uniform(0.5, 0.9)
        if s.chance(0.35):
            inside, way = _at(outer, t), -way
        found.append((inside, inside + way, size * s.uniform(0.07, 0.17)))
    return found


def _at(path: list[complex], t: float) -> complex:
    t = min(len(path) - 1.001, max(0.0, t))
    k = int(t)
    return path[k] + (path[k + 1] - path[k]) * (t - k)


def _crotch(
    points: Mapping[str, complex], side: str, low: float, high: float, s: Stream
) -> list[Crease]:
    """Whiskers from the crotch to a hip; `low` and `high` say how steeply they rise."""
    crotch, found = points["crotch"], []
    hip = points[f"{side}_waistband"] - crotch
    for _ in range(1 + s.integer(3)):
        way = complex(hip.real * s.uniform(0.45, 0.9), hip.imag * s.uniform(low, high))
        start = crotch + way * s.uniform(0.05, 0.25)
        found.append((start, start + way * 0.8, abs(hip) * s.uniform(0.035, 0.075)))
    return found


def _leg(points: Mapping[str, complex], side: str, s: Stream) -> list[Crease]:
    crotch, hip = points["crotch"], points[f"{side}_waistband"]
    outer, inner = points[f"{side}_bottom_out"], points[f"{side}_bottom_in"]
    found = _crotch(points, side, -0.5, -0.02, s)
    knees = [points.get(f"{side}_knee_{way}") for way in ("out", "in")]
    if None not in knees:
        size = abs(knees[0] - knees[1])
        for middle, spread in ((0.0, 0.3), (1.0, 0.12)):  # behind the knee, and above the shoe
            for _ in range(1 + s.integer(4)):
                t = middle + s.normal(0, spread * 0.5) - 0.1 * middle
                p, q = knees[1] + (inner - knees[1]) * t, knees[0] + (outer - knees[0]) * t
                if s.chance(0.5):
                    p, q = q, p
                way = (q - p) * s.uniform(0.45, 0.85) + (outer - knees[0]) * s.normal(0, 0.06)
                found.append((p, p + way, size * s.uniform(0.05, 0.13)))
    elif s.chance(0.7):
        start = crotch + (hip - crotch) * s.uniform(0.1, 0.5)
        end = inner + (outer - inner) * s.uniform(0.2, 0.8)
        found.append((start, end, abs(outer - inner) * s.uniform(0.08, 0.18)))
    return found
