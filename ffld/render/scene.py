"""The geometry of one image: people, what stands in the way, and the frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ffld.render.body import Look
from ffld.render.cut import TROUSERS
from ffld.render.measure import scatter
from ffld.render.outline import ellipse, smooth
from ffld.render.person import Person, draw_outfit, draw_posture, dress, flat_posture
from ffld.render.pieces import Garment, Layer
from ffld.render.stream import Stream, Streams
from ffld.render.view import Frame, View


@dataclass(frozen=True)
class Mix:
    """What an edition shows, and how often; every value is a probability or a weight.

    Attributes:
        types: weight of each FFLD garment type.
        consumer: share of consumer-style images; the rest is shop style.
        viewpoints: by style, weights of "front", "side" and "back" for people.
        calm: by style, share of people who stand up straight to be photographed.
        flat: share of garments laid flat or hung up, by style.
        zoom: by style, weights of (least, most) part of the frame that the garment takes up.
        cut_below: by style, share of images that end above the garment's lower edge.
        loose_hair: probability that long hair falls before a shoulder, and hides the collar.
        company: mean number of further people in consumer images.
        clutter: probability of something in front of a consumer image's garment.
        long_side: longest image sides in pixels, equally likely.
    """

    types: Mapping[str, float]
    consumer: float
    viewpoints: Mapping[str, Mapping[str, float]]
    calm: Mapping[str, float]
    flat: Mapping[str, float]
    zoom: Mapping[str, Mapping[tuple[float, float], float]]
    cut_below: Mapping[str, float]
    loose_hair: float
    company: float
    clutter: float
    long_side: tuple[int, ...]


@dataclass(frozen=True)
class Scene:
    """Everything labels depend on.

    Attributes:
        unit: pixels of a body height at the annotated garment.
        people: back to front.
        target: number of the person and of the garment that is annotated.
        foreground: layers before everybody.
        attributes: style, viewpoint, presentation.
    """

    frame: Frame
    unit: float
    people: list[Person]
    target: tuple[int, int]
    foreground: list[Layer]
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def garment(self) -> Garment:
        """The annotated garment."""
        person, number = self.target
        return self.people[person].garments[number]


def draw_scene(mix: Mix, streams: Streams, attempt: int = 0) -> Scene:
    """The scene of a sample; a further attempt draws anew what did not come out usable."""
    subject = streams.stream("subject")  # not drawn anew, or hard subjects would become rare
    garment_type = subject.weighted(mix.types)
    style = "consumer" if subject.chance(mix.consumer) else "shop"
    flat = subject.chance(mix.flat[style])
    s = streams.stream(f"scene {attempt}")
    geometry = streams.stream(f"geometry {attempt}")
    if flat:
        return _laid_out(mix, garment_type, style, s, geometry)
    return _worn(mix, garment_type, style, s, geometry)


def _laid_out(mix: Mix, garment_type: str, style: str, s: Stream, g: Stream) -> Scene:
    view = View(distance=6.0, height=0.6, pitch=0.0, roll=s.normal(0.0, 0.12))
    hung = s.chance(0.35)
    person = dress([garment_type], flat_posture(g), view, None, g)
    layers = [layer for _, layer in person.layers]
    frame = _frame(mix, style, layers, layers, s)
    attributes = {"style": style, "viewpoint": "none", "presentation": "hung" if hung else "flat"}
    foreground = _clutter(frame, s) if s.chance(0.5 * mix.clutter) else []
    return Scene(frame, _unit(view, frame), [person], (0, 0), foreground, attributes)


def _worn(mix: Mix, garment_type: str, style: str, s: Stream, g: Stream) -> Scene:
    viewpoint = s.weighted(mix.viewpoints[style])
    view = _camera(style, s)
    outfit = draw_outfit(garment_type, s.chance(0.03), s)
    look = Look.draw(s, 0.12 if style == "shop" else 0.02, mix.loose_hair)
    tuck = 0.80 if garment_type == "skirt" else 0.65 if garment_type in TROUSERS else 0.12
    posture = draw_posture(viewpoint, g.chance(mix.calm[style]), g)
    main = dress(outfit, posture, view, look, g, tuck)
    number = outfit.index(garment_type)
    behind, before = [], []
    count = 0
    while style == "consumer" and count < 3 and s.chance(mix.company / (1 + count)):
        count += 1
        near = s.chance(0.25)
        (before if near else behind).append(_passer_by(view, near, s, g))
    target_layers = [layer for owner, layer in main.layers if owner == number]
    frame = _frame(mix, style, target_layers, [layer for _, layer in main.layers], s)
    foreground = _clutter(frame, s) if style == "consumer" and s.chance(mix.clutter) else []
    attributes = {"style": style, "viewpoint": viewpoint, "presentation": "worn"}
    people = [*behind, main, *before]
    return Scene(frame, _unit(view, frame), people, (len(behind), number), foreground, attributes)


def _unit(view: View, frame: Frame) -> float:
    return frame.zoom * view.scale((0.0, 0.6, 0.0))


def _camera(style: str, s: Stream) -> View:
    if style == "shop":
        distance, height = s.uniform(2.8, 6.0), s.uniform(0.45, 0.75)
        return View(
            distance,
            height,
            s.normal(0.0, 0.03),
            scatter(s, 0.013) if s.chance(0.8) else s.normal(0.0, 0.18),
        )
    if s.chance(0.16):  # held at arm's length, from above
        distance, height = s.uniform(0.55, 0.95), s.uniform(0.85, 1.15)
    else:
        distance, height = s.uniform(1.1, 3.8), s.uniform(0.35, 1.05)
    down = math.atan2(height - s.uniform(0.45, 0.72), distance) * s.uniform(0.6, 1.1)
    return View(distance, height, down, s.normal(0.0, 0.09))


def _passer_by(view: View, near: bool, s: Stream, g: Stream) -> Person:
    """Somebody else: usually behind and to a side, sometimes before the target."""
    if near:
        place = (s.sign() * s.uniform(0.20, 0.45), 0.0, min(0.3, 0.15 * view.distance))
    else:
        place = (s.sign() * s.uniform(0.12, 0.75), 0.0, -s.uniform(0.08, 1.6))
    kind = s.pick(("short_sleeve_top", "long_sleeve_top", "trousers", "skirt", "vest_dress",
                   "short_sleeve_dress", "long_sleeve_outwear"))  # fmt: skip
    viewpoint = s.weighted({"front": 3, "side": 2, "back": 2})
    look = Look.draw(s, headless=0.0, loose=0.5)
    posture = draw_posture(viewpoint, g.chance(0.4), g, place)
    return dress(draw_outfit(kind, False, s), posture, view, look, g)


def _extent(layers: list[Layer]) -> tuple[float, float, float, float]:
    xs = [p.real for layer in layers for p in layer.outline]
    ys = [p.imag for layer in layers for p in layer.outline]
    return min(xs), min(ys), max(xs), max(ys)


def _frame(mix: Mix, style: str, target: list[Layer], everything: list[Layer], s: Stream) -> Frame:
    """Frame the garment, or the whole person, to a drawn part of the image."""
    aspect = s.weighted({0.75: 5, 1.0: 2.5, 0.667: 2, 0.5625: 1, 1.333: 0.8})
    side = s.pick(mix.long_side)
    width = side if aspect >= 1 else round(side * aspect)
    height = side if aspect <= 1 else round(side / aspect)
    low, high = s.weighted(mix.zoom[style])
    part = low * (high / low) ** s.unit()
    x1, y1, x2, y2 = _extent(target)
    zoom = part * min(width / (x2 - x1), height / (y2 - y1))
    px1, py1, px2, py2 = _extent(everything)
    whole = 0.95 * min(width / (px2 - px1), height / (py2 - py1))
    if s.chance(0.2):
        zoom = max(zoom, whole * s.uniform(0.7, 1.0))
    if s.chance(mix.cut_below[style]):
        shown = s.uniform(0.55, 0.98) * (y2 - y1)
        zoom = max(part * width / (x2 - x1), height / (4 * shown))
        zoom = min(zoom, 0.97 * height / shown)
        dx = (width / zoom - (x2 - x1)) * (0.5 + s.normal(0.0, 0.16))
        return Frame(width, height, zoom, complex(x1 - dx, y1 + shown - height / zoom))
    loose_x = width / zoom - (x2 - x1)
    loose_y = height / zoom - (y2 - y1)
    dx = loose_x * (0.5 + s.normal(0.0, 0.16))
    dy = loose_y * (0.5 + s.normal(0.0, 0.16))
    return Frame(width, height, zoom, complex(x1 - dx, y1 - dy))


def _clutter(frame: Frame, s: Stream) -> list[Layer]:
    """Something between camera and garment, in from an edge: a plant, a table, a finger, a pole."""
    w, h = frame.width / frame.zoom, frame.height / frame.zoom
    kind = s.weighted({"table": 2, "blob": 3, "pole": 1.5, "leaf": 2})
    if kind == "table":
        top = frame.origin + complex(0, h * s.uniform(0.72, 0.95))
        tilt = complex(0, h * s.normal(0.0, 0.03))
        outline = [top - w, top + tilt + 2 * w, top + complex(2 * w, h), top + complex(-w, h)]
        return [Layer("table", "object", 0.0, outline)]
    if kind == "pole":
        x = w * s.unit()
        thick = w * s.uniform(0.015, 0.05)
        lean = w * s.normal(0.0, 0.05)
        o = frame.origin
        outline = [o + x, o + x + thick, o + complex(x + thick + lean, h), o + complex(x + lean, h)]
        return [Layer("pole", "object", 0.0, outline)]
    layers = []
    for number in range(1 if kind == "blob" else 5):
        edge = complex(w * (s.unit() < 0.5), h * s.unit())
        if s.chance(0.4):
            edge = complex(w * s.unit(), h)
        centre = frame.origin + edge + complex(w * s.normal(0, 0.05), h * s.normal(0, 0.05))
        size = min(w, h) * (s.uniform(0.06, 0.20) if kind == "blob" else s.uniform(0.08, 0.16))
        turn = complex(s.normal(0, 1), s.normal(0, 1) + 0.01)
        turn /= abs(turn)
        thin = 1.0 if kind == "blob" else 0.28
        ring = ellipse(centre, size * turn, size * thin * turn * 1j * s.uniform(0.7, 1.3), 12)
        ring = smooth([*ring, ring[0]], 2)
        layers.append(Layer(f"{kind}_{number}", "leaf" if kind == "leaf" else "object", 0.0, ring))
    return layers
