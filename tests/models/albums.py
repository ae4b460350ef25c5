"""An album of rendered eyes, for tests: their ground truth is known."""

import cv2
import numpy as np

from models.datasets.real.album import HEIGHT, WIDTH, Album, Kind, Meta, Pair, Sighting
from models.datasets.synthetic.scenes import Scene
from relay.gaze.face import Angles, Eye, Head, Side

AWAKE = 0.25


def album_of(scene: Scene) -> Album:
    """All eyes of the scene, and all pairs of open ones. The head is still: alignments are shifts of the crops."""
    seen = [(number, side) for number in range(len(scene.pictures)) for side in Side]
    corners = [_corner(scene, number, side) for number, side in seen]
    sightings = [_sighting(scene, *one, corner) for one, corner in zip(seen, corners, strict=True)]
    pairs = [
        Pair(
            first, second, _between(scene, *seen[first], seen[second][0]), _shift(corners[first], corners[second]), 0.0
        )
        for first in range(len(seen))
        for second in range(len(seen))
        if first != second
        and seen[first][1] is seen[second][1]
        and max(scene.truths["closed"][seen[index][0]] for index in (first, second)) < AWAKE
    ]
    return Album.of(Meta("renders", "nobody", Kind.VIDEO, True, "made here"), sightings, pairs)


def _corner(scene: Scene, number: int, side: Side) -> tuple[int, int]:
    """Left and top of the crop."""
    x, y = scene.eye(number, side).corners.mean(0)
    return round(float(x)) - WIDTH // 2, round(float(y)) - HEIGHT // 2


def _sighting(scene: Scene, number: int, side: Side, corner: tuple[int, int]) -> Sighting:
    eye = scene.eye(number, side)
    left, top = corner
    moves = {name: getattr(eye, name) - np.array(corner, np.float32) for name in ("corners", "upper", "lower", "iris")}
    shift = np.array([[1, 0, -left], [0, 1, -top]], dtype=np.float64)
    crop = cv2.warpAffine(scene.pictures[number], shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    pitch, yaw = (float(angle) for angle in scene.truths["gaze"][number, 0 if side is Side.RIGHT else 1])
    moved = Eye(side, iris_radius=eye.iris_radius, openness=eye.openness, **moves)
    return Sighting(
        np.asarray(crop, np.uint8), moved, eye.width, Angles(pitch, yaw), Head(0, 0, 0), 1.0, 0, number / 30
    )


def _between(scene: Scene, number: int, side: Side, other: int) -> Angles:
    gaze = scene.truths["gaze"][:, 0 if side is Side.RIGHT else 1]
    pitch, yaw = (float(angle) for angle in gaze[other] - gaze[number])
    return Angles(pitch, yaw)


def _shift(first: tuple[int, int], second: tuple[int, int]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    across, down = np.subtract(first, second)
    return np.array([[1, 0, across], [0, 1, down]], dtype=np.float64)
