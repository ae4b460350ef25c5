"""The Patch: the transform between an upright eye crop and the frame. Pure arithmetic; knows nothing of images."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from relay.frame import Rotation
from relay.gaze.face import Angles, Eye, Side
from relay.gaze.spec import EXTENT

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Patch:
    """The similarity transform between eye coordinates (see spec) and pixels of the stored frame.

    centre: (2,) half-way between the corners, pixels. basis: (2, 2), its columns are the pixel steps of one
    eye width along the patch's x and y. Mirrored patches (the left eye) have a negative determinant.
    rotation: of the frame, degrees clockwise.
    """

    centre: Matrix
    basis: Matrix
    rotation: Rotation = 0

    @classmethod
    def of(cls, eye: Eye, rotation: Rotation = 0) -> Self:
        """The patch of this eye. Raises ValueError where both corners coincide."""
        outer, inner = eye.corners.astype(np.float64)
        right = inner - outer
        if not np.hypot(*right) > 0:
            raise ValueError("the eye corners coincide: there is no patch")
        turn = 1.0 if eye.side is Side.RIGHT else -1.0
        down = turn * np.array([-right[1], right[0]])
        return cls((outer + inner) / 2, np.array([right, down]).T, rotation)

    @property
    def width(self) -> float:
        """Eye width in pixels."""
        return float(np.hypot(*self.basis[:, 0]))

    @property
    def inverse(self) -> Matrix:
        """(2, 2) of basis: the columns are orthogonal and of equal length, so the scaled transpose suffices."""
        return np.asarray(self.basis.T / (self.basis[:, 0] @ self.basis[:, 0]))

    def to_pixels(self, points: NDArray[np.floating]) -> Matrix:
        """(..., 2) eye coordinates -> (..., 2) pixels."""
        return np.asarray(points @ self.basis.T + self.centre)

    def to_eye(self, pixels: NDArray[np.floating]) -> Matrix:
        """(..., 2) pixels -> (..., 2) eye coordinates."""
        return np.asarray((pixels - self.centre) @ self.inverse.T)

    def aim(self, angles: Angles) -> Angles:
        """A turn in the camera frame -> the same turn in this patch: mirrored and rotated with its pixels."""
        x, y = (self.basis / self.width).T @ _unrotate(np.array([angles.yaw, -angles.pitch]), self.rotation)
        return Angles(pitch=-float(y), yaw=float(x))

    def box(self, scale: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Left, top, right, bottom (half-open) of the ellipse's bounds in a plane of this size and scale.

        scale: plane pixels per frame pixel (chroma 0.5). size: (width, height) of the plane. Empty where the
        patch is outside.
        """
        (a, c), (b, d) = self.basis.tolist()
        spans = math.hypot(a * EXTENT[0], c * EXTENT[1]), math.hypot(b * EXTENT[0], d * EXTENT[1])
        edges = [
            (math.floor(scale * (middle - span / 2)), math.ceil(scale * (middle + span / 2)))
            for middle, span in zip(self.centre.tolist(), spans, strict=True)
        ]
        (left, right), (top, bottom) = (
            (min(max(low, 0), most), min(max(high, 0), most)) for (low, high), most in zip(edges, size, strict=True)
        )
        return left, top, right, bottom

    def from_plane(self, scale: float, left: int, top: int) -> Matrix:
        """(2, 3) affine: index (column, row) of a plane's pixel, counted from left and top -> eye coordinates."""
        inverse = self.inverse
        offset = (np.array([left, top]) + 0.5) / scale - self.centre
        affine = np.empty((2, 3))
        affine[:, :2], affine[:, 2] = inverse / scale, inverse @ offset
        return affine


@lru_cache(maxsize=8)
def to_nodes(shape: tuple[int, int]) -> Matrix:
    """(2, 3) affine: eye coordinates -> index (column, row) on a field's grid of (rows, columns). Cached: read only."""
    rows, columns = shape
    return np.array(
        [[columns / EXTENT[0], 0, columns / 2 - 0.5], [0, rows / EXTENT[1], rows / 2 - 0.5]], dtype=np.float64
    )


@lru_cache(maxsize=8)
def nodes(shape: tuple[int, int]) -> NDArray[np.float32]:
    """(rows, columns, 2) eye coordinates of a field's nodes. Cached: read only."""
    rows, columns = shape
    x = ((np.arange(columns) + 0.5) / columns - 0.5) * EXTENT[0]
    y = ((np.arange(rows) + 0.5) / rows - 0.5) * EXTENT[1]
    grid = np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32)
    grid.setflags(write=False)
    return grid


def ellipse(points: NDArray[np.floating]) -> NDArray[np.floating]:
    """(..., 2) eye coordinates -> (...) squared distance from the centre, 1 on the patch's ellipse."""
    return np.asarray(((points / (np.array(EXTENT) / 2)) ** 2).sum(-1))


def compose(outer: Matrix, inner: Matrix) -> Matrix:
    """The (2, 3) affine that applies inner, then outer."""
    both = outer[:, :2] @ inner
    both[:, 2] += outer[:, 2]
    return np.asarray(both)


def _unrotate(vector: Matrix, rotation: Rotation) -> Matrix:
    """A displacement in the upright frame -> the same in the stored one (rotated counter-clockwise)."""
    x, y = vector
    return np.array({0: (x, y), 90: (y, -x), 180: (-x, -y), 270: (-y, x)}[rotation])
