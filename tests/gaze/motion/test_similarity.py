import numpy as np
from numpy.typing import NDArray

from relay.gaze.motion.similarity import fit
from tests.gaze.moving import around


def cloud(count: int) -> NDArray[np.complex128]:
    noise = np.random.default_rng(1)
    return noise.uniform(0, 100, count) + 1j * noise.uniform(0, 60, count)


def test_a_few_points_that_go_astray_do_not_count() -> None:
    motion, before = around((50, 30), 5, 1.05, (7, -3)), cloud(20)
    after = motion.turn * before + motion.shift
    after[:7] += cloud(27)[20:] - 60
    found = fit(before, after, tolerance=1.0)
    assert found is not None
    assert abs(found.turn - motion.turn) < 1e-3
    assert abs(found.shift - motion.shift) < 0.1


def test_points_that_go_each_its_own_way_have_no_common_motion() -> None:
    before = cloud(40)
    assert fit(before[:20], before[20:], tolerance=1.0) is None
    assert fit(before[:3], before[:3], tolerance=1.0) is None
