from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from relay.frame import Frame
from relay.gaze.face import Angles, Faces
from relay.gaze.geometric import Outline, geometric_field
from relay.gaze.geometry import Patch
from relay.gaze.motion.blink_guard import guard
from relay.gaze.motion.compensation import carry
from relay.gaze.motion.reference import MotionReference
from relay.gaze.tracking.landmarks import Landmarker
from relay.gaze.warp import Placed, warp
from tests.clips import Clip, to_frame
from tests.gaze.faces import face, faces
from tests.gaze.moving import CENTRE, grey, texture
from tests.gaze.sitters import sitting
from tests.portraits import Person, shut

PEOPLE = get_args(Person)


def factors_of(before: Frame, found: Faces, now: Frame) -> tuple[float, float]:
    """The factors of the first face's eyes in a later frame."""
    reference = MotionReference.of(before, found)
    return guard(reference, found, carry(reference, found, now), now)[found.faces[0].number]


@pytest.mark.parametrize("person", PEOPLE)
def test_an_eye_that_stays_open_keeps_all(person: Person) -> None:
    picture, _, found = sitting(person)
    assert factors_of(to_frame(picture), found, to_frame(picture)) == (1, 1)


@pytest.mark.parametrize("person", PEOPLE)
def test_an_eye_that_shuts_loses_all(person: Person) -> None:
    picture, lids, found = sitting(person)
    assert max(factors_of(to_frame(picture), found, to_frame(shut(picture, lids, 1.0)))) < 0.1


@pytest.mark.parametrize("person", PEOPLE)
def test_the_farther_the_lid_comes_down_the_less_is_left(person: Person) -> None:
    picture, lids, found = sitting(person)
    left = [min(factors_of(to_frame(picture), found, to_frame(shut(picture, lids, down)))) for down in (0.1, 0.5, 0.8)]
    assert left[0] > 0.8
    assert left == sorted(left, reverse=True)
    assert left[2] < 0.2


def test_a_wink_takes_one_eye_back() -> None:
    picture, (right, left), found = sitting("president")
    for eye, winking in enumerate((right, left)):
        factors = factors_of(to_frame(picture), found, to_frame(shut(picture, (winking, winking), 1.0)))
        assert factors[eye] < 0.1
        assert factors[1 - eye] > 0.95


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("aim", [Angles(yaw=-12), Angles(yaw=12), Angles(pitch=8)])
def test_a_glance_is_no_blink(person: Person, aim: Angles) -> None:
    picture, _, found = sitting(person)
    frame, one = to_frame(picture), found.faces[0]
    patches = [(eye, Patch.of(eye)) for eye in one.eyes]
    turned = [Placed(patch, geometric_field(Outline.of(eye, patch), patch.aim(aim))) for eye, patch in patches]
    assert min(factors_of(frame, found, warp(frame, turned))) > 0.9


@pytest.mark.parametrize(("contrast", "light"), [(0.6, 0), (0.7, 60), (1.3, -30), (1, 40)])
def test_light_does_not_count(contrast: float, light: float) -> None:
    picture, lids, found = sitting("president")
    lit, dark = (
        to_frame(np.clip(contrast * shown.astype(float) + light, 0, 255).astype(np.uint8))
        for shown in (picture, shut(picture, lids, 1.0))
    )
    assert min(factors_of(to_frame(picture), found, lit)) > 0.9
    assert max(factors_of(to_frame(picture), found, dark)) < 0.2


def test_blinks_of_a_head_that_moves_are_seen_before_their_landmarks_are_there(model: Path) -> None:
    clip, first = Clip(seconds=2, blinks=(1.0,), sway=30, noise=2), 16
    landmarker = Landmarker(model)
    shut_: list[float] = []
    open_: list[float] = []
    frames = [to_frame(clip.frame(number), number / clip.rate) for number in range(first, 40)]
    found = [landmarker(frame) for frame in frames]
    landmarker.close()
    for now in range(4, len(frames)):
        for then in range(now - 4, now):
            factors = factors_of(frames[then], found[then], frames[now])
            down = [clip.closed(first + number) for number in (then, now)]
            if down[0] < 0.3 and down[1] > 0.9:
                shut_ += factors
            if down == [0, 0]:
                open_ += factors
    assert len(shut_) >= 6
    assert max(shut_) < 0.5
    assert len(open_) > 50
    assert np.quantile(open_, 0.02) > 0.9


def test_an_eye_that_was_shut_is_left_to_its_landmarks() -> None:
    one = faces(face(centre=CENTRE, openness=0.05))
    assert factors_of(grey(texture()), one, grey(texture(seed=1))) == (1, 1)


def test_faces_that_cannot_be_compared_are_left_out() -> None:
    inside, outside = face(number=4, centre=CENTRE), face(number=5, centre=(900, 240))
    both, frame, large = faces(inside, outside), grey(texture()), grey(texture((1280, 960)))
    reference = MotionReference.of(frame, both)
    assert set(guard(reference, both, carry(reference, both, frame), frame)) == {4}
    assert guard(reference, both, carry(reference, both, large), large) == {}
    assert guard(reference, both, replace(both, faces=()), frame) == {}
    assert guard(MotionReference((640, 480)), both, both, frame) == {}


def test_any_rubbish_gives_a_share() -> None:
    for seed in range(0, 20, 2):
        one = face(centre=(320 - 15 * seed, 240 - 12 * seed), width=10 + 8 * seed, openness=0.14)
        reference, later = MotionReference.of(grey(texture()), faces(one)), grey(texture(seed=seed))
        for factors in guard(reference, faces(one), carry(reference, faces(one), later), later).values():
            assert all(0 <= factor <= 1 for factor in factors)
