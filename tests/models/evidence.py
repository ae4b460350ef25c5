"""Consistency checks of a scene's labels with its pictures and with each other, for any scene."""

from itertools import permutations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.synthetic.labels import Layer, flow
from models.datasets.synthetic.scenes import Scene
from relay.gaze.face import Side
from relay.gaze.spec import ROTATION_PER_IRIS_RADIUS

EYEBALL = (Layer.IRIS, Layer.WHITE)
AWAKE = 0.25  # of `closed`; above it a blink has begun
SHUT = 0.99


def awake(scene: Scene) -> list[int]:
    """The pictures without a blink."""
    return np.flatnonzero(scene.truths["closed"] < AWAKE).tolist()


def warping_gains(scene: Scene, layers: tuple[Layer, ...]) -> list[float]:
    """PSNR gain in dB of warping a source to its target by the flow, for every pair without a blink.

    Measured where these layers are visible in both pictures and move.
    """
    y, x = np.mgrid[: scene.pictures.shape[1], : scene.pictures.shape[2]].astype(np.float32)
    gains = []
    for source, target in permutations(awake(scene), 2):
        moved, valid, layer = flow(scene.surfaces, source, target)
        asked = valid & np.isin(layer, layers) & (np.hypot(*np.moveaxis(moved, -1, 0)) > 1)
        still = scene.pictures[source].astype(np.float32)
        warped = cv2.remap(still, x + moved[..., 0], y + moved[..., 1], cv2.INTER_LINEAR)
        before, after = (((one - scene.pictures[target])[asked] ** 2).mean() for one in (still, warped))
        gains.append(10 * float(np.log10(before / after)))
    return gains


def furthest(scene: Scene, layer: Layer) -> float:
    """The largest movement of this layer between pictures, pixels. Raises ValueError where it is not visible."""
    ways: list[float] = []
    for source, target in permutations(range(len(scene.pictures)), 2):
        moved, valid, seen = flow(scene.surfaces, source, target)
        ways += np.hypot(*np.moveaxis(moved, -1, 0))[valid & (seen == layer)].tolist()
    return float(max(ways))


def seen_at_irises(scene: Scene) -> set[Layer]:
    """The layers at the irises' centres of open eyes."""
    found = set()
    for picture in awake(scene):
        for side in Side:
            eye = scene.eye(picture, side, mesh=True)
            column, row = np.floor(eye.iris).astype(int)
            if eye.openness > 0.25:
                found.add(Layer(scene.surfaces.layer(picture)[row, column]))
    return found


def turning_errors(scene: Scene, line: str) -> NDArray[np.float64]:
    """(pairs, 2) degrees between the turn of "gaze" or "optic" and the runtime's estimate from the iris's movement."""
    errors = []
    for source, target in permutations(awake(scene), 2):
        for side in range(len(Side)):
            pitch, yaw = np.radians(scene.truths[line][[source, target], side]).T
            asked = np.diff(np.column_stack([np.sin(yaw) * np.cos(pitch), -np.sin(pitch)]), axis=0)[0]
            radius = scene.truths["iris_radius"][[source, target], side].mean() * ROTATION_PER_IRIS_RADIUS
            way = scene.truths["iris"][target, side] - scene.truths["iris"][source, side]
            errors.append(np.degrees(way / radius - asked))
    return np.array(errors)


def eyeball_seen(scene: Scene) -> tuple[int, int]:
    """Pixels of iris and white: the most in any shut picture, the fewest in any open one."""
    counts = np.array([np.isin(scene.surfaces.layer(one), EYEBALL).sum() for one in range(len(scene.pictures))])
    shut = scene.truths["closed"] > SHUT
    opened = (scene.truths["openness_mesh"] > 0.25).all(1)
    return int(counts[shut].max()), int(counts[opened].min())
