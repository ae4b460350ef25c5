"""One training sample of each kind: cropped by the runtime's own code, with all its labels.

Plain arrays; `mixing` draws and stacks them. Knows nothing of losses or networks.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.degrade import Camera, add_landmark_error, scaled
from models.datasets.kinds import Kind
from models.datasets.planes import Picture
from models.datasets.real.album import Album
from models.datasets.synthetic.labels import Layer, Surfaces, flow_at
from models.datasets.synthetic.scenes import Scene
from relay.frame import Frame
from relay.gaze.eye_crop import EyeCrop, crop_eye, opening, picture
from relay.gaze.face import Angles, Eye, Side
from relay.gaze.geometry import Patch, nodes
from relay.gaze.spec import EXTENT, GRID, MAX_AIM

Grid = NDArray[np.float32]

SHUT = 0.10  # openness below which an eye must not change
INSIDE_LIDS, OUTSIDE_LIDS, FAR_OUTSIDE_LIDS = (1, 1), (2, 2), (4, 5)  # patch pixels across, down
LEVEL = 4.0  # degrees of pitch up to which lids are assumed not to move
MARGIN = 4  # pixels around the patch kept in a crop
RADIUS_SEEN = 0.94  # the landmark model's iris radius over the mesh's (alignment.OFFSETS)


@dataclass(frozen=True)
class Sample:
    """Shapes as in spec, "The network", without n.

    wanted: (3, 48, 64) target image, zero where there is none. opening: (48, 64) between the target's lids.
    flow: (2, 48, 64) eye widths. ball, cover: (48, 64) 0..1, where the layers' flow is known; shows: (48, 64), the
    target shows the eyeball; known: (48, 64), where shows is known (lashes are thinner than a node).
    """

    kind: Kind
    picture: Grid
    maps: Grid
    aim: Angles
    radius: float
    wanted: Grid
    opening: Grid
    flow: Grid
    ball: Grid
    cover: Grid
    shows: Grid
    known: Grid
    still: bool = False  # a shut eye: must not change at any aim


def synthetic(scene: Scene, side: Side, source: int, target: int, random: np.random.Generator) -> Sample:
    """A rendered pair. source == target: a shut eye that must not change at any aim."""
    truth, after = scene.eye(source, side), scene.eye(target, side)
    camera = Camera.draw(random, truth.width)
    scale = camera.width / truth.width
    eye = add_landmark_error(replace(truth, iris_radius=truth.iris_radius * RADIUS_SEEN), scale, random)
    patch = Patch.of(eye)
    crop = _Crop.around(scene.pictures.shape[1:3], patch, camera, scale)
    seen = crop_eye(crop.photograph(scene.pictures[source], random), crop.move(eye), crop.place(patch))
    wanted = picture(crop.photograph(scene.pictures[target], None), crop.place(patch))
    flow, valid, layer = labels_at(scene.surfaces, source, target, patch)
    between = opening(after, patch)
    ball = np.isin(layer, (Layer.WHITE, Layer.IRIS))
    over = ~ball & (layer != Layer.NONE)
    # Far from the eye both layers have the same flow, so a wrong mask there shows no double image.
    beyond = over & (cv2.dilate(np.maximum(between, ball), np.ones((7, 7))) <= 0)
    return Sample(
        kind=Kind.SYNTHETIC,
        picture=seen.picture,
        maps=seen.maps,
        aim=_between(scene, side, source, target, patch) if source != target else random_aim(random),
        radius=seen.radius,
        wanted=wanted,
        opening=between,
        flow=flow,
        ball=((ball | beyond) & valid).astype(np.float32),
        cover=(over & valid).astype(np.float32),
        shows=ball.astype(np.float32),
        known=((layer != Layer.NONE) & (layer != Layer.LASHES)).astype(np.float32),
        still=source == target,
    )


def pair(album: Album, number: int, reverse: bool, random: np.random.Generator) -> Sample:
    """A real pair, in either direction."""
    first, second = (int(index) for index in album.pairs[number][:: -1 if reverse else 1])
    affine = album.alignment[number].astype(np.float64)
    if reverse:
        affine = cv2.invertAffineTransform(affine)
    eye = album.eye(first)
    camera = replace(Camera.draw(random, eye.width), noise=0.0)
    scale = camera.width / eye.width
    eye = add_landmark_error(eye, scale, random)
    patch = Patch.of(eye)
    moved = Patch(patch.centre @ affine[:, :2].T + affine[:, 2], affine[:, :2] @ patch.basis)
    pitch, yaw = album.correction[number] * (-1 if reverse else 1)
    aim = patch.aim(Angles(float(pitch), float(yaw)))
    here, there = (_Crop.around(album.crops.shape[1:3], one, camera, scale) for one in (patch, moved))
    seen = crop_eye(here.photograph(album.crops[first], None), here.move(eye), here.place(patch))
    wanted = picture(there.photograph(album.crops[second], None), there.place(moved))
    between = opening(album.eye(second), moved)
    inside, outside = _certain(between, INSIDE_LIDS), ~_certain(between, OUTSIDE_LIDS, spread=True)
    return replace(
        _without_target(Kind.PAIR, seen, aim),
        wanted=wanted,
        opening=between,
        shows=inside.astype(np.float32),
        known=(inside | outside).astype(np.float32),
    )


def unlabelled(album: Album, number: int, random: np.random.Generator) -> Sample:
    """A single real eye, to be turned by a random angle."""
    eye = album.eye(number)
    camera = replace(Camera.draw(random, eye.width), noise=0.0)
    scale = camera.width / eye.width
    eye = add_landmark_error(eye, scale, random)
    patch = Patch.of(eye)
    crop = _Crop.around(album.crops.shape[1:3], patch, camera, scale)
    seen = crop_eye(crop.photograph(album.crops[number], None), crop.move(eye), crop.place(patch))
    aim = random_aim(random)
    # Lids follow the gaze by an unknown amount; what lies well outside of them stays outside.
    inside = _certain(seen.maps[1], INSIDE_LIDS) & (abs(aim.pitch) < LEVEL)
    outside = ~_certain(seen.maps[1], FAR_OUTSIDE_LIDS, spread=True)
    sample = replace(
        _without_target(Kind.UNLABELLED, seen, aim),
        shows=inside.astype(np.float32),
        known=(inside | outside).astype(np.float32),
    )
    everywhere = np.ones(GRID, dtype=np.float32)
    return (
        replace(sample, still=True, ball=everywhere, cover=everywhere, known=0 * everywhere)
        if eye.openness < SHUT
        else sample
    )


def _certain(between: Grid, within: tuple[int, int], spread: bool = False) -> NDArray[np.bool_]:
    """(48, 64) the opening, eroded or dilated by so many patch pixels across and down (landmark errors reach one)."""
    kernel = np.ones((2 * within[1] + 1, 2 * within[0] + 1), np.uint8)
    grown = cv2.dilate(between, kernel) if spread else cv2.erode(between, kernel)
    return np.asarray(grown > 0.5)


def random_aim(random: np.random.Generator) -> Angles:
    """A random aim with the distribution of real use: mostly upwards, sometimes large."""
    spread = random.choice([4.0, 8.0, 14.0])
    pitch, yaw = np.clip(random.normal([0.4 * spread, 0], spread), -MAX_AIM, MAX_AIM)
    return Angles(float(pitch), float(yaw))


def labels_at(
    surfaces: Surfaces, source: int, target: int, patch: Patch, finer: int = 1
) -> tuple[Grid, NDArray[np.bool_], NDArray[np.uint8]]:
    """`labels.flow_at` a patch's nodes: flow (2, 48, 64) eye widths, valid (48, 64), layer (48, 64) of the target.

    finer: samples per node along each side.
    """
    places = patch.to_pixels(nodes((GRID[0] * finer, GRID[1] * finer)))
    flow, valid, layer = flow_at(surfaces, source, target, places)
    return np.moveaxis(flow @ patch.inverse.T, -1, 0).astype(np.float32), valid, layer


def _between(scene: Scene, side: Side, source: int, target: int, patch: Patch) -> Angles:
    """The turn from one picture's gaze to the other's, in the patch's axes."""
    gaze = scene.truths["gaze"][:, 0 if side is Side.RIGHT else 1]
    pitch, yaw = (float(angle) for angle in gaze[target] - gaze[source])
    return patch.aim(Angles(pitch, yaw))


def _without_target(kind: Kind, seen: EyeCrop, aim: Angles) -> Sample:
    nothing = np.zeros(GRID, dtype=np.float32)
    return Sample(
        kind=kind,
        picture=seen.picture,
        maps=seen.maps,
        aim=aim,
        radius=seen.radius,
        wanted=np.zeros_like(seen.picture),
        opening=seen.maps[1],
        flow=np.zeros((2, *GRID), dtype=np.float32),
        ball=nothing,
        cover=nothing,
        shows=nothing,
        known=nothing,
    )


@dataclass(frozen=True)
class _Crop:
    """A crop of a picture as seen by a camera: left, top, right, bottom in the picture; the resulting size."""

    box: tuple[int, int, int, int]
    camera: Camera
    scale: float

    @classmethod
    def around(cls, size: tuple[int, ...], patch: Patch, camera: Camera, scale: float) -> "_Crop":
        """The crop of a patch with a margin. size: height, width of the picture."""
        corners = patch.to_pixels(np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.array(EXTENT) / 2)
        low = np.maximum(np.floor(corners.min(0)) - MARGIN, 0).astype(int)
        high = np.minimum(np.ceil(corners.max(0)) + MARGIN, size[::-1]).astype(int)
        left, top = (min(int(value), side - 2) for value, side in zip(low, size[::-1], strict=True))
        return cls((left, top, max(int(high[0]), left + 2), max(int(high[1]), top + 2)), camera, scale)

    def photograph(self, whole: Picture, random: np.random.Generator | None) -> Frame:
        """The crop as the camera's frame."""
        left, top, right, bottom = self.box
        return self.camera.photograph(np.ascontiguousarray(whole[top:bottom, left:right]), self.scale, random)

    @property
    def _factors(self) -> tuple[float, float]:
        left, top, right, bottom = self.box
        width, height = self.camera.size(right - left, bottom - top, self.scale)
        return width / (right - left), height / (bottom - top)

    def move(self, eye: Eye) -> Eye:
        """The eye in the frame's pixels."""
        return scaled(eye, self._factors, *self.box[:2])

    def place(self, patch: Patch) -> Patch:
        """The patch in the frame's pixels."""
        factors = np.array(self._factors)
        return Patch((patch.centre - self.box[:2]) * factors, patch.basis * factors[:, None])
