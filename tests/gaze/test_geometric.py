import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from relay.gaze.face import Angles, Side
from relay.gaze.geometric import GRID, Outline, geometric_field, turn
from relay.gaze.geometry import Patch, ellipse, nodes, to_nodes
from tests.gaze.faces import eye

angles = st.builds(Angles, st.floats(-25, 25), st.floats(-25, 25))


def outline(openness: float = 0.32) -> Outline:
    one = eye(Side.RIGHT, openness=openness)
    return Outline.of(one, Patch.of(one))


def at(flow: NDArray[np.float32], point: tuple[float, float]) -> NDArray[np.float32]:
    """The flow at the node nearest to a point in eye coordinates."""
    column, row = np.rint(to_nodes(GRID) @ [*point, 1]).astype(int)
    return np.asarray(flow[row, column])


def test_no_aim_is_no_flow() -> None:
    assert not geometric_field(outline(), Angles()).flow.any()


@given(angles, st.floats(0.05, 0.5))
def test_field_is_finite_and_zero_outside_the_ellipse(aim: Angles, openness: float) -> None:
    field = geometric_field(outline(openness), aim)
    outside = ellipse(nodes(GRID)) >= 1
    assert np.isfinite(field.flow).all()
    assert not field.flow[outside].any()
    assert not field.mask[outside].any()
    assert field.mask.min() >= 0
    assert field.mask.max() <= 1


@given(st.floats(-12, 12), st.floats(-12, 12))
def test_the_middle_of_the_iris_moves_by_the_whole_turn(pitch: float, yaw: float) -> None:
    one, aim = outline(), Angles(pitch, yaw)
    step = turn(aim, one.radius)
    x, y = one.iris + step
    assert at(geometric_field(one, aim).flow, (x, y)) == pytest.approx(-step, abs=0.006)


def test_up_is_up_and_right_is_right() -> None:
    """Flow is a backward map: a rising iris comes from below."""
    assert turn(Angles(pitch=10), 0.2)[1] < 0
    assert turn(Angles(yaw=10), 0.2)[0] > 0


def test_a_turn_is_the_sine_on_the_eyeball() -> None:
    assert turn(Angles(yaw=15), 0.21)[0] == pytest.approx(1.78 * 0.21 * np.sin(np.radians(15)))


def test_lids_follow_a_raised_gaze_and_stay_under_a_sideways_one() -> None:
    one = outline()
    lid, skin = (0.0, -0.21), (0.0, -0.3)
    up, sideways = geometric_field(one, Angles(pitch=10)).flow, geometric_field(one, Angles(yaw=10)).flow
    assert at(up, lid)[1] > 0.4 * at(up, (0, -0.06))[1]
    assert abs(at(sideways, skin)).max() < 0.005


def test_corners_stay() -> None:
    flow = geometric_field(outline(), Angles(pitch=10, yaw=10)).flow
    for corner in (-0.5, 0.5):
        assert np.abs(at(flow, (corner, 0.0))).max() < 0.012


def test_the_field_does_not_fold() -> None:
    """Neighbouring nodes keep their order, so nothing is duplicated, up to the default offset and beyond."""
    for aim in (Angles(pitch=12), Angles(pitch=-12), Angles(pitch=10, yaw=8)):
        source = nodes(GRID) + geometric_field(outline(), aim).flow
        assert np.diff(source[..., 1], axis=0).min() > 0
