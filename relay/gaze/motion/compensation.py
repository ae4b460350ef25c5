"""Motion compensation: carries faces from the frame in which they were found to a later one that is shown. Knows no
clocks.

    reference = MotionReference.of(frame, faces)    landmark line: what must be remembered of the frame, 0.2 ms
    carried = carry(reference, faces, later)        display, field line: the same faces, where they are in `later`

The reference's points are followed by pyramidal Lucas-Kanade (Bouguet: Pyramidal implementation of the Lucas Kanade
feature tracker, Intel 1999), and a similarity transform is fitted to their steps, without those that go another way.
Where nothing can be followed, or the result is no motion of a head, `Velocity` decides.
"""

import math

import cv2

from relay.frame import Frame
from relay.gaze.face import Face, Faces
from relay.gaze.motion.reference import MotionReference, Window, eye_width_of
from relay.gaze.motion.similarity import FEWEST, Similarity, complex_points, fit
from relay.gaze.motion.velocity import moved_faces

AGREES = 0.08  # eye widths that a point may be off the transform, and still agree
LARGEST_TURN = math.radians(25)
LARGEST_SCALE = 1.25


def carry(reference: MotionReference, faces: Faces, frame: Frame) -> Faces:
    """The same faces, with corners, lids and irises where they are in this frame; never fails.

    sight: of the frame in which these faces were found. In a frame of another size the faces are only scaled with
    it; where its shape is another one too, there are none.
    """
    seconds = frame.time - faces.time

    def step(face: Face) -> Similarity:
        window = reference.windows.get(face.number)
        followed = _follow(window, frame, eye_width_of(face)) if window and frame.size == reference.size else None
        return followed or reference.velocity.step(face, seconds)

    return moved_faces(faces, frame, step)


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
    before, after = (complex_points(points[kept]) * window.factor + origin for points in (window.points, found))
    step = fit(before, after, AGREES * eye_width)
    return step if step and _is_plausible(step, complex(before.mean()), eye_width) else None


def _is_plausible(step: Similarity, middle: complex, eye_width: float) -> bool:
    """Whether a head can have moved like that within a few frames."""
    way = abs(step.turn * middle + step.shift - middle)
    scale = abs(step.turn)
    turned = abs(math.atan2(step.turn.imag, step.turn.real))
    return way < 2 * eye_width and 1 / LARGEST_SCALE < scale < LARGEST_SCALE and turned < LARGEST_TURN
