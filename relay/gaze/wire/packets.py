"""The field return's packets: eye positions and fields, to bytes and back.

docs/protocol.md defines the layout; web/warp/wire.js reads it in the browser. Knows nothing of channels, clocks or
frames.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import hypot
from typing import Final

from relay.gaze.face import Field
from relay.gaze.wire.quantise import Shape, from_bytes, length_of, shapes_for, to_bytes

MAGIC: Final = 0xE7
VERSION: Final = 1
LANDMARKS: Final = 1
FIELDS: Final = 2

MAX_FACES: Final = 8
MAX_TIME: Final = 1e9  # seconds
MAX_COORDINATE: Final = 1e5  # pixels
MIN_STEP: Final = 0.01  # pixels
SHARE_ONE: Final = 0xFFFF  # encodes a share of 1
COUNT_LIMIT: Final = 0x10000  # packets after which the packet number wraps

_STAMP: Final = struct.Struct("<4B4HId")  # magic, version, kind, faces, count, width, height, 0, rtp, time
_NUMBER: Final = struct.Struct("<I")
_EYE: Final = struct.Struct("<4f2H")  # centre, step, openness, strength
_GRIDS: Final = struct.Struct("<I8B")  # faces_rtp, then columns and rows of each layer


class WireError(ValueError):
    """Bytes that are not a packet of this version, or values that a packet cannot carry."""


@dataclass(frozen=True)
class Stamp:
    """Which frame a packet was made from. rtp: its RTP timestamp, uint32. time: media time, seconds. size: pixels."""

    rtp: int
    time: float
    size: tuple[int, int]


@dataclass(frozen=True)
class EyeLandmarks:
    """Position of an eye's patch (geometry.Patch), pixels of the stamped frame.

    centre: half-way between the corners. step: one eye width along the patch's x; along y it is that, rotated by 90
    degrees (and mirrored for the left eye). openness: lid aperture over eye width. strength: 0..1 of the field.
    """

    centre: tuple[float, float]
    step: tuple[float, float]
    openness: float
    strength: float


@dataclass(frozen=True)
class FaceLandmarks:
    """Both eyes of the face with this number, uint32."""

    number: int
    right: EyeLandmarks
    left: EyeLandmarks


@dataclass(frozen=True)
class Landmarks:
    """The landmark line's result for one frame. count: packet number of this kind, uint16, wraps."""

    stamp: Stamp
    faces: tuple[FaceLandmarks, ...]
    count: int


@dataclass(frozen=True)
class FieldPair:
    """Both fields of the face with this number, uint32."""

    number: int
    right: Field
    left: Field


@dataclass(frozen=True)
class FieldSet:
    """The field line's result for one frame. faces_rtp: the frame whose landmarks were used. count: as above."""

    stamp: Stamp
    faces_rtp: int
    faces: tuple[FieldPair, ...]
    count: int


@contextmanager
def _wire_errors() -> Iterator[None]:
    """Turn errors of encoding and decoding into WireError."""
    try:
        yield
    except (ValueError, OverflowError, struct.error) as error:
        raise WireError(str(error)) from error


@_wire_errors()
def encode_landmarks(landmarks: Landmarks) -> bytes:
    """68 bytes for one face. Openness and strength are clipped to 0..1. Raises WireError where decode would."""
    faces = [_NUMBER.pack(face.number) + _pack_eye(face.right) + _pack_eye(face.left) for face in landmarks.faces]
    return b"".join([_pack_stamp(LANDMARKS, landmarks), *faces])


@_wire_errors()
def encode_fields(fields: FieldSet) -> bytes:
    """3,336 bytes for one face. Fields of any grid, resampled and quantised (lossy).

    A layer that only some of the fields have is zero in the others. Raises WireError where decode would, and where a
    layer is not finite.
    """
    shapes = shapes_for([field for face in fields.faces for field in (face.right, face.left)])
    sides = [side for rows, columns in shapes for side in (columns, rows)]
    faces = [
        _NUMBER.pack(face.number) + to_bytes(face.right, shapes) + to_bytes(face.left, shapes) for face in fields.faces
    ]
    return b"".join([_pack_stamp(FIELDS, fields), _GRIDS.pack(fields.faces_rtp, *sides), *faces])


@_wire_errors()
def decode(packet: bytes) -> Landmarks | FieldSet:
    """The packet's content; fields on the full grid of the spec. Raises WireError."""
    magic, version, kind, faces, count, width, height, zero, rtp, time = _STAMP.unpack_from(packet)
    _expect(magic == MAGIC and version == VERSION and zero == 0, f"not of version {VERSION} of this protocol")
    stamp = Stamp(rtp, time, (width, height))
    _check(stamp, faces)
    if kind == LANDMARKS:
        return Landmarks(stamp, tuple(_read_faces(packet, faces)), count)
    _expect(kind == FIELDS, f"unknown kind {kind}")
    faces_rtp, *sides = _GRIDS.unpack_from(packet, _STAMP.size)
    shapes = list(zip(sides[1::2], sides[::2], strict=True))
    return FieldSet(stamp, faces_rtp, tuple(_read_pairs(packet, faces, shapes)), count)


def _pack_stamp(kind: int, packet: Landmarks | FieldSet) -> bytes:
    stamp, faces = packet.stamp, len(packet.faces)
    _check(stamp, faces)
    return _STAMP.pack(MAGIC, VERSION, kind, faces, packet.count % COUNT_LIMIT, *stamp.size, 0, stamp.rtp, stamp.time)


def _check(stamp: Stamp, faces: int) -> None:
    _expect(faces <= MAX_FACES, f"{faces} faces; at most {MAX_FACES}")
    _expect(min(stamp.size) > 0, "a frame without pixels")
    _expect(abs(stamp.time) <= MAX_TIME, f"a media time of {stamp.time} s")


def _pack_eye(eye: EyeLandmarks) -> bytes:
    shares = (round(SHARE_ONE * min(max(share, 0.0), 1.0)) for share in (eye.openness, eye.strength))
    packed = _EYE.pack(*eye.centre, *eye.step, *shares)
    _read_eye(packed)  # raises for what a receiver would refuse
    return packed


def _read_eye(data: bytes) -> EyeLandmarks:
    x, y, step_x, step_y, openness, strength = _EYE.unpack(data)
    _expect(all(abs(value) <= MAX_COORDINATE for value in (x, y, step_x, step_y)), "an eye outside of any frame")
    _expect(hypot(step_x, step_y) >= MIN_STEP, "an eye without width")
    return EyeLandmarks((x, y), (step_x, step_y), openness / SHARE_ONE, strength / SHARE_ONE)


def _read_faces(packet: bytes, count: int) -> Iterator[FaceLandmarks]:
    for number, right, left in _pairs(packet, _STAMP.size, count, _EYE.size):
        yield FaceLandmarks(number, _read_eye(right), _read_eye(left))


def _read_pairs(packet: bytes, count: int, shapes: Sequence[Shape]) -> Iterator[FieldPair]:
    for number, right, left in _pairs(packet, _STAMP.size + _GRIDS.size, count, length_of(shapes)):
        yield FieldPair(number, from_bytes(right, shapes), from_bytes(left, shapes))


def _pairs(packet: bytes, start: int, count: int, eye: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Each face's number and the bytes of its two eyes. eye: bytes per eye. Raises ValueError for a wrong length."""
    length = _NUMBER.size + 2 * eye
    _expect(len(packet) == start + count * length, f"{len(packet)} bytes; {start + count * length} are needed")
    for at in range(start, len(packet), length):
        middle = at + _NUMBER.size + eye
        yield *_NUMBER.unpack_from(packet, at), packet[middle - eye : middle], packet[middle : middle + eye]


def _expect(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
