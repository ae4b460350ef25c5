"""The stages for one person's camera: faces, their fields, the corrected frame. Holds the state between frames.

Faces and fields may be of earlier frames than the one they are used with (claims 8, 15-25): faces are motion-
compensated to it, fields are in the patch's own coordinates, and the frame's own lids limit the correction.

Knows nothing of clocks, queues or connections. Each line's stages are called by one thread at a time; lines may
overlap. Time is the frame's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, Protocol, TypeVar

from relay.config.correction import Correction
from relay.config.engine import Engine
from relay.frame import EncodedFaces, Frame, Rotation, Shown, Verdict
from relay.gaze.aim import Gate, Target, opening
from relay.gaze.eye_crop import crop_eye
from relay.gaze.face import Angles, Eye, Face, Faces, Field
from relay.gaze.geometric import Outline, geometric_field
from relay.gaze.geometry import Patch
from relay.gaze.motion.blink_guard import guard
from relay.gaze.motion.compensation import carry
from relay.gaze.motion.reference import MotionReference
from relay.gaze.motion.velocity import Velocity
from relay.gaze.network import Network, load
from relay.gaze.tracking.landmarks import Landmarker
from relay.gaze.tracking.smoothing import Smoother
from relay.gaze.warp import Placed, warp
from relay.gaze.wire.encoding import PacketEncoder

T = TypeVar("T")

FORGET_AFTER = 1.0  # seconds without use after which a face's state is discarded
LIDS_OPEN = (1.0, 1.0)  # where the blink guard gives no result


@dataclass(frozen=True)
class FaceFields:
    """The two fields of the face with this number."""

    number: int
    right: Field
    left: Field


@dataclass(frozen=True)
class TrackedFaces(Faces):
    """Faces, with the motion reference of the frame they were found in."""

    reference: MotionReference = field(default_factory=lambda: MotionReference((0, 0)))


@dataclass(frozen=True)
class Fields:
    """The field line's result for one frame's faces."""

    time: float
    faces: tuple[FaceFields, ...] = ()


@dataclass(frozen=True)
class Turn:
    """The turn for one eye. aim: in patch coordinates."""

    eye: Eye
    patch: Patch
    aim: Angles


FieldMaker = Callable[[Frame, Sequence[Turn]], list[Field]]  # a field for each turn, in eye coordinates


class Finder(Protocol):
    """Finds the faces in one camera's frames, one call at a time. Never raises: an error is a value."""

    def __call__(self, frame: Frame) -> Faces:
        """The faces in this frame, in pixels of the stored frame."""
        ...

    def close(self) -> None:
        """Release its resources."""
        ...


class Corrector:
    """Finds faces, makes their fields, applies them to frames."""

    def __init__(
        self, engine: Engine, correction: Correction, maker: FieldMaker | None = None, finder: Finder | None = None
    ) -> None:
        """Load the landmark model and the network. maker: replaces the field maker that the engine names; finder:
        replaces MediaPipe.

        Raises ModelError where a model is missing or wrong.
        """
        self.correction = correction
        self._limits = engine.limits
        learned = maker is None and engine.field == "network"
        self._network = load(engine.weights, engine.compute_threads) if learned else None
        self._maker = maker or (partial(run, self._network) if self._network else compute)
        self._finder = finder or Landmarker(engine.model, engine.faces, engine.landmark_width)
        self._smoother = Smoother()
        self._motion, self._guards = engine.motion, engine.blink_guard
        self._previous: Faces | None = None
        self._targets = PerFace(Target)
        self._gates = PerFace(Gate)
        self._encoder = PacketEncoder()

    @property
    def provider(self) -> str:
        """The network's onnxruntime execution provider; empty where fields are computed without a network."""
        return self._network.provider if self._network else ""

    def find_faces(self, frame: Frame) -> Faces:
        """Landmark line: the faces in this frame. Never raises; an error is a value."""
        faces = self._smoother(self._finder(frame))
        previous, self._previous = self._previous, faces
        velocity = Velocity.between(previous, faces) if previous else Velocity()
        needs_luma = self._motion == "flow" or self._guards
        reference = (
            MotionReference.of(frame, faces, velocity) if needs_luma else MotionReference(frame.size, velocity=velocity)
        )
        return TrackedFaces(**vars(faces), reference=reference)

    def make_fields(self, frame: Frame, faces: Faces) -> Fields:
        """Field line: for each face the two fields that turn its eyes; they stay valid when the face moves."""
        faces = self._carry(faces, frame)
        turns = [turn for face in faces.faces for turn in self._turns(face, faces)]
        fields = iter(self._maker(frame, turns))
        return Fields(
            faces.time, tuple(FaceFields(face.number, right=next(fields), left=next(fields)) for face in faces.faces)
        )

    def _turns(self, face: Face, faces: Faces) -> list[Turn]:
        """The turns of the right and of the left eye."""
        aim = self._targets.of(face.number, faces.time)(face, self.correction, faces.time)
        patches = [(eye, Patch.of(eye, faces.rotation)) for eye in face.eyes]
        return [Turn(eye, patch, patch.aim(aim)) for eye, patch in patches]

    def show(self, frame: Frame, faces: Faces, fields: Fields, share: float = 1.0) -> Shown:
        """Display line: the frame with all eyes turned, or itself and the reason. share: gain factor, 0..1."""
        carried = self._carry(faces, frame)
        lids = self._guard(faces, carried, frame)
        made = {one.number: one for one in fields.faces}
        placed: list[Placed] = []
        reason = Verdict.DOUBTFUL if faces.problem else Verdict.NO_FACE
        for face in _by_size(carried):
            gain, reason = self._gain(face, frame.time)
            if gain > 0 and face.number in made:
                pair = _placed(
                    face, made[face.number], gain * share, lids.get(face.number, LIDS_OPEN), carried.rotation
                )
                reason = reason if any(one.gain > 0 for one in pair) else Verdict.EYES_CLOSED
                placed += pair
            elif gain > 0:
                reason = Verdict.WARMING_UP
        warped = warp(frame, placed)
        return Shown(warped, Verdict.CORRECTED if warped is not frame else reason)

    def encode_faces(self, frame: Frame, faces: Faces | None, ready: bool) -> EncodedFaces:
        """Landmark line, where the receiver warps: each eye's position and strength."""
        if faces is None:
            return EncodedFaces(self._encoder.landmarks(frame, None, ()), Verdict.WARMING_UP)
        reason = Verdict.DOUBTFUL if faces.problem else Verdict.NO_FACE
        found = {face.number: self._gain(face, frame.time) for face in _by_size(faces)}
        packet = self._encoder.landmarks(frame, faces, [found[face.number][0] for face in faces.faces])
        for _, verdict in found.values():
            if verdict is Verdict.CORRECTED:
                return EncodedFaces(packet, verdict if ready else Verdict.WARMING_UP)
            reason = verdict
        return EncodedFaces(packet, reason)

    def encode_fields(self, frame: Frame, seen: Frame, fields: Fields) -> bytes:
        """Field line, where the receiver warps: the fields of this frame, made with the faces found in seen."""
        return self._encoder.fields(frame, seen, fields.faces)

    def _carry(self, faces: Faces, frame: Frame) -> Faces:
        """The faces where they are in this frame."""
        if not isinstance(faces, TrackedFaces) or _is_of(faces, frame) or self._motion == "off":
            return faces
        if self._motion == "velocity":
            return faces.reference.velocity.carry(faces, frame)
        return carry(faces.reference, faces, frame)

    def _guard(self, faces: Faces, carried: Faces, frame: Frame) -> dict[int, tuple[float, float]]:
        """The factors that this frame's own lids allow, right and left, by the face's number."""
        if not isinstance(faces, TrackedFaces) or _is_of(faces, frame) or not self._guards:
            return {}
        return guard(faces.reference, faces, carried, frame)

    def _gain(self, face: Face, time: float) -> tuple[float, Verdict]:
        """The face's current gain, 0..1, and its verdict."""
        return self._gates.of(face.number, time)(face, self.correction, self._limits, time)

    def close(self) -> None:
        """Release the face finder."""
        self._finder.close()


def run(network: Network, frame: Frame, turns: Sequence[Turn]) -> list[Field]:
    """The network's fields, all eyes at once."""
    return network([crop_eye(frame, turn.eye, turn.patch) for turn in turns], [turn.aim for turn in turns])


def compute(_frame: Frame, turns: Sequence[Turn]) -> list[Field]:
    """The geometric fields."""
    return [geometric_field(Outline.of(turn.eye, turn.patch), turn.aim) for turn in turns]


def _by_size(faces: Faces) -> list[Face]:
    """Smallest first, so that the largest face's verdict is the one reported."""
    return sorted(faces.faces, key=lambda face: face.right.width + face.left.width)


def _is_of(faces: Faces, frame: Frame) -> bool:
    """Whether they were found in this frame."""
    return faces.time == frame.time and faces.size == frame.size


def _placed(face: Face, fields: FaceFields, gain: float, lids: tuple[float, float], rotation: Rotation) -> list[Placed]:
    """Both fields at their eyes; closing lids reduce the gain at once."""
    pairs = ((face.right, fields.right), (face.left, fields.left))
    return [
        Placed(Patch.of(eye, rotation), made, gain * opening(eye) * lid)
        for (eye, made), lid in zip(pairs, lids, strict=True)
    ]


class PerFace(Generic[T]):
    """One T per face number, dropped after FORGET_AFTER seconds without access."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._kept: dict[int, tuple[T, float]] = {}

    def of(self, number: int, time: float) -> T:
        """The T of this face at time [s]."""
        self._kept = {key: one for key, one in self._kept.items() if abs(time - one[1]) < FORGET_AFTER}
        kept = self._kept[number][0] if number in self._kept else self._make()
        self._kept[number] = (kept, time)
        return kept
