"""The light of a picture: how rounded pieces take it, and the shadows they throw."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from ffld.render.geometry.stream import Stream


@dataclass(frozen=True)
class Light:
    """One soft lamp or window, the same for everything in a picture.

    Attributes:
        side: picture-plane part of the direction to the light (x right, y down), shorter than 1.
        ambient: light from everywhere else, 0 to 1.
        shadow: depth of the shadows that pieces throw on each other.
        wall: depth of the shadow on what is behind.
        reach: how far behind people the wall is, in body heights.
    """

    side: complex
    ambient: float
    shadow: float
    wall: float
    reach: float

    @staticmethod
    def draw(style: str, presentation: str, s: Stream) -> Light:
        """Soft in shops, anything elsewhere; things that lie throw a shadow at their edge."""
        angle = s.uniform(0.15, math.pi - 0.15)
        strength = s.uniform(0.1, 0.45) if style == "shop" else s.uniform(0.15, 0.75)
        side = complex(math.cos(angle), -math.sin(angle)) * strength
        ambient = s.uniform(0.5, 0.75) if style == "shop" else s.uniform(0.3, 0.68)
        worn = presentation == "worn"
        if not worn:  # what lies or hangs is hardly round
            ambient = s.uniform(0.72, 0.85)
        wall = s.uniform(0.05, 0.3) if not worn or s.chance(0.35) else 0.0
        reach = s.uniform(0.02, 0.12) if worn else s.uniform(0.003, 0.012)
        return Light(side, ambient, s.uniform(0.25, 0.65), wall, reach)


def shade(mask: np.ndarray, light: Light, across: complex, half: float, along: float) -> np.ndarray:
    """How brightly each pixel of a rounded piece is lit; 1 where it faces the camera.

    Args:
        mask: the piece, float32 from 0 to 1, at reduced size.
        across: unit vector across the piece; it is a cylinder along the other direction.
        half: half the piece's width in pixels of the mask.
        along: how round it is along its length too, 0 to 1.
    """
    reach = max(1, int(half * 0.85))
    kernel = (2 * reach - 1,) * 2
    wide = cv2.copyMakeBorder(mask, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    soft = cv2.blur(cv2.blur(wide, kernel), kernel)
    gain = -0.9 * (2 * reach - 1) / 2
    height, width = mask.shape
    soft = soft[reach - 1 : reach + height + 1, reach - 1 : reach + width + 1]
    dx = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=gain / 4)[1:-1, 1:-1]
    dy = cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=gain / 4)[1:-1, 1:-1]
    u = dx * across.real + dy * across.imag
    v = (dy * across.real - dx * across.imag) * along
    lateral = light.side.real * across.real + light.side.imag * across.imag
    length = light.side.imag * across.real - light.side.real * across.imag
    facing = math.sqrt(1 - abs(light.side) ** 2)
    front = np.sqrt(np.maximum(0.05, 1 - u * u - v * v))
    lit = np.maximum(0, (lateral / facing) * u + (length / facing) * v + front)
    # what turns away from the camera also sees less of the surroundings
    return light.ambient * (0.72 + 0.28 * front) + (1 - light.ambient) * np.minimum(lit, 1.22)


def shadow(mask: np.ndarray, light: Light, reach: float) -> np.ndarray:
    """The soft shadow of a piece on what lies `reach` pixels beneath it; float32, 0 to 1."""
    size = max(1, int(reach))
    soft = cv2.blur(cv2.blur(mask, (2 * size + 1,) * 2), (size + 1,) * 2)
    move = -light.side * reach + complex(0, 0.3 * reach)
    matrix = np.array([[1, 0, move.real], [0, 1, move.imag]], np.float32)
    return cv2.warpAffine(soft, matrix, mask.shape[::-1])
