"""What is kept of the frame in which faces were found: the luma around their eyes, and the points to track.

The points are corners (Shi and Tomasi: Good features to track, CVPR 1994) around the eyes: brow, nose, rim of
glasses. Irises and lids are excluded: a glance or a blink is not head motion, and must not move the patch.
"""

import math
from dataclasses import dataclass, field
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from relay.frame import Frame, Plane
from relay.gaze.face import Eye, Face, Faces
from relay.gaze.motion.velocity import Velocity

SEARCH_MARGIN = 0.9  # eye widths to each side of the points: largest head motion between the two frames
DETAIL = 18  # pixels per eye width of the kept luma, at least (not upscaled where the frame has fewer)
POINTS = 20  # tracked per face, at most
RING = (0.95, 0.85)  # half axes of the ellipse around an eye in which points may be, eye widths
OPENING = (0.62, 0.50)  # and of the excluded one inside it: iris, lids and the lid crease


@dataclass(frozen=True)
class Window:
    """The luma around one face's eyes, downscaled by an integer factor.

    left, top: of its corner in the frame, pixels; factor: frame pixels per window pixel; luma: (h, w) uint8.
    points: (n, 2) float32, to be tracked, in window pixels, x and y, centres at whole numbers as in OpenCV.
    """

    left: int
    top: int
    factor: int
    luma: Plane
    points: NDArray[np.float32]

    def normalised(self, frame: Frame) -> Plane:
        """The same window of another frame of the same size, normalised to this one's mean and contrast.

        Optical flow would take a change of brightness for motion.
        """
        height, width = self.luma.shape
        luma = _downscale(frame.y, self.left, self.top, (width, height), self.factor)
        (mean, spread), (target_mean, target_spread) = (
            np.ravel(cv2.meanStdDev(one)).tolist() for one in (luma, self.luma)
        )
        gain = min(max((target_spread + 1) / (spread + 1), 0.5), 2.0)
        return np.asarray(cv2.addWeighted(luma, gain, luma, 0, target_mean - gain * mean), np.uint8)


@dataclass(frozen=True)
class MotionReference:
    """What is kept of the frame in which faces were found. Immutable, so any thread may use it.

    size: (width, height) of that frame; windows: by the face's number; velocity: used where optical flow fails.
    """

    size: tuple[int, int]
    windows: dict[int, Window] = field(default_factory=dict)
    velocity: Velocity = field(default_factory=Velocity)

    @classmethod
    def of(cls, frame: Frame, faces: Faces, velocity: Velocity | None = None) -> Self:
        """Keep the luma around the eyes and choose the points to track. frame: where these faces were found."""
        windows = {face.number: _window(frame, face) for face in faces.faces}
        inside = {number: window for number, window in windows.items() if window is not None}
        return cls(frame.size, inside, velocity or Velocity())


def _window(frame: Frame, face: Face) -> Window | None:
    """The window around this face's eyes; None where it is outside the frame or too small."""
    eye_width = eye_width_of(face)
    if not eye_width >= 4:
        return None
    factor = max(1, int(eye_width / DETAIL))
    reach = eye_width * (max(RING) + SEARCH_MARGIN)
    centres = np.array([eye.corners.mean(0) for eye in face.eyes])
    low = np.maximum(np.floor(centres.min(0) - reach), 0).astype(int)
    high = np.minimum(np.ceil(centres.max(0) + reach), frame.size).astype(int)
    width, height = ((high - low) // factor).tolist()
    if width < 16 or height < 16:
        return None
    left, top = low.tolist()
    luma = _downscale(frame.y, left, top, (width, height), factor)
    return Window(left, top, factor, luma, _points(luma, face, (left, top), factor))


def _points(luma: Plane, face: Face, origin: tuple[int, int], factor: int) -> NDArray[np.float32]:
    """(n, 2) corners around both eyes that can be tracked."""
    mask = np.zeros(luma.shape, np.uint8)
    for axes, value in ((RING, 255), (OPENING, 0)):
        for eye in face.eyes:
            _draw(mask, eye, axes, value, origin, factor)
    least = max(2.0, DETAIL / 8)
    found = cv2.goodFeaturesToTrack(luma, POINTS, qualityLevel=0.02, minDistance=least, mask=mask, blockSize=5)
    return np.empty((0, 2), np.float32) if found is None else np.asarray(found[:, 0], np.float32)


def _draw(mask: Plane, eye: Eye, axes: tuple[float, float], value: int, origin: tuple[int, int], factor: int) -> None:
    """Fill the ellipse with these half axes, in eye widths, around the eye."""
    outer, inner = eye.corners.astype(float)
    middle = ((outer + inner) / 2 - origin) / factor - 0.5
    angle = math.degrees(math.atan2(*(inner - outer)[::-1]))
    size = (2 * axes[0] * eye.width / factor, 2 * axes[1] * eye.width / factor)
    cv2.ellipse(mask, (middle.tolist(), size, angle), value, thickness=-1)


def _downscale(plane: Plane, left: int, top: int, size: tuple[int, int], factor: int) -> Plane:
    """size (width, height) pixels, each the mean of factor x factor of the plane's, from left and top on."""
    width, height = size
    part = plane[top : top + height * factor, left : left + width * factor]
    if factor == 1:
        return part.copy()
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)


def eye_width_of(face: Face) -> float:
    """Mean of both, pixels."""
    return (face.right.width + face.left.width) / 2
