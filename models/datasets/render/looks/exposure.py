"""A camera's exposure: from linear light to a picture. Knows nothing of what is shown."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

BALANCED = 0.7  # exponent: how much of the light's colour a camera's white balance removes


@dataclass(frozen=True)
class Exposure:
    """From linear light to a picture. brightness: of the skin; balance: gains of R, G, B; contrast: 1 leaves it."""

    brightness: float
    balance: tuple[float, float, float]
    contrast: float

    @classmethod
    def draw(cls, tone: float, random: np.random.Generator) -> Self:
        """A random exposure; dark skin (tone 0 palest, 1 darkest) is darker than pale skin, less than its albedo."""
        brightness = 0.30 * (1 - 0.62 * tone) * float(np.exp(random.normal(0, 0.25)))
        warm, green = float(random.normal(0, 0.06)), float(random.normal(0, 0.02))
        return cls(brightness, (1 + warm, 1 + green, 1 - warm), random.uniform(0.9, 1.25))


def meter(linear: NDArray[np.float32], wanted: Exposure, skin: NDArray[np.float64]) -> NDArray[np.float32]:
    """(3,) the gains that bring the centre of the picture to the requested brightness and remove most of its cast.

    linear: (h, w, 3). skin: (3,) linear albedo of the skin.
    """
    seen = np.maximum(np.median(linear.reshape(-1, 3), axis=0), 1e-6)
    cast = seen / seen.mean() * skin.mean() / skin
    gain = wanted.brightness / max(float(np.median(linear.mean(-1))), 1e-6)
    return np.asarray(gain / cast**BALANCED, dtype=np.float32)


def develop(linear: NDArray[np.float32], gain: NDArray[np.float32], exposure: Exposure) -> NDArray[np.uint8]:
    """(h, w, 3) linear light -> sRGB like a camera: gains (3,), white balance, soft shoulder, contrast."""
    light = linear * gain * np.array(exposure.balance, dtype=np.float32)
    soft = np.where(light < 0.35, light, 0.35 + 0.65 * (1 - np.exp(-np.maximum(light - 0.35, 0) / 0.65)))
    value = np.clip(soft, 0, 1) ** (1 / 2.2)
    bent = value + (exposure.contrast - 1) * 0.8 * (value - 0.45) * value * (1 - value) * 4
    return np.asarray(np.round(np.clip(bent, 0, 1) * 255), dtype=np.uint8)
