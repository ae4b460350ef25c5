"""Motion compensation: moves faces from the frame in which they were found to a later one. Knows nothing of clocks.

    reference = MotionReference.of(frame, faces)    landmark line: what is kept of the frame, 0.2 ms
    carried = carry(reference, faces, later)        display, field line: the same faces at their positions in `later`

The reference's points are tracked by pyramidal Lucas-Kanade (Bouguet: Pyramidal implementation of the Lucas Kanade
feature tracker, Intel 1999), and a similarity transform is fitted to their steps, ignoring outliers.
Where tracking fails, or the result is not a plausible head motion, `Velocity` is used.
"""

import math

import cv2

from relay.frame import Frame
from relay.gaze.face import Face, Faces
from relay.gaze.motion.reference import MotionReference, Window, eye_width_of
from relay.gaze.motion.similarity import MIN_POINTS, Similarity, complex_points, fit
from relay.gaze.motion.velocity import moved_faces

INLIER_DISTANCE = 0.08  # eye widths between an inlier and the transform, at most
LARGEST_TURN = math.radians(25)
LARGEST_SCALE = 1.25


def carry(reference: MotionReference, faces: Faces, frame: Frame) -> Faces:
    """The same faces, with corners, lids and irises at their positions in this frame; never fails.

    reference: of the frame in which these faces were found. In a frame of another size the faces are only scaled
    with it; with another aspect ratio, there are none.
    """
    seconds = frame.time - faces.time

    def step(face: Face) -> Similarity:
        window = reference.windows.get(face.number)
        tracked = _track(window, frame, eye_width_of(face)) if window and frame.size == reference.size else None
        return tracked or reference.velocity.step(face, seconds)

    return moved_faces(faces, frame, step)


def _track(window: Window, frame: Frame, eye_width: float) -> Similarity | None:
    """How the face has moved since the window was cut, in frame pixels; None where tracking fails."""
    if len(window.points) < MIN_POINTS:
        return None
    found, status, _ = cv2.calcOpticalFlowPyrLK(
        window.luma,
        window.normalised(frame),
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
    step = fit(before, after, INLIER_DISTANCE * eye_width)
    return step if step and _is_plausible(step, complex(before.mean()), eye_width) else None


def _is_plausible(step: Similarity, centre: complex, eye_width: float) -> bool:
    """Whether a head can move like this within a few frames."""
    distance = abs(step.turn * centre + step.shift - centre)
    scale = abs(step.turn)
    turned = abs(math.atan2(step.turn.imag, step.turn.real))
    return distance < 2 * eye_width and 1 / LARGEST_SCALE < scale < LARGEST_SCALE and turned < LARGEST_TURN
