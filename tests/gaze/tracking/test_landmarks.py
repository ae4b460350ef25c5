from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from relay.frame import Rotation
from relay.gaze.face import Eye, Faces
from relay.gaze.tracking.landmarks import Landmarker, stored, upright
from tests.clips import Clip, Seen, to_frame

CLIP = Clip()


@pytest.fixture
def landmarker(model: Path) -> Iterator[Landmarker]:
    one = Landmarker(model)
    yield one
    one.close()


def misplaced(eye: Eye, seen: Seen) -> float:
    """How far the eye's middle is from where it was drawn, eye widths."""
    middle = eye.corners.mean(0)
    return float(np.hypot(middle[0] - seen.x, middle[1] - seen.y)) / seen.width


def test_a_real_face_that_moves_tilts_and_grows_is_found_where_it_is(landmarker: Landmarker) -> None:
    for number in range(0, len(CLIP), 6):
        seen = landmarker(to_frame(CLIP.frame(number), number / 30))
        (face,) = seen.faces
        right, left = CLIP.eyes(number)[0]
        assert misplaced(face.right, right) < 0.12
        assert misplaced(face.left, left) < 0.12
        assert face.right.width == pytest.approx(right.width, rel=0.15)
        assert face.confidence > 0.9
        assert face.number == 1


@pytest.mark.parametrize("person", ["president", "vice_president"])
def test_other_real_faces_are_found_too(landmarker: Landmarker, person: str) -> None:
    clip = Clip(people=(person,))  # type: ignore[arg-type]
    (face,) = landmarker(to_frame(clip.frame(0))).faces
    right, left = clip.eyes(0)[0]
    assert misplaced(face.right, right) < 0.15
    assert misplaced(face.left, left) < 0.15
    assert 0.15 < face.right.openness < 0.6


def test_a_dimmed_face_is_found(landmarker: Landmarker) -> None:
    clip = Clip(dim=0.75, noise=3)
    (face,) = landmarker(to_frame(clip.frame(len(clip) // 2))).faces
    assert misplaced(face.right, clip.eyes(len(clip) // 2)[0][0]) < 0.15


def test_two_people_have_two_numbers_and_keep_them(landmarker: Landmarker) -> None:
    clip = Clip(people=("astronaut", "president"), width=1280, height=720, sway=40)
    for number in range(0, 60, 10):
        seen = landmarker(to_frame(clip.frame(number), number / 30))
        places = {face.number: face.right.iris[0] for face in seen.faces}
        assert sorted(places) == [1, 2]
        if number == 0:
            first = places
        assert (places[1] < places[2]) == (first[1] < first[2])


def test_no_more_faces_than_asked_for(model: Path) -> None:
    one = Landmarker(model, faces=1)
    clip = Clip(people=("astronaut", "president"), width=1280, height=720)
    assert len(one(to_frame(clip.frame(0))).faces) == 1
    one.close()


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_picture_stored_on_its_side_is_read_upright(landmarker: Landmarker, rotation: Rotation) -> None:
    picture = CLIP.frame(0)
    lying = np.ascontiguousarray(np.rot90(picture, rotation // 90))  # np.rot90 turns counter-clockwise
    (face,) = landmarker(to_frame(lying, rotation=rotation)).faces
    right, _ = CLIP.eyes(0)[0]
    height, width = lying.shape[:2]
    x, y = right.x / picture.shape[1], right.y / picture.shape[0]
    expected = stored(np.array([[x, y]], dtype=np.float32), rotation)[0] * (width, height)
    assert face.right.corners.mean(0) == pytest.approx(expected, abs=0.12 * right.width)
    assert abs(face.head.roll) < 20


def test_closing_lids_are_read_from_the_frame_itself(landmarker: Landmarker) -> None:
    clip = Clip(blinks=(1.0,), sway=0, tilt=0, zoom=0)
    openness = [
        landmarker(to_frame(clip.frame(number), number / 30)).faces[0].right.openness for number in range(20, 45)
    ]
    assert openness[0] > 0.2
    assert min(openness) < 0.12
    assert abs(int(np.argmin(openness)) + 20 - 31) <= 2


def test_a_picture_without_a_face_has_none(landmarker: Landmarker) -> None:
    grey = np.full((480, 640, 3), 128, dtype=np.uint8)
    assert landmarker(to_frame(grey, 1.0)) == Faces(1.0, (640, 480))


def test_sizes_may_change_from_frame_to_frame(landmarker: Landmarker) -> None:
    for number, (width, height) in enumerate([(640, 480), (481, 361), (1280, 720), (360, 640)]):
        clip = Clip(width=width, height=height, eye_width=40)
        seen = landmarker(to_frame(clip.frame(0), number / 30))
        assert seen.size == (width, height)
        assert misplaced(seen.faces[0].right, clip.eyes(0)[0][0]) < 0.15


def test_a_failing_model_is_a_value_and_not_an_exception(
    landmarker: Landmarker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(landmarker._landmarker, "detect_for_video", fail)
    seen = landmarker(to_frame(CLIP.frame(0)))
    assert seen.faces == ()
    assert "out of luck" in seen.problem


@pytest.mark.parametrize("size", [(641, 361), (1280, 720), (360, 640), (33, 17)])
def test_the_searched_picture_is_small_upright_and_never_larger(size: tuple[int, int]) -> None:
    picture = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    small = upright(to_frame(picture), 320)
    assert max(small.shape[:2]) <= max(320, 2)
    assert max(small.shape[:2]) <= max(size) + 1
    assert small.shape[1] / small.shape[0] == pytest.approx(size[0] / size[1], rel=0.08)
    assert upright(to_frame(picture, rotation=90), 320).shape[:2] == small.shape[1::-1]
