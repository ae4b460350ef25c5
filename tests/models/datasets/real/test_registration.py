from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.datasets.planes import Picture
from models.datasets.real.album import HEIGHT, WIDTH
from models.datasets.real.registration import from_corners, nearest_similarity, register, show, skin, turned
from relay.gaze.face import Angles, Eye
from relay.gaze.geometric import turn
from relay.gaze.geometry import Matrix, Patch
from tests.looks import look
from tests.portraits import EYES

ANGLE = st.floats(-24, 24)


def similarity(degrees: float, scale: float, shift: tuple[float, float]) -> Matrix:
    """About the middle of a crop."""
    matrix: Matrix = np.asarray(cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, scale), dtype=np.float64)
    matrix[:, 2] += np.array(shift)
    return matrix


def moved(crop: Picture, eye: Eye, matrix: Matrix) -> tuple[Picture, Eye]:
    """Picture and landmarks, carried to where the matrix takes them."""
    back = np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64)
    corners, upper, lower, iris = (
        (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        for points in (eye.corners, eye.upper, eye.lower, eye.iris)
    )
    scale = float(np.hypot(*matrix[:, 0]))
    return show(crop, back), Eye(eye.side, corners, upper, lower, iris, eye.iris_radius * scale, eye.openness)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("by", [Angles(0, 14), Angles(-9, -6)])
def test_the_skin_is_found_and_the_turn_is_measured_in_a_moved_picture(side: int, by: Angles) -> None:
    first, other = look().eyes[side], look(by).eyes[side]
    truth = similarity(2.5, 1.03, (2.2, -1.7))
    crop, eye = moved(other.crop, other.eye, truth)
    eye.corners[:] += [[0.6, -0.5], [-0.3, 0.7]]  # inexact landmarks: they are only the initial value
    found = register((first.crop, first.eye), (crop, eye))
    assert found is not None
    places = first.eye.corners
    apart = places @ (found.similarity - truth)[:, :2].T + (found.similarity - truth)[:, 2]
    assert np.abs(apart).max() < 0.25
    assert found.residual < 0.01
    assert found.uncertainty < 0.4
    measured = turned(first.eye, eye, found.similarity, first.eye.iris_radius)
    assert (measured.pitch, measured.yaw) == pytest.approx((by.pitch, by.yaw), abs=1.0)


def test_what_shows_nothing_is_not_found() -> None:
    eye = look().right.eye
    grey = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    assert register((grey, eye), (grey, eye)) is None


@given(ANGLE, ANGLE)
def test_turned_undoes_what_the_geometric_field_does(pitch: float, yaw: float) -> None:
    first = look().right.eye
    patch = Patch.of(first)
    step = (
        turn(Angles(pitch, yaw), first.iris_radius / patch.width) * patch.width
    )  # the camera's axes: not in the patch
    second = replace(first, iris=(first.iris + step).astype(np.float32))
    measured = turned(first, second, np.eye(2, 3), first.iris_radius)
    assert (measured.pitch, measured.yaw) == pytest.approx((pitch, yaw), abs=1e-3)


def test_the_eye_itself_and_the_other_eye_are_left_out() -> None:
    sighting = look().right
    mask = skin(sighting.eye)
    corner = np.array(EYES["president"][1].inner) - EYES["president"][0].centre + [WIDTH / 2, HEIGHT / 2]
    for x, y in (*sighting.eye.corners, *sighting.eye.upper, sighting.eye.iris):
        assert mask[int(y), int(x)] == 0
    assert mask[int(corner[1]), min(int(corner[0]) + 2, WIDTH - 1)] == 0
    assert 0.2 < (mask > 0).mean() < 0.9


def test_a_similarity_is_nearest_to_itself_and_keeps_the_centre_of_an_affine_map() -> None:
    exact = similarity(12, 0.9, (3, 4))
    np.testing.assert_allclose(nearest_similarity(exact, np.array([50.0, 60.0])), exact)
    sheared = exact + np.array([[0.05, 0, 0], [0, 0, 0]])
    centre = np.array([50.0, 60.0])
    found = nearest_similarity(sheared, centre)
    np.testing.assert_allclose(found[:, :2] @ centre + found[:, 2], sheared[:, :2] @ centre + sheared[:, 2])


def test_corners_are_laid_on_corners() -> None:
    first = look().left.eye
    second = moved(look().left.crop, first, similarity(-7, 1.1, (1, 2)))[1]
    matrix = from_corners(first, second)
    np.testing.assert_allclose(first.corners @ matrix[:, :2].T + matrix[:, 2], second.corners, atol=1e-3)
