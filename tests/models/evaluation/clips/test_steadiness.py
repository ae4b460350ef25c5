import numpy as np
import pytest
from numpy.typing import NDArray

from models.evaluation.clips.steadiness import compare_blinks, dips, tremble

RATE = 30


def blinking(at: tuple[int, ...], length: int = 90, depth: float = 0.02) -> NDArray[np.float64]:
    """Openness 0.3 with slight variation, down for four frames at each place."""
    openness = 0.3 + 0.01 * np.sin(np.arange(length) / 7)
    for first in at:
        openness[first : first + 4] = depth
    return openness


def test_tremble_is_the_noise_and_not_the_movement() -> None:
    random = np.random.default_rng(0)
    time = np.arange(4000) / RATE
    glide = np.column_stack([np.sin(time), np.cos(time / 2)])
    noise = random.normal(0, 0.01, glide.shape)
    assert tremble(glide + noise) == pytest.approx(0.01, rel=0.06)
    ratio = (tremble(glide + 1.5 * noise) or 0) / (tremble(glide + noise) or 1)
    assert ratio == pytest.approx(1.5, rel=0.02)


def test_saccades_and_lost_frames_are_no_tremble() -> None:
    random = np.random.default_rng(1)
    track = random.normal(0, 0.01, (600, 2))
    calm = tremble(track)
    track[200:] += 1
    track[300:310] = np.nan
    assert tremble(track) == pytest.approx(calm, rel=0.05)


def test_a_short_track_says_nothing() -> None:
    assert tremble(np.zeros((5, 2))) is None
    assert tremble(np.full((50, 2), np.nan)) is None


def test_where_the_blinks_are() -> None:
    assert dips(blinking((20, 60))) == [(20, 23), (60, 63)]
    assert dips(blinking((0, 86))) == [(0, 3), (86, 89)]


def test_blinks_that_come_through() -> None:
    found = compare_blinks(list(blinking((20, 60))), list(1.2 * blinking((20, 60))))
    assert found is not None
    assert found.correlation == pytest.approx(1)
    assert (found.count, found.lost, found.shift) == (2, 0, 0)


def test_a_blink_that_is_lost() -> None:
    found = compare_blinks(list(blinking((20, 60))), list(blinking((60,))))
    assert found is not None
    assert (found.count, found.lost) == (2, 1)
    assert found.correlation < 0.9


@pytest.mark.parametrize("late", [-2, 1, 3])
def test_blinks_that_are_shifted(late: int) -> None:
    found = compare_blinks(list(blinking((20, 60))), list(blinking((20 + late, 60 + late))))
    assert found is not None
    assert found.shift == late


def test_frames_without_a_face_are_left_out() -> None:
    after = blinking((20, 60))
    after[40:45] = np.nan
    found = compare_blinks(list(blinking((20, 60))), list(after))
    assert found is not None
    assert found.correlation == pytest.approx(1)


def test_without_blinks_there_is_nothing_to_compare() -> None:
    assert compare_blinks(list(blinking(())), list(blinking(()))) is None
    assert compare_blinks([float("nan")] * 90, list(blinking((20,)))) is None
