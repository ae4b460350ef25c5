"""By what angle to turn a person's eyes, and how strongly at this moment. Knows no pixels; time is an argument.

Natural: a fixed offset, from where the person looks to the lens; the eyes' own movement stays. Nobody's gaze
estimate is good enough to pin an iris to the lens, and a pinned iris looks possessed.
Teleprompter: turns the estimated gaze into the lens, within limits, for people who read from the screen.
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

# A lens at which the eyes look a little too low is judged best; a gaze above the lens is noticed ten times sooner.
BELOW_LENS = 2.0  # degrees
TELEPROMPTER_REACH = 15.0  # degrees, the farthest that an estimated gaze may turn the eyes
STEADY_GAZE = OneEuro(min_cutoff=0.8, beta=0.03)

CLOSED, OPEN = 0.10, 0.18  # openness: nothing is moved below the first, everything above the second
DOUBT, TRUST = 0.35, 0.55  # confidence: correction stops below the first, starts again above the second
FADE = 0.2  # seconds from none to full, so that nothing snaps


class Target:
    """The turn wanted for one face, steadied over time."""

    def __init__(self) -> None:
        self._gaze = Filter(STEADY_GAZE)
        self._turn = Slew()

    def __call__(self, face: Face, correction: Correction, time: float) -> Angles:
        """The turn in the camera frame, degrees. A changed setting is approached over FADE seconds."""
        gaze = self._gaze(np.array([[face.gaze.pitch, face.gaze.yaw]]), time)[0]
        if correction.mode == "natural":
            wanted = Angles(correction.pitch, correction.yaw)
        else:
            wanted = Angles(
                pitch=_within(-BELOW_LENS - float(gaze[0]), TELEPROMPTER_REACH),
                yaw=_within(-float(gaze[1]), TELEPROMPTER_REACH),
            )
        return self._turn(wanted, time)


class Slew:
    """Moves a turn towards the wanted one at no more than MAX_AIM degrees in FADE seconds."""

    def __init__(self) -> None:
        self._angles: Angles | None = None
        self._time = -math.inf

    def __call__(self, wanted: Angles, time: float) -> Angles:
        """The turn at time [s]."""
        step, self._time = time - self._time, time
        if self._angles is None or not 0 <= step < 1:
            self._angles = wanted
        most = MAX_AIM / FADE * step if 0 <= step < 1 else 0.0
        self._angles = Angles(
            pitch=self._angles.pitch + _within(wanted.pitch - self._angles.pitch, most),
            yaw=self._angles.yaw + _within(wanted.yaw - self._angles.yaw, most),
        )
        return self._angles


class Gate:
    """How strongly one face is corrected, 0..1, and why not where it is 0.

    Everything but a blink fades within FADE seconds; a blink is obeyed in the frame in which it is seen.
    """

    def __init__(self) -> None:
        self._level = 0.0
        self._time = -math.inf
        self._trusted = False

    def __call__(self, face: Face, correction: Correction, limits: Limits, time: float) -> tuple[float, Verdict]:
        """(gain, verdict) at time [s]. A verdict other than CORRECTED names the first reason for a gain of 0."""
        wanted, reason = self._wanted(face, correction, limits)
        step, self._time = time - self._time, time
        if not 0 <= step < 1:
            step = 1 / 30
        self._level += _within(wanted - self._level, step / FADE)
        lids = max(opening(face.right), opening(face.left))
        if self._level <= 0:
            return 0.0, reason
        return self._level, Verdict.CORRECTED if lids > 0 else Verdict.EYES_CLOSED

    def _wanted(self, face: Face, correction: Correction, limits: Limits) -> tuple[float, Verdict]:
        """The level to go to, and what holds it down."""
        if not asked_for(correction):
            return 0.0, Verdict.OFF
        self._trusted = face.confidence > (DOUBT if self._trusted else TRUST)
        if not self._trusted:
            return 0.0, Verdict.DOUBTFUL
        return correction.strength / 100 * effect(face, limits), Verdict.TURNED_AWAY


def asked_for(correction: Correction) -> bool:
    """Whether these settings move anything at all."""
    still = correction.mode == "natural" and correction.pitch == correction.yaw == 0
    return correction.enabled and correction.strength > 0 and not still


def opening(eye: Eye) -> float:
    """How much of a correction these lids allow, 0 (closed) .. 1 (open). Not filtered: lids are quick."""
    return ramp(eye.openness, CLOSED, OPEN)


def effect(face: Face, limits: Limits) -> float:
    """1 while gaze and head are near the lens, falling to 0 at limits.no_effect."""
    gaze = math.hypot(face.gaze.pitch, face.gaze.yaw)
    head = math.hypot(face.head.pitch, face.head.yaw)
    return min(_fade(gaze, limits.full_gaze, limits.no_effect), _fade(head, limits.full_head, limits.no_effect))


def _fade(angle: float, full: float, none: float) -> float:
    """1 up to full, 0 from none, linear between."""
    return 1 - ramp(angle, full, max(none, full + 1e-6))


def _within(value: float, most: float) -> float:
    """The value, no farther than most from zero."""
    return max(-most, min(most, value))
