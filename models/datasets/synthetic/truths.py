"""Projected ground truth of a posed eye: corners, lids, iris and gaze in picture coordinates. Pure arithmetic."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.datasets.render.blender.view import View, angles
from models.datasets.render.heads.body import EyePose
from relay.gaze.face import Eye, Side

Floats = NDArray[np.float32]
LID_POINTS = 7


@dataclass(frozen=True)
class Placement:
    """Head frame to world: (3, 3) rotation and (3,) position, mm."""

    turn: NDArray[np.float64]
    place: NDArray[np.float64]

    def __call__(self, points: NDArray[np.floating]) -> Floats:
        """(n, 3) head frame -> (n, 3) world frame."""
        return (points @ self.turn.T + self.place).astype(np.float32)


def eye_of(pose: EyePose, placement: Placement, view: View) -> Eye:
    """The eye in pixels, on the mesh."""
    margin = view.project(placement(pose.margin))[:, :2]
    inner = pose.orbit.inner
    corners = margin[[0, inner]]
    upper = _spread(margin[: inner + 1])
    lower = _spread(np.vstack([margin[inner:], margin[:1]])[::-1])
    iris, rim = (view.project(placement(np.atleast_2d(points)))[:, :2] for points in (pose.iris, pose.iris_rim))
    return Eye(
        pose.orbit.side,
        corners,
        upper,
        lower,
        iris[0],
        # The longer semi-axis equals the disc's own radius at any turn.
        float(np.hypot(*(rim - iris[0]).T).max()),
        openness(pose.orbit.side, corners, upper, lower),
    )


def openness(side: Side, corners: Floats, upper: Floats, lower: Floats) -> float:
    """Aperture over eye width, as relay/gaze/tracking/landmarks.py measures it."""
    width = max(float(np.hypot(*(corners[1] - corners[0]))), 1e-6)
    right = (corners[1] - corners[0]) / width * (1 if side is Side.RIGHT else -1)
    return float(((lower[2:5] - upper[2:5]) @ np.array([-right[1], right[0]])).mean()) / width


def gaze_of(pose: EyePose, placement: Placement) -> tuple[tuple[float, float], tuple[float, float]]:
    """Pitch and yaw, degrees, of sight and of optical axis, camera frame, relative to the line from eye to lens."""
    eye = placement(pose.orbit.centre[None])[0]
    to_lens = np.array(angles(-eye))
    sight, optic = (np.array(angles(placement.turn @ axis)) - to_lens for axis in (pose.sight, pose.optic))
    return (float(sight[0]), float(sight[1])), (float(optic[0]), float(optic[1]))


def _spread(line: Floats) -> Floats:
    """(7, 2) points evenly along a polyline, without its ends."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    at = np.append(0, np.cumsum(steps)) / max(float(steps.sum()), 1e-6)
    share = np.arange(1, LID_POINTS + 1) / (LID_POINTS + 1)
    return np.column_stack([np.interp(share, at, line[:, axis]) for axis in range(2)]).astype(np.float32)
