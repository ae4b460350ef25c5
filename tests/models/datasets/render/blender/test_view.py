import numpy as np
import pytest

from models.datasets.render.blender.view import View, angles, direction, rotation
from relay.gaze.face import Head
from relay.gaze.tracking.pose import head_of

VIEW = View(288, 144, focal=1500, centre=(144, 72))


def test_right_in_the_world_is_right_in_the_picture_and_up_is_up() -> None:
    x, y, depth = VIEW.project(np.array([10.0, 20.0, -500.0]))
    assert (x, y, depth) == pytest.approx((144 + 30, 72 - 60, 500))


@pytest.mark.parametrize(("pitch", "yaw"), [(0, 0), (12, -20), (-25, 18)])
def test_directions_and_angles_are_inverse(pitch: float, yaw: float) -> None:
    assert angles(direction(pitch, yaw)) == pytest.approx((pitch, yaw))


@pytest.mark.parametrize("head", [Head(10, -15, 5), Head(-8, 12, -10), Head(0, 0, 0)])
def test_a_head_turned_so_is_read_so_by_the_runtime(head: Head) -> None:
    matrix = np.eye(4)
    matrix[:3, :3] = rotation(head)
    matrix[:3, 3] = (0, 0, -50)
    found = head_of(matrix)
    assert (found.pitch, found.yaw, found.roll) == pytest.approx((head.pitch, head.yaw, head.roll))
