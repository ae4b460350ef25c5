from dataclasses import replace

import numpy as np
import pytest

from relay.gaze.motion.compensation import carry
from relay.gaze.motion.reference import MotionReference
from relay.gaze.motion.similarity import Similarity
from relay.gaze.motion.velocity import Velocity
from tests.gaze.faces import face, faces, moved
from tests.gaze.moving import CENTRE, SIZE, grey, off, texture


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
    assert Velocity.between(faces(known), faces(moved(known, (3, 0)), new, time=0.1)).by_face == {1: pytest.approx(15)}
    assert not Velocity.between(faces(known, size=(320, 240)), faces(known, time=0.1)).by_face
    assert not Velocity.between(faces(known, time=0.1), faces(known, time=0.1)).by_face
    assert not Velocity.between(faces(known), faces(known, time=5)).by_face


def test_velocity_carries_nobody_back_in_time() -> None:
    one = faces(face(centre=CENTRE), time=1.0)
    assert Velocity({1: 100 + 0j}).carry(one, grey(texture(), time=0.5)) == one
