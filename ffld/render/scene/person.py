"""A dressed figure: who wears what in which posture, as layers from back to front."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ffld.render.body.body import Look, body_layers
from ffld.render.body.figure import SIDES, Build, Figure, Posture
from ffld.render.calibration import Calibration
from ffld.render.garments.cut import DRESSES, OUTWEAR, TOPS, TROUSERS, Cut, beneath, draw_cut
from ffld.render.garments.garments import wear
from ffld.render.geometry.outline import ellipse
from ffld.render.geometry.pieces import Garment, Layer, limb_order
from ffld.render.geometry.stream import Stream
from ffld.render.geometry.view import View
from ffld.render.scene.bags import draw_bag

BODY_OWNER = -1
THINGS = ("bag", "device", "object")  # materials of what is held


@dataclass(frozen=True)
class Person:
    """A dressed figure; nothing is drawn at random any more, but tailored only when asked for.

    Attributes:
        cuts: of its garments, innermost first.
        look: None where only the garments are there.
        held: layers of what it carries.
    """

    figure: Figure
    view: View
    cuts: list[Cut]
    look: Look | None
    held: list[Layer]

    @property
    def pose(self) -> str:
        """Name of the posture."""
        return self.figure.posture.name

    @cached_property
    def garments(self) -> list[Garment]:
        """The garments, innermost first."""
        return [
            wear(cut, self.figure, self.view, level if cut.garment_type in OUTWEAR else 0)
            for level, cut in enumerate(self.cuts)
        ]

    @cached_property
    def layers(self) -> list[tuple[int, Layer]]:
        """Everything to paint, back to front, with its owner: a garment's number or BODY_OWNER."""
        layers = [(owner, layer) for owner, g in enumerate(self.garments) for layer in g.layers]
        if self.look is not None:
            sleeve = max(cut.sleeve for cut in self.cuts)
            body = body_layers(self.figure, self.view, self.look, sleeve)
            layers += [(BODY_OWNER, layer) for layer in (*body, *self.held)]
        return sorted(layers, key=lambda pair: pair[1].order)


def draw_outfit(target: str, alone: bool, stream: Stream) -> list[str]:
    """Garment types worn together, innermost first; `target` is one of them.

    `alone` leaves the others out, as on some mannequins; there is always something beneath outwear.
    """
    s = stream
    if alone and target not in OUTWEAR:
        return [target]
    outfit = []
    if target in TROUSERS or target == "skirt":
        outfit = [target, _draw_top(s)]
    elif target in TOPS:
        outfit = [_draw_bottom(s), target]
    elif target in DRESSES:
        outfit = [target]
    elif s.chance(0.2):
        outfit = [s.pick(DRESSES)]
    else:
        outfit = [_draw_bottom(s), _draw_top(s)]
    if target in OUTWEAR:
        outfit.append(target)
    elif s.chance(0.1):
        outfit.append("long_sleeve_outwear" if s.chance(0.85) else "short_sleeve_outwear")
    return outfit


def dress(
    outfit: list[str],
    posture: Posture,
    view: View,
    look: Look | None,
    stream: Stream,
    worn: Calibration,
    tuck: float = 0.12,
    occlusion: float = 1.0,
    slim: float = 1.0,
) -> Person:
    """A person in an outfit; without a look only the garments are there.

    `tuck` is the probability that a top is worn inside trousers or skirt; `occlusion` is a factor
    on those of things held, `slim` one on the widths of waists and hems.
    """
    figure = Figure(Build.draw(stream, slim), posture)
    cuts = [draw_cut(t, stream, worn, tuck, slim) for t in outfit]
    if outfit[-1] in OUTWEAR:
        upper = (*TOPS, *DRESSES)
        cuts[:-1] = [
            beneath(cut, cuts[-1]) if cut.garment_type in upper else cut for cut in cuts[:-1]
        ]
    held = [] if look is None else _held(figure, view, stream, occlusion)
    return Person(figure, view, cuts, look, held)


def _draw_top(s: Stream) -> str:
    return s.weighted({"short_sleeve_top": 5, "long_sleeve_top": 3, "vest": 1.2, "sling": 0.8})


def _draw_bottom(s: Stream) -> str:
    return s.weighted({"trousers": 5, "shorts": 2.5, "skirt": 2.5})


def _held(figure: Figure, view: View, s: Stream, often: float) -> list[Layer]:
    """Bag, phone or cup, where the hands and shoulders are."""
    held = []
    side = s.pick(SIDES)
    arm = figure.arms[side]
    wrist, _ = arm.along(1.0)
    u = view.scale(wrist) * figure.build.size
    at = view.project(wrist)
    order = limb_order(view, figure, arm) + 0.6
    if s.chance(0.16 * often):
        held += draw_bag(figure, view, side, s)
    raised = arm.joints[2][1] > arm.joints[1][1] and not figure.posture.shoots
    if raised and s.chance(0.6 * often):
        w, h = 0.020 * u, 0.040 * u
        tilt = complex(1.0, s.normal(0.0, 0.2))
        box = [at + tilt * complex(x * w, y * h - 0.03 * u)
               for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]  # fmt: skip
        held.append(Layer("phone", "device", order, box))
    elif s.chance(0.06 * often):
        cup = ellipse(at + complex(0, -0.01 * u), 0.018 * u + 0j, 0.034j * u, 12)
        held.append(Layer("cup", "object", order, cup))
    return held
