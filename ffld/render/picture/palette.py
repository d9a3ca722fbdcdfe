"""Colours as photographs of people have them: mostly neutral, some of them bright."""

from __future__ import annotations

from ffld.render.geometry.stream import Stream

Colour = tuple[float, float, float]

_SKIN = {
    (238, 213, 200): 4, (232, 201, 184): 5, (223, 187, 167): 4, (209, 172, 149): 2.5,
    (194, 152, 125): 1.2, (152, 111, 87): 0.9, (114, 80, 62): 0.7, (82, 58, 47): 0.5,
}  # fmt: skip
_HAIR = {(22, 19, 20): 6, (38, 29, 27): 5, (62, 43, 34): 3.5, (98, 66, 46): 2, (136, 98, 66): 1,
         (190, 156, 112): 0.8, (112, 52, 36): 0.6, (150, 146, 144): 0.4}  # fmt: skip
_CLOTH = {
    (240, 240, 241): 18, (234, 231, 226): 8, (28, 28, 31): 12, (44, 45, 50): 5, (92, 94, 98): 3,
    (150, 151, 154): 4, (196, 196, 197): 3, (36, 41, 62): 5, (60, 76, 108): 3, (150, 172, 202): 3,
    (212, 222, 232): 2, (222, 204, 176): 4, (188, 152, 112): 2.5, (122, 90, 66): 2.5,
    (88, 92, 72): 2, (240, 206, 208): 4, (226, 150, 160): 1.5, (204, 222, 208): 1,
    (238, 226, 176): 1, (126, 34, 46): 2.5, (196, 40, 48): 2.5, (226, 120, 60): 0.8,
    (220, 178, 60): 1, (36, 112, 84): 1.2, (46, 86, 168): 1.8, (112, 72, 130): 0.8,
    (224, 70, 124): 1, (70, 160, 190): 0.8,
}  # fmt: skip
_DENIM = {(40, 54, 84): 3, (66, 90, 128): 4, (104, 130, 164): 4, (150, 174, 200): 3,
          (30, 34, 46): 2, (196, 208, 220): 1, (126, 130, 136): 0.7}  # fmt: skip
_ROOM = {(236, 234, 230): 8, (222, 216, 206): 5, (206, 196, 180): 4, (190, 190, 190): 3,
         (168, 156, 138): 2, (150, 160, 168): 2, (196, 206, 200): 1, (214, 190, 180): 1,
         (120, 116, 112): 2, (92, 86, 82): 2, (58, 56, 58): 2, (70, 86, 104): 1}  # fmt: skip
_WOOD = {(196, 160, 120): 4, (164, 122, 84): 4, (126, 88, 60): 3, (88, 60, 44): 2,
         (222, 204, 178): 2, (60, 44, 36): 1}  # fmt: skip

_KINDS = {"skin": (_SKIN, 7), "hair": (_HAIR, 5), "cloth": (_CLOTH, 9), "denim": (_DENIM, 8),
          "room": (_ROOM, 9), "wood": (_WOOD, 9)}  # fmt: skip


def draw_colour(stream: Stream, kind: str = "cloth") -> Colour:
    """A colour of "skin", "hair", "cloth", "denim", "room" or "wood"."""
    choices, spread = _KINDS[kind]
    return near(stream.weighted(choices), stream, spread)


def near(colour: Colour, s: Stream, spread: float) -> Colour:
    """A colour a little lighter or darker, and a very little redder or bluer."""
    shift = s.normal(0, spread)
    return tuple(min(255.0, max(5.0, c + shift + s.normal(0, spread / 3))) for c in colour)


def contrast(colour: Colour, s: Stream) -> Colour:
    """A colour that stands out on another, such as of lettering."""
    for _ in range(4):
        other = draw_colour(s)
        if abs(luma(other) - luma(colour)) > 90:
            return other
    return (24.0, 24.0, 28.0) if luma(colour) > 128 else (246.0, 246.0, 244.0)


def scaled(colour: Colour, factor: float, lift: float = 0.0) -> Colour:
    """A colour darkened or lightened."""
    return tuple(min(255.0, max(0.0, c * factor + lift)) for c in colour)


def blend(one: Colour, other: Colour, amount: float) -> Colour:
    """A colour between two: `one` at 0, `other` at 1."""
    return tuple((1 - amount) * a + amount * b for a, b in zip(one, other, strict=True))


def luma(colour: Colour) -> float:
    """Brightness, 0 to 255."""
    return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
