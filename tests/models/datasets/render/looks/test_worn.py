from dataclasses import replace

import numpy as np
import pytest

from models.datasets.render.looks.worn import Frames, locks
from tests.models.datasets.render.toys import head

FRAMES = Frames(width=50, height=36, power=2.8, bar=1.2, full=True, away=12, drop=2, tilt=7)


def test_lenses_lie_before_the_eyes_and_are_as_large_as_drawn() -> None:
    points, quads = FRAMES.lenses(head())
    assert quads.max() == len(points) - 1
    for orbit, sign in zip(head().orbits, (-1, 1), strict=True):
        lens = points[points[:, 0] * sign > 0]
        np.testing.assert_allclose(np.ptp(lens[:, 0]), FRAMES.width, atol=0.5)
        assert np.ptp(lens[:, 1]) == pytest.approx(FRAMES.height * 0.925, abs=0.5)
        middle = lens[np.linalg.norm(lens[:, :2] - orbit.centre[:2], axis=1) < 12]
        assert (middle[:, 2] - orbit.centre[2]).min() > 13.3 + 5  # the cornea's top, and lashes


def test_a_half_rim_has_nothing_below_the_lens() -> None:
    below = head().orbits[0].centre[1] - FRAMES.height * 0.3
    whole, half = (replace(FRAMES, full=full).rim(head())[0] for full in (True, False))
    assert (whole[:, 1] < below).any()
    assert not (half[:, 1] < below).any()


def test_the_bridge_joins_both_rims() -> None:
    points, quads = FRAMES.rim(head())
    assert quads.max() == len(points) - 1
    assert np.abs(points[:, 0]).min() < 4


def test_hair_falls_from_above_before_the_forehead() -> None:
    strands = locks(head(), np.random.default_rng(1))
    assert (np.diff(strands[..., 1], axis=1) < 0).all()
    assert (np.diff(strands[..., 2], axis=1) >= -1e-6).all()  # it bridges the hollow of the eye
