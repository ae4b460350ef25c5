from dataclasses import replace

import numpy as np
import pytest

from relay.gaze.face import Face
from relay.gaze.tracking.smoothing import CORNERS, Filter, Smoother
from tests.gaze.faces import face, faces, moved

RATE = 30


def with_noise(one: Face, noise: np.random.Generator, size: float) -> Face:
    """The face with independent noise on every corner and lid point, pixels."""
    right = one.right
    points = {
        name: getattr(right, name) + noise.normal(0, size, getattr(right, name).shape).astype(np.float32)
        for name in ("corners", "upper", "lower")
    }
    return replace(one, right=replace(right, **points))


def test_noise_of_a_still_face_is_cut_to_less_than_half() -> None:
    noise, smoother = np.random.default_rng(0), Smoother()
    raw, steady = [], []
    for number in range(90):
        one = with_noise(face(), noise, 0.3)
        raw.append(one.right.corners)
        steady.append(smoother(faces(one, time=number / RATE)).faces[0].right.corners)
    assert np.std(steady[20:], axis=0).mean() < 0.5 * np.std(raw[20:], axis=0).mean()


def test_a_moving_head_is_followed_closely() -> None:
    smoother = Smoother()
    for number in range(30):
        one = moved(face(), (6.0 * number, 0.0))  # 180 pixels, 4.5 eye widths a second
        seen = smoother(faces(one, time=number / RATE)).faces[0]
        lag = one.right.corners - seen.right.corners
    assert np.abs(lag).max() < 0.06 * one.right.width


def test_a_moving_head_keeps_the_shape_of_its_lids() -> None:
    smoother = Smoother()
    for number in range(20):
        one = moved(face(), (8.0 * (number % 7), 5.0 * (number % 3)))
        seen = smoother(faces(one, time=number / RATE)).faces[0].right
    assert seen.upper - seen.corners[0] == pytest.approx(one.right.upper - one.right.corners[0], abs=1e-3)


def test_openness_arrives_in_the_frame_in_which_it_changes() -> None:
    smoother = Smoother()
    for number in range(10):
        smoother(faces(face(openness=0.3), time=number / RATE))
    shut = smoother(faces(face(openness=0.02), time=10 / RATE)).faces[0]
    assert shut.right.openness == 0.02


def test_each_number_has_its_own_memory() -> None:
    smoother = Smoother()
    one, other = face(1, (100, 100)), face(2, (400, 300))
    smoother(faces(one, other, time=0.0))
    swapped = smoother(faces(other, one, time=1 / RATE))
    assert swapped.faces[0].right.corners == pytest.approx(other.right.corners)
    assert swapped.faces[1].right.corners == pytest.approx(one.right.corners)


@pytest.mark.parametrize("time", [0.0, -1.0, 0.7])
def test_a_clock_that_stands_runs_back_or_jumps_starts_afresh(time: float) -> None:
    filtered = Filter(CORNERS)
    filtered(np.zeros((2, 2)), 0.0)
    assert filtered(np.ones((2, 2)), time) == pytest.approx(np.ones((2, 2)))
