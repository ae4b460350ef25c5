import numpy as np
import pytest

from relay.frame import Frame
from relay.gaze.corrector import FaceFields
from relay.gaze.face import Angles, Side
from relay.gaze.geometric import Outline, geometric_field
from relay.gaze.geometry import Patch
from relay.gaze.wire.encoding import COUNT_LIMIT, PacketEncoder
from relay.gaze.wire.packets import FieldSet, Landmarks, decode
from tests.gaze.faces import eye, face, faces


def frame(stamp: int) -> Frame:
    """A frame of 640 x 480 with this RTP timestamp."""
    chroma = np.full((240, 320), 128, np.uint8)
    return Frame(np.zeros((480, 640), np.uint8), chroma, chroma, 1.5, stamp=stamp)


def landmarks(packet: bytes) -> Landmarks:
    decoded = decode(packet)
    assert isinstance(decoded, Landmarks)
    return decoded


def test_the_receiver_learns_where_each_eye_is_and_how_strongly_to_turn_it() -> None:
    """Claim 23: the landmarks of a frame are sent back to the local device, with the frame they belong to."""
    seen = faces(face(number=3), face(number=5, centre=(400.0, 200.0), openness=0.14))
    decoded = landmarks(PacketEncoder().landmarks(frame(4711), seen, [1.0, 0.5]))
    assert (decoded.stamp.rtp, decoded.stamp.size) == (4711, (640, 480))
    assert decoded.stamp.time == pytest.approx(1.5)
    assert [one.number for one in decoded.faces] == [3, 5]
    for one, real, gain, opening in zip(decoded.faces, seen.faces, [1.0, 0.5], [1.0, 0.5], strict=True):
        for reference, true in ((one.right, real.right), (one.left, real.left)):
            patch = Patch.of(true)
            assert reference.centre == pytest.approx(tuple(patch.centre), abs=1e-3)
            assert reference.step == pytest.approx(tuple(patch.basis[:, 0]), abs=1e-3)
            assert reference.strength == pytest.approx(gain * opening, abs=0.01)


def test_where_nothing_is_known_nobody_is_told_of() -> None:
    assert landmarks(PacketEncoder().landmarks(frame(1), None, ())).faces == ()


def test_fields_name_their_frame_and_that_of_their_landmarks() -> None:
    """Claim 21: a field computed for frame x+n with the landmarks of frame x is sent back to the local device."""
    field = geometric_field(Outline.of(eye(), Patch.of(eye())), Angles(pitch=8))
    decoded = decode(PacketEncoder().fields(frame(200), frame(100), [FaceFields(7, right=field, left=field)]))
    assert isinstance(decoded, FieldSet)
    assert (decoded.stamp.rtp, decoded.faces_rtp) == (200, 100)
    assert [pair.number for pair in decoded.faces] == [7]


def test_each_kind_of_packet_is_numbered_by_itself_and_wraps() -> None:
    encoder = PacketEncoder()
    assert [landmarks(encoder.landmarks(frame(1), None, ())).count for _ in range(3)] == [0, 1, 2]
    fields = decode(encoder.fields(frame(1), frame(1), []))
    assert fields.count == 0
    here = frame(1)
    for _ in range(COUNT_LIMIT - 4):
        encoder.landmarks(here, None, ())
    assert landmarks(encoder.landmarks(here, None, ())).count == COUNT_LIMIT - 1
    assert landmarks(encoder.landmarks(frame(1), None, ())).count == 0


def test_the_left_eye_is_mirrored_for_the_receiver_as_it_is_here() -> None:
    decoded = landmarks(PacketEncoder().landmarks(frame(1), faces(face()), [1.0]))
    assert decoded.faces[0].right.step[0] > 0  # outer to inner corner, in the picture
    assert decoded.faces[0].left.step[0] < 0
    assert Patch.of(eye(Side.LEFT)).basis[0, 0] < 0
