"""The cloth of a layer as it lies on the body: its pattern, prints, seams and trimmings, unlit."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ffld.render.geometry.pieces import FAR_PANEL, Mark
from ffld.render.labels import Painted
from ffld.render.picture.decal import SIDE, Decal
from ffld.render.picture.fabric import Material
from ffld.render.picture.palette import Colour
from ffld.render.picture.things import draw_thing
from ffld.render.picture.trim import draw_mark
from ffld.render.picture.weave import TILE

Window = tuple[int, int, int, int]
_INSIDE = ("label", "seam", "edge")  # marks that are seen from the inside too
_STEP = 8  # the map of a pattern is computed for every so many pixels


def shown_marks(piece: Painted, material: Material) -> list[Mark]:
    """The marks of a layer that are drawn on this material, and not hidden on its other side."""
    if not material.marked:
        return []
    inside = piece.owner >= 0 and not _is_near(piece)
    return [
        mark
        for mark in piece.layer.marks()
        if (not mark.option or mark.option in material.trims)
        and (mark.kind in _INSIDE if inside else mark.kind != "label" or not _is_near(piece))
    ]


def draw_surface(
    piece: Painted, material: Material, window: Window, marks: Sequence[tuple[str, np.ndarray]]
) -> np.ndarray:
    """(h, w, 3) uint8 of a window of the image.

    Args:
        marks: kinds and paths, the latter in the coordinates of the layer's polygons.
    """
    x1, y1, x2, y2 = window
    corner, shape = (x1, y1), (y2 - y1, x2 - x1)
    cloth = _even(material, shape) if material.even else _lay(material, piece, corner, shape)
    if piece.owner >= 0 and _is_near(piece) and piece.layer.name in ("front", "back"):
        _draw_prints(cloth, piece, material, corner)
    if material.cap and piece.layer.name.startswith("sleeve"):
        _draw_cap(cloth, piece, material.cap, corner)
    thin = max(1, round(piece.scene.unit * 0.0022))
    shift = np.array((x1 * 16, y1 * 16), np.int32)
    draw_thing(cloth, piece.layer.name, piece.polygons[0] - shift, material, thin)
    for kind, path in marks:
        draw_mark(cloth, kind, path - shift, material, thin)
    return cloth


def _is_near(piece: Painted) -> bool:
    return piece.layer.order > FAR_PANEL + 5


def _even(material: Material, shape: tuple[int, int]) -> np.ndarray:
    down, across = -(-shape[0] // TILE), -(-shape[1] // TILE)
    tile = material.tile
    if down > 1 or across > 1:
        tile = cv2.repeat(tile, down, across)
    return tile[: shape[0], : shape[1]].copy()


def _lay(
    material: Material, piece: Painted, corner: tuple[int, int], shape: tuple[int, int]
) -> np.ndarray:
    """The tile along the layer's grain, anchored to the layer, closer together at its sides."""
    grain = piece.layer.grain
    across = grain / (abs(grain) or 1.0) / 1j
    scale = TILE / max(6.0, material.size * piece.scene.unit)
    outline = piece.polygons[0] / 16
    lateral = outline @ (across.real, across.imag)
    low, high = float(lateral.min()), float(lateral.max())
    middle, half = (low + high) / 2, (high - low) / 2 + 1
    origin = float(outline[0] @ (-across.imag, across.real))
    rows, columns = (-(-n // _STEP) + 2 for n in shape)
    x = np.arange(columns, dtype=np.float32)[None, :] * _STEP + (corner[0] - _STEP / 2)
    y = np.arange(rows, dtype=np.float32)[:, None] * _STEP + (corner[1] - _STEP / 2)
    u = (across.real * x + across.imag * y - middle) / half
    v = (across.real * y - across.imag * x - origin) * scale
    u = (u + 0.22 * u**3 * (abs(u) < 1)) * (half * scale)  # round the body
    grid = cv2.merge([u + np.float32(TILE / 2), v + 0 * u])
    full = cv2.resize(grid, (columns * _STEP, rows * _STEP), interpolation=cv2.INTER_LINEAR)
    full = full[_STEP : _STEP + shape[0], _STEP : _STEP + shape[1]]
    tile = material.tile
    if scale > 2.5:  # far away: blur the tile first, or it would alias
        tile = cv2.blur(tile, (int(scale), int(scale)), borderType=cv2.BORDER_REFLECT)
    return cv2.remap(tile, full, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def _draw_prints(
    cloth: np.ndarray, piece: Painted, material: Material, corner: tuple[int, int]
) -> None:
    """A block of another colour below some height, and the decal."""
    garment = piece.scene.people[piece.person].garments[piece.owner]
    frame, anchors = piece.scene.frame, garment.anchors
    hem = "hemline" if "left_hemline" in anchors else "top_hem"
    names = ("left_armpit", "right_armpit", f"left_{hem}", f"right_{hem}")
    if any(name not in anchors for name in names):
        return
    corners = [(anchors[name].point - frame.origin) * frame.zoom for name in names]
    left, right, low_left, low_right = (point - complex(*corner) for point in corners)
    down = (low_left + low_right - left - right) / 2
    if hem == "hemline":
        down *= 0.55
    across, middle = (right - left) / 2, (left + right) / 2
    if material.block:
        colour, start = material.block
        at = middle + down * start
        far = [at - 4 * across, at + 4 * across, at + 4 * across + 9 * down,
               at - 4 * across + 9 * down]  # fmt: skip
        path = np.array([(p.real * 16, p.imag * 16) for p in far]).astype(np.int32)
        cv2.fillPoly(cloth, [path], colour, cv2.LINE_AA, 4)
    front = piece.layer.name == "front"
    printed = material.decal and (front or material.backed)
    if printed and garment.cut.collar not in ("shirt", "lapel"):
        way = across if front else -across  # to read from the outside
        _print(cloth, material.decal, middle, way, down)


def _draw_cap(
    cloth: np.ndarray, piece: Painted, cap: tuple[Colour, float, float], corner: tuple[int, int]
) -> None:
    """Another colour from the shoulder down to some part of the sleeve."""
    colour, share, slope = cap
    way = piece.layer.grain / (abs(piece.layer.grain) or 1.0)
    outline = piece.polygons[0] @ (1 / 16, 1j / 16) - complex(*corner)
    along, across = (outline * way.conjugate()).real, (outline * way.conjugate()).imag
    low, end = along.min(), along.min() + share * np.ptp(along)
    half, middle = float(np.ptp(across)) + 1, float(across.mean())
    lean = slope * half / 2
    far = [(low - half, -1), (low - half, 1), (end + lean, 1), (end - lean, -1)]
    path = [complex(a, middle + side * half) * way for a, side in far]
    points = np.array([(p.real * 16, p.imag * 16) for p in path]).astype(np.int32)
    cv2.fillPoly(cloth, [points], colour, cv2.LINE_AA, 4)


def _print(
    cloth: np.ndarray, decal: Decal, middle: complex, across: complex, down: complex
) -> None:
    """A decal, sheared and foreshortened as the chest is."""
    size = max(abs(across), 0.45 * abs(down))
    tall = down / (abs(down) or 1.0) * size * decal.span
    wide = across * decal.span
    turn = complex(1 - decal.turn**2 / 2, decal.turn)
    wide, tall = wide * turn, tall * turn
    centre = middle + across * decal.at[0] + down * decal.at[1] + tall * 0.4
    half = SIDE / 2
    matrix = np.array(
        [
            [wide.real / half, tall.real / half, centre.real - wide.real - tall.real],
            [wide.imag / half, tall.imag / half, centre.imag - wide.imag - tall.imag],
        ]
    )
    if abs(np.linalg.det(matrix[:, :2])) < 1e-4:
        return
    picture, alpha = decal.picture, decal.alpha
    while abs(wide) < half * 0.6 and picture.shape[0] > 16:  # halved first, or it would alias
        picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        alpha = cv2.resize(alpha, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        matrix[:, :2] *= 2
        half /= 2
    size = cloth.shape[1::-1]
    weight = cv2.warpAffine(alpha, matrix, size).astype(np.float32) * (1 / 255)
    ink = cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    cloth[:] = cv2.blendLinear(ink, cloth, weight, 1 - weight)
