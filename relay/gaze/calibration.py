"""Two-look calibration: look at the lens, then at the other person's face; the difference is the offset.

A difference needs no absolute gaze: an estimate's bias for a person is the same in both looks and cancels.
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

SETTLE_TIME: Final = 0.3  # seconds for the eyes to reach the target after the click
DURATION: Final = 1.0  # seconds that are averaged
FACE_TIMEOUT: Final = 1.0  # seconds to wait for a face
MAX_SPREAD: Final = 2.5  # degrees, standard deviation of gaze or head during one look
MIN_SAMPLES: Final = 8  # detections needed for an average


@dataclass(frozen=True)
class Looked:
    """One look has been measured."""

    look: Look


@dataclass(frozen=True)
class Calibrated:
    """Both looks have been measured: the offset from where the person looks to the lens, degrees."""

    pitch: float
    yaw: float


@dataclass(frozen=True)
class Rejected:
    """A look that cannot be used, with a message for the user. Earlier looks are kept."""

    look: Look
    code: Code
    message: str


class CalibrationError(Exception):
    """A look was requested in the wrong order. code is machine-readable."""

    code = "wrong_order"


class TwoLook:
    """Measures the two looks."""

    def __init__(self) -> None:
        self._look: Look | None = None
        self._start = 0.0
        self._samples: list[Face] = []
        self._lens: Angles | None = None

    def begin(self, look: Look, time: float) -> None:
        """Start measuring at time [s]; a look in progress restarts. Raises CalibrationError: face before lens."""
        if look == "face" and self._lens is None:
            raise CalibrationError("look at the lens first, then at the other person's face")
        self._look, self._start, self._samples = look, time, []

    def cancel(self) -> None:
        """Discard all looks."""
        self._look, self._samples, self._lens = None, [], None

    def observe(self, faces: Faces, time: float) -> Looked | Calibrated | Rejected | None:
        """Process the faces at time [s]. Returns the outcome once the look is over, else None."""
        if self._look is None or time < self._start + SETTLE_TIME:
            return None
        if faces.faces:
            self._samples.append(max(faces.faces, key=lambda face: face.right.width + face.left.width))
        elif not self._samples and time < self._start + SETTLE_TIME + FACE_TIMEOUT:
            return None
        problem = self._problem(faces, over=time >= self._start + SETTLE_TIME + DURATION)
        if problem is None and time < self._start + SETTLE_TIME + DURATION:
            return None
        look, self._look = self._look, None
        return Rejected(look, *problem) if problem else self._measured(look)

    def _problem(self, faces: Faces, over: bool) -> tuple[Code, str] | None:
        """Why the look cannot be used; None where it can. over: DURATION has passed."""
        if not faces.faces or (over and len(self._samples) < MIN_SAMPLES):
            return (
                "no_face",
                "Your face was not visible all the time. Sit in front of the camera, in good light, and try again.",
            )
        if min(self._samples[-1].right.openness, self._samples[-1].left.openness) < CLOSED:
            return "blinked", "You blinked. Keep your eyes open for a second and try again."
        if over and _spread(self._samples) > MAX_SPREAD:
            return "moved", "Your eyes or head moved. Hold still for a second and try again."
        return None

    def _measured(self, look: Look) -> Looked | Calibrated | Rejected:
        """The result of the look: its mean is stored, or, with the second one, the offset is computed."""
        pitch, yaw = (float(value) for value in np.mean([(one.gaze.pitch, one.gaze.yaw) for one in self._samples], 0))
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
        # A gaze slightly below the lens passes as eye contact; one above it does not.
        return Calibrated(pitch=round(max(up - BELOW_LENS, min(up, 0.0)), 1), yaw=round(right, 1))


def _spread(samples: list[Face]) -> float:
    """The larger standard deviation of gaze and head, degrees."""
    angles = np.array([(one.gaze.pitch, one.gaze.yaw, one.head.pitch, one.head.yaw) for one in samples])
    return float(np.std(angles, axis=0).max())
