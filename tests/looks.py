"""Observations of the president's portrait with the eyes turned by a known angle: real skin, and a ground truth."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from models.datasets.planes import Picture, to_frame
from models.datasets.real import observations
from models.datasets.real.observations import Look
from relay.frame import Frame
from relay.gaze.face import Angles, Eye, Face, Head, Side
from relay.gaze.geometric import Outline, geometric_field, turn
from relay.gaze.geometry import Patch
from relay.gaze.warp import Placed, warp
from tests.portraits import EYES, Lids, portrait

STRAIGHT = Angles()
LEVEL = Head(0, 0, 0)


def eye(lids: Lids, side: Side) -> Eye:
    """An eye whose lids are parabolas through the marked points, with the iris in their middle."""
    along = np.linspace(0, 1, 9)[1:-1, None]
    base = np.array(lids.outer) * (1 - along) + np.array(lids.inner) * along
    bows = [4 * along * (1 - along) * (np.array(point) - lids.centre) * (0, 1) for point in (lids.upper, lids.lower)]
    upper, lower = ((base + bow).astype(np.float32) for bow in bows)
    iris = np.mean([lids.upper, lids.lower], axis=0).astype(np.float32)
    openness = float(lower[3, 1] - upper[3, 1]) / lids.width
    return Eye(side, np.array([lids.outer, lids.inner], np.float32), upper, lower, iris, 0.19 * lids.width, openness)


def face(head: Head = LEVEL, number: int = 1) -> Face:
    """The president's face."""
    right, left = (eye(lids, side) for lids, side in zip(EYES["president"], (Side.RIGHT, Side.LEFT), strict=True))
    return Face(number, right, left, head, STRAIGHT, 1.0)


@cache
def turned_picture(by: Angles) -> Frame:
    """The portrait with both eyes turned."""
    placed = []
    for one in face().eyes:
        patch = Patch.of(one)
        placed.append(Placed(patch, geometric_field(Outline.of(one, patch), patch.aim(by))))
    return warp(to_frame(portrait("president")), placed)


def look(by: Angles = STRAIGHT, head: Head = LEVEL, number: int = 1, time: float = 0.0) -> Look:
    """An observation with the gaze turned by this angle from the portrait's; the landmarks are exact."""
    seen = face(head, number)
    right, left = (replace(one, iris=_iris(one, by)) for one in seen.eyes)
    return observations.look(replace(turned_picture(by), time=time), replace(seen, right=right, left=left))


def _iris(one: Eye, by: Angles) -> np.ndarray:
    patch = Patch.of(one)
    step = turn(patch.aim(by), one.iris_radius / patch.width)
    return patch.to_pixels(patch.to_eye(one.iris) + step).astype(np.float32)


def picture(by: Angles = STRAIGHT) -> Picture:
    """The portrait with both eyes turned, (h, w, 3) RGB."""
    frame = turned_picture(by)
    packed = np.concatenate([plane.ravel() for plane in frame.planes]).reshape(-1, frame.width)
    return np.asarray(cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_I420), dtype=np.uint8)
