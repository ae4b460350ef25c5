from dataclasses import replace

import numpy as np
import pytest

from models.datasets.planes import to_frame
from models.evaluation import pictures
from models.evaluation.renders.tracing import opening_of
from relay.frame import Frame
from relay.gaze.geometry import Patch
from relay.gaze.warp import Placed, warp
from tests.gaze.faces import eye
from tests.models.evaluation.fields import shift, still

BOX = (10, 10, 50, 40)


def grey(level: int) -> Frame:
    return to_frame(np.full((160, 200, 3), level, np.uint8))


def textured() -> Frame:
    """Soft spots, a few pixels wide."""
    rows, columns = np.mgrid[:160, :200]
    waves = 128 + 50 * np.sin(columns / 1.7) + 40 * np.sin(rows / 2.1)
    return to_frame(np.repeat(waves[..., None], 3, -1).astype(np.uint8))


def test_pictures_that_are_the_same() -> None:
    frame = textured()
    weights = np.ones((160, 200), np.float32)
    assert pictures.mean_difference(frame, frame, weights) == 0
    assert pictures.similarity(frame, frame, BOX) == pytest.approx(1)
    assert pictures.signal_to_noise(frame, frame, BOX) == pictures.BEST


def test_difference_counts_where_the_weights_are() -> None:
    half = np.zeros((160, 200), np.float32)
    half[:, :100] = 0.5
    made = grey(100)
    made = replace(made, y=made.y.copy())
    made.y[:, 100:] = 235
    assert pictures.mean_difference(made, grey(100), half) < 0.005
    assert pictures.mean_difference(grey(120), grey(100), half) == pytest.approx(20 / 255, abs=0.006)


def test_signal_to_noise_of_a_known_error() -> None:
    frame = grey(100)
    other = replace(frame, y=frame.y + np.uint8(5))
    assert pictures.signal_to_noise(other, frame, BOX) == pytest.approx(20 * np.log10(255 / 5))


def test_sharpness_of_what_stays_and_of_a_double_picture() -> None:
    seen = eye(width=60.0, openness=0.5)
    patch = Patch.of(seen)
    frame = textured()

    def sharpness_of(step: tuple[float, float], mask: float) -> float:
        field = shift(step, mask)
        value = pictures.sharpness(frame, warp(frame, [Placed(patch, field)]), patch, field, opening_of(seen, patch))
        assert value is not None
        return value

    assert sharpness_of((0.0, 0.0), 1.0) == pytest.approx(1)
    assert sharpness_of((4 / 60, 2 / 60), 1.0) == pytest.approx(1, abs=0.05)
    assert sharpness_of((5.3 / 60, 0.0), 0.5) < 0.75


def test_no_sharpness_of_a_shut_eye() -> None:
    seen = eye(width=60.0, openness=0.0)
    patch = Patch.of(seen)
    frame = textured()
    assert pictures.sharpness(frame, frame, patch, still(), opening_of(seen, patch)) is None
