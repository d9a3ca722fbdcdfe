"""What is laid over a finished picture: watermarks, captions, dates, borders, a second picture."""

from __future__ import annotations

import cv2
import numpy as np

from ffld.render.geometry.stream import Stream
from ffld.render.picture.palette import Colour, draw_colour

_CAPTIONS = ("www.shop.com", "@mystyle", "NEW ARRIVAL", "FASHION", "street style", "BEST SELLER",
             "OOTD", "-50%", "SALE", "model 168cm", "STUDIO", "2014 09 21", "15:42", "hot item",
             "SIZE S M L", "No.1", "look book", "free shipping")  # fmt: skip
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX_SMALL,
          cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)  # fmt: skip


def draw_overlay(picture: np.ndarray, box: np.ndarray, style: str, s: Stream) -> None:
    """Sometimes add to a picture, in place: see-through or thin on the garment in the box.

    What is opaque lies beside the box, so that it hides no landmark.
    """
    if s.chance(0.12 if style == "shop" else 0.05):
        _details(picture, box, s)
    if s.chance(0.10):
        _watermark(picture, s)
    if s.chance(0.12):
        _caption(picture, s)
    if style == "shop" and s.chance(0.05):
        _tag(picture, s)
    if style == "consumer" and s.chance(0.04):
        _border(picture, s)


def _details(picture: np.ndarray, box: np.ndarray, s: Stream) -> None:
    """A collage: enlarged parts of the picture one above the other, beside the garment."""
    h, w = picture.shape[:2]
    x1, y1, x2, y2 = (int(v) for v in box)
    room = (x1, w - x2)
    right = room[1] > room[0]
    wide = room[right] - int(0.05 * (x2 - x1)) - 3  # boxes are drawn a little by chance
    if wide < 0.15 * w:
        return
    part = picture[:, w - wide :] if right else picture[:, :wide]
    source, count = picture.copy(), s.pick((1, 2, 3))
    for k in range(count):
        top, low = k * h // count, (k + 1) * h // count
        cw = max(8, int((x2 - x1) * s.uniform(0.3, 0.9)))
        ch = max(8, min(y2 - y1, cw * (low - top) // wide))
        x, y = x1 + s.integer(max(1, x2 - x1 - cw)), y1 + s.integer(max(1, y2 - y1 - ch))
        cut = source[y : y + ch, x : x + cw]
        part[top:low] = cv2.resize(cut, (wide, low - top), interpolation=cv2.INTER_LINEAR)
        part[max(0, top - 1) : top + 1] = 255
    edge = 0 if right else wide - 2
    part[:, edge : edge + 2] = 255


def _text(picture: np.ndarray, text: str, x: float, y: float, size: float, colour: Colour,
          amount: float, s: Stream) -> None:  # fmt: skip
    """Text of a height that is a fraction of the picture's width, blended in by `amount`."""
    h, w = picture.shape[:2]
    mask = np.zeros((h, w), np.uint8)
    at = (int(x * w), int(y * h))
    thick = 1 if size < 0.06 else 2
    cv2.putText(mask, text, at, s.pick(_FONTS), size * w / 22, 255, thick, cv2.LINE_AA)
    left, top, tw, th = cv2.boundingRect(mask)
    if not tw:
        return
    part = picture[top : top + th, left : left + tw]
    weight = mask[top : top + th, left : left + tw].astype(np.float32) * (amount / 255)
    ink = np.empty(part.shape, np.uint8)
    ink[:] = colour
    part[:] = cv2.blendLinear(ink, np.ascontiguousarray(part), weight, 1 - weight)


def _watermark(picture: np.ndarray, s: Stream) -> None:
    """Faint text, once across the middle or several times."""
    colour = s.pick(((255, 255, 255), (255, 255, 255), (60, 60, 60)))
    text, amount = s.pick(_CAPTIONS), s.uniform(0.2, 0.45)
    if s.chance(0.6):
        _text(picture, text, s.uniform(0.05, 0.4), s.uniform(0.4, 0.95), 0.07, colour, amount, s)
        return
    for k in range(3):
        _text(picture, text, 0.05 + 0.25 * k, 0.2 + 0.3 * k, 0.05, colour, 0.7 * amount, s)


def _caption(picture: np.ndarray, s: Stream) -> None:
    """A line of text, a logo or a date near an edge."""
    y = s.pick((0.06, 0.93, 0.97))
    x = s.pick((0.03, 0.55, 0.7))
    colour = s.pick(((255, 255, 255), (20, 20, 20), (230, 120, 40), draw_colour(s)))
    _text(picture, s.pick(_CAPTIONS), x, y, s.uniform(0.025, 0.05), colour, 0.9, s)


def _tag(picture: np.ndarray, s: Stream) -> None:
    """A price tag or a badge in a corner."""
    h, w = picture.shape[:2]
    r = int(w * s.uniform(0.05, 0.08))
    at = (s.pick((r + 4, w - r - 4)), s.pick((r + 4, h - r - 4)))
    cv2.circle(
        picture, at, r, s.pick(((214, 40, 48), (240, 180, 40), (30, 30, 32))), -1, cv2.LINE_AA
    )
    x, y = (at[0] - 0.7 * r) / w, (at[1] + 0.2 * r) / h
    _text(picture, s.pick(("NEW", "HOT", "-30%", "$29")), x, y, 0.025, (255, 255, 255), 1.0, s)


def _border(picture: np.ndarray, s: Stream) -> None:
    """Thin strips along two sides, as a screenshot or a frame leaves them."""
    h, w = picture.shape[:2]
    t = max(1, int(min(h, w) * s.uniform(0.005, 0.02)))
    colour = s.pick(((255, 255, 255), (12, 12, 12)))
    if s.chance(0.5):
        picture[:t], picture[-t:] = colour, colour
    if s.chance(0.7):
        picture[:, :t], picture[:, -t:] = colour, colour
