"""What can be seen of a scene: the identity map, visibility, the box and the rivals."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, pairwise

import cv2
import numpy as np

from ffld.render.geometry.pieces import Anchor, Garment, Layer
from ffld.render.geometry.raster import UNIT, fill, identity_map
from ffld.render.geometry.stream import Stream, Streams
from ffld.render.geometry.view import Frame
from ffld.render.mix import Mix
from ffld.render.scene.scene import Scene, draw_scene
from ffld.schema import LandmarkSchema, Visibility

Convert = Callable[[Garment], Mapping[str, Anchor]]

MIN_BOX, MIN_VISIBLE = 32, 3
BOX_ROOM, BOX_JITTER = 0.026, 0.014  # sides lie this far out, as fractions, give or take
ATTEMPTS = 40

_WINDOW, _ENOUGH = 2, 2  # visible: at least 2 own pixels within 2 pixels of the landmark
_FAR = 8192  # pixels
_VISIBLE, _OCCLUDED = int(Visibility.VISIBLE), int(Visibility.OCCLUDED)


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


@dataclass(frozen=True)
class TargetMap:
    """Where the annotated garment is on top, in the rectangle of the image that it reaches.

    Attributes:
        ids: (h, w) uint8, its layer at each pixel; 0 where something else is on top.
        left, top: of the rectangle, pixels.
        names: the number of each layer by its name.
    """

    ids: np.ndarray
    left: int
    top: int
    names: Mapping[str, int]

    def extent(self) -> tuple[int, int, int, int] | None:
        """x1, y1, x2, y2 in the image of what can be seen of the garment, if there is anything."""
        x, y, w, h = cv2.boundingRect(self.ids)
        x, y = x + self.left, y + self.top
        return (x, y, x + w, y + h) if w else None

    def shows(self, pixel: complex, anchor: Anchor) -> bool:
        """Whether the garment shows at a landmark, with a layer that the landmark is on."""
        x, y = int(pixel.real) - self.left, int(pixel.imag) - self.top
        rows = slice(max(0, y - _WINDOW), max(0, y + _WINDOW + 1))
        window = self.ids[rows, max(0, x - _WINDOW) : max(0, x + _WINDOW + 1)].tobytes()
        own = bytes([self.names[part] for part in anchor.parts if part in self.names])
        return len(window) - len(window.translate(None, own)) >= _ENOUGH


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
    corners = np.ascontiguousarray((_corners(scene, outlines) * UNIT).T, np.int32)
    stops = accumulate(map(len, outlines), initial=0)
    return [corners[start:stop] for start, stop in pairwise(stops)]


def _corners(scene: Scene, outlines: list[list[complex]]) -> np.ndarray:
    """(2, n) x and y of all vertices in pixels, 0 at the centre of the first one."""
    frame = scene.frame
    points = np.fromiter(chain.from_iterable(outlines), np.complex128)
    points -= frame.origin
    corners = np.ascontiguousarray(points.view(np.float64).reshape(-1, 2).T)
    corners *= frame.zoom * UNIT
    corners += 0.5
    np.floor(corners, out=corners)
    corners *= 1 / UNIT
    corners -= 0.5
    return np.minimum(np.maximum(corners, -_FAR), _FAR)


def painted_map(scene: Scene, painted: list[Painted]) -> np.ndarray:
    """(H, W) uint8: 1 + number of the topmost layer at each pixel, 0 for the background."""
    corners = [polygon for piece in painted for polygon in piece.polygons]
    values = [number + 1 for number, piece in enumerate(painted) for _ in piece.polygons]
    return identity_map(corners, values, scene.frame.width, scene.frame.height)


def target_map(scene: Scene) -> TargetMap:
    """Where the annotated garment is on top, and with which of its layers.

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
    corners, sizes = _corners(scene, outlines), np.array([len(outline) for outline in outlines])
    reach = corners[:, (np.array(values) > 0).repeat(sizes)]
    left, top = (max(0, math.floor(v)) for v in reach.min(1).tolist())
    right, bottom = (math.floor(v) + 1 for v in reach.max(1).tolist())
    right, bottom = min(right, scene.frame.width), min(bottom, scene.frame.height)
    if left >= right or top >= bottom:  # it lies beside the image
        return TargetMap(np.zeros((1, 1), np.uint8), 0, 0, names)
    corners -= [[left], [top]]
    ids = fill(corners, sizes, values, right - left, bottom - top)
    return TargetMap(ids, left, top, names)


def _measure(
    scene: Scene, jitter: Stream, convert: Convert, schema: LandmarkSchema
) -> Labels | None:
    anchors = convert(scene.garment)
    pixels = _in_image(anchors, scene.frame)
    if sum(anchors[name].facing for name in pixels) < MIN_VISIBLE:  # whatever lies before it
        return None
    target = target_map(scene)
    extent = target.extent()
    if extent is None or min(extent[2] - extent[0], extent[3] - extent[1]) < MIN_BOX:
        return None
    seen = {name: anchors[name].facing and target.shows(pixel, anchors[name])
            for name, pixel in pixels.items()}  # fmt: skip
    if sum(seen.values()) < MIN_VISIBLE:
        return None
    visibility = np.full(len(schema), int(Visibility.ABSENT), np.uint8)
    for name, visible in seen.items():
        visibility[schema.index(name)] = _VISIBLE if visible else _OCCLUDED
    box = _jittered(_around(extent, pixels.values()), scene, jitter)
    rivals = _rivals(scene, convert, schema, box)
    return Labels(scene, np.array(box), _slots(pixels, schema), visibility, rivals)


def _in_image(anchors: Mapping[str, Anchor], frame: Frame) -> dict[str, complex]:
    """Pixel coordinates of the landmarks that lie in the image."""
    pixels = {name: frame.pixel(anchor.point) for name, anchor in anchors.items()}
    return {name: pixel for name, pixel in pixels.items() if frame.contains(pixel)}


def _slots(pixels: Mapping[str, complex], schema: LandmarkSchema) -> np.ndarray:
    """(K, 2), NaN where a landmark isn't in the image."""
    slots = [complex(math.nan, math.nan)] * len(schema)
    for name, pixel in pixels.items():
        slots[schema.index(name)] = pixel
    return np.array(slots).view(np.float64).reshape(-1, 2)


def _around(extent: tuple[int, int, int, int], known: Collection[complex]) -> tuple[float, ...]:
    """The visible extent let out to the landmarks: annotators' boxes hold the hidden ones too."""
    x1, y1, x2, y2 = extent
    xs, ys = [pixel.real for pixel in known], [pixel.imag for pixel in known]
    return min(x1, *xs), min(y1, *ys), max(x2, *xs), max(y2, *ys)


def _jittered(extent: tuple[float, ...], scene: Scene, s: Stream) -> list[float]:
    """An extent with its sides moved out by some 3 %, as those of annotators' boxes are."""
    x1, y1, x2, y2 = extent
    w, h = x2 - x1, y2 - y1
    out = [s.normal(BOX_ROOM, BOX_JITTER) for _ in range(4)]
    sides = [x1 - out[0] * w, y1 - out[1] * h, x2 + out[2] * w, y2 + out[3] * h]
    limits = (scene.frame.width, scene.frame.height) * 2
    return [float(min(limit, max(0, round(side))))
            for side, limit in zip(sides, limits, strict=True)]  # fmt: skip


def _rivals(
    scene: Scene, convert: Convert, schema: LandmarkSchema, box: Sequence[float]
) -> np.ndarray:
    """(R, K, 2): landmarks in the image of the other garments that reach into the box."""
    found = []
    x1, y1, x2, y2 = box
    for number, person in enumerate(scene.people):
        for owner, garment in enumerate(person.garments):
            if (number, owner) != scene.target:
                pixels = _in_image(convert(garment), scene.frame)
                if any(x1 <= p.real <= x2 and y1 <= p.imag <= y2 for p in pixels.values()):
                    found.append(_slots(pixels, schema))
    return np.array(found).reshape(-1, len(schema), 2)
