"""Measures rows on rendered scenes of held-out people: the ground truth is exact to a tenth of a degree.

The output is made by the relay's own crop, field and warp; the iris in it is traced through the field (tracing.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.datasets.synthetic import scenes
from models.datasets.synthetic.scenes import Scene
from models.evaluation.pictures import mean_difference, sharpness, signal_to_noise, similarity
from models.evaluation.renders.groups import Person
from models.evaluation.renders.stage import Stage
from models.evaluation.renders.tracing import Trace, find_disc, ghost, move_at, trace
from models.evaluation.renders.trials import Choice, Trial
from models.evaluation.rows import Row
from relay.frame import Frame
from relay.gaze.corrector import Turn
from relay.gaze.face import Angles, Field
from relay.gaze.geometry import ellipse
from relay.gaze.warp import Placed, warp

TURNS = (-15.0, -10.0, -5.0, 5.0, 10.0, 15.0)  # degrees at which a field's gain is measured
RAISED = Angles(pitch=10.0)  # aim for shut eyes
RIM_FEWEST = 30  # places inside the patch at which glasses must be visible


@dataclass(frozen=True)
class PairResult:
    """One pair's measurements. turn: of the aim, degrees. apart: of the iris from the truth, degrees, camera frame.

    loss: L1 inside the target's lids, 0..1; least: that of the field that the renderer knows. noise: PSNR, dB.
    rim, rim_high: displacement of glasses, mean and 95th percentile, eye widths.
    """

    person: Person
    turn: float
    apart: Angles | None
    loss: float | None
    least: float | None
    similarity: float
    noise: float
    sharpness: float | None
    rim: float | None
    rim_high: float | None
    ghost: float

    @property
    def error(self) -> float | None:
        """Size of apart, degrees."""
        return None if self.apart is None else float(np.hypot(self.apart.pitch, self.apart.yaw))


@dataclass(frozen=True)
class Gain:
    """Movement made over movement requested, of one frame. asked: along one axis, degrees."""

    asked: Angles
    made: float


@dataclass(frozen=True)
class Measured:
    """All measurements of a row. identity: PSNR at aim zero. raised: by how much shut lids opened, eye widths."""

    pairs: tuple[PairResult, ...]
    gains: tuple[Gain, ...]
    identity: tuple[float, ...]
    raised: tuple[float, ...]


def measure(rows: Sequence[Row], choice: Choice, seed: int | None = None) -> list[Measured]:
    """Measure all rows on all chosen trials. seed: of landmark errors; None: exact landmarks."""
    with tqdm(total=len(choice.pairs) + len(choice.singles) + len(choice.shut), desc="renders", disable=None) as bar:
        pairs = [[turned(row, one) for row in rows] for one in stages(choice.pairs, seed, bar)]
        singles = [[(gains(row, one), identity(row, one)) for row in rows] for one in stages(choice.singles, seed, bar)]
        shut = [[lids_raised(row, one) for row in rows] for one in stages(choice.shut, seed, bar)]
    return [
        Measured(
            tuple(of_rows[number] for of_rows in pairs),
            tuple(gain for of_rows in singles for gain in of_rows[number][0]),
            tuple(of_rows[number][1] for of_rows in singles),
            tuple(of_rows[number] for of_rows in shut if np.isfinite(of_rows[number])),
        )
        for number in range(len(rows))
    ]


def field_of(row: Row, stage: Stage, aims: Sequence[Angles]) -> list[Field]:
    """One field for each aim (camera frame) of the same eye."""
    return row.make(stage.source, [Turn(stage.eye, stage.patch, stage.patch.aim(aim)) for aim in aims])


def turned(row: Row, stage: Stage) -> PairResult:
    """Turn the source to the target's gaze, and compare."""
    (field,) = field_of(row, stage, [stage.trial.aim])
    made = warp(stage.source, [Placed(stage.patch, field)])
    traced = trace(field)
    box = stage.patch.box(1.0, stage.source.size)
    rim = rim_steps(traced, stage)
    return PairResult(
        person=person_of(stage),
        turn=stage.trial.turn,
        apart=apart(traced, stage),
        loss=loss_of(made, stage),
        least=loss_of(stage.best, stage),
        similarity=similarity(made, stage.target, box),
        noise=signal_to_noise(made, stage.target, box),
        sharpness=sharpness(stage.source, made, stage.patch, field, stage.ball),
        rim=None if rim is None else float(rim.mean()),
        rim_high=None if rim is None else float(np.percentile(rim, 95)),
        ghost=ghost(field),
    )


def loss_of(made: Frame, stage: Stage) -> float | None:
    """L1 inside the lids of the target, 0..1; None where they are shut."""
    return mean_difference(made, stage.target, stage.opened) if stage.opened.any() else None


def apart(traced: Trace, stage: Stage) -> Angles | None:
    """From the target's true iris to the output's, as a turn; None where it is hidden."""
    found = find_disc(traced, stage.iris, stage.centre(stage.trial.source), stage.radius)
    return None if found is None else stage.degrees(found - stage.centre(stage.trial.target))


def gains(row: Row, stage: Stage) -> list[Gain]:
    """The gains at all turns along both axes, except those at which the iris is hidden."""
    asked = [Angles(pitch=turn) for turn in TURNS] + [Angles(yaw=turn) for turn in TURNS]
    found = []
    for aim, field in zip(asked, field_of(row, stage, asked), strict=True):
        centre = stage.centre(stage.trial.source)
        place = find_disc(trace(field), stage.iris, centre, stage.radius)
        if place is not None:
            step = stage.step(aim)
            found.append(Gain(aim, float((place - centre) @ step / (step @ step))))
    return found


def identity(row: Row, stage: Stage) -> float:
    """PSNR of the output at aim zero, dB."""
    (field,) = field_of(row, stage, [Angles()])
    made = warp(stage.source, [Placed(stage.patch, field)])
    return signal_to_noise(made, stage.source, stage.patch.box(1.0, stage.source.size))


def lids_raised(row: Row, stage: Stage) -> float:
    """How far the middle of a shut eye's upper lid moves up, eye widths.

    The corners stay, so the eye appears to open by that much. Measured without the runtime's gate for shut eyes.
    """
    (field,) = field_of(row, stage, [RAISED])
    middle = stage.patch.to_eye(stage.eye.upper[2:5])
    return -float(move_at(trace(field), middle)[:, 1].mean())


def rim_steps(traced: Trace, stage: Stage) -> np.ndarray[tuple[int], np.dtype[np.float64]] | None:
    """Displacement of glasses at each place where they are visible; None where the patch shows none."""
    seen = (stage.glasses(traced.at) > 0.5) & (ellipse(traced.at) < 1)
    return traced.steps()[seen] if seen.sum() >= RIM_FEWEST else None


def person_of(stage: Stage) -> Person:
    """Whose eye it is."""
    meta = stage.scene.meta
    return Person(float(meta["tone"]), str(meta["iris"]), bool(meta["glasses"]), stage.patch.width)


def stages(trials: Sequence[Trial], seed: int | None, bar: "tqdm[None]") -> Iterator[Stage]:
    """The trials in order, each scene read once. seed: of landmark errors; None: exact landmarks."""
    for path, of_scene in groupby(trials, key=lambda one: one.scene):
        scene: Scene = scenes.read(Path(path))
        for number, trial in enumerate(of_scene):
            error = None if seed is None else np.random.default_rng([seed, number, trial.source, trial.target])
            yield Stage(trial, scene, error)
            bar.update()
