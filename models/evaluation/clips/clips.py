"""Measures a row on real videos without ground truth: gain from the field, an independent judge, stability over time.

The iris comes from the landmark model, its radius scaled to the true one as in renders (samples.RADIUS_SEEN).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from models.datasets.planes import to_rgb
from models.datasets.samples import RADIUS_SEEN
from models.evaluation.clips import films
from models.evaluation.clips.films import Film
from models.evaluation.clips.judge import CERTAIN, Judge, along, rigid_field
from models.evaluation.clips.steadiness import Blinks, Track, compare_blinks, tremble
from models.evaluation.pictures import sharpness
from models.evaluation.renders.synthetic import Gain
from models.evaluation.renders.tracing import find_disc, iris_of, opening_of, trace
from models.evaluation.rows import Row
from relay.frame import Frame
from relay.gaze.corrector import Turn
from relay.gaze.face import Angles, Face, Faces, Field
from relay.gaze.geometric import turn
from relay.gaze.geometry import Patch
from relay.gaze.warp import Placed, warp

TURNS = (-20.0, -15.0, -10.0, -5.0, 5.0, 10.0, 15.0, 20.0)  # degrees at which a field's gain is measured
JUDGED = (Angles(pitch=10.0), Angles(pitch=-10.0), Angles(yaw=10.0), Angles(yaw=-10.0))
RAISED, ASIDE = Angles(pitch=10.0), Angles(yaw=10.0)  # the offsets at which a whole film is rendered
MOMENTS = 10  # frames of a film that are measured individually


@dataclass(frozen=True)
class Change:
    """The pupil's shift along the requested axis by the judge, eye widths: of this row's output and of the rigid iris.

    step: the true shift of the rigid iris.
    """

    asked: Angles
    made: float
    rigid: float
    step: float


@dataclass(frozen=True)
class ClipResult:
    """One row on one film. width: of the eyes, pixels, median. blinks: turned up.

    tremble, tremble_aside: iris jitter in the output over that in the input, turned up and turned aside.
    """

    film: str
    width: float
    gains: tuple[Gain, ...]
    changes: tuple[Change, ...]
    sharpness: tuple[float, ...]
    tremble: float | None
    tremble_aside: float | None
    blinks: Blinks | None


def measure(row: Row, reel: Sequence[Film], judge: Judge | None) -> list[ClipResult]:
    """Measure a row on all films."""
    return [watch(row, film, judge) for film in tqdm(reel, desc=f"{row.name}, clips", disable=None)]


def watch(row: Row, film: Film, judge: Judge | None) -> ClipResult:
    """Measure a row on one film."""
    moments = film.moments(MOMENTS)
    shown, aside = (films.find(films.play(film, row.make, aim)) for aim in (RAISED, ASIDE))
    return ClipResult(
        film=film.name,
        width=float(np.median([eye.width for _, face in moments for eye in face.eyes])) if moments else 0.0,
        gains=tuple(gain for frame, face in moments for gain in gains(row, frame, face)),
        changes=tuple(change for frame, face in moments for change in changes(row, frame, face, judge))
        if judge
        else (),
        sharpness=tuple(value for frame, face in moments for value in sharpnesses(row, frame, face)),
        tremble=compare_tremble(film, shown),
        tremble_aside=compare_tremble(film, aside),
        blinks=compare_blinks([_openness(one) for one in film.found], [_openness(one) for one in shown]),
    )


def fields_of(row: Row, frame: Frame, face: Face, aim: Angles) -> list[Placed]:
    """The row's fields for both eyes, with their patches. aim: camera frame."""
    patches = [Patch.of(eye, frame.rotation) for eye in face.eyes]
    turns = [Turn(eye, patch, patch.aim(aim)) for eye, patch in zip(face.eyes, patches, strict=True)]
    return [Placed(one.patch, field) for one, field in zip(turns, row.make(frame, turns), strict=True)]


def gains(row: Row, frame: Frame, face: Face) -> Iterator[Gain]:
    """The gain of both eyes at all turns."""
    for aim in [Angles(pitch=one) for one in TURNS] + [Angles(yaw=one) for one in TURNS]:
        for eye, placed in zip(face.eyes, fields_of(row, frame, face, aim), strict=True):
            radius = eye.iris_radius / RADIUS_SEEN / placed.patch.width
            centre = placed.patch.to_eye(eye.iris)
            found = find_disc(trace(placed.field), iris_of(eye, placed.patch), centre, radius)
            if found is not None:
                step = turn(placed.patch.aim(aim), radius)
                yield Gain(aim, float((found - centre) @ step / (step @ step)))


def changes(row: Row, frame: Frame, face: Face, judge: Judge) -> Iterator[Change]:
    """The judge's measurements of both eyes at each turn, where it is confident for all three images."""
    before = judge(to_rgb(frame), face)
    for aim in JUDGED:
        made = judge(to_rgb(warp(frame, fields_of(row, frame, face, aim))), face)
        rigid = judge(to_rgb(warp(frame, _rigid(frame, face, aim))), face)
        for eye, *estimates in zip(face.eyes, before, made, rigid, strict=True):
            if min(one.confidence for one in estimates) >= CERTAIN:
                size = float(np.hypot(*turn(aim, eye.iris_radius / RADIUS_SEEN / eye.width)))
                yield Change(aim, along(aim, estimates[0], estimates[1]), along(aim, estimates[0], estimates[2]), size)


def sharpnesses(row: Row, frame: Frame, face: Face) -> Iterator[float]:
    """The sharpness of both eyes, at the same turns."""
    for aim in JUDGED:
        placed = fields_of(row, frame, face, aim)
        made = warp(frame, placed)
        for eye, one in zip(face.eyes, placed, strict=True):
            value = sharpness(frame, made, one.patch, one.field, opening_of(eye, one.patch))
            if value is not None:
                yield value


def compare_tremble(film: Film, shown: Sequence[Faces]) -> float | None:
    """Iris jitter in the output over that in the input, mean of both eyes, each detected separately, relative to the
    same smoothed head.
    """
    sizes = [[tremble(_iris_track(film.steady, found, number)) for number in range(2)] for found in (film.found, shown)]
    known = [(had, has) for had, has in zip(*sizes, strict=True) if had and has is not None]
    return float(np.mean([has / had for had, has in known])) if known else None


def _iris_track(heads: Sequence[Faces], found: Sequence[Faces], number: int) -> Track:
    """(frames, 2) iris of one eye in the eye coordinates of the smoothed head; NaN where either is missing or shut."""
    track = np.full((len(heads), 2), np.nan)
    for at, (head, seen) in enumerate(zip(heads, found, strict=True)):
        if head.faces and seen.faces and head.faces[0].eyes[number].openness >= films.OPEN:
            track[at] = Patch.of(head.faces[0].eyes[number]).to_eye(seen.faces[0].eyes[number].iris)
    return track


def _openness(faces: Faces) -> float:
    """Mean openness of both eyes; NaN where there is no face."""
    return float(np.mean([eye.openness for eye in faces.faces[0].eyes])) if faces.faces else float("nan")


def _rigid(frame: Frame, face: Face, aim: Angles) -> list[Placed]:
    placed = []
    for eye in face.eyes:
        patch = Patch.of(eye, frame.rotation)
        field: Field = rigid_field(eye, patch, patch.aim(aim), eye.iris_radius / RADIUS_SEEN / patch.width)
        placed.append(Placed(patch, field))
    return placed
