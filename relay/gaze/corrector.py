"""The chain for one person's camera: faces, their fields, the corrected frame. Holds what must be remembered.

Knows nothing of clocks, queues or connections: the three stages are called by whoever has a frame, each by one
thread at a time; they may overlap. Time is the frame's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from relay.config import Correction, Engine
from relay.frame import Frame, Shown, Verdict
from relay.gaze.aim import Gate, Target, opening
from relay.gaze.cutout import cut
from relay.gaze.face import Angles, Eye, Face, Faces, Field
from relay.gaze.geometric import Outline, geometric_field
from relay.gaze.geometry import Patch
from relay.gaze.landmarks import Landmarker
from relay.gaze.network import Network, load
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


@dataclass(frozen=True)
class Turn:
    """What is wanted of one eye. aim: inside the patch."""

    eye: Eye
    patch: Patch
    aim: Angles


FieldMaker = Callable[[Frame, Sequence[Turn]], list[Field]]  # a field for each turn, in eye coordinates


class Corrector:
    """Finds faces, makes their fields, shows frames through them."""

    def __init__(self, engine: Engine, correction: Correction, maker: FieldMaker | None = None) -> None:
        """Load the landmark model and the network. maker: makes the fields in place of what the engine names.

        Raises ModelError where a model is missing or wrong.
        """
        self.correction = correction
        self._limits = engine.limits
        learned = maker is None and engine.field == "network"
        self._network = load(engine.weights, engine.compute_threads) if learned else None
        self._maker = maker or (partial(run, self._network) if self._network else compute)
        self._landmarker = Landmarker(engine.model, engine.faces, engine.landmark_width)
        self._smoother = Smoother()
        self._targets = Memory(Target)
        self._gates = Memory(Gate)

    @property
    def provider(self) -> str:
        """What the network runs on, in onnxruntime's words; empty where fields are computed without one."""
        return self._network.provider if self._network else ""

    def find_faces(self, frame: Frame) -> Faces:
        """Landmark line: who is in this frame. Never raises; a problem is a value."""
        return self._smoother(self._landmarker(frame))

    def make_fields(self, frame: Frame, faces: Faces) -> Fields:
        """Field line: for each face the two fields that turn its eyes; they stay true when the face has moved on."""
        turns = [turn for face in faces.faces for turn in self._turns(face, faces)]
        fields = iter(self._maker(frame, turns))
        return Fields(
            faces.time, tuple(FaceFields(face.number, right=next(fields), left=next(fields)) for face in faces.faces)
        )

    def _turns(self, face: Face, faces: Faces) -> list[Turn]:
        """What is wanted of the right and of the left eye."""
        aim = self._targets.of(face.number, faces.time)(face, self.correction, faces.time)
        patches = [(eye, Patch.of(eye, faces.rotation)) for eye in face.eyes]
        return [Turn(eye, patch, patch.aim(aim)) for eye, patch in patches]

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


def run(network: Network, frame: Frame, turns: Sequence[Turn]) -> list[Field]:
    """The network's fields, all eyes at once."""
    return network([cut(frame, turn.eye, turn.patch) for turn in turns], [turn.aim for turn in turns])


def compute(_frame: Frame, turns: Sequence[Turn]) -> list[Field]:
    """The geometric fields."""
    return [geometric_field(Outline.of(turn.eye, turn.patch), turn.aim) for turn in turns]


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
