"""Head pose, gaze and confidence, from a landmark model's output for one face. Pure arithmetic, degrees."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from relay.gaze.face import Angles, Eye, Head

# Degrees of eye turn in the head per unit of the expression scores eyeLook*. Measured on people who keep looking at
# one point while their head turns: the eyes turn back by as much as the head turns (the vestibulo-ocular reflex).
DEGREES_PER_LOOK = Angles(pitch=30.0, yaw=28.0)

# MediaPipe assumes a camera of 63 degrees vertical field of view; webcams have about 42.
FIELD_OF_VIEW_RATIO = np.tan(np.radians(21)) / np.tan(np.radians(31.5))

SMALLEST_EYE = (9.0, 14.0)  # pixels: confidence 0 below the first, 1 from the second
IRIS_RADIUS = (0.13, 0.17, 0.28, 0.34)  # eye widths: confidence 0 outside, 1 between the inner two


def head_of(matrix: NDArray[np.float64]) -> Head:
    """Head pose from a (4, 4) pose matrix: canonical head (x right, y up, z out of the face) -> camera, in cm.

    Pitch and yaw are relative to the line from the face to the lens: zero looks into the lens at any image position.
    """
    rotation = matrix[:3, :3] / np.cbrt(max(np.linalg.det(matrix[:3, :3]), 1e-9))
    ahead = rotation[:, 2]
    sideways, below = -matrix[:2, 3] / max(-matrix[2, 3], 1e-6) * FIELD_OF_VIEW_RATIO
    yaw = np.arctan2(ahead[0], ahead[2]) - np.arctan(sideways)
    pitch = np.arcsin(np.clip(ahead[1], -1, 1)) - np.arctan(below)
    roll = -np.arctan2(rotation[1, 0], rotation[1, 1])
    return Head(*(float(np.degrees(angle)) for angle in (pitch, yaw, roll)))


def gaze_of(head: Head, shapes: Mapping[str, float]) -> Angles:
    """Gaze direction relative to the lens: the head's turn plus the eyes' turn in it, both eyes averaged.

    shapes: ARKit's eyeLook{Up,Down,In,Out}{Left,Right}, 0..1. Accurate to about 5 degrees.
    """
    up = sum(shapes.get(f"eyeLookUp{side}", 0) - shapes.get(f"eyeLookDown{side}", 0) for side in ("Left", "Right"))
    left = shapes.get("eyeLookOutLeft", 0) - shapes.get("eyeLookInLeft", 0)
    left += shapes.get("eyeLookInRight", 0) - shapes.get("eyeLookOutRight", 0)
    # The person's left is the image's right.
    return Angles(pitch=head.pitch + DEGREES_PER_LOOK.pitch * up / 2, yaw=head.yaw + DEGREES_PER_LOOK.yaw * left / 2)


def confidence(right: Eye, left: Eye, size: tuple[int, int]) -> float:
    """Confidence in these eyes, 0..1: large enough, plausible iris size, inside the frame."""
    eyes = (right, left)
    large = ramp(max(eye.width for eye in eyes), *SMALLEST_EYE)
    low, enough, most, high = IRIS_RADIUS
    # The eye that is turned away is foreshortened, so its relative iris size is too large: the wider one is used.
    wider = max(eyes, key=lambda eye: eye.width)
    radius = wider.iris_radius / max(wider.width, 1e-6)
    plausible = min(ramp(radius, low, enough), 1 - ramp(radius, most, high))
    inside = min(_inside(eye, size) for eye in eyes)
    return large * plausible * inside


def ramp(value: float, low: float, high: float) -> float:
    """0 at low, 1 at high, linear between."""
    return float(np.clip((value - low) / (high - low), 0, 1))


def _inside(eye: Eye, size: tuple[int, int]) -> float:
    """1 with both corners inside the frame, 0 when one is a quarter of an eye outside."""
    outside = np.maximum(-eye.corners, eye.corners - np.array(size)).max()
    return 1 - ramp(float(outside) / max(eye.width, 1e-6), 0, 0.25)
