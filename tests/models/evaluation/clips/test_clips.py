"""The portrait inside scikit-image, as a film, through the real landmark model."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.datasets.samples import RADIUS_SEEN
from models.evaluation.clips import clips, films
from models.evaluation.clips.films import Film
from models.evaluation.rows import Row
from relay.frame import Frame
from relay.gaze.corrector import Turn
from relay.gaze.face import Angles, Faces, Field
from relay.gaze.geometric import turn
from tests.clips import Clip, to_frame, write_mp4
from tests.gaze.faces import face, faces
from tests.models.evaluation.fields import shift

GREY = to_frame(np.full((300, 400, 3), 128, np.uint8))


@pytest.fixture(scope="module")
def film(model: Path) -> Film:
    assert films.ENGINE.model == model
    clip = Clip(width=320, height=240, rate=15, seconds=1.4, eye_width=36.0, sway=4.0, tilt=1.0, blinks=(0.8,))
    return films.read(write_mp4(clip), 1.4)


def asked(share: float) -> Row:
    """A row that moves the whole eye by a share of the requested step."""

    def move(frame: Frame, turns: Sequence[Turn]) -> list[Field]:
        steps = [share * turn(one.aim, one.eye.iris_radius / RADIUS_SEEN / one.patch.width) for one in turns]
        return [shift((float(x), float(y))) for x, y in steps]

    return Row("asked", move)


@pytest.mark.parametrize("share", [0.0, 0.8, 1.0])
def test_gain_is_the_share_that_is_made(share: float) -> None:
    made = [gain.made for gain in clips.gains(asked(share), GREY, face(openness=0.5))]
    assert len(made) == 2 * 2 * len(clips.TURNS)
    np.testing.assert_allclose(made, share, atol=0.01)


def test_film_and_faces(film: Film) -> None:
    assert len(film.frames) == len(film.found) == len(film.steady) == 21
    assert all(faces.faces for faces in film.found)
    moments = film.moments(4)
    assert len(moments) == 4
    assert all(one.openness >= films.OPEN for _, face in moments for one in face.eyes)


def test_without_correction_nothing_changes(film: Film) -> None:
    found = clips.watch(Row.parse("none"), film, None)
    assert {gain.made for gain in found.gains} == {0}
    assert found.tremble == pytest.approx(1, abs=0.02)
    assert found.tremble_aside == found.tremble
    assert found.blinks is not None
    assert found.blinks.correlation == pytest.approx(1, abs=1e-3)
    assert (found.blinks.count, found.blinks.lost, found.blinks.shift) == (1, 0, 0)
    assert set(found.sharpness) == {1.0}
    assert found.width == pytest.approx(36, abs=4)


def test_the_geometric_field_on_a_face(film: Film) -> None:
    found = clips.watch(Row.parse("geometric"), film, None)
    assert np.median([gain.made for gain in found.gains]) == pytest.approx(0.9, abs=0.1)
    assert found.blinks is not None
    assert found.blinks.lost == 0
    assert found.blinks.correlation > 0.95
    assert found.changes == ()


def test_the_film_is_shown_turned(film: Film) -> None:
    shown = films.play(film, Row.parse("geometric").make, Angles(pitch=10))
    changed = [not np.array_equal(one.y, frame.y) for one, frame in zip(shown, film.frames, strict=True)]
    assert sum(changed) > len(changed) / 2
    again = films.play(film, Row.parse("none").make, Angles(pitch=10))
    assert all(np.array_equal(one.y, frame.y) for one, frame in zip(again, film.frames, strict=True))


def shaking(noise: float) -> list[Faces]:
    """A still head, with irises that jitter by so many pixels."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(200):
        one = face(width=50.0)
        right = replace(one.right, iris=one.right.iris + random.normal(0, noise, 2).astype(np.float32))
        found.append(faces(replace(one, right=right)))
    return found


def test_tremble_against_the_head() -> None:
    film = Film("still", (GREY,) * 200, tuple(shaking(0.5)), tuple(shaking(0.0)))
    assert clips.compare_tremble(film, shaking(0.5)) == pytest.approx(1)
    assert clips.compare_tremble(film, shaking(0.75)) == pytest.approx(1.5, rel=1e-3)
    assert clips.compare_tremble(replace(film, found=(faces(),) * 200), shaking(0.5)) is None
