"""The angle by which to turn a person's eyes, and the current gain. Knows nothing of pixels; time is an argument.

Natural: a fixed offset, from where the person looks to the lens; the eyes' own movement is kept. No gaze estimate is
good enough to fix an iris on the lens, and a fixed iris looks unnatural.
Teleprompter: turns the estimated gaze to the lens, within limits, for people who read from the screen.
"""

import math

import numpy as np

from relay.config.correction import Correction
from relay.config.engine import Limits
from relay.frame import Verdict
from relay.gaze.face import Angles, Eye, Face
from relay.gaze.spec import MAX_AIM
from relay.gaze.tracking.pose import ramp
from relay.gaze.tracking.smoothing import Filter, OneEuro

# Viewers prefer a gaze slightly below the lens; a gaze above the lens is noticed ten times sooner.
BELOW_LENS = 2.0  # degrees
TELEPROMPTER_LIMIT = 15.0  # degrees, largest turn from an estimated gaze
GAZE_FILTER = OneEuro(min_cutoff=0.8, beta=0.03)

CLOSED, OPEN = 0.10, 0.18  # openness: no correction below the first, full correction above the second
LOW_CONFIDENCE, HIGH_CONFIDENCE = 0.35, 0.55  # correction stops below the first, starts again above the second
FADE = 0.2  # seconds from none to full


class Target:
    """The target turn for one face, filtered over time."""

    def __init__(self) -> None:
        self._gaze = Filter(GAZE_FILTER)
        self._turn = SlewLimiter()

    def __call__(self, face: Face, correction: Correction, time: float) -> Angles:
        """The turn in the camera frame, degrees. A changed setting takes effect within FADE seconds."""
        gaze = self._gaze(np.array([[face.gaze.pitch, face.gaze.yaw]]), time)[0]
        if correction.mode == "natural":
            target = Angles(correction.pitch, correction.yaw)
        else:
            target = Angles(
                pitch=_clamp(-BELOW_LENS - float(gaze[0]), TELEPROMPTER_LIMIT),
                yaw=_clamp(-float(gaze[1]), TELEPROMPTER_LIMIT),
            )
        return self._turn(target, time)


class SlewLimiter:
    """Moves a turn towards its target at no more than MAX_AIM degrees in FADE seconds."""

    def __init__(self) -> None:
        self._angles: Angles | None = None
        self._time = -math.inf

    def __call__(self, target: Angles, time: float) -> Angles:
        """The turn at time [s]."""
        step, self._time = time - self._time, time
        if self._angles is None or not 0 <= step < 1:
            self._angles = target
        limit = MAX_AIM / FADE * step if 0 <= step < 1 else 0.0
        self._angles = Angles(
            pitch=self._angles.pitch + _clamp(target.pitch - self._angles.pitch, limit),
            yaw=self._angles.yaw + _clamp(target.yaw - self._angles.yaw, limit),
        )
        return self._angles


class Gate:
    """The gain of one face's correction, 0..1, and the reason where it is 0.

    Everything but a blink fades within FADE seconds; a blink takes effect in the frame in which it is detected.
    """

    def __init__(self) -> None:
        self._level = 0.0
        self._time = -math.inf
        self._trusted = False

    def __call__(self, face: Face, correction: Correction, limits: Limits, time: float) -> tuple[float, Verdict]:
        """(gain, verdict) at time [s]. A verdict other than CORRECTED names the first reason for a gain of 0."""
        target, reason = self._target_level(face, correction, limits)
        step, self._time = time - self._time, time
        if not 0 <= step < 1:
            step = 1 / 30
        self._level += _clamp(target - self._level, step / FADE)
        lids = max(opening(face.right), opening(face.left))
        if self._level <= 0:
            return 0.0, reason
        return self._level, Verdict.CORRECTED if lids > 0 else Verdict.EYES_CLOSED

    def _target_level(self, face: Face, correction: Correction, limits: Limits) -> tuple[float, Verdict]:
        """The level to approach, and the reason for a low one."""
        if not is_active(correction):
            return 0.0, Verdict.OFF
        self._trusted = face.confidence > (LOW_CONFIDENCE if self._trusted else HIGH_CONFIDENCE)
        if not self._trusted:
            return 0.0, Verdict.DOUBTFUL
        return correction.strength / 100 * effect(face, limits), Verdict.TURNED_AWAY


def is_active(correction: Correction) -> bool:
    """Whether these settings change the frame."""
    still = correction.mode == "natural" and correction.pitch == correction.yaw == 0
    return correction.enabled and correction.strength > 0 and not still


def opening(eye: Eye) -> float:
    """The share of a correction that these lids allow, 0 (closed) .. 1 (open). Not filtered: lids are fast."""
    return ramp(eye.openness, CLOSED, OPEN)


def effect(face: Face, limits: Limits) -> float:
    """1 while gaze and head are near the lens direction, falling to 0 at limits.no_effect."""
    gaze = math.hypot(face.gaze.pitch, face.gaze.yaw)
    head = math.hypot(face.head.pitch, face.head.yaw)
    return min(_fade(gaze, limits.full_gaze, limits.no_effect), _fade(head, limits.full_head, limits.no_effect))


def _fade(angle: float, full: float, none: float) -> float:
    """1 up to full, 0 from none, linear between."""
    return 1 - ramp(angle, full, max(none, full + 1e-6))


def _clamp(value: float, limit: float) -> float:
    """The value, limited to -limit..limit."""
    return max(-limit, min(limit, value))
