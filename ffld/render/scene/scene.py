"""The geometry of one image: people, what stands in the way, and the frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ffld.render.body.body import Look
from ffld.render.garments.cut import OUTWEAR, TROUSERS
from ffld.render.geometry.pieces import Garment, Layer
from ffld.render.geometry.stream import Stream, Streams
from ffld.render.geometry.view import Frame, View
from ffld.render.mix import Mix
from ffld.render.scene.clutter import draw_clutter
from ffld.render.scene.framing import draw_camera, draw_habit, frame_alone, frame_worn
from ffld.render.scene.person import Person, draw_outfit, dress
from ffld.render.scene.posture import draw_posture, flat_posture, hide_hands

_ROUGHNESS = {"consumer": 1.0, "shop": 0.3}


@dataclass(frozen=True)
class Scene:
    """Everything labels depend on.

    Attributes:
        unit: pixels of a body height at the annotated garment.
        people: back to front.
        target: number of the person and of the garment that is annotated.
        foreground: layers before everybody.
        roughness: how much the camera does to the picture, 0 nothing.
        mix: the dials, of which some turn the picture alone.
        attributes: style, viewpoint, presentation, pose.
    """

    frame: Frame
    unit: float
    people: list[Person]
    target: tuple[int, int]
    foreground: list[Layer]
    roughness: float
    mix: Mix
    attributes: Mapping[str, str]

    @property
    def garment(self) -> Garment:
        """The annotated garment."""
        person, number = self.target
        return self.people[person].garments[number]


def draw_scene(mix: Mix, streams: Streams, attempt: int = 0) -> Scene:
    """The scene of a sample; a further attempt draws anew what did not come out usable.

    What a dial of the mix turns has a stream of its own, so that turning it leaves the rest of the
    scene as it was.
    """
    subject = streams.stream("subject")  # not drawn anew, or hard subjects would become rare
    garment_type = subject.weighted(mix.types)
    style = "consumer" if subject.chance(mix.consumer) else "shop"
    flat = subject.chance(mix.flat[style])

    def stream(name: str) -> Stream:
        return streams.stream(f"{name} {attempt}")

    scene = _laid_out if flat else _worn
    return scene(mix, garment_type, style, stream)


def _laid_out(mix: Mix, garment_type: str, style: str, stream: Callable[[str], Stream]) -> Scene:
    s, g = stream("scene"), stream("geometry")
    view = View(distance=6.0, height=0.6, pitch=0.0, roll=s.normal(0.0, 0.12))
    hung = s.chance(0.35)
    person = dress([garment_type], flat_posture(g), view, None, g, mix.worn, slim=mix.slim)
    layers = [layer for _, layer in person.layers]
    frame = frame_alone(mix, style, layers, stream("frame"))
    attributes = {
        "style": style, "viewpoint": "none", "presentation": "hung" if hung else "flat",
        "pose": person.pose,
    }  # fmt: skip
    return Scene(
        frame=frame,
        unit=_unit(view, frame),
        people=[person],
        target=(0, 0),
        foreground=_foreground(0.5 * mix.clutter, frame, stream("clutter")),
        roughness=mix.blur * _ROUGHNESS[style],
        mix=mix,
        attributes=attributes,
    )


def _worn(mix: Mix, garment_type: str, style: str, stream: Callable[[str], Stream]) -> Scene:
    s, g = stream("scene"), stream("geometry")
    viewpoint = s.weighted(mix.viewpoints[style])
    habit = draw_habit(mix, style, s)
    view = draw_camera(style, habit, stream("camera"))
    loose = min(1.0, mix.loose_hair * mix.occlusion)
    look = Look.draw(s, 0.12 if style == "shop" else 0.02, mix.long_hair, loose)
    if mix.even_hair:
        look = look.evened(mix.even_hair, stream("even hair"))
    outfit = draw_outfit(garment_type, not look.head and s.chance(0.2), s)
    coat = outfit[-1] in OUTWEAR
    if coat:
        look = look.spread_out(mix.worn.spread_hair, stream("spread hair"))
    if mix.wide_hair:
        look = look.widened(mix.wide_hair, stream("wide hair"))
    lower = garment_type in TROUSERS or garment_type == "skirt"
    p = stream("posture")
    calm = p.chance(mix.calm[style])
    posture = draw_posture(
        viewpoint, calm, p, mix.worn, habit=habit, stances=mix.stances, coat=coat
    )
    if habit == "posed" and mix.hidden_hands:
        posture = hide_hands(posture, mix.hidden_hands, stream("hidden hands"))
    tuck = 0.90 if garment_type == "skirt" else mix.worn.tucked if lower else 0.06
    main = dress(outfit, posture, view, look, g, mix.worn, tuck, mix.occlusion, mix.slim)
    number = outfit.index(garment_type)
    behind, before = _company(mix, style, view, stream("company"))
    frame = frame_worn(mix, style, lower, main, number, stream("frame"))
    clutter = mix.clutter if style == "consumer" else 0.0
    attributes = {
        "style": style, "viewpoint": viewpoint, "presentation": "worn", "pose": main.pose,
    }  # fmt: skip
    return Scene(
        frame=frame,
        unit=_unit(view, frame),
        people=[*behind, main, *before],
        target=(len(behind), number),
        foreground=_foreground(clutter, frame, stream("clutter")),
        roughness=mix.blur * _ROUGHNESS[style],
        mix=mix,
        attributes=attributes,
    )


def _foreground(probability: float, frame: Frame, s: Stream) -> list[Layer]:
    return draw_clutter(frame, s) if s.chance(probability) else []


def _company(mix: Mix, style: str, view: View, s: Stream) -> tuple[list[Person], list[Person]]:
    """Other people, behind the target and before it."""
    behind, before = [], []
    count = 0
    while style == "consumer" and count < 3 and s.chance(mix.company / (1 + count)):
        count += 1
        near = s.chance(0.25)
        (before if near else behind).append(_passer_by(mix, view, near, s))
    return behind, before


def _unit(view: View, frame: Frame) -> float:
    return frame.zoom * view.scale((0.0, 0.6, 0.0))


def _passer_by(mix: Mix, view: View, near: bool, s: Stream) -> Person:
    """Somebody else: usually behind and to a side, sometimes before the target."""
    if near:
        place = (s.sign() * s.uniform(0.20, 0.45), 0.0, min(0.3, 0.15 * view.distance))
    else:
        place = (s.sign() * s.uniform(0.12, 0.75), 0.0, -s.uniform(0.08, 1.6))
    kind = s.pick(("short_sleeve_top", "long_sleeve_top", "trousers", "skirt", "vest_dress",
                   "short_sleeve_dress", "long_sleeve_outwear"))  # fmt: skip
    viewpoint = s.weighted({"front": 3, "side": 2, "back": 2})
    look = Look.draw(s, headless=0.0, long=mix.long_hair)
    posture = draw_posture(viewpoint, s.chance(0.4), s, mix.worn, place)
    outfit = draw_outfit(kind, False, s)
    return dress(outfit, posture, view, look, s, mix.worn)
