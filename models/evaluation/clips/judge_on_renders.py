"""The judge on turned renders, whose true target is known: how a perfect turn differs from a rigid iris.

Lids and shadows move with a turning eye, and the judge sees them. So its ratio for the true target is the reference for
its ratios on real clips, which have no ground truth; it need not be 1.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tqdm import tqdm

from models.datasets.planes import to_rgb
from models.evaluation.clips.judge import CERTAIN, Judge, along, rigid_field
from models.evaluation.figures import Metric, Section, known
from models.evaluation.renders.stage import Stage
from models.evaluation.renders.synthetic import field_of, stages
from models.evaluation.renders.trials import Trial
from models.evaluation.rows import Row
from relay.gaze.face import Angles
from relay.gaze.warp import Placed, warp

TURNS = (5.0, 15.0)  # degrees
STRAIGHT = 0.45  # maximum ratio of the turn's minor axis to its major axis
DIRECTIONS = ("up", "down", "aside")
FEWEST = 10  # estimates needed for a ratio


@dataclass(frozen=True)
class JudgedTurn:
    """The judge's measurements along the turn, eye widths: of a row's output, of the true target, of a rigid iris."""

    direction: str
    made: float
    true: float
    rigid: float


def usable(trials: Iterable[Trial]) -> list[Trial]:
    """Trials that turn far enough and along one axis."""
    return [one for one in trials if TURNS[0] <= one.turn < TURNS[1] and direction_of(one.aim)]


def direction_of(aim: Angles) -> str | None:
    """One of DIRECTIONS; None for a diagonal turn."""
    if abs(aim.yaw) < STRAIGHT * abs(aim.pitch):
        return "up" if aim.pitch > 0 else "down"
    return "aside" if abs(aim.pitch) < STRAIGHT * abs(aim.yaw) else None


def measure(rows: Sequence[Row], trials: Sequence[Trial], judge: Judge) -> list[list[JudgedTurn]]:
    """For each row all measurements in which the judge is confident."""
    with tqdm(total=len(trials), desc="renders, judged", disable=None) as bar:
        asked = [ask(rows, one, judge) for one in stages(trials, None, bar)]
    return [[of_rows[number] for of_rows in asked if of_rows] for number in range(len(rows))]


def ask(rows: Sequence[Row], stage: Stage, judge: Judge) -> list[JudgedTurn]:
    """One measurement for each row, with the same references; none where the judge is uncertain of any image."""
    direction, aim = direction_of(stage.trial.aim), stage.patch.aim(stage.trial.aim)
    if direction is None:
        return []
    rigid = rigid_field(stage.eye, stage.patch, aim, stage.radius)
    fields = [rigid, *(field_of(row, stage, [stage.trial.aim])[0] for row in rows)]
    frames = [stage.source, stage.target, *(warp(stage.source, [Placed(stage.patch, one)]) for one in fields)]
    estimates = [judge.ask(to_rgb(frame), stage.eye)[0] for frame in frames]
    if min(one.confidence for one in estimates) < CERTAIN:
        return []
    only = Angles(yaw=stage.trial.aim.yaw) if direction == "aside" else Angles(pitch=stage.trial.aim.pitch)
    true, still, *made = (along(only, estimates[0], one) for one in estimates[1:])
    return [JudgedTurn(direction, one, true, still) for one in made]


def metrics_of(judged: Sequence[JudgedTurn]) -> tuple[Metric, ...]:
    """Ratios of sums, which a single outlier of the judge does not dominate."""
    metrics = []
    for direction in DIRECTIONS:
        along = [one for one in judged if one.direction == direction]
        for name, read in (("read / rigid", "made"), ("true picture / rigid", "true")):
            value = _ratio(known(getattr(one, read) for one in along), [one.rigid for one in along])
            metrics.append(Metric(Section.SYNTHETIC, f"judge: {name}, {direction}", value, len(along)))
    return tuple(metrics)


def _ratio(values: Sequence[float], rigid: Sequence[float]) -> float | None:
    return sum(values) / sum(rigid) if len(values) >= FEWEST and sum(rigid) > 0 else None
