"""Things between the camera and everybody."""

from __future__ import annotations

from ffld.render.geometry.outline import ellipse, smooth
from ffld.render.geometry.pieces import Layer
from ffld.render.geometry.stream import Stream
from ffld.render.geometry.view import Frame


def draw_clutter(frame: Frame, s: Stream) -> list[Layer]:
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
        material = "leaf" if kind == "leaf" else s.pick(("hair", "skin", "object"))
        layers.append(Layer(f"{kind}_{number}", material, 0.0, ring))
    return layers
