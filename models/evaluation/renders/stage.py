"""Sets up a trial: the frames at its size, the eye as the runtime detects it, and the renderer's ground truth.

Knows nothing of the rows' fields or of metrics.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from models.datasets.degrade import add_landmark_error, scaled
from models.datasets.planes import to_frame
from models.datasets.samples import RADIUS_SEEN, labels_at
from models.datasets.synthetic.labels import Layer
from models.datasets.synthetic.scenes import Scene
from models.evaluation.renders.tracing import Region
from models.evaluation.renders.trials import SIXTEENTHS, Trial
from relay.frame import Frame
from relay.gaze.face import Angles, Eye, Field
from relay.gaze.geometry import Patch, nodes
from relay.gaze.spec import GRID, ROTATION_PER_IRIS_RADIUS
from relay.gaze.warp import Placed, warp

BALL = (Layer.WHITE, Layer.IRIS)
FINER = 3  # samples along each side of a node at which the layers are looked up


@dataclass(frozen=True)
class Stage:
    """A trial and its scene. error: random generator of landmark errors; None: only the usual smaller iris."""

    trial: Trial
    scene: Scene
    error: np.random.Generator | None = None

    @cached_property
    def eye(self) -> Eye:
        """The source's eye as the landmark stage would output it, in pixels of the frames."""
        truth = self.scene.eye(self.trial.source, self.trial.side)
        seen = replace(truth, iris_radius=truth.iris_radius * RADIUS_SEEN)
        seen = seen if self.error is None else add_landmark_error(seen, self.scale, self.error)
        return scaled(seen, (self.scale, self.scale), 0, 0)

    @cached_property
    def patch(self) -> Patch:
        """The eye's patch."""
        return Patch.of(self.eye)

    @property
    def scale(self) -> float:
        """Frame pixels per scene pixel."""
        return self.trial.scale / SIXTEENTHS

    @cached_property
    def source(self) -> Frame:
        """The input frame."""
        return self._frame(self.trial.source)

    @cached_property
    def target(self) -> Frame:
        """The target frame."""
        return self._frame(self.trial.target)

    @cached_property
    def iris(self) -> Region:
        """The visible iris of the source."""
        return self._region(self.trial.source, (Layer.IRIS,))

    @cached_property
    def ball(self) -> Region:
        """The visible eyeball of the source."""
        return self._region(self.trial.source, BALL)

    @cached_property
    def glasses(self) -> Region:
        """The rims of glasses in the source."""
        return self._region(self.trial.source, (Layer.GLASSES,))

    @cached_property
    def opened(self) -> NDArray[np.float32]:
        """(h, w) 0..1: where the target shows the eyeball, in pixels of the frames."""
        shown = np.isin(self.scene.surfaces.layer(self.trial.target), BALL).astype(np.float32)
        return np.asarray(cv2.resize(shown, self.source.size, interpolation=cv2.INTER_AREA), dtype=np.float32)

    @cached_property
    def known(self) -> Field:
        """The renderer's ground truth field: true flow and layers.

        Its residual errors are lighting, noise and occlusions. Parts of the ball or of the lids that are occluded in
        the source are taken from the nearest visible place.
        """
        flow, valid, layer = labels_at(self.scene.surfaces, self.trial.source, self.trial.target, self._whole)
        steps, ball = np.moveaxis(flow, 0, -1), np.isin(layer, BALL)
        over = ~ball & valid & ~np.isin(layer, (Layer.NONE, Layer.LASHES))
        *_, fine = labels_at(self.scene.surfaces, self.trial.source, self.trial.target, self._whole, finer=FINER)
        mask = np.isin(fine, BALL).reshape(GRID[0], FINER, GRID[1], FINER).mean((1, 3), dtype=np.float32)
        return Field(self._bared(_spread(steps, ball)), mask, _spread(steps, over))

    @cached_property
    def best(self) -> Frame:
        """The source, warped by that field."""
        return warp(self.source, [Placed(self.patch, self.known)])

    def _bared(self, steps: NDArray[np.float32]) -> NDArray[np.float32]:
        """(48, 64, 2) the steps, moved to the nearest place where the source shows the eyeball."""
        shown = np.isin(self.scene.surfaces.layer(self.trial.source), BALL)
        inner = cv2.erode(shown.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        if not inner.any():
            return steps
        places = self._whole.to_pixels(nodes(GRID) + steps)
        column, row = np.moveaxis(np.floor(places).astype(int), -1, 0)
        row, column = row.clip(0, shown.shape[0] - 1), column.clip(0, shown.shape[1] - 1)
        _, nearest = distance_transform_edt(~inner, return_indices=True)
        there = np.stack([nearest[1][row, column], nearest[0][row, column]], -1) + 0.5
        bared = np.where(shown[row, column][..., None], places, there)
        return np.asarray(self._whole.to_eye(bared.reshape(-1, 2)).reshape(steps.shape) - nodes(GRID), np.float32)

    @property
    def _whole(self) -> Patch:
        """The patch in the scene's own pixels."""
        return Patch(self.patch.centre / self.scale, self.patch.basis / self.scale)

    @property
    def radius(self) -> float:
        """True radius of the iris, eye widths."""
        at = self.trial.source, self._number
        return float(self.scene.truths["iris_radius"][at]) * self.scale / self.patch.width

    def centre(self, picture: int) -> NDArray[np.float64]:
        """(2,) true centre of the iris in this picture, eye coordinates."""
        return self.patch.to_eye(self.scene.truths["iris"][picture, self._number] * self.scale)

    def direction(self, picture: int) -> Angles:
        """Where the optical axis points, degrees, camera frame."""
        pitch, yaw = self.scene.truths["optic"][picture, self._number]
        return Angles(float(pitch), float(yaw))

    def step(self, turn: Angles) -> NDArray[np.float64]:
        """(2,) step of the source's iris centre for this turn (camera frame), eye coordinates."""
        before = self.direction(self.trial.source)
        after = Angles(before.pitch + turn.pitch, before.yaw + turn.yaw)
        moved = (_place(after) - _place(before)) * ROTATION_PER_IRIS_RADIUS * self.radius * self.patch.width
        return np.asarray(self.patch.inverse @ moved)

    def degrees(self, apart: NDArray[np.floating]) -> Angles:
        """A distance in eye coordinates as the equivalent turn of the target's eye, camera frame."""
        right, down = self.patch.basis @ apart / (ROTATION_PER_IRIS_RADIUS * self.radius * self.patch.width)
        target = self.direction(self.trial.target)
        flat, level = np.cos(np.radians(target.pitch)), np.cos(np.radians(target.yaw))
        return Angles(pitch=-float(np.degrees(down / flat)), yaw=float(np.degrees(right / (flat * level))))

    @property
    def _number(self) -> int:
        return 1 if self.trial.side is self.trial.side.LEFT else 0

    def _frame(self, picture: int) -> Frame:
        rgb = self.scene.pictures[picture]
        if self.trial.scale < SIXTEENTHS:
            height, width = rgb.shape[:2]
            size = width * self.trial.scale // SIXTEENTHS, height * self.trial.scale // SIXTEENTHS
            rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return to_frame(rgb)

    def _region(self, picture: int, layers: tuple[Layer, ...]) -> Region:
        """Where these layers are visible, at full resolution."""
        return Region.of_pixels(np.isin(self.scene.surfaces.layer(picture), layers), self._whole)


def _spread(steps: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(48, 64, 2) steps; unknown ones are copied from the nearest known place."""
    if not known.any():
        return np.zeros_like(steps)
    _, nearest = distance_transform_edt(~known, return_indices=True)
    return np.asarray(steps[tuple(nearest)], dtype=np.float32)


def _place(angles: Angles) -> NDArray[np.float64]:
    """(2,) where the optical axis passes through the unit sphere: x to the picture's right, y down."""
    pitch, yaw = np.radians([angles.pitch, angles.yaw])
    return np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch)])
