"""Carries faces forward: from the frame in which they were found to a later one that is shown. Knows no clocks.

    sight = Sight.of(frame, faces)              landmark line: what must be remembered of the frame, 0.2 ms
    carried = carry(sight, faces, later)        display, field line: the same faces, where they are in `later`

Flow: corners in the picture around the eyes (brow, nose, rim of glasses) are followed by pyramidal
Lucas-Kanade, and a similarity transform (move, turn, scale) is laid through their steps, without those that go
another way. The irises and lids themselves are left out: a glance or a blink is no motion of the head, and must not
drag the patch along. Where nothing can be followed, or what comes out is no motion of a head, `Velocity` decides.

Velocity: each face goes on as it went between the last two sightings, at half the pace. Costs nothing; worth less.

Bouguet: Pyramidal implementation of the Lucas Kanade feature tracker, Intel 1999. Shi, Tomasi: Good features to
track, CVPR 1994.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from relay.frame import Frame, Plane
from relay.gaze.face import Eye, Face, Faces, Points

Complex = NDArray[np.complex128]  # a point or a step as x + iy: a similarity transform is then a product and a sum

REACH = 0.9  # eye widths to each side of the points: how far a head may go between the two frames
DETAIL = 18  # pixels in one eye width, at least, of the picture that is remembered (as many as there are, below)
POINTS = 20  # followed per face, at the most
RING = (0.95, 0.85)  # half axes of the ellipse around an eye in which points may lie, eye widths
OPENING = (0.62, 0.50)  # and of the one inside it in which they may not: iris, lids and the crease that goes with them
FEWEST = 6  # points that must agree
AGREES = 0.08  # eye widths that a point may be off the transform, and still agree
LARGEST_TURN = math.radians(25)
LARGEST_SCALE = 1.25
DAMPING = 0.5  # of a velocity: a head seldom keeps its pace; half of it was best on real clips


@dataclass(frozen=True)
class Similarity:
    """p -> turn * p + shift, on points as complex numbers."""

    turn: complex = 1 + 0j
    shift: complex = 0j

    def __call__(self, points: Points) -> Points:
        """(..., 2) pixels -> (..., 2) pixels."""
        moved = self.turn * _complex(points) + self.shift
        return np.stack([moved.real, moved.imag], axis=-1).astype(np.float32)


@dataclass(frozen=True)
class Velocity:
    """Pixels a second of each face, by its number, as x + iy."""

    paces: dict[int, complex] = field(default_factory=dict)

    @classmethod
    def between(cls, before: Faces, now: Faces) -> Self:
        """From the last two sightings. A face that is new, or a picture of another size, has none."""
        step = now.time - before.time
        if not 0 < step < 1 or before.size != now.size:
            return cls()
        places = {face.number: _middle(face) for face in before.faces}
        return cls(
            {
                face.number: DAMPING * (_middle(face) - places[face.number]) / step
                for face in now.faces
                if face.number in places
            }
        )

    def step(self, face: Face, seconds: float) -> Similarity:
        """How this face moves in that time; not at all, where no more is known of it."""
        return Similarity(shift=self.paces.get(face.number, 0j) * max(0.0, min(seconds, 1.0)))

    def carry(self, faces: Faces, frame: Frame) -> Faces:
        """The faces where this velocity takes them by the time of the frame."""
        return _moved(faces, frame, lambda face: self.step(face, frame.time - faces.time))


@dataclass(frozen=True)
class Window:
    """The luma around one face's eyes, made smaller by a whole number.

    left, top: of its corner in the frame, pixels; factor: frame pixels in one of its own; luma: (h, w) uint8.
    points: (n, 2) float32, to be followed, in its pixels, x and y, centres at whole numbers as OpenCV has them.
    """

    left: int
    top: int
    factor: int
    luma: Plane
    points: NDArray[np.float32]

    def again(self, frame: Frame) -> Plane:
        """The same window of another frame of the same size, in this one's mean and contrast.

        What follows points takes more light for motion.
        """
        height, width = self.luma.shape
        picture = _shrink(frame.y, self.left, self.top, (width, height), self.factor)
        (mean, spread), (wanted, wide) = (np.ravel(cv2.meanStdDev(one)).tolist() for one in (picture, self.luma))
        gain = min(max((wide + 1) / (spread + 1), 0.5), 2.0)
        return np.asarray(cv2.addWeighted(picture, gain, picture, 0, wanted - gain * mean), np.uint8)


@dataclass(frozen=True)
class MotionReference:
    """What is remembered of the frame in which faces were found. Never changes, so any thread may use it.

    size: (width, height) of that frame; windows: by the face's number; velocity: where flow fails.
    """

    size: tuple[int, int]
    windows: dict[int, Window] = field(default_factory=dict)
    velocity: Velocity = field(default_factory=Velocity)

    @classmethod
    def of(cls, frame: Frame, faces: Faces, velocity: Velocity | None = None) -> Self:
        """Remember the luma around the eyes, and choose the points to follow. frame: where these faces were found."""
        windows = {face.number: _window(frame, face) for face in faces.faces}
        seen = {number: window for number, window in windows.items() if window is not None}
        return cls(frame.size, seen, velocity or Velocity())


def carry(reference: MotionReference, faces: Faces, frame: Frame) -> Faces:
    """The same faces, with corners, lids and irises where they are in this frame; never fails.

    sight: of the frame in which these faces were found. In a frame of another size the faces are only scaled with
    it; where its shape is another one too, there are none.
    """
    seconds = frame.time - faces.time

    def step(face: Face) -> Similarity:
        window = reference.windows.get(face.number)
        followed = _follow(window, frame, _eye_width(face)) if window and frame.size == reference.size else None
        return followed or reference.velocity.step(face, seconds)

    return _moved(faces, frame, step)


def _moved(faces: Faces, frame: Frame, step: Callable[[Face], Similarity]) -> Faces:
    """Each face by its own step, then all of them into the frame's size."""
    if not faces.faces:
        return replace(faces, size=frame.size)
    scale = frame.width / faces.size[0]
    if abs(frame.height / faces.size[1] / scale - 1) > 0.02:
        return replace(faces, size=frame.size, faces=())
    moved = [_move(face, step(face), scale) for face in faces.faces]
    return replace(faces, size=frame.size, faces=tuple(moved))


def _move(face: Face, step: Similarity, scale: float) -> Face:
    """The face after this step, in a picture so many times as large."""
    step = Similarity(step.turn * scale, step.shift * scale)
    return face if step == Similarity() else replace(face, right=_eye(face.right, step), left=_eye(face.left, step))


def _eye(eye: Eye, step: Similarity) -> Eye:
    """The eye after this step: lids and iris with their corners, openness as it was."""
    points = step(np.concatenate([eye.corners, eye.upper, eye.lower, eye.iris[None]]))
    corners, upper, lower, iris = np.split(points, [2, 9, 16])
    radius = eye.iris_radius * abs(step.turn)
    return replace(eye, corners=corners, upper=upper, lower=lower, iris=iris[0], iris_radius=radius)


def _follow(window: Window, frame: Frame, eye_width: float) -> Similarity | None:
    """How the face has moved since the window was cut, in frame pixels; None where that cannot be told."""
    if len(window.points) < FEWEST:
        return None
    found, status, _ = cv2.calcOpticalFlowPyrLK(
        window.luma,
        window.again(frame),
        window.points,
        None,
        winSize=(13, 13),
        maxLevel=3,
        criteria=(cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.02),
        minEigThreshold=1e-3,
    )
    kept = status[:, 0] > 0
    origin = complex(window.left, window.top) + (0.5 + 0.5j) * window.factor
    before, after = (_complex(points[kept]) * window.factor + origin for points in (window.points, found))
    step = fit(before, after, AGREES * eye_width)
    return step if step and _is_plausible(step, complex(before.mean()), eye_width) else None


def fit(before: Complex, after: Complex, tolerance: float) -> Similarity | None:
    """The similarity that takes most of the points `before` to `after`; None where fewer than half of them agree.

    Least squares, again and again with less weight on what lies far off, in pixels of `tolerance`.
    """
    if len(before) < FEWEST:
        return None
    # A first guess that a few wild points cannot spoil: the median step.
    steps = after - before
    off = np.abs(steps - complex(_median(steps.real), _median(steps.imag)))
    spread = max(2 * _median(off), tolerance)
    step = Similarity()
    for width in (spread, max(spread / 3, tolerance), tolerance):
        weights = 1 / (1 + (off / width) ** 2) ** 2
        step = _least_squares(before, after, weights)
        off = np.abs(step.turn * before + step.shift - after)
    agreeing = int((off < tolerance).sum())
    return step if agreeing >= max(FEWEST, 0.4 * len(before)) else None


def _least_squares(before: Complex, after: Complex, weights: NDArray[np.float64]) -> Similarity:
    """The similarity with the least weighted squares of what remains."""
    total = weights.sum()
    middle, target = (weights @ before) / total, (weights @ after) / total
    spokes = before - middle
    turn = (weights * spokes.conj()) @ (after - target) / max(float(weights @ np.abs(spokes) ** 2), 1e-9)
    return Similarity(complex(turn), complex(target - turn * middle))


def _median(values: NDArray[np.float64]) -> float:
    """The upper one of an even number; NumPy's takes longer than all the rest of the fit."""
    return float(np.sort(values)[len(values) // 2])


def _is_plausible(step: Similarity, middle: complex, eye_width: float) -> bool:
    """Whether a head can have moved like that within a few frames."""
    way = abs(step.turn * middle + step.shift - middle)
    scale = abs(step.turn)
    turned = abs(math.atan2(step.turn.imag, step.turn.real))
    return way < 2 * eye_width and 1 / LARGEST_SCALE < scale < LARGEST_SCALE and turned < LARGEST_TURN


def _window(frame: Frame, face: Face) -> Window | None:
    """What to remember around this face's eyes; None where it lies outside the picture."""
    eye_width = _eye_width(face)
    if not eye_width >= 4:
        return None
    factor = max(1, int(eye_width / DETAIL))
    reach = eye_width * (max(RING) + REACH)
    centres = np.array([eye.corners.mean(0) for eye in face.eyes])
    low = np.maximum(np.floor(centres.min(0) - reach), 0).astype(int)
    high = np.minimum(np.ceil(centres.max(0) + reach), frame.size).astype(int)
    width, height = ((high - low) // factor).tolist()
    if width < 16 or height < 16:
        return None
    left, top = low.tolist()
    luma = _shrink(frame.y, left, top, (width, height), factor)
    return Window(left, top, factor, luma, _points(luma, face, (left, top), factor))


def _points(luma: Plane, face: Face, origin: tuple[int, int], factor: int) -> NDArray[np.float32]:
    """(n, 2) places around both eyes that can be told from their neighbours."""
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


def _shrink(plane: Plane, left: int, top: int, size: tuple[int, int], factor: int) -> Plane:
    """size (width, height) pixels, each the mean of factor x factor of the plane's, from left and top on."""
    width, height = size
    part = plane[top : top + height * factor, left : left + width * factor]
    if factor == 1:
        return part.copy()
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)


def _eye_width(face: Face) -> float:
    """Mean of both, pixels."""
    return (face.right.width + face.left.width) / 2


def _middle(face: Face) -> complex:
    """Half-way between the eyes."""
    x, y = np.mean([eye.corners for eye in face.eyes], axis=(0, 1)).tolist()
    return complex(x, y)


def _complex(points: NDArray[Any]) -> Complex:
    """(..., 2) -> (...) x + iy."""
    return np.asarray(points[..., 0] + 1j * points[..., 1])
