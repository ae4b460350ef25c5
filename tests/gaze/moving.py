"""Images of random texture that move, for tests of motion tracking. Knows nothing of how tracking works."""

from functools import cache

import cv2
import numpy as np

from relay.frame import Frame, Plane
from relay.gaze.face import Eye, Face, Points
from relay.gaze.motion.similarity import Similarity

SIZE = (640, 480)  # width, height
CENTRE = (320.0, 240.0)


@cache
def texture(size: tuple[int, int] = SIZE, seed: int = 0) -> Plane:
    """A random image with detail at all scales."""
    noise = np.random.default_rng(seed)
    grains = [cv2.GaussianBlur(noise.normal(size=size[::-1]), (0, 0), sigma) * sigma for sigma in (1.5, 4, 10, 25)]
    return np.asarray(np.clip(128 + 45 * np.sum(grains, axis=0), 0, 255), np.uint8)


def grey(y: Plane, time: float = 0.0) -> Frame:
    """A frame with this luma, without colour."""
    chroma = np.full(((y.shape[0] + 1) // 2, (y.shape[1] + 1) // 2), 128, np.uint8)
    return Frame(y, chroma, chroma, time)


def around(centre: tuple[float, float], degrees: float, scale: float, step: tuple[float, float]) -> Similarity:
    """The similarity that rotates and scales about a point and then translates, pixels."""
    turn, middle = scale * np.exp(1j * np.radians(degrees)), complex(*centre)
    return Similarity(complex(turn), complex(middle + complex(*step) - turn * middle))


def shifted(y: Plane, motion: Similarity) -> Plane:
    """The image after this motion."""
    turn, shift = motion.turn, motion.shift
    # Pixel centres are at .5 in the frame, at whole numbers in OpenCV.
    half = turn * (0.5 + 0.5j) + shift - (0.5 + 0.5j)
    matrix = np.array([[turn.real, -turn.imag, half.real], [turn.imag, turn.real, half.imag]])
    size = (y.shape[1], y.shape[0])
    moved = cv2.warpAffine(y, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, np.uint8)


def points(eye: Eye) -> Points:
    """(17, 2) all points of an eye."""
    return np.concatenate([eye.corners, eye.upper, eye.lower, eye.iris[None]])


def off(found: Face, truth: Face, motion: Similarity) -> float:
    """The largest distance of any point of both eyes from its true position after the motion, pixels."""
    return max(
        float(np.hypot(*(points(here) - motion(points(there))).T).max())
        for here, there in zip(found.eyes, truth.eyes, strict=True)
    )
