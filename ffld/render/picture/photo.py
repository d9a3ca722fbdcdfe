"""What a camera does to a picture: exposure, colour cast, blur, noise, resampling, JPEG."""

from __future__ import annotations

import cv2
import numpy as np

from ffld.render.geometry.stream import Stream
from ffld.render.picture.noise import noise


def photograph(picture: np.ndarray, style: str, rough: float, s: Stream) -> np.ndarray:
    """(H, W, 3) uint8 RGB as a phone (consumer) or a studio camera (shop) would keep it.

    `rough` is how much is done to the picture before it is compressed, 0 nothing.
    """
    picture = _develop(picture, rough, s)
    if s.chance(0.7 * rough):
        picture = _falloff(picture, s)
    picture = _soften(picture, rough, s)
    if s.chance(0.8 * rough):
        picture = _grain(picture, s.unit() ** 2 * 4.5 * rough, s)
    quality = int(s.uniform(45, 92) if style == "consumer" else s.uniform(82, 95))
    picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def _develop(picture: np.ndarray, rough: float, s: Stream) -> np.ndarray:
    """Exposure, contrast, haze, white balance and filters as one look-up table a channel."""
    exposure = 1 + rough * s.normal(0.02, 0.12)
    if s.chance(0.08 * rough):
        exposure *= s.uniform(0.6, 0.85)
    contrast = 1 + rough * s.normal(0.22, 0.11)
    haze = s.uniform(5, 30) if s.chance(0.3 * rough) else 0.0
    fade = [haze * s.uniform(0.3, 1.4) for _ in range(3)]  # filters colour what is dark
    warm = s.normal(-0.02, 0.045) + (s.uniform(0.04, 0.12) if s.chance(0.15) else 0.0)
    tint = s.normal(0, 0.012)
    soft, lifted = rough * s.unit(), 0.7 * rough * s.unit()
    levels = np.arange(256, dtype=np.float32)
    casts = [1 + rough * cast for cast in (warm, tint, -1.2 * warm)]
    curve = levels * exposure * np.array(casts, np.float32)[:, None]  # a row for each channel
    curve = (curve - 96) * contrast + 96
    # bright tones roll off softly, as on film and in phones
    rolled = 180 + 75 * np.tanh((curve - 180) / 75)
    curve = np.where(curve > 180, curve + soft * (rolled - curve), curve)
    raised = 45 * np.exp((curve - 45) / 45)  # and dark ones keep their folds
    curve = np.where(curve < 45, curve + lifted * (raised - curve), curve)
    floor, rest = (np.array(column, np.float32)[:, None]
                   for column in (fade, [1 - haze / 255 for haze in fade]))  # fmt: skip
    curve = np.clip(floor + curve * rest, 0, 255).astype(np.uint8)
    return cv2.LUT(picture, np.ascontiguousarray(curve.T)[None])


def _falloff(picture: np.ndarray, s: Stream) -> np.ndarray:
    """Light that is brighter on one side, or in the middle as of a flash or a lens."""
    across, down, edge = s.normal(0, 0.07), s.normal(0.03, 0.07), s.uniform(0.0, 0.14) ** 1.5 * 2
    grid = [[1.03 - across * x - down * y - edge * (x * x + y * y) for x in (-1, -0.4, 0.4, 1)]
            for y in (-1, -0.4, 0.4, 1)]  # fmt: skip
    level = cv2.convertScaleAbs(np.array(grid, np.float32), alpha=128)
    level = cv2.resize(level, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.multiply(picture, cv2.merge([level] * 3), scale=1 / 128)


def _soften(picture: np.ndarray, rough: float, s: Stream) -> np.ndarray:
    height, width = picture.shape[:2]
    if s.chance(0.14 * rough):  # sent round and scaled up again
        factor = s.uniform(0.4, 0.8)
        small = cv2.resize(picture, (int(width * factor), int(height * factor)),
                           interpolation=cv2.INTER_AREA)  # fmt: skip
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if s.chance(0.06 * rough):  # a shaking hand
        length = 3 + s.integer(5)
        kernel = np.zeros((length, length), np.float32)
        end = (s.integer(length), s.integer(length))
        cv2.line(kernel, (length // 2, length // 2), end, 1.0)
        return cv2.filter2D(picture, -1, kernel / kernel.sum())
    if s.chance(0.8):  # sharpened, as phones and shops do, and whoever makes pictures smaller
        soft = cv2.GaussianBlur(picture, (0, 0), s.uniform(0.6, 1.2))
        amount = s.uniform(0.4, 2.2)
        return cv2.addWeighted(picture, 1 + amount, soft, -amount, 0)
    return cv2.GaussianBlur(picture, (0, 0), s.uniform(0.35, 0.5 + 0.6 * rough * s.unit()))


def _grain(picture: np.ndarray, amount: float, s: Stream) -> np.ndarray:
    height, width = picture.shape[:2]
    field = noise("grain", s)
    field = cv2.repeat(field, -(-height // 256), -(-width // 256))[:height, :width]
    field = field * np.float32(amount)
    return cv2.add(picture, cv2.merge([field] * 3), dtype=cv2.CV_8U)
