"""Detects an eye that closes in the shown frame, while the older landmarks still show it open.

    factors = guard(reference, faces, carried, frame)     display: {face's number: (right, left)}, 0..1, times the gain

A field that is a few frames old must not move a lid that is closing. So the eye in the frame in which its face was
found is compared with the same position in the shown frame. Three measurements show how far the lid has closed:

- the upper lid's margin, tracked by Lucas-Kanade, has moved down;
- so has the edge from light skin to dark lashes or iris;
- the dark area of the iris has lost height, at its tallest between the corners.

A glance moves the iris sideways and changes none of them. Each may be wrong, so their mean is used. Changes of
illumination are compensated. Knows nothing of clocks.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from relay.frame import Frame, Plane
from relay.gaze.aim import CLOSED, OPEN
from relay.gaze.face import Face, Faces
from relay.gaze.geometry import Patch
from relay.gaze.motion.reference import MotionReference, Window
from relay.gaze.tracking.pose import ramp

LumaSamples = NDArray[np.float32]  # (..., rows, columns), luma at the nodes
Real = NDArray[np.float64]

ROWS, COLUMNS = 18, 12  # nodes at which an eye is sampled
SPAN = 0.9  # eye widths, across and down, that they cover
STEP = np.array([SPAN / COLUMNS, SPAN / ROWS])  # between them
MIDDLE = np.array([(COLUMNS - 1) / 2, (ROWS - 1) / 2])  # of them, in columns and rows
HEIGHTS = (np.arange(1, ROWS) / ROWS - 0.5) * SPAN  # of the borders between rows
MARGIN = slice(1, 6)  # of the upper lid's seven points, those that a blink moves
TRACKING_MARGIN = (0.6, 1.3)  # eye widths around these points, horizontally and vertically, that are searched
RANKS = [ROWS * COLUMNS // 20, ROWS * COLUMNS * 6 // 10]  # by luma, of what is iris or lash, and of what is skin
TALLEST = 4  # columns of nodes
SHUT = 0.38  # mean of the three, in apertures, for a closed eye; measured: they underestimate
LEAST, MOST = -0.1, 0.5  # range to which each of them is clipped


def guard(reference: MotionReference, faces: Faces, carried: Faces, frame: Frame) -> dict[int, tuple[float, float]]:
    """For each face's number the factors that its right and left lids allow, 1 (open) .. 0 (closed).

    reference: of the frame in which faces were found; carried: the same faces at their positions in this frame. Faces
    that cannot be compared, because they are outside or the frame size has changed, are omitted.
    """
    if frame.size != reference.size:
        return {}
    now = {face.number: face for face in carried.faces}
    return {
        face.number: _compare(window, face, now[face.number], frame)
        for face in faces.faces
        if (window := reference.windows.get(face.number)) and face.number in now
    }


def _compare(window: Window, before: Face, now: Face, frame: Frame) -> tuple[float, float]:
    """The factors of the right and the left eye."""
    luma = window.normalised(frame)
    there, here = ([Patch.of(eye) for eye in face.eyes] for face in (before, now))
    samples = [_sample(window.luma, window, patch) for patch in there] + [
        _sample(luma, window, patch) for patch in here
    ]
    eyes = np.stack(samples).reshape(2, 2, ROWS, COLUMNS)
    aperture = np.array([max(eye.openness, 0.05) for eye in before.eyes])
    was, is_ = _edges(eyes)
    signs = np.stack([_drops(window, luma, before, now, here) / aperture, (is_ - was) / aperture, _loss(eyes)])
    fallen = signs.clip(LEAST, MOST).mean(axis=0) / SHUT
    right, left = (_factor(eye.openness, share) for eye, share in zip(before.eyes, fallen.tolist(), strict=True))
    return right, left


def _factor(openness: float, fallen: float) -> float:
    """The factor for lids that have closed by this share of the aperture, relative to the landmarks' frame."""
    allowed = ramp(openness, CLOSED, OPEN)
    return min(ramp(openness * (1 - fallen), CLOSED, OPEN) / allowed, 1.0) if allowed > 0 else 1.0


def _sample(luma: Plane, window: Window, patch: Patch) -> LumaSamples:
    """(ROWS, COLUMNS) luma around the middle of the eye, upright."""
    from_nodes = np.empty((2, 3))
    from_nodes[:, :2] = patch.basis * STEP / window.factor
    middle = (patch.centre - (window.left, window.top)) / window.factor - 0.5
    from_nodes[:, 2] = middle - from_nodes[:, :2] @ MIDDLE
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (COLUMNS, ROWS)
    return np.asarray(cv2.warpAffine(luma, from_nodes, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _drops(window: Window, luma: Plane, before: Face, now: Face, patches: list[Patch]) -> Real:
    """(2,) downward movement of each upper lid relative to the head, eye widths. patches: of now."""
    start, guess = (
        np.concatenate([eye.upper[MARGIN] for eye in face.eyes]) - (window.left, window.top) for face in (before, now)
    )
    start, guess = start / window.factor - 0.5, guess / window.factor - 0.5
    # Pyramids are most of the work, so they cover only the needed region; it is high enough for three levels.
    both, margin = np.concatenate([start, guess]), np.multiply(TRACKING_MARGIN, patches[0].width / window.factor)
    left, top = np.maximum(both.min(axis=0) - margin, 0).astype(int).tolist()
    right, bottom = (both.max(axis=0) + margin).astype(int).tolist()
    origin = np.array([left, top])
    start, guess = (start - origin).astype(np.float32), (guess - origin).astype(np.float32)
    found, _, _ = cv2.calcOpticalFlowPyrLK(
        window.luma[top:bottom, left:right],
        luma[top:bottom, left:right],
        start,
        guess.copy(),
        winSize=(11, 11),
        maxLevel=2,
        criteria=(cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.02),
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    steps = (found - guess).reshape(len(patches), -1, 2) * window.factor
    downs = [np.sort(step @ patch.inverse[1]) for step, patch in zip(steps, patches, strict=True)]
    return np.stack(downs)[:, steps.shape[1] // 2]


def _edges(eyes: LumaSamples) -> Real:
    """(before or now, eye) the height at which luma falls most, top to bottom, eye widths below the corners' line."""
    falls = np.maximum(eyes[..., :-1, :] - eyes[..., 1:, :], 0).mean(axis=-1) ** 2
    return np.asarray(falls @ HEIGHTS / (falls.sum(axis=-1) + 1e-6))


def _loss(eyes: LumaSamples) -> Real:
    """(2,) the share of its height that the dark area of each eye has lost."""
    dark, light = np.sort(eyes[0].reshape(2, -1), axis=1)[:, RANKS].T
    middle, soft = (dark + light)[:, None, None] / 2, np.maximum(light - dark, 6)[:, None, None] / 2
    columns = ((middle - eyes) / soft + 0.5).clip(0, 1).sum(axis=-2) * (SPAN / ROWS)
    was, is_ = np.sort(columns, axis=-1)[..., -TALLEST:].mean(axis=-1)
    return np.asarray(1 - is_ / np.maximum(was, 0.03))
