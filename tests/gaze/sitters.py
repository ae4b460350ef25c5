"""The portraits' faces as the landmark line's result, from hand-made marks."""

from dataclasses import replace

import numpy as np

from relay.gaze.face import Eye, Face, Faces, Points, Side
from tests.clips import Clip
from tests.gaze.faces import face, faces
from tests.portraits import EYES, ROUNDNESS, Lids, Person, Picture, enlarge

EYE_WIDTH = 48.0


def sitting(person: Person) -> tuple[Picture, tuple[Lids, Lids], Faces]:
    """A portrait in which the eyes are EYE_WIDTH wide, their lids, and the landmark line's result."""
    picture, factor = enlarge(person, EYE_WIDTH)
    right, left = EYES[person]
    lids = right.enlarged(factor), left.enlarged(factor)
    return picture, lids, faces(_face(*lids), size=(picture.shape[1], picture.shape[0]))


def filmed(clip: Clip, number: int) -> Faces:
    """The first person in that frame of a clip without tilt and zoom; lids as in the portrait."""
    marks, seen = EYES[clip.people[0]], clip.eyes(number)[0]
    factor = seen[0].width / marks[0].width
    right, left = (
        _moved(lids.enlarged(factor), (eye.x, eye.y) - lids.enlarged(factor).centre)
        for lids, eye in zip(marks, seen, strict=True)
    )
    return faces(_face(right, left), time=number / clip.rate, size=(clip.width, clip.height))


def _moved(lids: Lids, step: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Lids:
    x, y = step.tolist()
    return Lids(*((a + x, b + y) for a, b in (lids.outer, lids.inner, lids.upper, lids.lower)))


def _face(right: Lids, left: Lids) -> Face:
    return replace(face(), right=_eye(Side.RIGHT, right), left=_eye(Side.LEFT, left))


def _eye(side: Side, lids: Lids) -> Eye:
    """Lids drawn as tests.portraits draws them."""
    along = np.subtract(lids.inner, lids.outer) / lids.width
    down = np.array([-along[1], along[0]]) * np.sign(along[0])
    across = np.linspace(0, 1, 9)[1:-1]

    def line(point: tuple[float, float]) -> Points:
        offset = np.subtract(point, lids.outer) / lids.width
        at = offset @ along
        height = offset @ down * (across * (1 - across) / (at * (1 - at))) ** ROUNDNESS
        places = lids.outer + lids.width * (across[:, None] * along + height[:, None] * down)
        return np.asarray(places, np.float32)

    upper, lower = line(lids.upper), line(lids.lower)
    openness = float(np.mean((lower - upper)[2:5] @ down)) / lids.width
    corners = np.array([lids.outer, lids.inner], np.float32)
    return Eye(side, corners, upper, lower, ((upper + lower) / 2)[3], 0.2 * lids.width, openness)
