"""Two-look calibration: look at the lens, then at the other person's face; the difference is the offset.

A difference needs no absolute gaze: what an estimate gets wrong about a person is the same in both looks and cancels.
Knows nothing of messages or pages; time is an argument.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from relay.gaze.aim import BELOW_LENS, CLOSED
from relay.gaze.face import Angles, Face, Faces
from relay.gaze.spec import MAX_AIM

Look = Literal["lens", "face"]
Code = Literal["no_face", "blinked", "moved", "too_far"]

SETTLE: Final = 0.3  # seconds for the eyes to arrive after the click
DURATION: Final = 1.0  # seconds that are averaged
PATIENCE: Final = 1.0  # seconds to wait for a face before giving up
MOST_SPREAD: Final = 2.5  # degrees, standard deviation of gaze or head during one look
FEWEST: Final = 8  # sightings that make an average


@dataclass(frozen=True)
class Looked:
    """One look has been measured."""

    look: Look


@dataclass(frozen=True)
class Calibrated:
    """Both looks have: the offset from where the person looks to the lens, degrees."""

    pitch: float
    yaw: float


@dataclass(frozen=True)
class Rejected:
    """A look that cannot be used, with a sentence for the person. The looks before it stay."""

    look: Look
    code: Code
    message: str


class CalibrationError(Exception):
    """A look asked for out of turn. code is machine-readable."""

    code = "wrong_order"


class TwoLook:
    """Collects the two looks."""

    def __init__(self) -> None:
        self._look: Look | None = None
        self._begun = 0.0
        self._seen: list[Face] = []
        self._lens: Angles | None = None

    def begin(self, look: Look, time: float) -> None:
        """Start measuring at time [s]; a look under way starts again. Raises CalibrationError: face before lens."""
        if look == "face" and self._lens is None:
            raise CalibrationError("look at the lens first, then at the other person's face")
        self._look, self._begun, self._seen = look, time, []

    def cancel(self) -> None:
        """Forget everything."""
        self._look, self._seen, self._lens = None, [], None

    def observe(self, faces: Faces, time: float) -> Looked | Calibrated | Rejected | None:
        """Take a sighting at time [s]; the outcome once the look is over, else None."""
        if self._look is None or time < self._begun + SETTLE:
            return None
        if faces.faces:
            self._seen.append(max(faces.faces, key=lambda face: face.right.width + face.left.width))
        elif not self._seen and time < self._begun + SETTLE + PATIENCE:
            return None
        problem = self._problem(faces, over=time >= self._begun + SETTLE + DURATION)
        if problem is None and time < self._begun + SETTLE + DURATION:
            return None
        look, self._look = self._look, None
        return Rejected(look, *problem) if problem else self._measured(look)

    def _problem(self, faces: Faces, over: bool) -> tuple[Code, str] | None:
        """Why the look cannot be used, if so. over: the time is up."""
        if not faces.faces or (over and len(self._seen) < FEWEST):
            return (
                "no_face",
                "I could not see your face all the time. Sit in the picture, with light on it, and try again.",
            )
        if min(self._seen[-1].right.openness, self._seen[-1].left.openness) < CLOSED:
            return "blinked", "You blinked. Keep your eyes open for a second and try again."
        if over and _spread(self._seen) > MOST_SPREAD:
            return "moved", "Your eyes or head moved. Hold still for a second and try again."
        return None

    def _measured(self, look: Look) -> Looked | Calibrated | Rejected:
        """The mean of the look; with the second one, the offset."""
        pitch, yaw = (float(value) for value in np.mean([(one.gaze.pitch, one.gaze.yaw) for one in self._seen], 0))
        if look == "lens" or self._lens is None:
            self._lens = Angles(pitch, yaw)
            return Looked(look)
        up, right = self._lens.pitch - pitch, self._lens.yaw - yaw
        if max(abs(up), abs(right)) > MAX_AIM:
            return Rejected(
                look,
                "too_far",
                f"The two looks are {max(abs(up), abs(right)):.0f} degrees apart, but only {MAX_AIM:.0f} can be "
                "corrected. Move the window closer to the camera and try again.",
            )
        self._lens = None
        # Eyes a little below the lens pass as eye contact; eyes above it do not.
        return Calibrated(pitch=round(max(up - BELOW_LENS, min(up, 0.0)), 1), yaw=round(right, 1))


def _spread(seen: list[Face]) -> float:
    """The larger standard deviation of gaze and head, degrees."""
    angles = np.array([(one.gaze.pitch, one.gaze.yaw, one.head.pitch, one.head.yaw) for one in seen])
    return float(np.std(angles, axis=0).max())
