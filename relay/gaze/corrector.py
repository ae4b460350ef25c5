"""The chain for one person's camera: faces, their fields, the corrected frame. Holds what must be remembered.

Knows nothing of clocks, queues or networks: the three stages are called by whoever has a frame, each by one
thread at a time; they may overlap. Time is the frame's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from relay.config import Correction, Engine
from relay.frame import Frame, Shown, Verdict
from relay.gaze.aim import Gate, Target, opening
from relay.gaze.face import Angles, Eye, Face, Faces, Field
from relay.gaze.geometric import Outline, geometric_field
from relay.gaze.geometry import Patch
from relay.gaze.landmarks import Landmarker
from relay.gaze.smoothing import Smoother
from relay.gaze.warp import Placed, warp

T = TypeVar("T")

FORGET_AFTER = 1.0  # seconds after which a face's gate and target start afresh


@dataclass(frozen=True)
class FaceFields:
    """The two fields of the face with this number."""

    number: int
    right: Field
    left: Field


@dataclass(frozen=True)
class Fields:
    """What the field line made of one frame's faces."""

    time: float
    faces: tuple[FaceFields, ...] = ()


class Corrector:
    """Finds faces, makes their fields, shows frames through them."""

    def __init__(self, engine: Engine, correction: Correction) -> None:
        """Load the landmark model. Raises ModelError where it is missing or wrong."""
        self.correction = correction
        self._limits = engine.limits
        self._landmarker = Landmarker(engine.model, engine.faces, engine.landmark_width)
        self._smoother = Smoother()
        self._targets = Memory(Target)
        self._gates = Memory(Gate)

    def find_faces(self, frame: Frame) -> Faces:
        """Landmark line: who is in this frame. Never raises; a problem is a value."""
        return self._smoother(self._landmarker(frame))

    def make_fields(self, frame: Frame, faces: Faces) -> Fields:
        """Field line: for each face the two fields that turn its eyes."""
        return Fields(faces.time, tuple(self._fields(face, faces) for face in faces.faces))

    def _fields(self, face: Face, faces: Faces) -> FaceFields:
        """The fields of one face, in eye coordinates: they stay true when the face has moved on."""
        aim = self._targets.of(face.number, faces.time)(face, self.correction, faces.time)
        right, left = (self._field(eye, aim, faces) for eye in face.eyes)
        return FaceFields(face.number, right, left)

    @staticmethod
    def _field(eye: Eye, aim: Angles, faces: Faces) -> Field:
        """The field of one eye."""
        patch = Patch.of(eye, faces.rotation)
        return geometric_field(Outline.of(eye, patch), patch.aim(aim))

    def show(self, frame: Frame, faces: Faces, fields: Fields) -> Shown:
        """Display: the frame with every face's eyes turned, or the frame itself and the reason."""
        made = {one.number: one for one in fields.faces}
        placed: list[Placed] = []
        reason = Verdict.DOUBTFUL if faces.problem else Verdict.NO_FACE
        for face in sorted(faces.faces, key=lambda face: face.right.width + face.left.width):
            gate = self._gates.of(face.number, frame.time)
            gain, reason = gate(face, self.correction, self._limits, frame.time)
            if gain > 0 and face.number in made:
                placed += _placed(face, made[face.number], gain, faces)
            elif gain > 0:
                reason = Verdict.WARMING_UP
        warped = warp(frame, placed)
        return Shown(warped, Verdict.CORRECTED if warped is not frame else reason)

    def close(self) -> None:
        """Release the landmark model and its threads."""
        self._landmarker.close()


def _placed(face: Face, fields: FaceFields, gain: float, faces: Faces) -> list[Placed]:
    """Both fields at their eyes; lids that close take them back at once."""
    return [
        Placed(Patch.of(eye, faces.rotation), field, gain * opening(eye))
        for eye, field in ((face.right, fields.right), (face.left, fields.left))
    ]


class Memory(Generic[T]):
    """One T for each face number, dropped when nobody has asked for it in FORGET_AFTER seconds."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._kept: dict[int, tuple[T, float]] = {}

    def of(self, number: int, time: float) -> T:
        """The T of this face at time [s]."""
        self._kept = {key: one for key, one in self._kept.items() if abs(time - one[1]) < FORGET_AFTER}
        kept = self._kept[number][0] if number in self._kept else self._make()
        self._kept[number] = (kept, time)
        return kept
