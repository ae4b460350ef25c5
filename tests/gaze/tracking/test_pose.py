import numpy as np
import pytest
from numpy.typing import NDArray

from relay.gaze.face import Head, Side
from relay.gaze.tracking.pose import DEGREES_PER_LOOK, FIELD_OF_VIEW_RATIO, confidence, gaze_of, head_of, ramp
from tests.gaze.faces import eye


def matrix(
    yaw: float = 0, pitch: float = 0, roll: float = 0, at: tuple[float, float, float] = (0, 0, -50)
) -> NDArray[np.float64]:
    """A pose: turned about y by yaw, about -x by pitch, about -z by roll (degrees), at a place in cm."""
    y, x, z = np.radians([yaw, -pitch, -roll])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = about_y @ about_x @ about_z, at
    return pose


@pytest.mark.parametrize("angles", [(0, 0, 0), (10, 0, 0), (0, -15, 0), (0, 0, 20), (-12, 8, 0)])
def test_head_angles_are_read_from_the_pose(angles: tuple[float, float, float]) -> None:
    pitch, yaw, roll = angles
    head = head_of(matrix(yaw=yaw, pitch=pitch, roll=roll))
    assert (head.pitch, head.yaw, head.roll) == pytest.approx((pitch, yaw, roll), abs=0.3)


def test_a_face_at_the_side_that_looks_into_the_lens_is_not_turned() -> None:
    right = 10 / FIELD_OF_VIEW_RATIO  # as far as MediaPipe's wide camera believes
    towards_lens = -np.degrees(np.arctan(10 / 50))
    head = head_of(matrix(yaw=towards_lens, at=(right, 0, -50)))
    assert head.yaw == pytest.approx(0, abs=0.5)


def test_gaze_is_the_heads_turn_plus_the_eyes() -> None:
    head = Head(pitch=-5, yaw=10, roll=0)
    down = {"eyeLookDownLeft": 0.4, "eyeLookDownRight": 0.2}
    assert gaze_of(head, down).pitch == pytest.approx(-5 - 0.3 * DEGREES_PER_LOOK.pitch)
    left = {"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5}
    assert gaze_of(head, left).yaw == pytest.approx(10 + 0.5 * DEGREES_PER_LOOK.yaw)
    assert gaze_of(head, {}).yaw == 10


def test_large_human_eyes_inside_the_picture_are_trusted() -> None:
    right, left = eye(Side.RIGHT, (100, 100)), eye(Side.LEFT, (180, 100))
    assert confidence(right, left, (640, 480)) == 1


@pytest.mark.parametrize(
    ("width", "centre"),
    [(8.0, (100.0, 100.0)), (40.0, (5.0, 100.0)), (40.0, (100.0, 495.0))],
    ids=["tiny", "left", "below"],
)
def test_tiny_eyes_and_eyes_outside_the_picture_are_not(width: float, centre: tuple[float, float]) -> None:
    right, left = eye(Side.RIGHT, centre, width), eye(Side.LEFT, (centre[0] + 2 * width, centre[1]), width)
    assert confidence(right, left, (640, 480)) < 0.2


def test_ramp_is_linear_between_its_ends() -> None:
    assert [ramp(value, 2, 4) for value in (1, 2, 3, 4, 5)] == [0, 0, 0.5, 1, 1]
