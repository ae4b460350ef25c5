from dataclasses import replace

import pytest

from models.evaluation.renders.groups import Person
from models.evaluation.renders.render_table import metrics_of
from models.evaluation.renders.synthetic import Gain, Measured, PairResult
from relay.gaze.face import Angles

ONE = PairResult(
    Person(0.1, "blue", False, 40.0), 5.0, Angles(1.0, -0.5), 0.02, 0.01, 0.9, 30.0, 0.97, None, None, 0.01
)


def values(measured: Measured) -> dict[str, float | None]:
    return {one.name: one.value for one in metrics_of(measured)}


def test_usual_turns_make_the_first_figures_and_large_ones_their_own() -> None:
    far = replace(ONE, turn=18.0, apart=Angles(6.0, 8.0), loss=0.1)
    found = values(Measured((ONE, ONE, far), (), (60.0, 50.0), (0.01, 0.03)))
    assert found["vertical, median, deg"] == 1
    assert found["gaze left over, horizontal, median, deg"] == 0.5
    assert found["L1 inside the lids, %"] == pytest.approx(2)
    assert found["10-20 deg: gaze left over, median, deg"] == 10
    assert found["10-20 deg: L1 inside the lids, %"] == pytest.approx(10)
    assert found["1-5 deg: gaze left over, median, deg"] is None
    assert found["aim zero, PSNR, worst, dB"] == 50
    assert found["shut eyes opened, mean, eye widths"] == pytest.approx(0.02)
    assert found["glasses moved, mean, eye widths"] is None


def test_gains_by_axis_and_turn() -> None:
    gains = (Gain(Angles(pitch=5.0), 0.9), Gain(Angles(pitch=5.0), 1.0), Gain(Angles(yaw=-10.0), 0.7))
    found = values(Measured((), gains, (), ()))
    assert found["gain, vertical +5 deg"] == pytest.approx(0.95)
    assert found["gain, horizontal -10 deg"] == 0.7
    assert found["gain, vertical -5 deg"] is None


def test_irises_that_are_hidden_are_left_out() -> None:
    found = values(Measured((ONE, replace(ONE, apart=None, loss=None)), (), (), ()))
    assert found["vertical, median, deg"] == 1
    assert found["L1 inside the lids, %"] == pytest.approx(2)


def test_a_lid_that_sinks_does_not_make_up_for_one_that_opens() -> None:
    found = values(Measured((), (), (), (0.04, -0.04)))
    assert found["shut eyes opened, mean, eye widths"] == pytest.approx(0.02)
