"""Layers painted with material and light, then photographed."""

from __future__ import annotations

import cv2
import numpy as np

from ffld.render.backdrop import draw_backdrop
from ffld.render.fabric import (
    Material,
    draw_cloth,
    draw_device,
    draw_hair,
    draw_leaf,
    draw_skin,
    draw_thing,
)
from ffld.render.folds import creases, drift, relief
from ffld.render.labels import Labels, Painted
from ffld.render.light import Light, shade, shadow
from ffld.render.photo import photograph
from ffld.render.pieces import FAR_PANEL
from ffld.render.stream import Stream, Streams
from ffld.render.surface import draw_surface

_BODY_AND_THINGS = {"skin": draw_skin, "hair": draw_hair, "leaf": draw_leaf, "device": draw_device}
_LOW = 4  # light and shadows are computed on a picture so many times smaller
_UNLIT = 170  # shade that leaves a colour as it is; brighter ones blow it out

Window = tuple[int, int, int, int]


def paint(labels: Labels, streams: Streams) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a labelled scene."""
    s = streams.stream("appearance")
    scene = labels.scene
    frame, about = scene.frame, scene.attributes
    light = Light.draw(about["style"], about["presentation"], s)
    canvas = draw_backdrop(about["style"], about["presentation"], frame.width, frame.height, s)
    wardrobe = _wardrobe(labels, s)
    windows, figures = _seen(labels, wardrobe)
    _cast(canvas, figures, light, scene.unit)
    figures = cv2.erode(figures, np.ones((3, 3), np.uint8))  # no shadow beyond their outlines
    for piece, window in zip(labels.painted, windows, strict=True):
        if window is not None:
            _paint_layer(canvas, piece, window, wardrobe[_worn(piece)], light, figures, s)
    return photograph(canvas, about["style"], scene.roughness, streams.stream("camera"))


def _worn(piece: Painted) -> tuple[int, int, str]:
    """Person, garment and kind of material."""
    return piece.person, piece.owner, "cloth" if piece.owner >= 0 else piece.layer.material


def _wardrobe(labels: Labels, s: Stream) -> dict[tuple[int, int, str], Material]:
    """The material of everything that is painted, by person, garment and kind."""
    materials = {}
    for person, owner, kind in sorted({_worn(piece) for piece in labels.painted}):
        if kind == "cloth":
            garment = labels.scene.people[person].garments[owner].garment_type
            material = draw_cloth(s, garment)
        else:
            material = _BODY_AND_THINGS.get(kind, draw_thing)(s)
        materials[person, owner, kind] = material
    return materials


def _seen(
    labels: Labels, wardrobe: dict[tuple[int, int, str], Material]
) -> tuple[list[Window | None], np.ndarray]:
    """The part of the image in which each layer shows, and where people and things are at all.

    Most layers lie under others for the greater part; painting what is hidden would be wasted.
    """
    frame = labels.scene.frame
    ids = np.zeros((frame.height // 2 + 1, frame.width // 2 + 1), np.uint8)
    for number, piece in enumerate(labels.painted):
        if not _material(piece, wardrobe[_worn(piece)]).sheer:
            for polygon in piece.polygons:
                cv2.fillPoly(ids, [polygon // 2 - 4], number + 1, cv2.LINE_8, 4)
    windows = []
    for number, piece in enumerate(labels.painted):
        if _material(piece, wardrobe[_worn(piece)]).sheer:
            x, y, w, h = cv2.boundingRect(np.concatenate(piece.polygons) // 32)
        else:
            x, y, w, h = cv2.boundingRect(cv2.inRange(ids, number + 1, number + 1))
        x1, y1 = max(0, 2 * x - 4), max(0, 2 * y - 4)
        x2, y2 = min(frame.width, 2 * (x + w) + 4), min(frame.height, 2 * (y + h) + 4)
        windows.append((x1, y1, x2, y2) if w and x2 - x1 > 1 and y2 - y1 > 1 else None)
    small = (frame.width // _LOW + 1, frame.height // _LOW + 1)
    _, covered = cv2.threshold(ids, 0, 255, cv2.THRESH_BINARY)
    return windows, cv2.resize(covered, small, interpolation=cv2.INTER_NEAREST)


def _cast(canvas: np.ndarray, figures: np.ndarray, light: Light, unit: float) -> None:
    """The shadow of everybody on the wall, or of a garment on what it lies on."""
    if not light.wall:
        return
    thrown = shadow(figures, light, max(1.0, light.reach * unit / _LOW))
    dim = cv2.convertScaleAbs(thrown, alpha=-light.wall, beta=255)
    dim = cv2.resize(dim, canvas.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    cv2.multiply(canvas, cv2.merge([dim] * 3), dst=canvas, scale=1 / 255)


def _material(piece: Painted, material: Material) -> Material:
    """Sleeves may be of another cloth than the rest."""
    return material.sleeve or material if piece.layer.name.startswith("sleeve") else material


def _paint_layer(
    canvas: np.ndarray,
    piece: Painted,
    window: Window,
    material: Material,
    light: Light,
    figures: np.ndarray,
    s: Stream,
) -> None:
    material = _material(piece, material)
    x1, y1, x2, y2 = window
    mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
    shift = np.array((x1 * 16, y1 * 16), np.int32)
    for polygon in piece.polygons:
        cv2.fillPoly(mask, [polygon - shift], 255, cv2.LINE_AA, 4)
    low, corner = _low_mask(piece, canvas.shape)
    if not piece.layer.name.startswith("leg"):  # they continue the yoke
        _drop_shadow(canvas, low, corner, light, figures, piece)
    cloth = draw_surface(piece, material, window)
    lit = _lit(piece, material, low, corner, window, light, s)
    cv2.multiply(cloth, cv2.resize(lit, mask.shape[::-1]), dst=cloth, scale=1 / _UNLIT)
    part = canvas[y1:y2, x1:x2]
    weight = mask.astype(np.float32) * ((1 - material.sheer) / 255)
    part[:] = cv2.blendLinear(cloth, np.ascontiguousarray(part), weight, 1 - weight)


def _low_mask(piece: Painted, size: tuple[int, ...]) -> tuple[np.ndarray, tuple[int, int]]:
    """The whole layer within the image, at reduced size, and the mask's corner."""
    height, width = size[0] // _LOW + 1, size[1] // _LOW + 1
    x, y, w, h = cv2.boundingRect(np.concatenate(piece.polygons) // (16 * _LOW))
    x1, y1 = min(width - 2, max(0, x - 3)), min(height - 2, max(0, y - 3))
    x2, y2 = max(x1 + 2, min(width, x + w + 4)), max(y1 + 2, min(height, y + h + 4))
    mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
    shift = np.array((x1 * 16 + 6, y1 * 16 + 6), np.int32)
    for polygon in piece.polygons:
        cv2.fillPoly(mask, [polygon // _LOW - shift], 255, cv2.LINE_AA, 4)
    return mask, (x1, y1)


def _drop_shadow(
    canvas: np.ndarray,
    mask: np.ndarray,
    corner: tuple[int, int],
    light: Light,
    figures: np.ndarray,
    piece: Painted,
) -> None:
    """Darken the other layers round a layer, but not what is far behind all of them."""
    x, y = corner
    h, w = mask.shape
    reach = max(0.7, (0.012 if piece.layer.order > 55 else 0.007) * piece.scene.unit / _LOW)
    near = cv2.min(shadow(mask, light, reach), figures[y : y + h, x : x + w])
    dim = cv2.convertScaleAbs(near, alpha=-light.shadow, beta=255)
    part = canvas[y * _LOW : (y + h) * _LOW, x * _LOW : (x + w) * _LOW]
    dim = cv2.resize(dim, (w * _LOW, h * _LOW))[: part.shape[0], : part.shape[1]]
    cv2.multiply(part, cv2.merge([dim] * 3), dst=part, scale=1 / 255)


def _lit(
    piece: Painted,
    material: Material,
    low: np.ndarray,
    corner: tuple[int, int],
    window: Window,
    light: Light,
    s: Stream,
) -> np.ndarray:
    """(h, w, 3) uint8 at half size: what the colours of a layer are multiplied by."""
    x1, y1, x2, y2 = window
    half = (max(1, (x2 - x1) // 2), max(1, (y2 - y1) // 2))
    grain = piece.layer.grain / (abs(piece.layer.grain) or 1.0)
    mask = low.astype(np.float32) * (1 / 255)
    points = np.concatenate(piece.polygons) @ (grain.real, grain.imag) * (1 / 16 / _LOW)
    length = min(float(np.ptp(points)), max(mask.shape) * 1.0)
    width = float(mask.sum()) / max(1.0, length)
    cloth = material.relief > 0
    round_ = shade(mask, light, grain / 1j, 0.5 * width, 0.35 if cloth else 1.0)
    x, y = x1 / _LOW - corner[0], y1 / _LOW - corner[1]
    matrix = np.array([[2 / _LOW, 0, x], [0, 2 / _LOW, y]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    lit = cv2.warpAffine(round_, matrix, half, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if cloth:
        lit += _folds(piece, material, half[::-1], complex(x1, y1), light, s)
    if piece.owner >= 0 and piece.layer.order < FAR_PANEL + 5:
        lit *= 0.62  # the inside of the far panel lies in shadow
    return _tinted(lit, material.warm)


def _folds(
    piece: Painted,
    material: Material,
    shape: tuple[int, int],
    corner: complex,
    light: Light,
    s: Stream,
) -> np.ndarray:
    """Creases where the body makes them, and the cloth's own unevenness."""
    garment = piece.scene.people[piece.person].garments[piece.owner]
    frame = piece.scene.frame
    points = {name: (a.point - frame.origin) * frame.zoom for name, a in garment.anchors.items()}
    strokes = creases(piece.layer.name, points, garment.cut.flare, s)
    strength = material.relief * (0.5 + 0.7 * (1 - light.ambient))
    way = light.side / abs(light.side)
    scale = 2 * 256 / max(60.0, 0.55 * piece.scene.unit)
    kind = "folds" if s.chance(material.flow) else "crumple"
    field = drift(kind, shape, piece.layer.grain, scale, s)
    return strength * (0.42 * relief(shape, strokes, corner, way) + 0.035 * field)


def _tinted(lit: np.ndarray, warm: float) -> np.ndarray:
    """Three channels of shade; with `warm`, dark parts turn redder."""
    level = cv2.convertScaleAbs(np.maximum(lit, 0.08), alpha=_UNLIT)
    if not warm:
        return cv2.merge([level] * 3)
    # red falls off least; above the unlit level all channels agree
    red, green, blue = (cv2.convertScaleAbs(level, alpha=1 - k, beta=k * _UNLIT)
                        for k in (0.22, 0.0, -0.10))  # fmt: skip
    return cv2.merge([red, green, blue])
