from dataclasses import replace

import numpy as np
import pytest

from models.datasets.render.blender.view import View, rotation
from models.datasets.render.eyes.lids import closing
from models.datasets.synthetic.truths import Placement, eye_of, gaze_of, openness
from relay.gaze.face import Head, Side
from tests.models.datasets.render.toys import body, look

PLACE = np.array([0.0, 0.0, -600.0])
VIEW = View(288, 128, focal=1400, centre=(144, 64))
STRAIGHT = Placement(rotation(Head(0, 0, 0)), PLACE)


def test_the_persons_right_eye_is_on_the_left_with_its_outer_corner_outside() -> None:
    poses = body().pose(look())[1]
    right, left = (eye_of(pose, STRAIGHT, VIEW) for pose in poses)
    assert right.side is Side.RIGHT
    assert right.corners[0, 0] < right.corners[1, 0] < left.corners[1, 0] < left.corners[0, 0]
    for eye, pose in zip((right, left), poses, strict=True):
        assert (eye.upper[:, 1] < eye.lower[:, 1]).all()
        assert np.abs(np.diff(eye.upper[:, 0])).std() < 0.3 * np.abs(np.diff(eye.upper[:, 0])).mean()  # evenly
        width = float(np.linalg.norm(pose.margin[0] - pose.margin[pose.orbit.inner]))
        assert eye.openness == pytest.approx(closing(pose.margin, pose.orbit) / width, abs=0.06)
        # Six millimetres at 600.
        assert eye.iris_radius == pytest.approx(5.85 * 1400 / 590, rel=0.02)


def test_openness_does_not_depend_on_roll() -> None:
    _, poses = body().pose(look())
    tilted = Placement(rotation(Head(0, 0, 14)), PLACE)
    for pose in poses:
        assert eye_of(pose, tilted, VIEW).openness == pytest.approx(eye_of(pose, STRAIGHT, VIEW).openness, abs=0.01)


def test_openness_is_negative_where_lids_cross() -> None:
    corners = np.array([[0, 0], [20, 0]], dtype=np.float32)
    upper, lower = (np.column_stack([np.linspace(2, 18, 7), np.full(7, y)]).astype(np.float32) for y in (1, -1))
    assert openness(Side.RIGHT, corners, upper, lower) == pytest.approx(-0.1)
    assert openness(Side.RIGHT, corners, lower, upper) == pytest.approx(0.1)


@pytest.mark.parametrize("head", [Head(0, 0, 0), Head(8, -15, 5)])
def test_whoever_looks_at_the_lens_has_no_gaze_angle_wherever_the_head_is(head: Head) -> None:
    place = np.array([60.0, -40.0, -500.0])
    placement = Placement(rotation(head), place)
    lens = rotation(head).T @ -place
    _, poses = body().pose(replace(look(), target=lens))
    for pose in poses:
        assert gaze_of(pose, placement)[0] == pytest.approx((0, 0), abs=1e-4)


def test_up_is_positive_pitch_and_the_pictures_right_positive_yaw() -> None:
    for pose in body().pose(look(x=200, y=100))[1]:
        (pitch, yaw), _ = gaze_of(pose, STRAIGHT)
        assert pitch > 5
        assert yaw > 10
