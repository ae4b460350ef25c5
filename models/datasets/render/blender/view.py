"""The camera: from world coordinates to pixels. Plain arithmetic.

World frame: millimetres, the lens at the origin, x to the picture's right, y up, z towards the viewer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relay.gaze.face import Head

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """A window of a camera's picture. focal: pixels. centre: where the optical axis meets the window, pixels.

    The camera is upright and looks along -z; a face at the picture's side gives a centre outside the window.
    """

    width: int
    height: int
    focal: float
    centre: tuple[float, float]

    def project(self, points: NDArray[np.floating]) -> Floats:
        """(..., 3) world mm -> (..., 3): x and y in pixels (pixel centres at .5), depth before the lens in mm."""
        depth = -points[..., 2]
        x = self.centre[0] + self.focal * points[..., 0] / depth
        y = self.centre[1] - self.focal * points[..., 1] / depth
        return np.stack([x, y, depth], axis=-1).astype(np.float32)


def rotation(head: Head) -> NDArray[np.float64]:
    """(3, 3) the rotation of a head with this pose, as in relay/gaze/tracking/pose.py; zero looks along +z."""
    pitch, yaw, roll = (np.radians(angle) for angle in (-head.pitch, head.yaw, -head.roll))
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z)


def direction(pitch: float, yaw: float) -> NDArray[np.float64]:
    """(3,) the unit vector of a gaze with these angles, degrees (see relay/gaze/spec.py)."""
    p, y = np.radians(pitch), np.radians(yaw)
    return np.array([np.sin(y) * np.cos(p), np.sin(p), np.cos(y) * np.cos(p)])


def angles(vector: NDArray[np.floating]) -> tuple[float, float]:
    """Pitch and yaw, degrees, of a (3,) vector."""
    x, y, z = vector / np.linalg.norm(vector)
    return float(np.degrees(np.arcsin(np.clip(y, -1, 1)))), float(np.degrees(np.arctan2(x, z)))
