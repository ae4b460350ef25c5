"""Classifies a person's motion in the last frames: still, head motion, glance, blink.

Knows nothing of pictures: tracks of landmarks in, one class per frame out. Speeds are in eye widths (about 3 cm) per
second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from relay.gaze.aim import CLOSED
from relay.gaze.face import Faces

Track = NDArray[np.float64]

SLOW, BRISK, FAST = 0.3, 1.0, 3.0  # eye widths per second, lower limits of these classes
STRETCH = 3  # frames over which a head's speed is measured: over fewer, landmarks jitter too much
JUMP = 0.04  # eye widths that an iris moves within two frames in a saccade: about 6 degrees
DEEP = 0.5  # of the median openness: below it an eye blinks
SHUT = CLOSED  # openness of an eye that must not change: the sequential result leaves it alone


class Motion(StrEnum):
    """The dominant motion: a blink has precedence over a glance, a glance over head motion."""

    STILL = "still"
    SLOW = "slow"
    BRISK = "brisk"
    FAST = "fast"
    GLANCE = "glance"
    BLINK = "blink"


@dataclass(frozen=True)
class Tracks:
    """One face over n frames; NaN where it is not found. middle: (n, 2) between the eyes, pixels. width: (n,) of an
    eye, pixels. iris: (n, 2) from the middle of the corners, eye widths, axes along them. openness: (n,) of the eye
    that is less open.
    """

    middle: Track
    width: Track
    iris: Track
    openness: Track

    @classmethod
    def of(cls, found: Sequence[Faces]) -> "Tracks":
        """The first face of each frame."""
        rows = np.array([_row(faces) for faces in found])
        return cls(rows[:, :2], rows[:, 2], rows[:, 3:5], rows[:, 5])

    def is_whole(self, at: int, window: int) -> bool:
        """Whether the face is found in this frame and in the window before it."""
        return at >= window and bool(np.isfinite(self.width[at - window : at + 1]).all())


def name_motion(tracks: Tracks, rate: float, at: int, window: int) -> Motion | None:
    """The motion in this frame and the window before it; None where the face was not always found. rate: frames/s."""
    if not tracks.is_whole(at, window):
        return None
    openness = tracks.openness[at - window : at + 1]
    if (openness < DEEP * np.nanmedian(tracks.openness)).any():
        return Motion.BLINK
    if (_steps(tracks.iris, at, window, 2) > JUMP).any():
        return Motion.GLANCE
    fastest = float(_steps(tracks.middle, at, window, STRETCH).max()) / tracks.width[at] * rate / STRETCH
    heads = [(FAST, Motion.FAST), (BRISK, Motion.BRISK), (SLOW, Motion.SLOW), (0.0, Motion.STILL)]
    return next(motion for least, motion in heads if fastest >= least)


def _steps(track: Track, at: int, window: int, stretch: int) -> Track:
    """The track's displacement over each stretch of frames in the window; at least one."""
    part = track[max(at - max(window, stretch), 0) : at + 1]
    return np.asarray(np.hypot(*(part[stretch:] - part[:-stretch]).T)) if len(part) > stretch else np.zeros(1)


def _row(faces: Faces) -> list[float]:
    """middle x, y, width, iris x, y, openness."""
    if not faces.faces:
        return [float("nan")] * 6
    eyes = faces.faces[0].eyes
    level = complex(*(eyes[1].corners.mean(0) - eyes[0].corners.mean(0)).tolist())
    middle = np.mean([eye.corners for eye in eyes], axis=(0, 1))
    width = (eyes[0].width + eyes[1].width) / 2
    steps = [complex(*((eye.iris - eye.corners.mean(0)) / eye.width).tolist()) for eye in eyes]
    iris = sum(steps) / 2 * abs(level) / level
    return [*middle.tolist(), width, iris.real, iris.imag, min(eye.openness for eye in eyes)]
