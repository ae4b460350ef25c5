"""Encodes faces and fields as packets for a receiver that warps its own frames. Knows nothing of the transport."""

from collections.abc import Sequence
from itertools import count
from typing import Final, Protocol

from relay.frame import Frame
from relay.gaze.aim import opening
from relay.gaze.face import Eye, Face, Faces, Field
from relay.gaze.geometry import Patch
from relay.gaze.wire.packets import (
    EyeLandmarks,
    FaceLandmarks,
    FieldPair,
    FieldSet,
    Landmarks,
    Stamp,
    encode_fields,
    encode_landmarks,
)

COUNT_LIMIT: Final = 1 << 16  # packets after which the packet number wraps


class Pair(Protocol):
    """The two fields of the face with this number."""

    @property
    def number(self) -> int:
        """The face's number."""

    @property
    def right(self) -> Field:
        """The field of the person's right eye."""

    @property
    def left(self) -> Field:
        """The field of the person's left eye."""


class PacketEncoder:
    """Encodes the packets of one session, each kind with its own packet number. One thread per kind."""

    def __init__(self) -> None:
        self._landmarks, self._fields = count(), count()

    def landmarks(self, frame: Frame, faces: Faces | None, gains: Sequence[float]) -> bytes:
        """The eyes' positions in this frame (claim 23). gains: of each face, 0..1. None: nothing to correct."""
        encoded = [_face(face, gain, faces) for face, gain in zip(faces.faces, gains, strict=True)] if faces else []
        number = next(self._landmarks) % COUNT_LIMIT
        return encode_landmarks(Landmarks(stamp=_stamp(frame), faces=tuple(encoded), count=number))

    def fields(self, frame: Frame, seen: Frame, pairs: Sequence[Pair]) -> bytes:
        """The fields made for this frame with the faces of seen (claim 21)."""
        encoded = tuple(FieldPair(number=pair.number, right=pair.right, left=pair.left) for pair in pairs)
        number = next(self._fields) % COUNT_LIMIT
        return encode_fields(FieldSet(stamp=_stamp(frame), faces_rtp=seen.stamp, faces=encoded, count=number))


def _stamp(frame: Frame) -> Stamp:
    return Stamp(rtp=frame.stamp, time=frame.time, size=frame.size)


def _face(face: Face, gain: float, faces: Faces) -> FaceLandmarks:
    return FaceLandmarks(number=face.number, right=_eye(face.right, gain, faces), left=_eye(face.left, gain, faces))


def _eye(eye: Eye, gain: float, faces: Faces) -> EyeLandmarks:
    patch = Patch.of(eye, faces.rotation)
    x, y = patch.centre.tolist()
    step_x, step_y = patch.basis[:, 0].tolist()
    return EyeLandmarks(centre=(x, y), step=(step_x, step_y), openness=eye.openness, strength=gain * opening(eye))
