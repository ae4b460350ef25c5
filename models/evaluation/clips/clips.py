"""Measures a row on real videos, of which no truth is known: the field is read, an outside judge asked, time watched.

The iris is taken from the landmark model, its radius enlarged to the true one as renders have it (samples.RADIUS_SEEN).
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

TURNS = (-20.0, -15.0, -10.0, -5.0, 5.0, 10.0, 15.0, 20.0)  # degrees at which a field's gain is read
JUDGED = (Angles(pitch=10.0), Angles(pitch=-10.0), Angles(yaw=10.0), Angles(yaw=-10.0))
RAISED, ASIDE = Angles(pitch=10.0), Angles(yaw=10.0)  # the offsets at which a whole film is shown
MOMENTS = 10  # frames of a film that are looked at singly


@dataclass(frozen=True)
class Change:
    """What the judge reads along the axis asked for, eye widths: in this row's picture, and for the rigid iris.

    step: by how much the rigid iris was moved.
    """

    asked: Angles
    made: float
    rigid: float
    step: float


@dataclass(frozen=True)
class Played:
    """Of one film. width: of its eyes, pixels, median. blinks: turned up.

    tremble, tremble_aside: of the iris in the output over that in the input, turned up and turned aside.
    """

    film: str
    width: float
    gains: tuple[Gain, ...]
    changes: tuple[Change, ...]
    sharpness: tuple[float, ...]
    tremble: float | None
    tremble_aside: float | None
    blinks: Blinks | None


def measure(row: Row, reel: Sequence[Film], judge: Judge | None) -> list[Played]:
    """All films."""
    return [watch(row, film, judge) for film in tqdm(reel, desc=f"{row.name}, clips", disable=None)]


def watch(row: Row, film: Film, judge: Judge | None) -> Played:
    """One film."""
    moments = film.moments(MOMENTS)
    shown, aside = (films.find(films.play(film, row.make, aim)) for aim in (RAISED, ASIDE))
    return Played(
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
    """The row's fields for both eyes, in place. aim: camera frame."""
    patches = [Patch.of(eye, frame.rotation) for eye in face.eyes]
    turns = [Turn(eye, patch, patch.aim(aim)) for eye, patch in zip(face.eyes, patches, strict=True)]
    return [Placed(one.patch, field) for one, field in zip(turns, row.make(frame, turns), strict=True)]


def gains(row: Row, frame: Frame, face: Face) -> Iterator[Gain]:
    """Of both eyes at all turns."""
    for aim in [Angles(pitch=one) for one in TURNS] + [Angles(yaw=one) for one in TURNS]:
        for eye, placed in zip(face.eyes, fields_of(row, frame, face, aim), strict=True):
            radius = eye.iris_radius / RADIUS_SEEN / placed.patch.width
            centre = placed.patch.to_eye(eye.iris)
            found = find_disc(trace(placed.field), iris_of(eye, placed.patch), centre, radius)
            if found is not None:
                step = turn(placed.patch.aim(aim), radius)
                yield Gain(aim, float((found - centre) @ step / (step @ step)))


def changes(row: Row, frame: Frame, face: Face, judge: Judge) -> Iterator[Change]:
    """What the judge says of both eyes at each turn, where it is certain of all three pictures."""
    before = judge(to_rgb(frame), face)
    for aim in JUDGED:
        made = judge(to_rgb(warp(frame, fields_of(row, frame, face, aim))), face)
        rigid = judge(to_rgb(warp(frame, _rigid(frame, face, aim))), face)
        for eye, *opinions in zip(face.eyes, before, made, rigid, strict=True):
            if min(one.confidence for one in opinions) >= CERTAIN:
                size = float(np.hypot(*turn(aim, eye.iris_radius / RADIUS_SEEN / eye.width)))
                yield Change(aim, along(aim, opinions[0], opinions[1]), along(aim, opinions[0], opinions[2]), size)


def sharpnesses(row: Row, frame: Frame, face: Face) -> Iterator[float]:
    """Of both eyes, at the same turns."""
    for aim in JUDGED:
        placed = fields_of(row, frame, face, aim)
        made = warp(frame, placed)
        for eye, one in zip(face.eyes, placed, strict=True):
            value = sharpness(frame, made, one.patch, one.field, opening_of(eye, one.patch))
            if value is not None:
                yield value


def compare_tremble(film: Film, shown: Sequence[Faces]) -> float | None:
    """Tremble of both irises in the output over that in the input, each found anew, against the same steadied head."""
    sizes = [[tremble(_iris_track(film.steady, found, number)) for number in range(2)] for found in (film.found, shown)]
    known = [(had, has) for had, has in zip(*sizes, strict=True) if had and has is not None]
    return float(np.mean([has / had for had, has in known])) if known else None


def _iris_track(heads: Sequence[Faces], found: Sequence[Faces], number: int) -> Track:
    """(frames, 2) iris of one eye in the eye coordinates of the steadied head; NaN where either is not seen or shut."""
    track = np.full((len(heads), 2), np.nan)
    for at, (head, seen) in enumerate(zip(heads, found, strict=True)):
        if head.faces and seen.faces and head.faces[0].eyes[number].openness >= films.OPEN:
            track[at] = Patch.of(head.faces[0].eyes[number]).to_eye(seen.faces[0].eyes[number].iris)
    return track


def _openness(faces: Faces) -> float:
    """Of both eyes, NaN where there is no face."""
    return float(np.mean([eye.openness for eye in faces.faces[0].eyes])) if faces.faces else float("nan")


def _rigid(frame: Frame, face: Face, aim: Angles) -> list[Placed]:
    placed = []
    for eye in face.eyes:
        patch = Patch.of(eye, frame.rotation)
        field: Field = rigid_field(eye, patch, patch.aim(aim), eye.iris_radius / RADIUS_SEEN / patch.width)
        placed.append(Placed(patch, field))
    return placed
