from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.datasets.planes import to_frame
from models.datasets.real import observations
from models.datasets.real.album import HEIGHT, WIDEST, WIDTH
from relay.frame import Frame
from relay.gaze.face import Eye
from tests.clips import Clip, write_mp4
from tests.looks import STRAIGHT as AHEAD
from tests.looks import face, look, turned_picture
from tests.portraits import EYES, eye_width, portrait


def enlarged(factor: float) -> tuple[Frame, Eye]:
    """The portrait and its right eye, so many times as large."""
    picture = cv2.resize(portrait("president"), None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    eye = face().right
    corners, upper, lower, iris = (
        (points * factor).astype(np.float32) for points in (eye.corners, eye.upper, eye.lower, eye.iris)
    )
    grown = replace(eye, corners=corners, upper=upper, lower=lower, iris=iris, iris_radius=eye.iris_radius * factor)
    return to_frame(picture.astype(np.uint8)), grown


def test_a_crop_gives_the_frames_own_planes_back() -> None:
    frame = turned_picture(AHEAD)
    eye = face().right
    crop, moved = observations.crop_eye(frame, eye)
    left, top = (eye.corners - moved.corners)[0]
    again = to_frame(crop)
    y = frame.y[int(top) : int(top) + HEIGHT, int(left) : int(left) + WIDTH]
    u = frame.u[int(top) // 2 :, int(left) // 2 :][: HEIGHT // 2, : WIDTH // 2]
    assert np.abs(again.y.astype(int) - y).max() <= 2
    assert np.abs(again.u.astype(int) - u).mean() < 1
    assert moved.corners.mean(0) == pytest.approx((WIDTH / 2, HEIGHT / 2), abs=1.5)


def test_a_large_eye_is_shrunk_and_a_small_one_left_as_it_is() -> None:
    frame, eye = enlarged(3.0)
    crop, moved = observations.crop_eye(frame, eye)
    assert crop.shape == (HEIGHT, WIDTH, 3)
    assert moved.width == pytest.approx(WIDEST, rel=0.02)
    assert moved.iris_radius / moved.width == pytest.approx(eye.iris_radius / eye.width, rel=0.01)
    small = look().right
    assert small.eye.width == pytest.approx(small.width)


def test_past_the_frames_edge_its_border_is_repeated() -> None:
    frame = turned_picture(AHEAD)
    eye = face().right
    near = replace(eye, corners=eye.corners - eye.corners[0] + 4)
    crop, moved = observations.crop_eye(frame, near)
    assert moved.corners.mean(0) == pytest.approx((WIDTH / 2, HEIGHT / 2), abs=1.5)
    assert np.ptp(crop[:20].astype(int), axis=0).max() <= 2


def test_a_blurred_eye_is_less_sharp_and_a_darker_one_is_not() -> None:
    one = look().right
    blurred = cv2.GaussianBlur(one.crop, (0, 0), 2).astype(np.uint8)
    dark = (one.crop * 0.6).astype(np.uint8)
    assert observations.sharpness(blurred, one.eye) < 0.5 * one.sharpness
    assert observations.sharpness(dark, one.eye) == pytest.approx(one.sharpness, rel=0.1)


def test_a_videos_eyes_are_found_where_they_are(model: Path) -> None:
    clip = Clip()
    found = list(observations.looks_of_video(write_mp4(clip), every=15, model=model))
    assert [look.right.time for look in found] == pytest.approx(np.arange(8) / 2, abs=0.01)
    for number, look_ in zip(range(0, len(clip), 15), found, strict=True):
        right, _ = clip.eyes(number)[0]
        assert look_.right.width == pytest.approx(right.width, rel=0.15)
        assert look_.openness > observations.OPEN
    assert {look_.right.number for look_ in found} == {1}


def test_a_photographs_eyes_are_found(model: Path) -> None:
    (found,) = observations.looks_of_photograph(portrait("president"), model)
    assert found.left.width == pytest.approx(EYES["president"][1].width, rel=0.12)
    assert found.right.eye.width == pytest.approx(eye_width("president"), rel=0.12)


def test_what_is_no_picture_is_said(tmp_path: Path) -> None:
    path = tmp_path / "note.jpg"
    path.write_text("not a picture")
    with pytest.raises(OSError, match=r"note\.jpg cannot be read"):
        observations.read_photograph(path)
