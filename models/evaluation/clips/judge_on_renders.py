"""What the judge says of turned renders, whose true picture is known: how far a perfect turn is from a rigid iris.

Lids and shadows go with an eye that turns, and the judge sees them. So what the true picture shows is the measure for
what it says of real clips, where no truth is known; it need not be 1.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tqdm import tqdm

from models.datasets.planes import to_rgb
from models.evaluation.clips.judge import CERTAIN, Judge, along, rigid_field
from models.evaluation.figures import Figure, Section, known
from models.evaluation.renders.stage import Stage
from models.evaluation.renders.synthetic import field_of, stages
from models.evaluation.renders.trials import Trial
from models.evaluation.rows import Row
from relay.gaze.face import Angles
from relay.gaze.warp import Placed, warp

TURNS = (5.0, 15.0)  # degrees
STRAIGHT = 0.45  # the turn across the direction over the turn along it, at most
DIRECTIONS = ("up", "down", "aside")
FEWEST = 10  # opinions that make a ratio


@dataclass(frozen=True)
class Heard:
    """What the judge reads along the turn, eye widths: in a row's picture, in the true one, of a rigid iris."""

    direction: str
    made: float
    true: float
    rigid: float


def able(trials: Iterable[Trial]) -> list[Trial]:
    """Those that turn far enough and along one axis."""
    return [one for one in trials if TURNS[0] <= one.turn < TURNS[1] and direction_of(one.aim)]


def direction_of(aim: Angles) -> str | None:
    """None where it goes across."""
    if abs(aim.yaw) < STRAIGHT * abs(aim.pitch):
        return "up" if aim.pitch > 0 else "down"
    return "aside" if abs(aim.pitch) < STRAIGHT * abs(aim.yaw) else None


def hear(rows: Sequence[Row], trials: Sequence[Trial], judge: Judge) -> list[list[Heard]]:
    """For each row all opinions on pictures of which the judge is certain."""
    with tqdm(total=len(trials), desc="renders, judged", disable=None) as bar:
        asked = [ask(rows, one, judge) for one in stages(trials, None, bar)]
    return [[of_rows[number] for of_rows in asked if of_rows] for number in range(len(rows))]


def ask(rows: Sequence[Row], stage: Stage, judge: Judge) -> list[Heard]:
    """For each row, all of them compared with the same; nothing where the judge is uncertain of any picture."""
    direction, aim = direction_of(stage.trial.aim), stage.patch.aim(stage.trial.aim)
    if direction is None:
        return []
    rigid = rigid_field(stage.eye, stage.patch, aim, stage.radius)
    fields = [rigid, *(field_of(row, stage, [stage.trial.aim])[0] for row in rows)]
    frames = [stage.source, stage.target, *(warp(stage.source, [Placed(stage.patch, one)]) for one in fields)]
    opinions = [judge.ask(to_rgb(frame), stage.eye)[0] for frame in frames]
    if min(one.confidence for one in opinions) < CERTAIN:
        return []
    only = Angles(yaw=stage.trial.aim.yaw) if direction == "aside" else Angles(pitch=stage.trial.aim.pitch)
    true, still, *made = (along(only, opinions[0], one) for one in opinions[1:])
    return [Heard(direction, one, true, still) for one in made]


def figures_of(heard: Sequence[Heard]) -> tuple[Figure, ...]:
    """Sums over sums, which one blunder of the judge does not rule."""
    figures = []
    for direction in DIRECTIONS:
        along = [one for one in heard if one.direction == direction]
        for name, read in (("read / rigid", "made"), ("true picture / rigid", "true")):
            value = _ratio(known(getattr(one, read) for one in along), [one.rigid for one in along])
            figures.append(Figure(Section.SYNTHETIC, f"judge: {name}, {direction}", value, len(along)))
    return tuple(figures)


def _ratio(values: Sequence[float], rigid: Sequence[float]) -> float | None:
    return sum(values) / sum(rigid) if len(values) >= FEWEST and sum(rigid) > 0 else None
