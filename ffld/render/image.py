"""Layers painted with material and light, then photographed."""

from __future__ import annotations

import math

import cv2
import numpy as np

from ffld.render.backdrop import draw_backdrop
from ffld.render.cut import OUTWEAR, TROUSERS
from ffld.render.fabric import (
    TILE,
    Material,
    draw_cloth,
    draw_device,
    draw_hair,
    draw_leaf,
    draw_skin,
    draw_thing,
    noise,
)
from ffld.render.labels import Labels, Painted
from ffld.render.photo import photograph
from ffld.render.pieces import FAR_PANEL, Mark
from ffld.render.stream import Stream, Streams

_BODY_AND_THINGS = {"skin": draw_skin, "hair": draw_hair, "leaf": draw_leaf, "device": draw_device}
_REACH = 10  # pixels that a contact shadow extends beyond its layer


def paint(labels: Labels, streams: Streams) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a labelled scene."""
    s = streams.stream("appearance")
    scene = labels.scene
    frame, about = scene.frame, scene.attributes
    canvas = draw_backdrop(about["style"], about["presentation"], frame.width, frame.height, s)
    angle = s.uniform(0, 2 * math.pi)
    light = (math.cos(angle) * s.uniform(0.2, 1.0), -abs(math.sin(angle)))
    wardrobe = _wardrobe(labels, s)
    for piece in labels.painted:
        _paint_layer(canvas, piece, wardrobe[_worn(piece)], light, s)
    return photograph(canvas, about["style"], streams.stream("camera"))


def _worn(piece: Painted) -> tuple[int, int, str]:
    """Person, garment and kind of material."""
    return piece.person, piece.owner, "cloth" if piece.owner >= 0 else piece.layer.material


def _wardrobe(labels: Labels, s: Stream) -> dict[tuple[int, int, str], Material]:
    """The material of everything that is painted, by person, garment and kind."""
    materials = {}
    for person, owner, kind in sorted({_worn(piece) for piece in labels.painted}):
        if kind == "cloth":
            garment = labels.scene.people[person].garments[owner].garment_type
            material = draw_cloth(s, garment in (*TROUSERS, *OUTWEAR, "skirt"))
        else:
            material = _BODY_AND_THINGS.get(kind, draw_thing)(s)
        materials[person, owner, kind] = material
    return materials


def _paint_layer(
    canvas: np.ndarray,
    piece: Painted,
    material: Material,
    light: tuple[float, float],
    s: Stream,
) -> None:
    fold_at, fold = s.integer(1 << 16), s.uniform(0.5, 1.3)
    height, width = canvas.shape[:2]
    x, y, w, h = cv2.boundingRect(np.concatenate(piece.polygons) // 16)
    x1, y1 = max(0, x - _REACH), max(0, y - _REACH)
    x2, y2 = min(width, x + w + 1 + _REACH), min(height, y + h + 1 + _REACH)
    if x2 - x1 < 2 or y2 - y1 < 2:
        return
    mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
    shift = np.array((x1 * 16, y1 * 16), np.int32)
    for polygon in piece.polygons:
        cv2.fillPoly(mask, [polygon - shift], 255, cv2.LINE_AA, 4)
    window = canvas[y1:y2, x1:x2]
    shade, shadow = _light(mask, light, material.relief)
    cv2.multiply(window, cv2.merge([1 - 0.42 * shadow] * 3), dst=window, dtype=cv2.CV_8U)
    cloth = _lay(material, piece, (x1, y1), mask.shape)
    _draw_marks(cloth, piece, material, (x1, y1))
    if material.relief > 0.55 and piece.layer.material == "cloth":
        shade = shade + fold * material.relief * _folds(piece, mask.shape, fold_at)
    if piece.owner >= 0 and piece.layer.order < FAR_PANEL + 5:
        shade = shade * 0.62  # the inside of the far panel lies in shadow
    cv2.multiply(cloth, cv2.merge([shade] * 3), dst=cloth, dtype=cv2.CV_8U)
    weight = mask.astype(np.float32) * (1 / 255)
    window[:] = cv2.blendLinear(cloth, np.ascontiguousarray(window), weight, 1 - weight)


def _light(
    mask: np.ndarray, light: tuple[float, float], relief: float
) -> tuple[np.ndarray, np.ndarray]:
    """How brightly each pixel is lit, as on a rounded body, and the layer's contact shadow."""
    h, w = mask.shape
    small = cv2.resize(mask, (max(2, w // 4), max(2, h // 4)), interpolation=cv2.INTER_AREA)
    small = small.astype(np.float32) * (1 / 255)
    sigma = 0.16 * min(small.shape) + 0.8
    pad = int(2 * sigma) + 2
    wide = cv2.copyMakeBorder(small, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    round_ = cv2.GaussianBlur(wide, (0, 0), sigma)[pad:-pad, pad:-pad]
    slope_x = cv2.Sobel(round_, cv2.CV_32F, 1, 0) * sigma
    slope_y = cv2.Sobel(round_, cv2.CV_32F, 0, 1) * sigma
    lit = 0.70 + 0.34 * round_ - 0.16 * relief * (slope_x * light[0] + slope_y * light[1])
    near = cv2.GaussianBlur(small, (0, 0), 1.3)
    matrix = np.array([[1, 0, -light[0] * 0.8], [0, 1, 0.9]], np.float32)
    near = cv2.warpAffine(near, matrix, (near.shape[1], near.shape[0]))
    return cv2.resize(lit, (w, h)), cv2.resize(near, (w, h))


def _lay(
    material: Material, piece: Painted, corner: tuple[int, int], shape: tuple[int, int]
) -> np.ndarray:
    """The material's tile laid over a window, along the layer's grain, anchored to the layer."""
    if material.even:
        return np.tile(material.tile, (-(-shape[0] // TILE), -(-shape[1] // TILE), 1))[
            : shape[0], : shape[1]
        ].copy()
    grain = piece.layer.grain
    length = abs(grain) or 1.0
    across = grain / length / 1j
    scale = TILE / max(6.0, material.size * piece.scene.unit)
    a, b = across.real * scale, across.imag * scale
    ox, oy = piece.polygons[0][0] / 16 - corner
    matrix = np.array([[a, b, -a * ox - b * oy], [-b, a, b * ox - a * oy]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (shape[1], shape[0])
    tile = material.tile
    if scale > 2.5:  # far away: blur the tile first, or it would alias
        tile = cv2.blur(tile, (int(scale), int(scale)), borderType=cv2.BORDER_REFLECT)
    return cv2.warpAffine(tile, matrix, size, flags=flags, borderMode=cv2.BORDER_WRAP)


def _folds(piece: Painted, shape: tuple[int, int], seed: int) -> np.ndarray:
    """Soft creases that run along the grain."""
    field = _fold_field(seed)
    grain = piece.layer.grain
    across = grain / (abs(grain) or 1.0) / 1j
    scale = 256 / max(60.0, 1.3 * max(shape))
    a, b = across.real * scale, across.imag * scale
    matrix = np.array([[a, b, 40], [-b, a, 40]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(field, matrix, shape[::-1], flags=flags, borderMode=cv2.BORDER_WRAP)
    return 0.055 * warped


def _fold_field(seed: int) -> np.ndarray:
    return np.ascontiguousarray(noise("folds", Stream(seed.to_bytes(16, "little"))))


def _draw_marks(
    cloth: np.ndarray, piece: Painted, material: Material, corner: tuple[int, int]
) -> None:
    thin = max(1, round(piece.scene.unit * 0.0025))
    frame_shift = np.array((corner[0] * 16, corner[1] * 16), np.int32)
    for mark, path in zip(piece.layer.marks, piece.marks, strict=True):
        _draw_mark(cloth, mark, path - frame_shift, material, thin)
    if material.print and piece.layer.name == "front" and piece.layer.order > FAR_PANEL + 5:
        _draw_print(cloth, piece, material, corner)


def _draw_mark(
    cloth: np.ndarray, mark: Mark, path: np.ndarray, material: Material, thin: int
) -> None:
    if mark.kind == "eye":
        centre, span = path.mean(0) / 16, abs(path[1] - path[0]).max() / 32
        at = (int(centre[0]), int(centre[1]))
        if span > 1.5:
            axes = (int(span), max(1, int(span * 0.5)))
            cv2.ellipse(cloth, at, axes, 0, 0, 360, (235, 235, 235), -1)
        cv2.circle(cloth, at, max(1, int(span * 0.5)), (40, 30, 28), -1, cv2.LINE_AA)
    elif mark.kind == "buttons":
        steps = 7
        for k in range(1, steps):
            x, y = (path[0] + (path[-1] - path[0]) * k / steps) / 16
            cv2.circle(cloth, (int(x), int(y)), max(1, thin), material.ink, -1, cv2.LINE_AA)
        cv2.polylines(cloth, [path], False, material.ink, 1, cv2.LINE_AA, 4)
    else:
        colours = {"brow": (60, 45, 40), "mouth": (176, 84, 84), "zip": (150, 150, 150)}
        colour = colours.get(mark.kind, material.ink)
        width = thin * 2 if mark.kind in ("mouth", "zip", "brow") else thin
        cv2.polylines(cloth, [path], False, colour, width, cv2.LINE_AA, 4)


def _draw_print(
    cloth: np.ndarray, piece: Painted, material: Material, corner: tuple[int, int]
) -> None:
    """A graphic on the chest, as wide as about half the panel."""
    points = piece.polygons[0] / 16
    low, high = points.min(0), points.max(0)
    centre = (low + high) / 2 - corner
    centre[1] -= (high[1] - low[1]) * 0.10
    half = (high[0] - low[0]) / 2
    width = max(1, int(half * 0.07))
    for colour, stroke in material.print:
        path = ((np.array(stroke) * half + centre) * 16).astype(np.int32)
        cv2.polylines(cloth, [path], False, colour, width, cv2.LINE_AA, 4)
