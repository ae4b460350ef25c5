"""Degradations of a webcam: few pixels, soft lenses, colour casts, noise, compression; and errors of landmarks.

A `Camera` is drawn once for a sample and applied to input and target alike: size, lens, colours and compression.
Noise is added to the input only: no field can remove noise, and a noisy target would teach the network to blur.
Knows nothing of gaze.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.planes import Picture, to_frame
from relay.frame import Frame
from relay.gaze.face import Eye

EYE_WIDTHS = (18.0, 72.0)  # pixels, drawn uniformly in their logarithm
LANDMARK_ERROR = 0.9  # pixels, standard deviation of landmark errors, clipped at MAX_LANDMARK_ERROR
MAX_LANDMARK_ERROR = 1.5


@dataclass(frozen=True)
class Camera:
    """width: of the eye, pixels. blur: pixels. noise: of 255. quality: JPEG, 100 none. gain, gamma; cast: (3,) RGB."""

    width: float
    blur: float = 0.0
    noise: float = 0.0
    quality: int = 100
    gain: float = 1.0
    gamma: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @classmethod
    def draw(cls, random: np.random.Generator, widest: float = EYE_WIDTHS[1]) -> "Camera":
        """A random camera; eyes at most widest pixels wide."""
        low, high = np.log(min(EYE_WIDTHS[0], widest)), np.log(min(EYE_WIDTHS[1], widest))
        dark = random.uniform() < 0.2
        red, blue = random.normal(0, 0.06, 2)
        return cls(
            width=float(np.exp(random.uniform(low, high))),
            blur=float(abs(random.normal(0, 0.5))) if random.uniform() < 0.5 else 0.0,
            noise=float(random.gamma(1.2, 4.0 if dark else 1.6)),
            quality=int(random.integers(35, 96)) if random.uniform() < 0.7 else 100,
            gain=float(np.exp(random.normal(-0.5 if dark else 0.0, 0.2))),
            gamma=float(np.exp(random.normal(0, 0.15))),
            cast=(1 + float(red), 1.0, 1 + float(blue)),
        )

    def photograph(self, picture: Picture, scale: float, random: np.random.Generator | None) -> Frame:
        """The picture at scale (at most 1) as this camera's frame. random: for the noise; None: no noise."""
        size = self.size(picture.shape[1], picture.shape[0], scale)
        smaller = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        seen: Picture = np.asarray(cv2.LUT(smaller, self._curve()), dtype=np.uint8)
        if self.blur > 0.2:
            seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), self.blur), dtype=np.uint8)
        if random is not None and self.noise > 0.5:
            grain = random.normal(0, self.noise, seen.shape).astype(np.float32)
            seen = np.clip(seen + grain, 0, 255).astype(np.uint8)
        return to_frame(self._compress(seen))

    @staticmethod
    def size(width: int, height: int, scale: float) -> tuple[int, int]:
        """Width and height of the scaled picture, both even."""
        return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))

    def _curve(self) -> Picture:
        """(1, 256, 3) lookup table of gain, gamma and colour cast."""
        levels = np.linspace(0, 1, 256)[:, None] ** self.gamma * self.gain * np.array(self.cast)
        return np.asarray((np.clip(levels, 0, 1) * 255).round()[None], dtype=np.uint8)

    def _compress(self, picture: Picture) -> Picture:
        if self.quality >= 100:
            return picture
        _, code = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, self.quality])
        return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), dtype=np.uint8)[..., ::-1]


def add_landmark_error(eye: Eye, scale: float, random: np.random.Generator) -> Eye:
    """The eye with random landmark errors: corners and lids by at most MAX_LANDMARK_ERROR, the iris by a third of it.

    scale: camera pixels per pixel of the eye's coordinates.
    """

    def off(points: NDArray[np.float32], spread: float) -> NDArray[np.float32]:
        error = (
            np.clip(
                random.normal(0, spread * LANDMARK_ERROR, points.shape),
                -MAX_LANDMARK_ERROR * spread,
                MAX_LANDMARK_ERROR * spread,
            )
            / scale
        )
        return (points + error).astype(np.float32)

    together = off(np.zeros((1, 2), np.float32), 0.5)
    return replace(
        eye,
        corners=off(eye.corners, 0.5) + together,
        upper=off(eye.upper, 0.3) + together,
        lower=off(eye.lower, 0.3) + together,
        iris=off(eye.iris, 0.3),
        iris_radius=eye.iris_radius * float(np.exp(random.normal(0, 0.03))),
    )


def scaled(eye: Eye, scale: tuple[float, float], left: float, top: float) -> Eye:
    """The eye in a picture cut out at (left, top) and scaled (x, y)."""

    def move(points: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray((points - np.array([left, top])) * np.array(scale), dtype=np.float32)

    return replace(
        eye,
        corners=move(eye.corners),
        upper=move(eye.upper),
        lower=move(eye.lower),
        iris=move(eye.iris),
        iris_radius=eye.iris_radius * scale[0],
    )
