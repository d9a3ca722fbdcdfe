"""One layer after another, lit and blended onto the picture."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ffld.render.geometry.pieces import FAR_PANEL
from ffld.render.geometry.stream import Stream
from ffld.render.labels import Painted
from ffld.render.picture.fabric import Material
from ffld.render.picture.folds import bulges, creases, drift, relief, swell
from ffld.render.picture.light import Light, shade, shadow
from ffld.render.picture.surface import Window, draw_surface

LOW = 4  # light and shadows are computed on a picture so many times smaller
_UNLIT = 170  # shade that leaves a colour as it is; brighter ones blow it out


class Easel:
    """A picture in the making.

    Args:
        canvas: (H, W, 3) uint8, painted on in place.
        figures: (H // LOW + 1, W // LOW + 1) uint8, where there are people and things.
        painted: all layers of the scene.
        lit: whether there is light and shadow.
    """

    def __init__(
        self,
        canvas: np.ndarray,
        light: Light,
        figures: np.ndarray,
        painted: list[Painted],
        lit: bool = True,
    ) -> None:
        self.canvas, self.light, self.lit = canvas, light, lit
        # eroded, so that no shadow falls beyond the outline of a figure
        self.figures = cv2.erode(figures, np.ones((3, 3), np.uint8))
        self.painted = painted
        self._hips: dict[tuple[int, int], np.ndarray] = {}

    def cast(
        self, figures: np.ndarray, soles: list[tuple[float, float, float]], unit: float
    ) -> None:
        """Shadows on the wall, on what a garment lies on, and on the floor beneath soles.

        A sole is the middle, lowest point and half width of a shoe.
        """
        light = self.light
        if light.wall:
            thrown = shadow(figures, light, max(1.0, light.reach * unit / LOW))
            self._darken(thrown, light.wall, (0, 0))
        floor = np.zeros_like(figures)
        for x, y, half in soles:
            if y < self.canvas.shape[0] * 1.1:
                tall = max(1, int(0.009 * unit / LOW))
                at = (int((x - 2 * light.side.real * half) / LOW), int(y / LOW) - tall // 2)
                wide = max(1, int(1.5 * half / LOW))
                cv2.ellipse(floor, at, (wide, tall), 0, 0, 360, 255, -1, cv2.LINE_AA)
        if soles:
            size = max(1, int(0.012 * unit / LOW))
            self._darken(cv2.blur(floor, (4 * size + 1, 2 * size + 1)), 0.5, (0, 0))

    def paint(
        self,
        piece: Painted,
        window: Window,
        material: Material,
        marks: Sequence[tuple[str, np.ndarray]],
        skin: Material | None,
        s: Stream,
    ) -> None:
        """Paint a layer within a window of the picture; sheer sleeves show `skin`."""
        x1, y1, x2, y2 = window
        mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
        shift = np.array((x1 * 16, y1 * 16), np.int32)
        for polygon in piece.polygons:
            cv2.fillPoly(mask, [polygon - shift], 255, cv2.LINE_AA, 4)
        low, corner = self._low_mask([piece])
        name = piece.layer.name
        if not name.startswith(("leg", "shoe")):  # they continue yoke and leg
            above = 0.018 if name == "head" else 0.012 if piece.layer.order > 55 else 0.007
            reach = max(0.7, above * piece.scene.unit / LOW)
            x, y = corner
            around = self.figures[y : y + low.shape[0], x : x + low.shape[1]]
            near = cv2.min(shadow(low, self.light, reach), around)
            self._darken(near, self.light.shadow * (0.4 if name.startswith("hand") else 1), corner)
        cloth = draw_surface(piece, material, window, marks)
        lit = self._lit(piece, material, low, corner, window, s)
        lit = cv2.resize(lit, mask.shape[::-1])
        if not self.lit:
            lit[:] = _UNLIT
        part = self.canvas[y1:y2, x1:x2]
        if material.sheer and skin is not None and name.startswith("sleeve"):
            size = max(1, int(0.008 * piece.scene.unit))
            arm = cv2.erode(mask, np.ones((2 * size + 1,) * 2, np.uint8))
            bare = np.empty_like(cloth)
            bare[:] = skin.base
            cv2.multiply(bare, lit, dst=bare, scale=1 / _UNLIT)
            _blend(part, bare, cv2.blur(arm, (size, size)), 1.0)
        cv2.multiply(cloth, lit, dst=cloth, scale=1 / _UNLIT)
        _blend(part, cloth, mask, 1 - material.sheer)

    def _darken(self, field: np.ndarray, depth: float, corner: tuple[int, int]) -> None:
        """Darken a part of the picture by a field at reduced size, 0 to 255."""
        left, top, w, h = cv2.boundingRect(field)
        if not (w and self.lit):
            return
        # with what is interpolated between the darkened pixels and the others
        left, top, right, low = max(0, left - 1), max(0, top - 1), left + w + 1, top + h + 1
        field = field[top:low, left:right]
        dim = cv2.convertScaleAbs(field, alpha=-depth, beta=255)
        (h, w), x, y = field.shape, corner[0] + left, corner[1] + top
        part = self.canvas[y * LOW : (y + h) * LOW, x * LOW : (x + w) * LOW]
        dim = cv2.resize(dim, (w * LOW, h * LOW))[: part.shape[0], : part.shape[1]]
        cv2.multiply(part, cv2.merge([dim] * 3), dst=part, scale=1 / 255)

    def _low_mask(self, pieces: list[Painted]) -> tuple[np.ndarray, tuple[int, int]]:
        """All of some layers within the image, at reduced size, and the mask's corner."""
        height, width = self.canvas.shape[0] // LOW + 1, self.canvas.shape[1] // LOW + 1
        polygons = [polygon for piece in pieces for polygon in piece.polygons]
        x, y, w, h = cv2.boundingRect(np.concatenate(polygons) // (16 * LOW))
        x1, y1 = min(width - 2, max(0, x - 3)), min(height - 2, max(0, y - 3))
        x2, y2 = max(x1 + 2, min(width, x + w + 4)), max(y1 + 2, min(height, y + h + 4))
        mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
        shift = np.array((x1 * 16 + 6, y1 * 16 + 6), np.int32)
        for polygon in polygons:
            cv2.fillPoly(mask, [polygon // LOW - shift], 255, cv2.LINE_AA, 4)
        return mask, (x1, y1)

    def _round(self, piece: Painted, material: Material, low: np.ndarray) -> np.ndarray:
        """The layer's shade as a rounded body."""
        grain = piece.layer.grain / (abs(piece.layer.grain) or 1.0)
        mask = low.astype(np.float32) * (1 / 255)
        points = np.concatenate(piece.polygons) @ (grain.real, grain.imag) * (1 / 16 / LOW)
        length = min(float(points.max() - points.min()), max(mask.shape) * 1.0)
        half = 0.5 * float(mask.sum()) / max(1.0, length)
        limb = piece.layer.name.startswith(("bare", "hand", "torso"))
        along = 0.12 if limb else 0.3 if material.relief > 0 else 0.5
        lit = shade(mask, self.light, grain / 1j, half, along)
        if material.worn:  # rubbed pale where it bulges
            inner = cv2.blur(mask, (2 * int(half) + 1,) * 2)
            lit += material.worn * cv2.multiply(inner, inner)
        return lit

    def _hip_shade(
        self, piece: Painted, corner: tuple[int, int], shape: tuple[int, ...]
    ) -> np.ndarray:
        """The shade of yoke and legs as one body, so that no seam shows between them."""
        key = piece.person, piece.owner
        if key not in self._hips:
            kin = [p for p in self.painted if (p.person, p.owner) == key]
            yoke = next(p for p in kin if p.layer.name == "yoke")
            mask, (x, y) = self._low_mask(kin)
            half = 0.25 * float(np.ptp(yoke.polygons[0][:, 0])) / 16 / LOW
            whole = np.ones((self.canvas.shape[0] // LOW + 1, self.canvas.shape[1] // LOW + 1))
            whole = whole.astype(np.float32)
            field = mask.astype(np.float32) * (1 / 255)
            whole[y : y + mask.shape[0], x : x + mask.shape[1]] = shade(
                field, self.light, 1.0 + 0j, half, 0.0
            )
            self._hips[key] = whole
        x, y = corner
        return self._hips[key][y : y + shape[0], x : x + shape[1]]

    def _lit(
        self,
        piece: Painted,
        material: Material,
        low: np.ndarray,
        corner: tuple[int, int],
        window: Window,
        s: Stream,
    ) -> np.ndarray:
        """(h, w, 3) uint8 at half size: what the colours of a layer are multiplied by."""
        x1, y1, x2, y2 = window
        half = (max(1, (x2 - x1) // 2), max(1, (y2 - y1) // 2))
        round_ = self._round(piece, material, low)
        part = piece.layer.name.partition("_")[0]
        if part in ("yoke", "leg") and piece.owner >= 0:
            hips = self._hip_shade(piece, corner, low.shape)
            ramp = np.clip(np.linspace(-0.2, 3.0, low.shape[0], dtype=np.float32), 0, 1)
            weight = ramp[:, None] if part == "leg" else np.float32(0)
            round_ = hips + (round_ - hips) * weight
        x, y = x1 / LOW - corner[0], y1 / LOW - corner[1]
        matrix = np.array([[2 / LOW, 0, x], [0, 2 / LOW, y]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        lit = cv2.warpAffine(round_, matrix, half, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        if material.relief > 0 and piece.owner >= 0:
            lit += self._folds(piece, material, half[::-1], complex(x1, y1), s)
        if piece.owner >= 0 and piece.layer.order < FAR_PANEL + 5:
            lit *= 0.62  # the inside of the far panel lies in shadow
        return _tinted(lit, material.warm)

    def _folds(
        self,
        piece: Painted,
        material: Material,
        shape: tuple[int, int],
        corner: complex,
        s: Stream,
    ) -> np.ndarray:
        """Creases where the body makes them, and the cloth's own unevenness."""
        garment = piece.scene.people[piece.person].garments[piece.owner]
        frame = piece.scene.frame
        points = {name: (a.point - frame.origin) * frame.zoom
                  for name, a in garment.anchors.items()}  # fmt: skip
        strokes = creases(piece.layer.name, points, s)
        worn = piece.scene.attributes["presentation"] == "worn"
        if not worn:
            strokes = strokes[::3]  # there is no body to pull at it
        strength = material.relief * (0.6 + 0.7 * (1 - self.light.ambient))
        way = self.light.side / abs(self.light.side)
        scale = 2 * 256 / max(60.0, 0.55 * piece.scene.unit)
        kind = "folds" if s.chance(material.flow) else "crumple"
        field = drift(kind, shape, piece.layer.grain, scale, s)
        field += drift("wrinkles", shape, piece.layer.grain, s.uniform(0.7, 1.6) * scale, s)
        # uneven along their length too: no crease is as smooth as it is drawn
        pulled = relief(shape, strokes, corner, way) * (1 + 0.35 * field)
        lit = strength * (0.55 * pulled + 0.04 * field)
        if worn and material.swell:
            lit += material.swell * swell(shape, bulges(piece.layer.name, points), corner, way)
        return lit


def _blend(part: np.ndarray, other: np.ndarray, mask: np.ndarray, amount: float) -> None:
    weight = mask.astype(np.float32) * (amount / 255)
    cv2.blendLinear(other, part, weight, 1 - weight, dst=part)


def _tinted(lit: np.ndarray, warm: float) -> np.ndarray:
    """Three channels of shade; with `warm`, dark parts turn redder."""
    level = cv2.convertScaleAbs(np.maximum(lit, 0.08), alpha=_UNLIT)
    if not warm:
        return cv2.merge([level] * 3)
    # red falls off least; above the unlit level all channels agree
    red, blue = (cv2.convertScaleAbs(level, alpha=1 - k, beta=k * _UNLIT) for k in (0.15, -0.07))
    return cv2.merge([red, level, blue])
