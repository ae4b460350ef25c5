"""Positions of eyes, irises and head in one frame. Plain data; knows nothing of how it was found."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from relay.frame import Rotation

Points = NDArray[np.float32]  # (n, 2), frame pixels, x right and y down, pixel centres at .5


class Side(StrEnum):
    """Which eye, from the person's view."""

    RIGHT = "right"
    LEFT = "left"


@dataclass(frozen=True)
class Eye:
    """One eye, in pixels of the stored frame.

    corners: (2, 2), outer then inner. upper, lower: (7, 2), lid margins from outer to inner, without corners.
    iris: (2,) centre. iris_radius: pixels. openness: lid aperture over eye width, never smoothed.
    """

    side: Side
    corners: Points
    upper: Points
    lower: Points
    iris: Points
    iris_radius: float
    openness: float

    @property
    def width(self) -> float:
        """Distance of the corners in pixels."""
        return float(np.hypot(*(self.corners[1] - self.corners[0])))


@dataclass(frozen=True)
class Angles:
    """A direction or a turn, degrees, camera frame (see spec): pitch > 0 up, yaw > 0 to the image's right."""

    pitch: float = 0.0
    yaw: float = 0.0


@dataclass(frozen=True)
class Head:
    """Head pose in degrees, camera frame; zero looks into the lens. roll > 0 tilts the top to the right."""

    pitch: float
    yaw: float
    roll: float


@dataclass(frozen=True)
class Face:
    """One face. number identifies the person over time; confidence 0..1; gaze is where the eyes look."""

    number: int
    right: Eye
    left: Eye
    head: Head
    gaze: Angles
    confidence: float

    @property
    def eyes(self) -> tuple[Eye, Eye]:
        """Right and left."""
        return self.right, self.left


@dataclass(frozen=True)
class Faces:
    """The landmark line's result for one frame. An error is a value: `problem` describes it, `faces` is then empty."""

    time: float  # seconds, of the frame they were found in
    size: tuple[int, int]  # width, height of that frame, pixels
    rotation: Rotation = 0
    faces: tuple[Face, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Field:
    """For each node of the patch, where its pixel comes from (spec: Field). Independent of resolution.

    flow: (h, w, 2) float32, eye widths, x then y, of the ball. mask: (h, w) float32, 0..1: its visible share.
    rest: (h, w, 2) like flow, of what covers the ball: lids, skin, glasses. None: unchanged.
    light: (h, w) float32, added to the luma, -1..1 of its range. None: nothing is added.
    """

    flow: NDArray[np.float32]
    mask: NDArray[np.float32]
    rest: NDArray[np.float32] | None = None
    light: NDArray[np.float32] | None = None
