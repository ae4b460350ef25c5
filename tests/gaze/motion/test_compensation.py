from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from relay.gaze.face import Faces
from relay.gaze.motion.compensation import MotionReference, Similarity, Velocity, carry, fit
from tests.clips import Clip, to_frame
from tests.gaze.faces import face, faces, moved
from tests.gaze.moving import CENTRE, SIZE, around, grey, off, shifted, texture
from tests.portraits import Person


@settings(max_examples=60, deadline=None)
@given(
    st.floats(22, 110),
    st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
    st.floats(-4, 4),
    st.floats(0.95, 1.05),
    st.tuples(st.floats(0.7, 1.3), st.floats(-20, 20)),
    st.integers(0, 3),
)
def test_a_picture_that_moves_turns_grows_and_dims_is_followed_exactly(
    width: float, step: tuple[float, float], degrees: float, scale: float, light: tuple[float, float], seed: int
) -> None:
    one, before = face(centre=CENTRE, width=width), texture(seed=seed)
    motion = around(CENTRE, degrees, scale, (step[0] * width, step[1] * width))
    after = np.clip(128 + light[0] * (shifted(before, motion).astype(float) - 128) + light[1], 0, 255).astype(np.uint8)
    found = carry(MotionReference.of(grey(before), faces(one)), faces(one), grey(after)).faces[0]
    assert off(found, one, motion) < max(0.3, 0.006 * width)
    assert found.right.iris_radius == pytest.approx(one.right.iris_radius * scale, rel=0.01)
    assert (found.right.openness, found.number) == (one.right.openness, one.number)


def seen(clip: Clip, number: int, width: float = 48.0) -> Faces:
    """The first person of the clip, as the marks say; lids in their usual place."""
    right, left = clip.eyes(number)[0]
    middle = ((right.x + left.x) / 2, (right.y + left.y) / 2)
    return faces(face(centre=middle, width=width), time=number / clip.rate, size=(clip.width, clip.height))


def distance(found: Faces, truth: Faces) -> float:
    """Between the middles of the eyes of the first face in both, pixels."""
    middles = [np.mean([eye.corners for eye in one.faces[0].eyes], axis=(0, 1)) for one in (found, truth)]
    return float(np.hypot(*(middles[0] - middles[1])))


@pytest.mark.parametrize("people", [("astronaut",), ("president",), ("vice_president",)])
def test_a_quick_head_is_found_three_frames_later(people: tuple[Person, ...]) -> None:
    clip = Clip(people=people, seconds=1.5, sway=60, tilt=5)
    for number in (0, 7, 20):
        frame, later = (to_frame(clip.frame(n), n / clip.rate) for n in (number, number + 3))
        here, there = seen(clip, number), seen(clip, number + 3)
        assert distance(here, there) > 10
        assert distance(carry(MotionReference.of(frame, here), here, later), there) < 1.5  # 3 % of an eye


@pytest.mark.parametrize("person", ["astronaut", "president", "vice_president"])
def test_lids_that_shut_do_not_drag_the_eye(person: Person) -> None:
    """Not by more than 2.5 % of an eye, where lids that counted would drag it by 8 %."""
    clip = Clip(people=(person,), blinks=(1.0,), sway=0, tilt=0, zoom=0)
    here = seen(clip, 20)
    shut = carry(MotionReference.of(to_frame(clip.frame(20)), here), here, to_frame(clip.frame(31)))
    assert clip.closed(31) == 1
    assert off(shut.faces[0], here.faces[0], Similarity()) < 1.2


def test_what_lies_between_the_lids_does_not_count() -> None:
    one, before = face(centre=CENTRE), texture()
    after, other = before.copy(), shifted(before, Similarity(shift=5 + 0j))
    for eye in one.eyes:
        inside = np.zeros_like(before)
        centre = tuple(round(x) for x in eye.corners.mean(0).tolist())
        cv2.ellipse(inside, centre, (round(0.5 * eye.width), round(0.25 * eye.width)), 0, 0, 360, 255, -1)
        after[inside > 0] = other[inside > 0]
    found = carry(MotionReference.of(grey(before), faces(one)), faces(one), grey(after)).faces[0]
    assert off(found, one, Similarity()) < 0.3


def test_each_of_two_faces_goes_its_own_way_and_keeps_its_number() -> None:
    left, right = face(number=7, centre=(170, 240)), face(number=3, centre=(470, 240))
    up, down = Similarity(shift=3 - 9j), Similarity(shift=-5 + 8j)
    before, after = texture(), shifted(texture(), up)
    after[:, 320:] = shifted(before, down)[:, 320:]
    found = carry(MotionReference.of(grey(before), faces(left, right)), faces(left, right), grey(after))
    assert [one.number for one in found.faces] == [7, 3]
    assert off(found.faces[0], left, up) < 0.3
    assert off(found.faces[1], right, down) < 0.3


def test_nothing_to_see_means_staying() -> None:
    one, blank = face(centre=CENTRE), np.full(SIZE[::-1], 90, np.uint8)
    assert carry(MotionReference.of(grey(blank), faces(one)), faces(one), grey(blank)) == faces(one)


def test_another_scene_means_staying() -> None:
    one = face(centre=CENTRE)
    for seed in range(1, 20):
        assert carry(MotionReference.of(grey(texture()), faces(one)), faces(one), grey(texture(seed=seed))) == faces(
            one
        )


def test_what_cannot_be_followed_goes_on_at_half_the_pace() -> None:
    blank = grey(np.full(SIZE[::-1], 90, np.uint8))
    before, now = faces(face(centre=(300, 240))), faces(face(centre=(306, 240)), time=0.1)
    velocity = Velocity.between(before, now)
    for found in (
        carry(MotionReference.of(blank, now, velocity), now, replace(blank, time=0.2)),
        velocity.carry(now, replace(blank, time=0.2)),
    ):
        assert off(found.faces[0], now.faces[0], Similarity(shift=3 + 0j)) < 1e-3


def test_velocity_is_for_those_seen_twice_in_pictures_of_one_size() -> None:
    known, new = face(number=1, centre=(300, 240)), face(number=2, centre=(100, 100))
    assert Velocity.between(faces(known), faces(moved(known, (3, 0)), new, time=0.1)).paces == {1: pytest.approx(15)}
    assert not Velocity.between(faces(known, size=(320, 240)), faces(known, time=0.1)).paces
    assert not Velocity.between(faces(known, time=0.1), faces(known, time=0.1)).paces
    assert not Velocity.between(faces(known), faces(known, time=5)).paces


def test_velocity_carries_nobody_back_in_time() -> None:
    one = faces(face(centre=CENTRE), time=1.0)
    assert Velocity({1: 100 + 0j}).carry(one, grey(texture(), time=0.5)) == one


@settings(max_examples=60, deadline=None)
@given(st.tuples(st.floats(-200, 840), st.floats(-200, 680)), st.floats(1, 400))
def test_a_face_may_lie_anywhere_and_have_any_size(centre: tuple[float, float], width: float) -> None:
    one = face(centre=centre, width=width)
    found = carry(MotionReference.of(grey(texture()), faces(one)), faces(one), grey(texture()))
    assert off(found.faces[0], one, Similarity()) < 0.3


def test_a_face_that_leaves_the_picture_is_followed_while_half_of_it_is_there() -> None:
    one, motion = face(centre=(600, 240)), Similarity(shift=20 + 0j)
    found = carry(MotionReference.of(grey(texture()), faces(one)), faces(one), grey(shifted(texture(), motion))).faces[
        0
    ]
    assert off(found, one, motion) < 0.3


@pytest.mark.parametrize("scale", [2, 0.5, 0.25])
def test_in_a_picture_of_another_size_faces_are_scaled(scale: float) -> None:
    one, size = faces(face(centre=CENTRE)), (round(640 * scale), round(480 * scale))
    found = carry(
        MotionReference.of(grey(texture()), one), one, grey(np.asarray(cv2.resize(texture(), size), np.uint8))
    )
    assert found.size == size
    assert off(found.faces[0], one.faces[0], Similarity(turn=complex(scale))) < 1e-3
    assert found.faces[0].left.iris_radius == pytest.approx(scale * one.faces[0].left.iris_radius)


def test_in_a_picture_of_another_shape_there_are_no_faces() -> None:
    one, turned = faces(face(centre=CENTRE)), np.ascontiguousarray(texture().T)
    found = carry(MotionReference.of(grey(texture()), one), one, grey(turned))
    assert (found.size, found.faces) == ((480, 640), ())


def test_nobody_is_carried_nowhere() -> None:
    assert carry(MotionReference.of(grey(texture()), faces()), faces(), grey(texture())) == faces()


def test_a_sight_keeps_nothing_of_the_frame_itself() -> None:
    one, memory, motion = face(centre=(60, 40), width=24), texture((120, 80)).copy(), Similarity(shift=2 + 1j)
    reference, after = MotionReference.of(grey(memory), faces(one, size=(120, 80))), shifted(memory, motion)
    memory[:] = 0  # the decoder needs it again
    assert off(carry(reference, faces(one, size=(120, 80)), grey(after)).faces[0], one, motion) < 0.3


def cloud(count: int) -> NDArray[np.complex128]:
    noise = np.random.default_rng(1)
    return noise.uniform(0, 100, count) + 1j * noise.uniform(0, 60, count)


def test_a_few_points_that_go_astray_do_not_count() -> None:
    motion, before = around((50, 30), 5, 1.05, (7, -3)), cloud(20)
    after = motion.turn * before + motion.shift
    after[:7] += cloud(27)[20:] - 60
    found = fit(before, after, tolerance=1.0)
    assert found is not None
    assert abs(found.turn - motion.turn) < 1e-3
    assert abs(found.shift - motion.shift) < 0.1


def test_points_that_go_each_its_own_way_have_no_common_motion() -> None:
    before = cloud(40)
    assert fit(before[:20], before[20:], tolerance=1.0) is None
    assert fit(before[:3], before[:3], tolerance=1.0) is None
