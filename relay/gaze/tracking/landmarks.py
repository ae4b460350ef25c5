"""Finds faces, eyes and irises with MediaPipe's face landmarker. The only module that imports mediapipe.

Knows nothing of what is done with them. Errors are values: a frame that it cannot process gives no faces and a reason.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import cv2
import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from mediapipe.tasks.python.components.containers import NormalizedLandmark
from numpy.typing import NDArray

from relay.frame import Frame, Rotation
from relay.gaze.face import Eye, Face, Faces, Side
from relay.gaze.tracking.identity import Tracker
from relay.gaze.tracking.model import read_model
from relay.gaze.tracking.pose import confidence, gaze_of, head_of

logger = logging.getLogger(__name__)

# Landmark numbers of MediaPipe's 478-point mesh: corners outer, inner; lids from outer to inner; iris centre and rim.
INDICES = {
    Side.RIGHT: {
        "corners": (33, 133),
        "upper": (246, 161, 160, 159, 158, 157, 173),
        "lower": (7, 163, 144, 145, 153, 154, 155),
        "iris": (468, 469, 470, 471, 472),
    },
    Side.LEFT: {
        "corners": (263, 362),
        "upper": (466, 388, 387, 386, 385, 384, 398),
        "lower": (249, 390, 373, 374, 380, 381, 382),
        "iris": (473, 474, 475, 476, 477),
    },
}


class Landmarker:
    """478 points per face, tracked from frame to frame. One per camera; one call at a time."""

    def __init__(self, model: Path, faces: int = 2, longer_side: int = 640) -> None:
        """Load the model. faces: maximum number. longer_side: of the image that is searched, pixels.

        Raises ModelError where the file is missing or not the expected one.
        """
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=read_model(model)),
            running_mode=vision.RunningMode.VIDEO,
            # With num_faces=1 MediaPipe filters the landmarks itself, openness included.
            num_faces=max(faces, 2),
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
        )
        self._faces = faces
        self._longer_side = longer_side
        self._tracker = Tracker()
        self._clock_ms = 0
        with _suppressed_stderr():
            self._landmarker = vision.FaceLandmarker.create_from_options(options)
            # Warm-up: the first image is slow.
            self._landmarker.detect_for_video(_image(np.full((64, 64, 3), 128, np.uint8)), self._clock_ms)

    def __call__(self, frame: Frame) -> Faces:
        """The faces in this frame, in pixels of the stored frame. Never raises."""
        try:
            found = self._detect(frame)
        except (RuntimeError, ValueError, cv2.error) as error:
            logger.debug("landmarks failed", exc_info=True)
            return Faces(frame.time, frame.size, frame.rotation, problem=f"{type(error).__name__}: {error}")
        largest = sorted(found, key=lambda face: -face.right.width - face.left.width)[: self._faces]
        return Faces(frame.time, frame.size, frame.rotation, self._tracker(largest, frame.time))

    def _detect(self, frame: Frame) -> list[Face]:
        """Run the model. Its clock counts milliseconds and must move on with each call."""
        self._clock_ms = max(self._clock_ms + 1, round(frame.time * 1000))
        result = self._landmarker.detect_for_video(_image(upright(frame, self._longer_side)), self._clock_ms)
        return [
            _face(
                _pixels(points, frame),
                np.asarray(matrix, dtype=np.float64),
                {str(shape.category_name): float(shape.score or 0) for shape in shapes},
                frame,
            )
            for points, matrix, shapes in zip(
                result.face_landmarks,
                result.facial_transformation_matrixes,
                result.face_blendshapes,
                strict=True,
            )
        ]

    def close(self) -> None:
        """Release the model and its threads."""
        self._landmarker.close()


_stderr_lock = Lock()


@contextmanager
def _suppressed_stderr() -> Iterator[None]:
    """Discard standard error while MediaPipe loads: it writes messages there that need no action.

    Errors are raised as exceptions. This version has no setting for it.
    """
    with _stderr_lock, Path(os.devnull).open("wb") as devnull:
        kept = os.dup(2)
        os.dup2(devnull.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _image(picture: NDArray[np.uint8]) -> mediapipe.Image:
    """(h, w, 3) RGB, contiguous, as MediaPipe takes it."""
    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)


def upright(frame: Frame, longer_side: int) -> NDArray[np.uint8]:
    """The frame as a small upright RGB image, (h, w, 3). Never larger than the frame."""
    scale = min(1.0, longer_side / max(frame.size))
    width, height = (max(2, 2 * round(side * scale / 2)) for side in frame.size)
    luma = cv2.resize(frame.y, (width, height), interpolation=cv2.INTER_AREA)
    half = (width // 2, height // 2)
    chroma = (cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in (frame.u, frame.v))
    packed = np.concatenate([luma.ravel(), *(plane.ravel() for plane in chroma)])
    picture = cv2.cvtColor(packed.reshape(height * 3 // 2, width), cv2.COLOR_YUV2RGB_I420)
    turn = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    # MediaPipe ignores strides.
    return np.ascontiguousarray(cv2.rotate(picture, turn[frame.rotation]) if frame.rotation else picture)


def _pixels(points: list[NormalizedLandmark], frame: Frame) -> NDArray[np.float32]:
    """(478, 2) pixels of the stored frame, from 0..1 of the upright image."""
    upright_points = np.array([(point.x, point.y) for point in points], dtype=np.float32)
    return stored(upright_points, frame.rotation) * np.array(frame.size, dtype=np.float32)


def stored(points: NDArray[np.float32], rotation: Rotation) -> NDArray[np.float32]:
    """(n, 2) positions 0..1 in the upright frame -> the same positions in the stored one."""
    x, y = points[:, 0], points[:, 1]
    back = {0: (x, y), 90: (y, 1 - x), 180: (1 - x, 1 - y), 270: (1 - y, x)}
    return np.column_stack(back[rotation])


def _face(points: NDArray[np.float32], matrix: NDArray[np.float64], shapes: dict[str, float], frame: Frame) -> Face:
    """A face from its 478 points in pixels, its pose matrix and its 52 expression scores."""
    right, left = (_eye(side, points) for side in (Side.RIGHT, Side.LEFT))
    head = head_of(matrix)
    return Face(
        number=0,
        right=right,
        left=left,
        head=head,
        gaze=gaze_of(head, shapes),
        confidence=confidence(right, left, frame.size),
    )


def _eye(side: Side, points: NDArray[np.float32]) -> Eye:
    """One eye from the 478 points."""
    at = INDICES[side]
    corners, upper, lower = points[[*at["corners"]]], points[[*at["upper"]]], points[[*at["lower"]]]
    centre, *rim = points[[*at["iris"]]]
    width = max(float(np.hypot(*(corners[1] - corners[0]))), 1e-6)
    # Signed, along the patch's down: negative where the lids cross in the mesh of a closed eye.
    right = (corners[1] - corners[0]) / width * (1 if side is Side.RIGHT else -1)
    aperture = (lower[2:5] - upper[2:5]) @ np.array([-right[1], right[0]])
    return Eye(
        side=side,
        corners=corners,
        upper=upper,
        lower=lower,
        iris=centre,
        iris_radius=float(np.mean(np.hypot(*(np.array(rim) - centre).T))),
        openness=float(aperture.mean()) / width,
    )
