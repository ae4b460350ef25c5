"""What distance between the lines does to real pictures: the corrector as it is, shown results of earlier frames."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from relay.config.correction import Correction
from relay.config.engine import Engine, MotionMode
from relay.frame import Frame, Verdict
from relay.gaze.corrector import Corrector, Fields
from relay.gaze.face import Faces
from relay.gaze.wire.packets import Landmarks, decode
from tests.clips import Clip, to_frame

FAST = Clip(seconds=2.0, sway=90, tilt=10)  # at its fastest 9 pixels a frame, a fifth of an eye's width
BLINKING = Clip(seconds=1.0, sway=0, tilt=0, zoom=0, blinks=(0.6,))
AGE = 3  # frames


@pytest.fixture
def corrector(request: pytest.FixtureRequest, model: Path) -> Iterator[Corrector]:
    motion, guards = request.param
    one = Corrector(Engine(model=model, field="geometric", motion=motion, blink_guard=guards), Correction(pitch=10))
    yield one
    one.close()


def look(corrector: Corrector, clip: Clip, frames: int) -> list[tuple[Frame, Faces, Fields]]:
    """Every frame, with its own faces and fields."""
    found = []
    for number in range(frames):
        frame = to_frame(clip.frame(number), number / clip.rate)
        faces = corrector.find_faces(frame)
        fields = corrector.make_fields(frame, faces)
        corrector.show(frame, faces, fields)  # opens the gate
        found.append((frame, faces, fields))
    return found


def difference(one: Frame, other: Frame) -> float:
    """Mean of the pixels that differ at all in either, grey levels."""
    return float(np.abs(one.y.astype(float) - other.y).sum() / 1000)


def staleness(corrector: Corrector) -> float:
    """By how much frames shown with older results differ from those shown with their own."""
    seen = look(corrector, FAST, 24)
    errors = []
    for number in range(14, 24):
        frame, faces, fields = seen[number]
        _, stale_faces, stale_fields = seen[number - AGE]
        own = corrector.show(frame, faces, fields).frame
        errors.append(difference(own, corrector.show(frame, stale_faces, stale_fields).frame))
    return float(np.median(errors))


MODES: list[MotionMode] = ["flow", "velocity", "off"]


def test_results_of_before_are_shown_where_the_head_is_now(model: Path) -> None:
    """Claim 25: the field is placed at the landmarks, carried forward to the shown frame."""
    errors = {}
    for motion in MODES:
        engine = Engine(model=model, field="geometric", motion=motion, blink_guard=False)
        corrector = Corrector(engine, Correction(pitch=10))
        errors[motion] = staleness(corrector)
        corrector.close()
    assert errors["flow"] < 0.6 * errors["off"]
    assert errors["velocity"] < 0.95 * errors["off"]


@pytest.mark.parametrize("corrector", [("flow", True)], indirect=True)
def test_a_lid_that_closes_is_not_moved_by_a_field_of_before(corrector: Corrector) -> None:
    seen = look(corrector, BLINKING, 20)
    shut = [number for number in range(20) if BLINKING.closed(number) > 0.9]
    assert shut
    for number in shut:
        frame, (_, stale_faces, stale_fields) = seen[number][0], seen[shut[0] - 4]
        shown = corrector.show(frame, stale_faces, stale_fields)
        assert shown.verdict is Verdict.EYES_CLOSED
        assert shown.frame is frame


@pytest.mark.parametrize("corrector", [("flow", False)], indirect=True)
def test_without_the_guard_it_would_be(corrector: Corrector) -> None:
    seen = look(corrector, BLINKING, 20)
    shut = next(number for number in range(20) if BLINKING.closed(number) > 0.9)
    frame, (_, stale_faces, stale_fields) = seen[shut][0], seen[shut - 4]
    assert corrector.show(frame, stale_faces, stale_fields).verdict is Verdict.CORRECTED


@pytest.mark.parametrize("corrector", [("flow", True)], indirect=True)
def test_an_open_eye_is_left_its_correction_by_the_guard(corrector: Corrector) -> None:
    seen = look(corrector, FAST, 24)
    for number in range(14, 24):
        frame, (_, stale_faces, stale_fields) = seen[number][0], seen[number - AGE]
        assert corrector.show(frame, stale_faces, stale_fields).verdict is Verdict.CORRECTED


@pytest.mark.parametrize("corrector", [("flow", True)], indirect=True)
def test_a_share_of_a_correction_moves_pixels_less_far(corrector: Corrector) -> None:
    """Claim 26: beyond the setting the correction fades."""
    frame, faces, fields = look(corrector, FAST, 12)[-1]
    whole, half = (corrector.show(frame, faces, fields, share).frame for share in (1.0, 0.5))
    assert 0.2 < difference(frame, half) / difference(frame, whole) < 0.9
    assert corrector.show(frame, faces, fields, 0.0).frame is frame


@pytest.mark.parametrize("corrector", [("flow", True)], indirect=True)
def test_a_receiver_is_told_what_would_have_been_shown(corrector: Corrector) -> None:
    frame, faces, fields = look(corrector, BLINKING, 12)[-1]
    told = corrector.encode_faces(frame, faces, ready=True)
    assert told.verdict is Verdict.CORRECTED
    packet = decode(told.packet)
    assert isinstance(packet, Landmarks)
    assert min(packet.faces[0].right.strength, packet.faces[0].left.strength) > 0.95
    assert decode(corrector.encode_fields(frame, frame, fields)).faces[0].number == packet.faces[0].number
    assert corrector.encode_faces(frame, faces, ready=False).verdict is Verdict.WARMING_UP
    nothing = corrector.encode_faces(frame, None, ready=True)
    assert nothing.verdict is Verdict.WARMING_UP
    assert decode(nothing.packet).faces == ()


@pytest.mark.parametrize("corrector", [("flow", True)], indirect=True)
def test_a_receiver_is_told_of_closed_eyes(corrector: Corrector) -> None:
    seen = look(corrector, BLINKING, 20)
    shut = next(number for number in range(20) if BLINKING.closed(number) > 0.99)
    frame, faces, _ = seen[shut]
    told = corrector.encode_faces(frame, faces, ready=True)
    assert told.verdict is Verdict.EYES_CLOSED
    packet = decode(told.packet)
    assert isinstance(packet, Landmarks)
    assert packet.faces[0].right.strength == 0
