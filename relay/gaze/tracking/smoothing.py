"""Filters eye corners and lids over time. Knows nothing of images; time is an argument.

Corners and lids are far noisier than the iris, and jitter of the patch makes the eye jitter.
Openness is not filtered: a blink must show in the frame in which it happens.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from relay.gaze.face import Angles, Eye, Face, Faces, Head

FORGET_AFTER = 0.5  # seconds without a face after which its filters are reset


@dataclass(frozen=True)
class OneEuro:
    """Cut-off of the filter: min_cutoff [Hz] at rest, plus beta [Hz per unit/s] with speed.

    Casiez, Roussel, Vogel: 1 Euro Filter, CHI 2012.
    """

    min_cutoff: float
    beta: float
    speed_cutoff: float = 2.0


# Points are filtered in eye widths, so that one setting suits all distances. The speed is shared by the points
# of an eye: head motion moves corners and lids alike, and a common cut-off keeps their shape rigid.
CORNERS = OneEuro(min_cutoff=1.2, beta=6.0)
IRIS = OneEuro(min_cutoff=6.0, beta=12.0)
POSE = OneEuro(min_cutoff=1.5, beta=0.08)  # degrees


@dataclass
class Filter:
    """One-Euro filter of an array of any shape, all its values with one speed."""

    shape: OneEuro
    _value: NDArray[np.float64] | None = None
    _speed: float = 0.0
    _time: float = -math.inf

    def __call__(self, value: NDArray[np.floating], time: float, unit: float = 1.0) -> NDArray[np.float64]:
        """The filtered value at time [s]; unit is the length in which speed is measured.

        A time that does not advance, or a gap of over half a second, resets the filter.
        """
        step = time - self._time
        previous, self._time = self._value, time
        if previous is None or previous.shape != value.shape or not 0 < step < FORGET_AFTER:
            self._value, self._speed = np.array(value, dtype=np.float64), 0.0
            return self._value
        change = np.asarray(value, dtype=np.float64) - previous
        # The mean step of all points: common movement is motion, individual movement is noise.
        speed = float(np.linalg.norm(change.reshape(-1, change.shape[-1]).mean(0))) / unit / step
        self._speed += _weight(self.shape.speed_cutoff, step) * (speed - self._speed)
        cutoff = self.shape.min_cutoff + self.shape.beta * self._speed
        self._value = previous + _weight(cutoff, step) * change
        return self._value


def _weight(cutoff: float, step: float) -> float:
    """Weight of the new sample in a first-order low-pass of this cut-off [Hz]."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * step))


@dataclass
class EyeSmoother:
    """The filters of one eye."""

    _outline: Filter = field(default_factory=lambda: Filter(CORNERS))
    _iris: Filter = field(default_factory=lambda: Filter(IRIS))
    _radius: Filter = field(default_factory=lambda: Filter(CORNERS))

    def __call__(self, eye: Eye, time: float) -> Eye:
        """The filtered eye; openness unchanged."""
        outline = self._outline(np.concatenate([eye.corners, eye.upper, eye.lower]), time, eye.width)
        iris = self._iris(eye.iris[None], time, eye.width)[0]
        radius = self._radius(np.array([[eye.iris_radius]]), time, eye.width)[0, 0]
        corners, upper, lower = np.split(outline.astype(np.float32), [2, 9])
        return replace(
            eye,
            corners=corners,
            upper=upper,
            lower=lower,
            iris=iris.astype(np.float32),
            iris_radius=float(radius),
        )


@dataclass
class FaceSmoother:
    """The filters of one face."""

    last_seen: float = -math.inf
    _right: EyeSmoother = field(default_factory=EyeSmoother)
    _left: EyeSmoother = field(default_factory=EyeSmoother)
    _angles: Filter = field(default_factory=lambda: Filter(POSE))

    def __call__(self, face: Face, time: float) -> Face:
        """The filtered face."""
        self.last_seen = time
        head, gaze = face.head, face.gaze
        angles = self._angles(np.array([[head.pitch, head.yaw, head.roll, gaze.pitch, gaze.yaw]]), time)[0]
        return replace(
            face,
            right=self._right(face.right, time),
            left=self._left(face.left, time),
            head=Head(*(float(angle) for angle in angles[:3])),
            gaze=Angles(*(float(angle) for angle in angles[3:])),
        )


class Smoother:
    """The filters of all faces, by face number."""

    def __init__(self) -> None:
        self._faces: dict[int, FaceSmoother] = {}

    def __call__(self, faces: Faces) -> Faces:
        """The same faces, filtered."""
        time = faces.time
        self._faces = {number: one for number, one in self._faces.items() if abs(time - one.last_seen) < FORGET_AFTER}
        filtered = [self._faces.setdefault(face.number, FaceSmoother())(face, time) for face in faces.faces]
        return replace(faces, faces=tuple(filtered))
