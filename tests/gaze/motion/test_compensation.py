import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.gaze.face import Faces
from relay.gaze.motion.compensation import carry
from relay.gaze.motion.reference import MotionReference
from relay.gaze.motion.similarity import Similarity
from tests.clips import Clip, to_frame
from tests.gaze.faces import face, faces
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
    """The clip's first person from the hand-made marks; lids in their default position."""
    right, left = clip.eyes(number)[0]
    middle = ((right.x + left.x) / 2, (right.y + left.y) / 2)
    return faces(face(centre=middle, width=width), time=number / clip.rate, size=(clip.width, clip.height))


def distance(found: Faces, truth: Faces) -> float:
    """Between the eyes' midpoints of the first face in both, pixels."""
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
    """Not by more than 2.5 % of an eye; tracked lids would drag it by 8 %."""
    clip = Clip(people=(person,), blinks=(1.0,), sway=0, tilt=0, zoom=0)
    here = seen(clip, 20)
    shut = carry(MotionReference.of(to_frame(clip.frame(20)), here), here, to_frame(clip.frame(31)))
    assert clip.closed(31) == 1
    assert off(shut.faces[0], here.faces[0], Similarity()) < 1.2


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
