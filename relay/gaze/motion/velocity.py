"""Moves faces by a similarity each, or by their own velocity where nothing better is known. Knows nothing of pixels.

Velocity: each face moves as it did between the last two frames in which it was found, at half the speed. Costs
nothing; less accurate than optical flow.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from relay.frame import Frame
from relay.gaze.face import Eye, Face, Faces
from relay.gaze.motion.similarity import Similarity

DAMPING = 0.5  # a head seldom keeps its velocity; half of it was best on real clips


@dataclass(frozen=True)
class Velocity:
    """Pixels per second of each face, by its number, as x + iy."""

    by_face: dict[int, complex] = field(default_factory=dict)

    @classmethod
    def between(cls, before: Faces, now: Faces) -> Self:
        """From the last two detections. A new face has none, nor have faces in frames of another size."""
        step = now.time - before.time
        if not 0 < step < 1 or before.size != now.size:
            return cls()
        previous = {face.number: _centre(face) for face in before.faces}
        return cls(
            {
                face.number: DAMPING * (_centre(face) - previous[face.number]) / step
                for face in now.faces
                if face.number in previous
            }
        )

    def step(self, face: Face, seconds: float) -> Similarity:
        """How this face moves in that time; not at all where its velocity is unknown."""
        return Similarity(shift=self.by_face.get(face.number, 0j) * max(0.0, min(seconds, 1.0)))

    def carry(self, faces: Faces, frame: Frame) -> Faces:
        """The faces moved by this velocity to the time of the frame."""
        return moved_faces(faces, frame, lambda face: self.step(face, frame.time - faces.time))


def moved_faces(faces: Faces, frame: Frame, step: Callable[[Face], Similarity]) -> Faces:
    """Each face moved by its own step, then all scaled to the frame's size."""
    if not faces.faces:
        return replace(faces, size=frame.size)
    scale = frame.width / faces.size[0]
    if abs(frame.height / faces.size[1] / scale - 1) > 0.02:
        return replace(faces, size=frame.size, faces=())
    moved = [_move(face, step(face), scale) for face in faces.faces]
    return replace(faces, size=frame.size, faces=tuple(moved))


def _move(face: Face, step: Similarity, scale: float) -> Face:
    """The face after this step, in a frame larger by this scale."""
    step = Similarity(step.turn * scale, step.shift * scale)
    return face if step == Similarity() else replace(face, right=_eye(face.right, step), left=_eye(face.left, step))


def _eye(eye: Eye, step: Similarity) -> Eye:
    """The eye after this step: lids and iris move with the corners, openness is unchanged."""
    points = step(np.concatenate([eye.corners, eye.upper, eye.lower, eye.iris[None]]))
    corners, upper, lower, iris = np.split(points, [2, 9, 16])
    radius = eye.iris_radius * abs(step.turn)
    return replace(eye, corners=corners, upper=upper, lower=lower, iris=iris[0], iris_radius=radius)


def _centre(face: Face) -> complex:
    """Half-way between the eyes."""
    x, y = np.mean([eye.corners for eye in face.eyes], axis=(0, 1)).tolist()
    return complex(x, y)
