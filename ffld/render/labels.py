"""What can be seen of a scene: the identity map, visibility, the box and the rivals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, pairwise

import cv2
import numpy as np

from ffld.render.geometry.pieces import Anchor, Garment, Layer
from ffld.render.geometry.raster import UNIT, identity_map
from ffld.render.geometry.stream import Stream, Streams
from ffld.render.mix import Mix
from ffld.render.scene.scene import Scene, draw_scene
from ffld.schema import LandmarkSchema, Visibility

Convert = Callable[[Garment], Mapping[str, Anchor]]

MIN_BOX, MIN_VISIBLE = 32, 3
BOX_ROOM, BOX_JITTER = 0.026, 0.014  # sides lie this far out, as fractions, give or take
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
    box: np.ndarray
    xy: np.ndarray
    visibility: np.ndarray
    rivals: np.ndarray

    @cached_property
    def painted(self) -> list[Painted]:
        """All layers of the scene in pixels, back to front."""
        return paint_order(self.scene)


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
    pieces = _pieces(scene)
    outlines = [outline for layer, _, _ in pieces for outline in (layer.outline, *layer.patches)]
    corners = iter(polygons(scene, outlines))
    return [
        Painted(*piece, [next(corners) for _ in range(1 + len(piece[0].patches))], scene)
        for piece in pieces
    ]


def _pieces(scene: Scene, first: int = 0) -> list[tuple[Layer, int, int]]:
    """Layer, person and owner of what is painted, back to front, from the `first` person on."""
    pieces = [
        (layer, number, owner)
        for number, person in enumerate(scene.people[first:], first)
        for owner, layer in person.layers
    ]
    return pieces + [(layer, -1, -1) for layer in scene.foreground]


def polygons(scene: Scene, outlines: list[list[complex]]) -> list[np.ndarray]:
    """(n, 2) int32 vertices of each outline, as `Frame.pixel` rounds them; far ones are clamped."""
    corners = _corners(scene, outlines)
    stops = accumulate(map(len, outlines), initial=0)
    return [corners[start:stop] for start, stop in pairwise(stops)]


def _corners(scene: Scene, outlines: list[list[complex]]) -> np.ndarray:
    frame, limit = scene.frame, UNIT * 8192
    points = np.array(list(chain.from_iterable(outlines)), np.complex128)
    points = (points - frame.origin).view(np.float64).reshape(-1, 2)
    corners = np.floor(points * frame.zoom * UNIT + 0.5) - UNIT // 2
    return np.clip(corners, -limit, limit).astype(np.int32)


def painted_map(scene: Scene, painted: list[Painted]) -> np.ndarray:
    """(H, W) uint8: 1 + number of the topmost layer at each pixel, 0 for the background."""
    corners = [polygon for piece in painted for polygon in piece.polygons]
    values = [number + 1 for number, piece in enumerate(painted) for _ in piece.polygons]
    return identity_map(corners, values, scene.frame.width, scene.frame.height)


def _measure(
    scene: Scene, jitter: Stream, convert: Convert, schema: LandmarkSchema
) -> Labels | None:
    ids, names = target_map(scene)
    extent = _extent(ids)
    if extent is None or min(extent[2] - extent[0], extent[3] - extent[1]) < MIN_BOX:
        return None
    xy = np.full((len(schema), 2), np.nan)
    visibility = np.full(len(schema), int(Visibility.ABSENT), np.uint8)
    visible = 0
    for name, anchor in convert(scene.garment).items():
        pixel = scene.frame.pixel(anchor.point)
        if scene.frame.contains(pixel):
            xy[schema.index(name)] = pixel.real, pixel.imag
            seen = anchor.facing and _shows(ids, pixel, anchor, names)
            visibility[schema.index(name)] = Visibility.VISIBLE if seen else Visibility.OCCLUDED
            visible += seen
    if visible < MIN_VISIBLE:
        return None
    box = _jittered(_around(extent, xy), scene, jitter)
    rivals = _rivals(scene, convert, schema, box)
    return Labels(scene, box, xy, visibility, rivals)


def target_map(scene: Scene) -> tuple[np.ndarray, dict[str, int]]:
    """(H, W) uint8, the topmost layer where it is the target's, else 0; the values by name.

    Layers behind the target, and whatever lies beyond its reach, need not be painted for that.
    """
    pieces = _pieces(scene, scene.target[0])
    names, outlines, values = {}, [], []
    for layer, person, owner in pieces:
        own = (person, owner) == scene.target
        if own:
            names.setdefault(layer.name, len(names) + 1)
        if names:
            outlines += layer.outline, *layer.patches
            values += [names[layer.name] if own else 0] * (1 + len(layer.patches))
    corners = _corners(scene, outlines)
    starts = list(accumulate(map(len, outlines), initial=0))
    low = np.minimum.reduceat(corners, starts[:-1])
    high = np.maximum.reduceat(corners, starts[:-1])
    target = np.flatnonzero(values)
    left, top = (max(0, v // UNIT) for v in low[target].min(0).tolist())
    right, bottom = (v // UNIT + 1 for v in high[target].max(0).tolist())
    right, bottom = min(right, scene.frame.width), min(bottom, scene.frame.height)
    ids = np.zeros((scene.frame.height, scene.frame.width), np.uint8)
    if left < right and top < bottom:
        corner = np.array((left, top), np.int32) * UNIT
        ends = np.array((right, bottom), np.int32) * UNIT
        reaching = np.flatnonzero(((high >= corner) & (low < ends)).all(1)).tolist()
        corners -= corner
        shapes = [corners[starts[i] : starts[i + 1]] for i in reaching]
        inks = [values[i] for i in reaching]
        ids[top:bottom, left:right] = identity_map(shapes, inks, right - left, bottom - top)
    return ids, names


def _extent(ids: np.ndarray) -> tuple[int, int, int, int] | None:
    x, y, w, h = cv2.boundingRect(ids)
    return (x, y, x + w, y + h) if w else None


def _shows(ids: np.ndarray, pixel: complex, anchor: Anchor, names: dict[str, int]) -> bool:
    x, y = int(pixel.real), int(pixel.imag)
    window = ids[max(0, y - _WINDOW) : y + _WINDOW + 1, max(0, x - _WINDOW) : x + _WINDOW + 1]
    own = bytes(names[part] for part in anchor.parts if part in names)
    pixels = window.tobytes()
    return len(pixels) - len(pixels.translate(None, own)) >= _ENOUGH


def _around(extent: tuple[int, int, int, int], xy: np.ndarray) -> tuple[float, ...]:
    """The visible extent let out to the landmarks: annotators' boxes hold the hidden ones too."""
    known = xy[np.isfinite(xy[:, 0])]
    low, high = known.min(0).tolist(), known.max(0).tolist()
    x1, y1, x2, y2 = extent
    return min(x1, low[0]), min(y1, low[1]), max(x2, high[0]), max(y2, high[1])


def _jittered(extent: tuple[float, ...], scene: Scene, s: Stream) -> np.ndarray:
    """An extent with its sides moved out by some 3 %, as those of annotators' boxes are."""
    x1, y1, x2, y2 = extent
    w, h = x2 - x1, y2 - y1
    out = [s.normal(BOX_ROOM, BOX_JITTER) for _ in range(4)]
    sides = [x1 - out[0] * w, y1 - out[1] * h, x2 + out[2] * w, y2 + out[3] * h]
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
