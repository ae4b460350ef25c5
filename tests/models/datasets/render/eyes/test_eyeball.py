import numpy as np
import pytest

from models.datasets.render.blender.view import angles, direction
from models.datasets.render.eyes import eyeball
from relay.gaze.spec import ROTATION_PER_IRIS_RADIUS


def test_the_iris_turns_as_far_as_the_runtime_believes() -> None:
    turn = eyeball.turned(direction(0, 15))
    centre = turn @ np.array([0, 0, eyeball.IRIS_DEPTH])
    moved = centre[0] / eyeball.IRIS_RADIUS
    assert moved == pytest.approx(ROTATION_PER_IRIS_RADIUS * np.sin(np.radians(15)), rel=0.005)


@pytest.mark.parametrize(("pitch", "yaw"), [(0, 0), (20, 0), (-15, 25)])
def test_turning_is_a_rotation_to_that_direction(pitch: float, yaw: float) -> None:
    turn = eyeball.turned(direction(pitch, yaw))
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
    assert angles(turn @ np.array([0.0, 0.0, 1.0])) == pytest.approx((pitch, yaw))


def test_the_pupil_is_as_wide_as_asked_and_the_mesh_is_whole() -> None:
    ball = eyeball.make(pupil=2.0)
    assert ball.quads.max() == len(ball.points) - 1
    assert np.hypot(*ball.points[:, :2].T).max() == pytest.approx(eyeball.RADIUS, rel=0.01)
    edge = 0.25 * eyeball.IRIS_SHARE
    at = np.argmin(np.abs(ball.uv[..., 1].ravel() - edge))
    radius = np.hypot(*ball.points[ball.quads.ravel()[at], :2])
    assert radius == pytest.approx(2.0, abs=0.15)


def test_the_surface_bulges_where_the_cornea_is() -> None:
    optic = np.array([0, 0, 1], dtype=np.float32)
    ahead, aside = eyeball.surface(np.array([[0, 0, 1], [1, 0, 0]], dtype=np.float32), optic, eyeball.RADIUS)
    assert ahead == pytest.approx(13.2, abs=0.2)
    assert aside == pytest.approx(eyeball.RADIUS)
