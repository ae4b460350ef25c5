import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.datasets import degrade
from models.datasets.degrade import Camera, add_landmark_error, scaled
from models.datasets.planes import Picture, to_frame
from tests.gaze.faces import eye

GREY = np.full((60, 80, 3), 120, dtype=np.uint8)


def stripes() -> Picture:
    picture = GREY.copy()
    picture[:, ::4] = 220
    return picture


def test_a_perfect_camera_changes_nothing_but_the_format() -> None:
    frame = Camera(40).photograph(stripes(), 1.0, None)
    assert np.array_equal(frame.y, to_frame(stripes()).y)


def test_noise_needs_a_lot_to_draw_from() -> None:
    camera = Camera(40, noise=8.0)
    clean = camera.photograph(GREY, 1.0, None)
    noisy = camera.photograph(GREY, 1.0, np.random.default_rng(0))
    assert clean.y.std() == 0
    assert 3 < noisy.y.std() < 10


@pytest.mark.parametrize(
    ("camera", "less"),
    [(Camera(40, blur=1.5), 0.6), (Camera(40, quality=20), 0.98), (Camera(40, gain=0.5), 0.6)],
    ids=["blur", "compression", "low light"],
)
def test_what_webcams_take_away(camera: Camera, less: float) -> None:
    """Each lowers the contrast of a fine pattern."""
    before = to_frame(stripes()).y.astype(float).std()
    assert camera.photograph(stripes(), 1.0, None).y.astype(float).std() < before * less


def test_a_cast_colours() -> None:
    frame = Camera(40, cast=(1.2, 1.0, 0.8)).photograph(GREY, 1.0, None)
    assert frame.v.mean() > 135
    assert frame.u.mean() < 121


@settings(max_examples=40, deadline=None)
@given(scale=st.floats(0.2, 1.0), seed=st.integers(0, 99))
def test_small_eyes_have_even_pictures_of_the_size_announced(scale: float, seed: int) -> None:
    camera = Camera.draw(np.random.default_rng(seed))
    frame = camera.photograph(GREY, scale, np.random.default_rng(seed))
    assert (frame.width, frame.height) == camera.size(80, 60, scale)
    assert frame.width % 2 == frame.height % 2 == 0


def test_cameras_cover_the_range_and_never_enlarge() -> None:
    random = np.random.default_rng(0)
    widths = [Camera.draw(random).width for _ in range(300)]
    assert min(widths) < 20
    assert max(widths) > 65
    assert max(Camera.draw(random, widest=30.0).width for _ in range(100)) <= 30
    assert Camera.draw(random, widest=12.0).width == pytest.approx(12.0)


def test_wrong_landmarks_stay_within_the_worst() -> None:
    truth = eye(width=40.0)
    random = np.random.default_rng(0)
    errors = np.array([add_landmark_error(truth, 0.5, random).corners - truth.corners for _ in range(200)]) * 0.5
    assert 0.3 < errors.std() < 1.0
    assert np.abs(errors).max() <= degrade.MAX_LANDMARK_ERROR + 1e-4
    irises = np.array([add_landmark_error(truth, 0.5, random).iris - truth.iris for _ in range(200)]) * 0.5
    assert irises.std() < errors.std() / 1.5, "irises repeat better than corners"


def test_scaled_moves_with_the_pixels() -> None:
    truth = eye(centre=(100, 80), width=40)
    found = scaled(truth, (0.5, 0.5), 60, 40)
    np.testing.assert_allclose(found.iris, [20, 20])
    assert found.width == pytest.approx(20)
    assert found.iris_radius == pytest.approx(truth.iris_radius / 2)
