"""What can be seen of a scene: the identity map, visibility, the box and the rivals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from ffld.render.pieces import Anchor, Garment, Layer
from ffld.render.raster import UNIT, identity_map
from ffld.render.scene import Mix, Scene, draw_scene
from ffld.render.stream import Stream, Streams
from ffld.schema import LandmarkSchema, Visibility

Convert = Callable[[Garment], Mapping[str, Anchor]]

MIN_BOX, MIN_VISIBLE = 32, 3  # visible landmarks; half of them where a garment has fewer than 6
BOX_ROOM, BOX_JITTER = 0.012, 0.014  # sides lie this far out, as fractions, give or take
ATTEMPTS = 40

_WINDOW, _ENOUGH = 2, 2  # visible: at least 2 own pixels within 2 pixels of the landmark


@dataclass(frozen=True)
class Painted:
    """A layer as it lies in the image.

    Attributes:
        person: number of the person, -1 for the foreground.
        owner: number of the person's garment, -1 for body and things.
        polygons: (n, 2) int32 each, vertices in 1/16 pixel, 0 at the centre of the first pixel;
            the outline first, then the patches.
    """

    layer: Layer
    person: int
    owner: int
    polygons: list[np.ndarray]
    scene: Scene

    @property
    def marks(self) -> list[np.ndarray]:
        """The layer's marks in the same coordinates as `polygons`."""
        return polygons(self.scene, [mark.path for mark in self.layer.marks])


@dataclass(frozen=True)
class Labels:
    """The annotation of one sample; shapes as in `ffld.Sample`, rivals (R, K, 2)."""

    scene: Scene
    painted: list[Painted]
    box: np.ndarray
    xy: np.ndarray
    visibility: np.ndarray
    rivals: np.ndarray


def label(mix: Mix, streams: Streams, convert: Convert, schema: LandmarkSchema) -> Labels:
    """The first attempt whose garment has a large enough box and enough visible landmarks.

    Args:
        convert: garment -> its landmarks as {name of `schema`: Anchor}.

    Raises:
        RuntimeError: no attempt came out usable, which no mix of this project does.
    """
    jitter = streams.stream("box")
    for attempt in range(ATTEMPTS):
        scene = draw_scene(mix, streams, attempt)
        labels = _measure(scene, jitter, convert, schema)
        if labels is not None:
            return labels
    raise RuntimeError(f"no usable scene in {ATTEMPTS} attempts")


def paint_order(scene: Scene) -> list[Painted]:
    """All layers of a scene in pixels, back to front."""
    pieces = [
        (layer, number, owner)
        for number, person in enumerate(scene.people)
        for owner, layer in person.layers
    ]
    pieces += [(layer, -1, -1) for layer in scene.foreground]
    outlines = [outline for layer, _, _ in pieces for outline in (layer.outline, *layer.patches)]
    corners = iter(polygons(scene, outlines))
    return [
        Painted(*piece, [next(corners) for _ in range(1 + len(piece[0].patches))], scene)
        for piece in pieces
    ]


def polygons(scene: Scene, outlines: list[list[complex]]) -> list[np.ndarray]:
    """(n, 2) int32 vertices of each outline, as `Frame.pixel` rounds them; far ones are clamped."""
    if not outlines:
        return []
    frame, limit = scene.frame, UNIT * 8192
    points = np.array([point for outline in outlines for point in outline])
    corners = np.empty((len(points), 2), np.int32)
    for axis, part in enumerate((points.real - frame.origin.real, points.imag - frame.origin.imag)):
        corners[:, axis] = np.clip(
            np.floor(part * frame.zoom * UNIT + 0.5) - UNIT // 2, -limit, limit
        )
    return np.split(corners, np.cumsum([len(outline) for outline in outlines])[:-1])


def painted_map(scene: Scene, painted: list[Painted]) -> np.ndarray:
    """(H, W) uint8: 1 + number of the topmost layer at each pixel, 0 for the background."""
    corners = [polygon for piece in painted for polygon in piece.polygons]
    values = [number + 1 for number, piece in enumerate(painted) for _ in piece.polygons]
    return identity_map(corners, values, scene.frame.width, scene.frame.height)


def _measure(
    scene: Scene, jitter: Stream, convert: Convert, schema: LandmarkSchema
) -> Labels | None:
    painted = paint_order(scene)
    ids = painted_map(scene, painted)
    person, owner = scene.target
    names = {
        piece.layer.name: number + 1
        for number, piece in enumerate(painted)
        if (piece.person, piece.owner) == (person, owner)
    }
    extent = _extent(ids, list(names.values()))
    if extent is None or min(extent[2] - extent[0], extent[3] - extent[1]) < MIN_BOX:
        return None
    xy = np.full((len(schema), 2), np.nan)
    visibility = np.full(len(schema), Visibility.ABSENT, np.uint8)
    anchors = convert(scene.garment)
    for name, anchor in anchors.items():
        pixel = scene.frame.pixel(anchor.point)
        if scene.frame.contains(pixel):
            xy[schema.index(name)] = pixel.real, pixel.imag
            seen = anchor.facing and _shows(ids, pixel, anchor, names)
            visibility[schema.index(name)] = Visibility.VISIBLE if seen else Visibility.OCCLUDED
    seen = visibility == Visibility.VISIBLE
    if seen.sum() < min(MIN_VISIBLE, len(anchors) // 2):
        return None
    box = _jittered(extent, xy[seen], scene, jitter)
    rivals = _rivals(scene, convert, schema, box)
    return Labels(scene, painted, box, xy, visibility, rivals)


def _extent(ids: np.ndarray, own: list[int]) -> tuple[int, int, int, int] | None:
    mine = np.zeros(256, np.uint8)
    mine[own] = 1
    mask = cv2.LUT(ids, mine)
    x, y, w, h = cv2.boundingRect(mask)
    return (x, y, x + w, y + h) if w else None


def _shows(ids: np.ndarray, pixel: complex, anchor: Anchor, names: dict[str, int]) -> bool:
    x, y = int(pixel.real), int(pixel.imag)
    window = ids[max(0, y - _WINDOW) : y + _WINDOW + 1, max(0, x - _WINDOW) : x + _WINDOW + 1]
    own = {names[part] for part in anchor.parts if part in names}
    return sum(value in own for value in window.ravel().tolist()) >= _ENOUGH


def _jittered(
    extent: tuple[int, int, int, int], visible: np.ndarray, scene: Scene, s: Stream
) -> np.ndarray:
    """The visible extent with its sides moved by some 2 %, mostly out, as in annotators' boxes.

    Like theirs it leaves no visible landmark out.
    """
    x1, y1, x2, y2 = extent
    w, h = x2 - x1, y2 - y1
    out = [s.normal(BOX_ROOM, BOX_JITTER) for _ in range(4)]
    left, top = np.floor(visible.min(0)).tolist()
    right, bottom = np.ceil(visible.max(0)).tolist()
    sides = [min(left, x1 - out[0] * w), min(top, y1 - out[1] * h),
             max(right, x2 + out[2] * w), max(bottom, y2 + out[3] * h)]  # fmt: skip
    limits = (scene.frame.width, scene.frame.height) * 2
    return np.array([min(limit, max(0, round(v))) for v, limit in zip(sides, limits, strict=True)],
                    np.float64)  # fmt: skip


def _rivals(scene: Scene, convert: Convert, schema: LandmarkSchema, box: np.ndarray) -> np.ndarray:
    """(R, K, 2): landmarks in the image of the other garments that reach into the box."""
    found = []
    for number, person in enumerate(scene.people):
        for owner, garment in enumerate(person.garments):
            if (number, owner) == scene.target:
                continue
            xy = np.full((len(schema), 2), np.nan)
            for name, anchor in convert(garment).items():
                pixel = scene.frame.pixel(anchor.point)
                if scene.frame.contains(pixel):
                    xy[schema.index(name)] = pixel.real, pixel.imag
            inside = (xy >= box[:2]).all(1) & (xy <= box[2:]).all(1)
            if inside.any():
                found.append(xy)
    return np.array(found).reshape(-1, len(schema), 2)
