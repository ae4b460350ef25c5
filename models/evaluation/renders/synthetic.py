"""Measures rows on rendered scenes of people it was not trained on: the truth is known to a tenth of a degree.

The picture is made by the relay's own cut, field and warp; the iris in it is read from the field (tracing.py).
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

TURNS = (-15.0, -10.0, -5.0, 5.0, 10.0, 15.0)  # degrees at which a field's gain is read
RAISED = Angles(pitch=10.0)  # what shut eyes are asked for
RIM_FEWEST = 30  # places at which glasses are seen inside the patch


@dataclass(frozen=True)
class Turned:
    """What became of one pair. turn: of the aim, degrees. apart: of the iris from the truth, degrees, camera frame.

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
    """Movement made over movement asked, of one picture. asked: along which axis, degrees."""

    asked: Angles
    made: float


@dataclass(frozen=True)
class Measured:
    """All of a row's. identity: PSNR of pictures at aim zero. raised: by how much shut lids moved apart, eye widths."""

    pairs: tuple[Turned, ...]
    gains: tuple[Gain, ...]
    identity: tuple[float, ...]
    raised: tuple[float, ...]


def measure(rows: Sequence[Row], choice: Choice, seed: int | None = None) -> list[Measured]:
    """Try everything chosen, for all rows side by side. seed: of wrong landmarks; None: they are right."""
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


def turned(row: Row, stage: Stage) -> Turned:
    """Turn the source as far as the target, and compare."""
    (field,) = field_of(row, stage, [stage.trial.aim])
    made = warp(stage.source, [Placed(stage.patch, field)])
    traced = trace(field)
    box = stage.patch.box(1.0, stage.source.size)
    rim = rim_steps(traced, stage)
    return Turned(
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
    """From the true iris of the target to that of the output, as a turn; None where it is hidden."""
    found = find_disc(traced, stage.iris, stage.centre(stage.trial.source), stage.radius)
    return None if found is None else stage.degrees(found - stage.centre(stage.trial.target))


def gains(row: Row, stage: Stage) -> list[Gain]:
    """At all turns along both axes; those at which the iris is hidden are left out."""
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
    """PSNR of the picture that is asked to stay, dB."""
    (field,) = field_of(row, stage, [Angles()])
    made = warp(stage.source, [Placed(stage.patch, field)])
    return signal_to_noise(made, stage.source, stage.patch.box(1.0, stage.source.size))


def lids_raised(row: Row, stage: Stage) -> float:
    """How far the middle of a shut eye's upper lid moves away from where it lies, upwards, eye widths.

    The corners stay, so that is by how much the eye seems to open. Without the gate that spares shut eyes at runtime.
    """
    (field,) = field_of(row, stage, [RAISED])
    middle = stage.patch.to_eye(stage.eye.upper[2:5])
    return -float(move_at(trace(field), middle)[:, 1].mean())


def rim_steps(traced: Trace, stage: Stage) -> np.ndarray[tuple[int], np.dtype[np.float64]] | None:
    """How far glasses are moved, at each place where they are seen; None where they are not, in the patch."""
    seen = (stage.glasses(traced.at) > 0.5) & (ellipse(traced.at) < 1)
    return traced.steps()[seen] if seen.sum() >= RIM_FEWEST else None


def person_of(stage: Stage) -> Person:
    """Whose eye it is."""
    meta = stage.scene.meta
    return Person(float(meta["tone"]), str(meta["iris"]), bool(meta["glasses"]), stage.patch.width)


def stages(trials: Sequence[Trial], seed: int | None, bar: "tqdm[None]") -> Iterator[Stage]:
    """The trials in order, each scene read once. seed: of wrong landmarks; None: they are right."""
    for path, of_scene in groupby(trials, key=lambda one: one.scene):
        scene: Scene = scenes.read(Path(path))
        for number, trial in enumerate(of_scene):
            error = None if seed is None else np.random.default_rng([seed, number, trial.source, trial.target])
            yield Stage(trial, scene, error)
            bar.update()
