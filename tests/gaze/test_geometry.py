import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.frame import Rotation
from relay.gaze.face import Angles, Eye, Side
from relay.gaze.geometry import Patch, compose, ellipse, nodes, to_nodes
from relay.gaze.spec import CORNER_DISTANCE, EXTENT, PATCH_HEIGHT, PATCH_WIDTH
from tests.gaze.faces import eye

sides = st.sampled_from(list(Side))
rotations: st.SearchStrategy[Rotation] = st.sampled_from([0, 90, 180, 270])


@st.composite
def eyes(draw: st.DrawFn) -> Eye:
    """Any eye: any tilt, 5 to 400 pixels wide, inside, at the edge of or outside a 4K picture."""
    middle = np.array([draw(st.floats(-200, 4040)), draw(st.floats(-200, 2360))])
    width, angle = draw(st.floats(5, 400)), draw(st.floats(0, 2 * np.pi))
    half = width / 2 * np.array([np.cos(angle), np.sin(angle)])
    corners = np.array([middle - half, middle + half], dtype=np.float32)
    return Eye(draw(sides), corners, corners, corners, corners[0], 1.0, 0.3)


@given(eyes(), rotations, st.floats(-0.9, 0.9), st.floats(-0.7, 0.7))
def test_a_point_comes_back_from_the_patch_within_a_twentieth_of_a_pixel(
    one: Eye, rotation: Rotation, x: float, y: float
) -> None:
    patch = Patch.of(one, rotation)
    pixel = patch.to_pixels(np.array([x, y]))
    back = patch.to_pixels(patch.to_eye(pixel))
    assert np.hypot(*(back - pixel)) < 0.05
    assert patch.to_eye(pixel) == pytest.approx([x, y], abs=1e-6)


@given(eyes())
def test_the_corners_lie_where_the_spec_draws_them(one: Eye) -> None:
    outer, inner = Patch.of(one).to_eye(one.corners)
    assert outer == pytest.approx([-0.5, 0], abs=1e-4)
    assert inner == pytest.approx([0.5, 0], abs=1e-4)
    in_patch = to_nodes((PATCH_HEIGHT, PATCH_WIDTH)) @ [*inner, 1]
    assert in_patch + 0.5 == pytest.approx([32 + CORNER_DISTANCE / 2, 24], abs=1e-2)


@given(eyes())
def test_it_is_a_similarity_that_mirrors_the_left_eye_only(one: Eye) -> None:
    basis = Patch.of(one).basis
    assert basis[:, 0] @ basis[:, 1] == pytest.approx(0, abs=1e-6 * one.width**2)
    assert np.hypot(*basis[:, 0]) == pytest.approx(np.hypot(*basis[:, 1]))
    assert (np.linalg.det(basis) < 0) == (one.side is Side.LEFT)


@given(eyes(), st.sampled_from([1.0, 0.5]), st.floats(-0.95, 0.95), st.floats(0, 2 * np.pi))
def test_the_box_holds_every_pixel_of_the_ellipse(one: Eye, scale: float, radius: float, angle: float) -> None:
    patch, size = Patch.of(one), (1920, 1080)
    left, top, right, bottom = patch.box(scale, size)
    inside = np.array(EXTENT) / 2 * radius * np.array([np.cos(angle), np.sin(angle)])
    x, y = patch.to_pixels(inside) * scale
    if 0 <= x < size[0] and 0 <= y < size[1]:
        assert left <= x < right
        assert top <= y < bottom


@given(eyes(), st.sampled_from([1.0, 0.5]), st.integers(0, 900), st.integers(0, 900))
def test_a_plane_index_and_its_pixel_centre_are_one_place(one: Eye, scale: float, column: int, row: int) -> None:
    patch = Patch.of(one)
    place = patch.from_plane(scale, 7, 3) @ [column, row, 1]
    pixel = (np.array([column + 7, row + 3]) + 0.5) / scale
    assert patch.to_pixels(place) == pytest.approx(pixel, abs=1e-4)


def test_corners_in_one_point_make_no_patch() -> None:
    point = np.zeros((2, 2), dtype=np.float32)
    with pytest.raises(ValueError, match="corners"):
        Patch.of(Eye(Side.RIGHT, point, point, point, point[0], 1.0, 0.0))


def test_an_aim_is_mirrored_and_tilted_with_its_patch() -> None:
    aim = Angles(pitch=3, yaw=4)
    for side, yaw in ((Side.RIGHT, 4), (Side.LEFT, -4)):
        inside = Patch.of(eye(side)).aim(aim)
        assert (inside.pitch, inside.yaw) == pytest.approx((3, yaw))


@given(eyes(), st.floats(-20, 20), st.floats(-20, 20))
def test_an_aim_moves_pixels_the_way_the_camera_sees_it(one: Eye, pitch: float, yaw: float) -> None:
    patch = Patch.of(one)
    inside = patch.aim(Angles(pitch, yaw))
    step = patch.basis / patch.width @ [inside.yaw, -inside.pitch]
    assert step == pytest.approx([yaw, -pitch], abs=1e-6)


@pytest.mark.parametrize(("rotation", "up"), [(0, (0, -1)), (90, (-1, 0)), (180, (0, 1)), (270, (1, 0))])
def test_up_follows_the_rotation_of_the_stored_picture(rotation: Rotation, up: tuple[float, float]) -> None:
    """A frame to be rotated 90 degrees clockwise has its upright top on the left."""
    patch = Patch.of(eye(), rotation)
    aim = patch.aim(Angles(pitch=1, yaw=0))
    assert patch.basis / patch.width @ [aim.yaw, -aim.pitch] == pytest.approx(up, abs=1e-9)


def test_nodes_are_the_centres_of_equal_cells() -> None:
    grid = nodes((48, 64))
    assert grid.shape == (48, 64, 2)
    index = to_nodes((48, 64)) @ [*grid[10, 20], 1]
    assert index == pytest.approx([20, 10], abs=1e-5)
    assert grid.mean((0, 1)) == pytest.approx([0, 0], abs=1e-6)


def test_the_ellipse_touches_the_patch_border() -> None:
    assert ellipse(np.array([[EXTENT[0] / 2, 0], [0, -EXTENT[1] / 2], [0, 0]])) == pytest.approx([1, 1, 0])


def test_compose_applies_the_inner_first() -> None:
    double = np.array([[2.0, 0, 0], [0, 2, 0]])
    shift = np.array([[1.0, 0, 5], [0, 1, 7]])
    assert compose(double, shift) @ [1, 1, 1] == pytest.approx([12, 16])
