from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from relay.config import Correction, Engine
from relay.frame import Frame, Rotation, Shown, Verdict
from relay.gaze.corrector import Corrector, Fields, Memory
from relay.gaze.face import Angles, Faces
from relay.gaze.geometric import turn
from relay.gaze.geometry import Patch, ellipse
from relay.gaze.landmarks import Landmarker
from tests.clips import Clip, to_frame

STILL = Clip(sway=0, tilt=0, zoom=0)


@pytest.fixture
def corrector(model: Path) -> Iterator[Corrector]:
    one = Corrector(Engine(model=model), Correction(pitch=10))
    yield one
    one.close()


def correct(corrector: Corrector, frame: Frame) -> tuple[Shown, Faces]:
    seen = corrector.find_faces(frame)
    return corrector.show(frame, seen, corrector.make_fields(frame, seen)), seen


def settle(corrector: Corrector, clip: Clip = STILL, frames: int = 12) -> tuple[Frame, Shown, Faces]:
    """The corrector after its fade-in."""
    for number in range(frames):
        frame = to_frame(clip.frame(number), number / 30)
        shown, seen = correct(corrector, frame)
    return frame, shown, seen


def irises(frame: Frame, model: Path) -> NDArray[np.float32]:
    """Both iris centres, by a fresh look at the frame."""
    landmarker = Landmarker(model)
    (face,) = landmarker(frame).faces
    landmarker.close()
    return np.array([face.right.iris, face.left.iris])


@pytest.mark.parametrize(("pitch", "yaw"), [(10, 0), (-8, 0), (0, 10), (0, -10)])
def test_the_eyes_of_a_real_face_turn_the_asked_way_by_the_asked_amount(
    corrector: Corrector, model: Path, pitch: float, yaw: float
) -> None:
    corrector.correction = Correction(pitch=pitch, yaw=yaw)
    frame, shown, seen = settle(corrector)
    assert shown.verdict is Verdict.CORRECTED
    step = irises(shown.frame, model) - irises(frame, model)
    for moved, eye in zip(step, seen.faces[0].eyes, strict=True):
        wanted = turn(Angles(pitch, yaw), eye.iris_radius)
        along = moved @ wanted / np.hypot(*wanted)
        assert 0.6 < along / np.hypot(*wanted) < 1.3
        across = moved @ np.array([-wanted[1], wanted[0]]) / np.hypot(*wanted)
        assert abs(across) < 0.5 * np.hypot(*wanted)


def test_outside_the_eyes_a_corrected_frame_is_the_input_byte_for_byte(corrector: Corrector) -> None:
    frame, shown, seen = settle(corrector)
    rows, columns = np.indices(frame.y.shape)
    pixels = np.stack([columns, rows], -1) + 0.5
    inside = [ellipse(Patch.of(eye).to_eye(pixels)) < 1 for eye in seen.faces[0].eyes]
    changed = frame.y != shown.frame.y
    assert changed.any()
    assert not (changed & ~np.logical_or(*inside)).any()


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_picture_stored_on_its_side_is_corrected_as_it_will_be_seen(
    corrector: Corrector, model: Path, rotation: Rotation
) -> None:
    upright, *_ = settle(corrector)
    lying = Corrector(Engine(model=model), Correction(pitch=10))
    for number in range(12):
        picture = np.ascontiguousarray(np.rot90(STILL.frame(number), rotation // 90))
        frame = to_frame(picture, number / 30, rotation)
        shown, seen = correct(lying, frame)
    lying.close()
    up = {90: (-1, 0), 180: (0, 1), 270: (1, 0)}[rotation]
    (face,) = seen.faces
    change = np.abs(shown.frame.y.astype(int) - frame.y.astype(int))
    assert shown.verdict is Verdict.CORRECTED
    assert change.sum() > 1000
    flow = corrector.make_fields(upright, seen).faces[0].right.flow[24, 32]
    patch = Patch.of(face.right, rotation)
    step = -(patch.basis / patch.width) @ flow
    assert step @ np.array(up) > 0.9 * np.hypot(*step)


def test_portrait_and_changing_sizes_are_corrected(corrector: Corrector) -> None:
    number = 0
    for width, height in ((640, 480), (360, 640), (961, 541)):
        clip = Clip(width=width, height=height, sway=0, tilt=0, zoom=0)
        for _ in range(12):
            shown, _ = correct(corrector, to_frame(clip.frame(0), number / 30))
            number += 1
        assert shown.verdict is Verdict.CORRECTED
        assert shown.frame.size == (width, height)


def test_off_fades_out_and_then_gives_the_frame_itself(corrector: Corrector) -> None:
    settle(corrector)
    corrector.correction = Correction(enabled=False)
    verdicts = []
    for number in range(12, 24):
        frame = to_frame(STILL.frame(0), number / 30)
        shown, _ = correct(corrector, frame)
        verdicts.append(shown.verdict)
    assert verdicts[0] is Verdict.CORRECTED
    assert verdicts[-1] is Verdict.OFF
    assert shown.frame is frame


def test_a_blink_gives_the_lids_as_they_are(corrector: Corrector) -> None:
    clip = Clip(sway=0, tilt=0, zoom=0, blinks=(1.0,))
    verdicts = []
    for number in range(45):
        shown, _ = correct(corrector, to_frame(clip.frame(number), number / 30))
        verdicts.append(shown.verdict)
    assert verdicts[15] is Verdict.CORRECTED
    assert Verdict.EYES_CLOSED in verdicts[28:36]
    assert verdicts[-1] is Verdict.CORRECTED


def test_no_face_gives_the_frame_itself(corrector: Corrector) -> None:
    frame = to_frame(np.full((480, 640, 3), 90, dtype=np.uint8))
    shown, _ = correct(corrector, frame)
    assert shown == Shown(frame, Verdict.NO_FACE)
    assert shown.frame is frame


def test_a_face_without_a_field_yet_waits(corrector: Corrector) -> None:
    frame, _, seen = settle(corrector)
    assert corrector.show(frame, seen, Fields(0.0)) == Shown(frame, Verdict.WARMING_UP)


def test_both_people_are_corrected(corrector: Corrector) -> None:
    clip = Clip(people=("astronaut", "president"), width=1280, height=720, sway=0, tilt=0, zoom=0)
    frame, shown, seen = settle(corrector, clip)
    assert len(seen.faces) == 2
    changed = np.argwhere(frame.y != shown.frame.y)[:, 1]
    assert (changed < 640).any()
    assert (changed >= 640).any()


def test_memory_keeps_what_is_asked_for_and_forgets_the_rest() -> None:
    memory = Memory(list[int])
    first = memory.of(1, 0.0)
    first.append(7)
    assert memory.of(1, 0.5) == [7]
    assert memory.of(2, 0.6) == []
    assert memory.of(1, 5.0) == []
