import numpy as np
import pytest

from models.datasets.render.heads.head import edges, lower_calmed, order
from relay.gaze.face import Side
from tests.models.datasets.render.toys import APART, head


@pytest.mark.parametrize("openness", [0.25, 0.33, 0.42])
def test_lids_are_open_as_far_as_asked(openness: float) -> None:
    shape = head(openness)
    for orbit in shape.orbits:
        margin = shape.rest[orbit.margin]
        x = margin[:, 0] - (margin[0, 0] + margin[orbit.inner, 0]) / 2
        middle, place = np.abs(x) < 4, np.arange(len(margin))
        upper = margin[middle & (place < orbit.inner), 1].mean()
        lower = margin[middle & (place > orbit.inner), 1].mean()
        assert (upper - lower) / np.ptp(margin[:, 0]) == pytest.approx(openness, abs=0.05)


def test_margins_run_from_the_outer_corner_over_the_upper_lid() -> None:
    for orbit, outward in zip(head().orbits, (-1, 1), strict=True):
        margin = head().rest[orbit.margin]
        assert (margin[:, 0] * outward).argmax() == 0
        assert (margin[:, 0] * outward).argmin() == orbit.inner
        assert margin[1 : orbit.inner, 1].mean() > margin[orbit.inner + 1 :, 1].mean()
    assert [orbit.side for orbit in head().orbits] == [Side.RIGHT, Side.LEFT]


def test_the_origin_is_between_the_eyes_and_the_ball_lies_behind_the_lids() -> None:
    centres = np.stack([orbit.centre for orbit in head().orbits])
    np.testing.assert_allclose(centres.mean(0), 0, atol=0.01)
    np.testing.assert_allclose(centres[:, 0], [-APART, APART], atol=0.5)
    for orbit in head().orbits:
        distance = np.linalg.norm(head().rest[orbit.margin] - orbit.centre, axis=1)
        assert distance.mean() == pytest.approx(orbit.radius + 0.9, abs=0.6)


def test_units_add_up() -> None:
    half = head().pose({"eyeBlinkLeft": 0.5})
    whole = head().pose({"eyeBlinkLeft": 1.0})
    np.testing.assert_allclose(whole - head().rest, 2 * (half - head().rest), atol=1e-4)
    moved = np.abs(whole - head().rest).max(1) > 0.1
    assert moved.any()
    assert (head().rest[moved, 0] > 0).all()  # the person's left


def test_edges_of_a_loop_are_put_in_order() -> None:
    np.testing.assert_array_equal(order([(3, 7), (1, 3), (7, 2), (2, 1)]), [1, 2, 7, 3])
    with pytest.raises(ValueError, match="not one loop"):
        order([(1, 2), (2, 3), (3, 1), (3, 4)])


def test_a_triangle_has_three_sides() -> None:
    sides = edges(np.array([[5, 6, 7, -1], [6, 5, 9, 8]], dtype=np.int32))
    assert sorted(map(tuple, sides.tolist())) == [(5, 6), (5, 6), (5, 7), (5, 9), (6, 7), (6, 8), (8, 9)]


def test_a_lower_lid_rises_no_more_than_half_as_far_as_the_upper_one() -> None:
    """A head whose units lift both lids alike."""
    made = head()
    for side, orbit in zip(("Right", "Left"), made.orbits, strict=True):
        upper, lower = (orbit.margin[lid] for lid in orbit.middle_of_lids(made.rest[orbit.margin]))
        lifted = lower_calmed(np.broadcast_to(np.array([0, 2, 0], np.float32), made.rest.shape), made.rest, orbit)
        assert lifted[upper, 1].mean() == pytest.approx(2, abs=0.1), side
        assert lifted[lower, 1].mean() == pytest.approx(1, abs=0.1), side
