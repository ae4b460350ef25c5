import cv2
import numpy as np

from relay.gaze.motion.compensation import carry
from relay.gaze.motion.reference import MotionReference
from relay.gaze.motion.similarity import Similarity
from tests.gaze.faces import face, faces
from tests.gaze.moving import CENTRE, grey, off, shifted, texture


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


def test_a_sight_keeps_nothing_of_the_frame_itself() -> None:
    one, memory, motion = face(centre=(60, 40), width=24), texture((120, 80)).copy(), Similarity(shift=2 + 1j)
    reference, after = MotionReference.of(grey(memory), faces(one, size=(120, 80))), shifted(memory, motion)
    memory[:] = 0  # the decoder reuses it
    assert off(carry(reference, faces(one, size=(120, 80)), grey(after)).faces[0], one, motion) < 0.3
