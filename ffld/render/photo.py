"""What a camera does to a picture: exposure, colour cast, blur, noise, resampling, JPEG."""

from __future__ import annotations

import cv2
import numpy as np

from ffld.render.noise import noise
from ffld.render.stream import Stream


def photograph(picture: np.ndarray, style: str, rough: float, s: Stream) -> np.ndarray:
    """(H, W, 3) uint8 RGB as a phone (consumer) or a studio camera (shop) would keep it.

    `rough` is how much is done to the picture before it is compressed, 0 nothing.
    """
    picture = _develop(picture, rough, s)
    picture = _soften(picture, rough, s)
    if s.chance(0.8 * rough):
        picture = _grain(picture, s.unit() ** 2 * 7 * rough, s)
    quality = int(s.uniform(45, 92) if style == "consumer" else s.uniform(82, 95))
    _, data = cv2.imencode(".jpg", picture[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def _develop(picture: np.ndarray, rough: float, s: Stream) -> np.ndarray:
    """Exposure, contrast and white balance as one look-up table a channel."""
    exposure = 1 + rough * s.normal(0, 0.17)
    if s.chance(0.08 * rough):
        exposure *= 0.6
    contrast = 1 + rough * s.normal(0, 0.13)
    levels = np.arange(256, dtype=np.float32)
    table = np.empty((1, 256, 3), np.uint8)
    for channel in range(3):
        cast = 1 + rough * s.normal(0, 0.04)
        curve = (levels * exposure * cast - 128) * contrast + 128
        table[0, :, channel] = np.clip(curve, 0, 255)
    return cv2.LUT(picture, table)


def _soften(picture: np.ndarray, rough: float, s: Stream) -> np.ndarray:
    height, width = picture.shape[:2]
    if s.chance(0.25 * rough):  # sent round and scaled up again
        factor = s.uniform(0.4, 0.8)
        small = cv2.resize(picture, (int(width * factor), int(height * factor)),
                           interpolation=cv2.INTER_AREA)  # fmt: skip
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if s.chance(0.10 * rough):  # a shaking hand
        length = 3 + s.integer(5)
        kernel = np.zeros((length, length), np.float32)
        end = (s.integer(length), s.integer(length))
        cv2.line(kernel, (length // 2, length // 2), end, 1.0)
        return cv2.filter2D(picture, -1, kernel / kernel.sum())
    return cv2.GaussianBlur(picture, (0, 0), s.uniform(0.35, 0.5 + 0.6 * rough * s.unit()))


def _grain(picture: np.ndarray, amount: float, s: Stream) -> np.ndarray:
    height, width = picture.shape[:2]
    field = noise("grain", s)
    across, down = -(-width // 256), -(-height // 256)
    field = np.tile(field, (down, across))[:height, :width] * np.float32(amount)
    return cv2.add(picture, cv2.merge([field] * 3), dtype=cv2.CV_8U)
