"""A judge that locates the iris exactly: the same change for the true target as for the rigid iris."""

from pathlib import Path

import numpy as np
import pytest

from models.datasets.planes import Picture
from models.evaluation.clips import judge_on_renders
from models.evaluation.clips.judge import Judge, PupilEstimate
from models.evaluation.clips.judge_on_renders import JudgedTurn
from models.evaluation.figures import Metric
from models.evaluation.renders.trials import Trial
from relay.gaze.face import Angles, Eye, Side
from tests.models.evaluation.renders.test_synthetic import GEOMETRIC, NONE, stage


class Darkest(Judge):
    """Returns the centre of the dark pixels around the eye."""

    def __init__(self, confidence: float = 0.9) -> None:
        self._confidence = confidence

    def ask(self, rgb: Picture, *eyes: Eye) -> list[PupilEstimate]:
        """The centre for each eye."""
        found = []
        for eye in eyes:
            middle = eye.corners.mean(0)
            x, y = (np.arange(size) + 0.5 for size in (rgb.shape[1], rgb.shape[0]))
            near = np.hypot(*np.meshgrid((x - middle[0]) / eye.width, (y - middle[1]) / eye.width)) < 0.5
            dark = np.where(near, np.clip(90 - rgb.mean(2), 0, None), 0)
            place = np.array([dark.sum(0) @ x, dark.sum(1) @ y]) / max(dark.sum(), 1)
            found.append(PupilEstimate((place - middle) / eye.width, self._confidence))
        return found


@pytest.mark.parametrize(
    ("pitch", "yaw", "direction"), [(9, 2, "up"), (-9, 0, "down"), (1, -9, "aside"), (0, 9, "aside"), (9, 9, None)]
)
def test_directions(pitch: float, yaw: float, direction: str | None) -> None:
    assert judge_on_renders.direction_of(Angles(pitch, yaw)) == direction
    trial = Trial(Path("hand"), Side.RIGHT, 0, 1, Angles(pitch, yaw))
    assert judge_on_renders.usable([trial]) == ([trial] if direction else [])


def test_small_turns_say_nothing() -> None:
    assert judge_on_renders.usable([Trial(Path("hand"), Side.RIGHT, 0, 1, Angles(2.0, 0.0))]) == []


@pytest.mark.parametrize("side", list(Side))
def test_the_true_picture_is_read_as_turned_the_way_that_was_asked(side: Side) -> None:
    one = stage(0, 1, side)
    assert judge_on_renders.direction_of(one.trial.aim) is not None
    left, turned = judge_on_renders.ask([NONE, GEOMETRIC], one, Darkest())
    assert left.made == pytest.approx(0, abs=1e-6)
    assert turned.made > 0
    assert left.true == turned.true > 0
    assert left.rigid == turned.rigid > 0


def test_a_judge_that_is_uncertain_is_not_heard() -> None:
    assert judge_on_renders.ask([NONE], stage(0, 1), Darkest(confidence=0.3)) == []


def test_ratios_are_sums_over_sums() -> None:
    judged = [JudgedTurn("up", 0.5, 1.0, 1.0), JudgedTurn("up", 2.5, 1.0, 2.0)] * 5 + [
        JudgedTurn("down", 1.0, 1.0, 1.0)
    ]
    found: dict[str, Metric] = {metric.name: metric for metric in judge_on_renders.metrics_of(judged)}
    assert found["judge: read / rigid, up"].value == pytest.approx(1.0)
    assert found["judge: true picture / rigid, up"].value == pytest.approx(2 / 3)
    assert found["judge: read / rigid, down"].value is None, "too few"
    assert found["judge: read / rigid, aside"].count == 0
