"""Head, hair and headwear as layers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ffld.render.body.figure import NECK, Figure
from ffld.render.body.look import Look
from ffld.render.geometry.outline import ellipse, smooth
from ffld.render.geometry.pieces import FAR_PANEL, HEAD, LIMB_BEFORE, Layer, Mark
from ffld.render.geometry.view import View

Points = tuple[tuple[float, float], ...]

# Outlines around the head's middle: x across, y up, in head radii; right halves from top to bottom.
_SKULL = ((0.0, 1.18), (0.45, 1.10), (0.76, 0.70), (0.81, 0.15), (0.74, -0.40), (0.52, -0.86),
          (0.22, -1.12), (0.0, -1.17))  # fmt: skip
_PROFILE = ((0.0, 1.16), (0.50, 1.05), (0.74, 0.65), (0.76, 0.25), (0.80, 0.05), (0.98, -0.28),
            (0.82, -0.38), (0.86, -0.62), (0.74, -0.74), (0.72, -1.00), (0.40, -1.10),
            (0.0, -0.95))  # fmt: skip
# Hairlines from one temple to the other, seen from the front.
_HAIRLINES = {
    "bangs": ((-0.72, -0.30), (-0.70, 0.12), (-0.42, 0.26), (0.0, 0.30), (0.42, 0.26),
              (0.70, 0.12), (0.72, -0.30)),
    "swept": ((-0.74, -0.25), (-0.66, 0.20), (-0.30, 0.50), (0.15, 0.74), (0.36, 0.90),
              (0.62, 0.52), (0.74, -0.25)),
    "parted": ((-0.74, -0.30), (-0.68, 0.35), (-0.36, 0.72), (0.04, 0.94), (0.36, 0.74),
               (0.68, 0.35), (0.74, -0.30)),
}  # fmt: skip


@dataclass(frozen=True)
class _Frame:
    """Where the head is: its middle, unit vectors, radius, and where it is turned to."""

    c: complex
    up: complex
    across: complex
    r: float
    turned: float
    faces: float

    def at(self, x: float, y: float) -> complex:
        return self.c + (self.across * x + self.up * y) * self.r

    def path(self, points: Points, shift: float = 0.0, narrow: float = 1.0) -> list[complex]:
        return [self.at(x * narrow + shift, y) for x, y in points]


def head_layers(figure: Figure, view: View, look: Look) -> list[Layer]:
    """The head, its hair and what is worn on it."""
    centre, radius = figure.head()
    c, u = view.project(centre), view.scale(centre)
    neck = view.project(figure.torso(0.0, NECK, 0.0))
    up = (c - neck) / (abs(c - neck) or 1.0)
    front = figure.ring(NECK).b
    f = _Frame(c, up, up * 1j, radius * u, front[0], front[2])
    return [_skull(f), *_hair(f, look), *_hat(f, look)]


def _skull(f: _Frame) -> Layer:
    sign = 1.0 if f.turned >= 0 else -1.0
    left = [(-x, y) for x, y in _SKULL[1:-1]][::-1]
    outline = f.path((*_SKULL, *left, _SKULL[0]))
    if abs(f.turned) > 0.7 and f.faces > -0.5:
        back = [(-x * 1.1, max(y, -0.7)) for x, y in _SKULL[1:-2]][::-1]
        outline = f.path(tuple((x * sign, y) for x, y in (*_PROFILE, *back, _PROFILE[0])))
    ears = []
    for side in (-1.0, 1.0):
        x = side * 0.82 - 0.75 * f.turned
        if abs(x) < 0.95 and f.faces > -0.6:
            ears.append(ellipse(f.at(x, -0.08), f.across * f.r * 0.11, f.up * f.r * 0.2, 12))
    return Layer("head", "skin", HEAD, smooth(outline, 2), -f.up, partial(_face, f, sign), ears)


def _face(f: _Frame, sign: float) -> list[Mark]:
    """Middle of the face, unit vectors to its side and up: all that drawing it needs."""
    if f.faces <= -0.35:
        return []
    narrow = max(0.45, 1 - 0.5 * abs(f.turned))
    middle = f.at(0.52 * f.turned, 0.0)
    side, top = f.across * f.r * narrow, f.up * f.r
    turned = "profile" if abs(f.turned) > 0.75 else "face"
    return [Mark(turned, [middle, middle + side * sign, middle + top])]


def _hair(f: _Frame, look: Look) -> list[Layer]:
    if look.hair == "bald":
        return []
    if f.faces < -0.1:
        return _hair_behind(f, look)
    layers = []
    if look.hair in ("bob", "long"):
        layers.append(_mass(f, look, FAR_PANEL - 5.0))
    hanging = look.hair in ("bob", "long")
    low = -1.0 if look.hair == "bob" else -1.25 if hanging else -0.1
    wide = 0.96 if hanging else 0.86
    line = [(x * 0.97, max(y, low + 0.1)) for x, y in _HAIRLINES[look.fringe]]
    if hanging:
        line = [(-0.70, low), *line, (0.70, low)]
    crown = ((wide, low), (wide + 0.03, 0.2), (0.82, 0.85), (0.42, 1.25), (0.0, 1.36),
             (-0.42, 1.25), (-0.82, 0.85), (-wide - 0.03, 0.2), (-wide, low))  # fmt: skip
    narrow = 1 - 0.25 * abs(f.turned)
    inner = f.path(tuple(line), 0.42 * f.turned, narrow)
    outer = f.path(crown, -0.10 * f.turned)
    outline = [*smooth(outer, 2), *smooth(inner, 2)]
    layers.append(Layer("fringe", "hair", HEAD + 1.0, outline, -f.up, partial(_shine, f)))
    for side in look.strands:
        sign = -1.0 if side == "left" else 1.0
        if side in look.wide:
            layers.append(_curtain(f, look, sign, f"strand_{side}"))
        else:
            strand = _spread_strand if side in look.spread else _strand
            layers.append(strand(f, look, sign, f"strand_{side}"))
    if look.hair == "bun":
        ball = ellipse(f.at(0, 1.38), f.across * f.r * 0.42, f.up * f.r * 0.38, 12)
        layers.append(Layer("bun", "hair", HEAD + 0.9, ball, -f.up))
    return layers


def _hair_behind(f: _Frame, look: Look) -> list[Layer]:
    """Seen from behind, hair hides head, neck and collar."""
    layers = [_mass(f, look, HEAD + 2.0)]
    if look.hair == "tail":
        tip = -look.length
        tail = ((-0.16, 0.5), (-0.34, -0.4), (-0.26, 0.5 * tip), (-0.05, tip), (0.10, tip + 0.2),
                (0.30, 0.5 * tip), (0.34, -0.4), (0.16, 0.5), (-0.16, 0.5))  # fmt: skip
        layers.append(Layer("tail", "hair", HEAD + 2.2, smooth(f.path(tail), 2), -f.up))
    elif look.hair == "bun":
        ball = ellipse(f.at(0, 0.9), f.across * f.r * 0.48, f.up * f.r * 0.45, 12)
        layers.append(Layer("bun", "hair", HEAD + 2.2, ball, -f.up))
    return layers


def _mass(f: _Frame, look: Look, order: float) -> Layer:
    low = -look.length if look.hair in ("bob", "long") else -0.75
    hang = max(0.0, -low - 1.0) * 0.10
    wide = 0.97 if look.hair in ("bob", "long") else 0.84
    end = ((wide - 0.1 + hang, low + 0.15), (0.35, low - 0.08), (0.0, low))
    curl = 0.0
    if look.length > 2.0 and look.hair == "long":  # it ends in locks, some of it curled
        end = ((wide + hang, low + 0.3), (0.80, low - 0.05), (0.62, low + 0.12),
               (0.42, low - 0.15), (0.24, low + 0.05), (0.0, low - 0.1))  # fmt: skip
        curl = 0.10 * (int(look.length * 10) % 3 == 0)
    half = ((0.0, 1.36), (0.52, 1.22), (0.86, 0.75), (wide, 0.1), (wide + curl, 0.22 * low),
            (wide - curl, 0.42 * low - 0.1), (wide + hang + curl, 0.62 * low - 0.2),
            (wide + hang - curl, 0.8 * low), *end)  # fmt: skip
    left = [(-x, y) for x, y in half[1:-1]][::-1]
    outline = f.path((*half, *left, half[0]), -0.25 * f.turned)
    return Layer("hair", "hair", order, smooth(outline, 2), -f.up, partial(_shine, f))


def _strand(f: _Frame, look: Look, sign: float, name: str) -> Layer:
    """Long hair that falls before the shoulder, ending in a tip."""
    low = -look.length
    curl = 0.10 * (int(look.length * 10) % 3 == 0)
    points = ((0.74, 0.1), (0.98, -0.6), (1.10 + curl, 0.45 * low - 0.3),
              (1.16 - curl, 0.65 * low), (1.14 + curl, 0.83 * low), (1.02, low + 0.1),
              (0.94, low - 0.1), (0.84, low + 0.15), (0.74 + curl, 0.8 * low),
              (0.60, 0.5 * low - 0.3), (0.66, -0.7))  # fmt: skip
    outline = smooth(f.path(tuple((x * sign, y) for x, y in points)), 2)
    return Layer(name, "hair", HEAD + 2.0, outline, -f.up)


def _spread_strand(f: _Frame, look: Look, sign: float, name: str) -> Layer:
    """Long hair that spreads over the shoulder, past the collar."""
    low = min(-2.8, -look.length)
    points = ((0.74, 0.1), (1.02, -0.5), (1.45, -1.05), (2.05, -1.5), (2.45, -1.95),
              (2.40, 0.8 * low), (2.05, low), (1.80, low - 0.1), (1.60, 0.85 * low),
              (1.35, -1.9), (1.10, -1.35), (0.84, -0.9), (0.66, -0.5))  # fmt: skip
    outline = smooth(f.path(tuple((x * sign, y) for x, y in points)), 2)
    # over the sleeve of an arm that hangs, beneath a hand that is held up
    return Layer(name, "hair", LIMB_BEFORE + 0.9, outline, -f.up)


def _curtain(f: _Frame, look: Look, sign: float, name: str) -> Layer:
    """Long hair over collar and shoulder, down to a short sleeve's end."""
    low = min(-3.2, -look.length)
    curl = 0.08 * (int(look.length * 10) % 3 == 0)
    points = ((0.74, 0.1), (1.02, -0.5), (1.40, -1.02), (1.86, -1.45), (2.20, -1.9),
              (2.30 + curl, -2.5), (2.22 - curl, 0.82 * low), (2.05 + curl, 0.95 * low),
              (1.92, low + 0.1), (1.78, low - 0.12), (1.66, low + 0.12), (1.45, low - 0.1),
              (1.30, low + 0.2), (1.05 + curl, 0.86 * low), (0.78, 0.68 * low),
              (0.42, 0.45 * low - 0.3), (0.44, -1.15), (0.64, -0.6))  # fmt: skip
    outline = smooth(f.path(tuple((x * sign, y) for x, y in points)), 2)
    return Layer(name, "hair", LIMB_BEFORE + 0.9, outline, -f.up)


def _shine(f: _Frame) -> list[Mark]:
    """Where light glides over the crown."""
    arc = ((-0.62, 0.72), (-0.35, 0.95), (0.0, 1.02), (0.35, 0.95), (0.62, 0.72))
    return [Mark("shine", f.path(arc))]


def _band(f: _Frame, points: Points) -> list[Mark]:
    return [Mark("band", f.path(points))]


def _hat(f: _Frame, look: Look) -> list[Layer]:
    if not look.hat:
        return []
    low = {"cap": 0.52, "beanie": 0.36, "brim": 0.5}[look.hat]
    tall = {"cap": 1.42, "beanie": 1.62, "brim": 1.52}[look.hat]
    dome = ((0.98, low), (0.92, low + 0.4), (0.6, tall - 0.12), (0.0, tall), (-0.6, tall - 0.12),
            (-0.92, low + 0.4), (-0.98, low))  # fmt: skip
    outline = [*smooth(f.path(dome), 2), f.at(-0.5, low - 0.12), f.at(0.5, low - 0.12)]
    band = ((-0.95, low + 0.08), (0.0, low - 0.04), (0.95, low + 0.08))
    marks = partial(_band, f, band)
    layers = [Layer("hat", "hat", HEAD + 2.6, outline, -f.up, marks)]
    if look.hat == "brim":
        brim = ellipse(f.at(0.0, low), f.across * f.r * 1.75, f.up * f.r * 0.34)
        layers.append(Layer("brim", "hat", HEAD + 2.5, brim, -f.up))
    elif look.hat == "cap" and f.faces > -0.4:
        peak = ellipse(f.at(0.75 * f.turned, low - 0.04), f.across * f.r * 0.78, f.up * f.r * 0.2)
        layers.append(Layer("peak", "hat", HEAD + 2.7, peak, -f.up))
    return layers
