"""Known fields on a synthetic scene: no correction leaves the whole aim, the renderer's own flow no error."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from models.datasets.synthetic import scenes
from models.evaluation.pictures import mean_difference
from models.evaluation.renders import synthetic
from models.evaluation.renders.stage import Stage
from models.evaluation.renders.trials import Trial, choose, read_outlines
from models.evaluation.rows import Row
from relay.frame import Frame
from relay.gaze.corrector import Turn
from relay.gaze.face import Angles, Field, Side
from relay.gaze.geometry import nodes
from relay.gaze.spec import GRID
from tests.models.evaluation import eyes
from tests.models.evaluation.fields import shift

NONE, GEOMETRIC = Row.parse("none"), Row.parse("geometric")


def stage(source: int, target: int, side: Side = Side.RIGHT, scale: int = 16, glasses: bool = False) -> Stage:
    pitch, yaw = (float(value) for value in eyes.GAZES[target] - eyes.GAZES[source])
    return Stage(Trial(Path("hand"), side, source, target, Angles(pitch, yaw), scale), eyes.scene(glasses=glasses))


def fixed(*fields: Field) -> Row:
    """A row that returns these fields for any aim."""

    def make(frame: Frame, turns: Sequence[Turn]) -> list[Field]:
        return list(fields) * (len(turns) // len(fields))

    return Row("fixed", make)


TURNS = [(0, 1, Side.RIGHT, 16), (1, 2, Side.LEFT, 16), (2, 3, Side.RIGHT, 7), (3, 1, Side.LEFT, 7)]


@pytest.mark.parametrize(("source", "target", "side", "scale"), TURNS)
def test_no_correction_leaves_the_whole_aim(source: int, target: int, side: Side, scale: int) -> None:
    one = stage(source, target, side, scale)
    found = synthetic.turned(NONE, one)
    assert found.apart is not None
    assert found.apart.pitch == pytest.approx(-one.trial.aim.pitch, abs=0.2)
    assert found.apart.yaw == pytest.approx(-one.trial.aim.yaw, abs=0.2)
    assert found.sharpness == pytest.approx(1)


@pytest.mark.parametrize(("source", "target", "side"), [turn[:3] for turn in TURNS])
def test_the_true_target_leaves_nothing(source: int, target: int, side: Side) -> None:
    one = stage(source, target, side)
    found, without = synthetic.turned(fixed(one.known), one), synthetic.turned(NONE, one)
    assert found.error == pytest.approx(0, abs=0.35)
    assert found.loss is not None
    assert without.loss is not None
    assert found.loss < without.loss  # parts occluded in the source cannot be shown
    assert found.loss == found.least == without.least
    assert found.noise > without.noise


def test_the_target_itself_has_no_loss() -> None:
    one = stage(0, 1)
    assert mean_difference(one.target, one.target, one.opened) == 0
    assert mean_difference(one.source, one.target, one.opened) > 0.05


def test_gain_is_the_share_of_the_step_that_is_made() -> None:
    """A field that moves the iris by the step of 10 degrees up, at any aim."""
    one = stage(0, 0)
    step = one.step(Angles(pitch=10))
    (x, y) = (float(value) for value in step)
    assert [x, y] == pytest.approx([0, -1.78 * np.sin(np.radians(10)) * one.radius], abs=1e-4)
    gains = {(gain.asked.pitch, gain.asked.yaw): gain.made for gain in synthetic.gains(fixed(shift((x, y))), one)}
    assert gains[10, 0] == pytest.approx(1, abs=0.01)
    assert gains[5, 0] == pytest.approx(np.sin(np.radians(10)) / np.sin(np.radians(5)), abs=0.02)
    assert gains[-10, 0] == pytest.approx(-1, abs=0.01)
    assert gains[0, 15] == pytest.approx(0, abs=0.01)


def test_a_mask_of_a_half_halves_the_gain() -> None:
    one = stage(0, 0, Side.LEFT)
    step = one.step(Angles(yaw=5))
    assert step[0] < 0, "the left eye's patch is mirrored"
    (made,) = [
        gain.made
        for gain in synthetic.gains(fixed(shift((float(step[0]), float(step[1])), mask=0.5)), one)
        if gain.asked == Angles(yaw=5)
    ]
    assert made == pytest.approx(0.5, abs=0.02)


def test_the_geometric_field_turns_the_way_it_is_asked() -> None:
    made = [gain.made for gain in synthetic.gains(GEOMETRIC, stage(0, 0))]
    assert min(made) > 0.75
    assert max(made) < 1.1


def test_aim_zero_is_the_identity() -> None:
    assert synthetic.identity(GEOMETRIC, stage(1, 1)) == 99
    assert synthetic.identity(fixed(shift((0.1, 0.0))), stage(1, 1)) < 45


def test_a_shut_lid_that_rises_is_seen() -> None:
    one = stage(eyes.SHUT, eyes.SHUT)
    assert synthetic.lids_raised(NONE, one) == pytest.approx(0)
    assert synthetic.lids_raised(fixed(shift((0.0, -0.03))), one) == pytest.approx(0.03, abs=1e-3)
    half = fixed(shift((0.0, -0.03), mask=0.5, rest=(0.0, -0.01)))
    assert synthetic.lids_raised(half, one) == pytest.approx(0.02, abs=1e-3)


def test_glasses_that_move_are_seen() -> None:
    one = stage(0, 1, glasses=True)
    assert synthetic.turned(NONE, one).rim == 0
    moved = synthetic.turned(fixed(shift((0.0, -0.03), mask=0.5)), one)
    assert moved.rim == pytest.approx(0.015, abs=1e-4)
    assert moved.rim_high == pytest.approx(0.015, abs=1e-4)
    assert synthetic.turned(NONE, stage(0, 1)).rim is None


def test_a_hidden_iris_gives_no_angle() -> None:
    flow = np.broadcast_to(np.array([0, 0.6], np.float32), (*GRID, 2)).copy()
    upper = (nodes(GRID)[..., 1] > -0.3).astype(np.float32)
    assert synthetic.turned(fixed(Field(flow, upper)), stage(0, 1)).apart is None


def test_a_whole_measurement(tmp_path: Path) -> None:
    scenes.write(tmp_path / "one.npz", eyes.scene())
    choice = choose(read_outlines(tmp_path, "test"), 16)
    measured, turned = synthetic.measure([NONE, GEOMETRIC], choice)
    assert len(measured.pairs) == len(choice.pairs) > 4
    assert len(measured.raised) == len(choice.shut) == 2
    assert set(measured.identity) == {99}
    assert {gain.made for gain in measured.gains} == {0}
    assert all(gain.made > 0 for gain in turned.gains)


def test_wrong_landmarks_are_the_same_each_time(tmp_path: Path) -> None:
    scenes.write(tmp_path / "one.npz", eyes.scene())
    choice = choose(read_outlines(tmp_path, "test"), 8)
    first, again, right = (synthetic.measure([GEOMETRIC], choice, seed) for seed in (1, 1, None))
    assert first == again
    assert first != right
