"""Crops one eye from a frame as the network's input: the same code in training and at runtime.

Knows nothing of networks, aims or fields.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from relay.frame import Frame, Plane
from relay.gaze.face import Eye, Points
from relay.gaze.geometry import Matrix, Patch, compose, nodes, to_nodes
from relay.gaze.spec import CORNER_DISTANCE, EXTENT, GRID, PATCH_HEIGHT, PATCH_WIDTH

Grid = NDArray[np.float32]

BLACK, SWING = 16.0, 219.0  # BT.601 studio range: luma 16..235
NEUTRAL, CHROMA_SWING = 128.0, 224.0
CORNERS = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
SHIFT = 4  # bits of sub-pixel precision in OpenCV's drawing


@dataclass(frozen=True)
class EyeCrop:
    """One eye, ready for the network (shapes and ranges: spec, "The network", without the leading n)."""

    picture: Grid
    maps: Grid
    radius: float


def crop_eye(frame: Frame, eye: Eye, patch: Patch) -> EyeCrop:
    """This eye of this frame. patch: Patch.of(eye, ...), or one slightly offset from it."""
    return EyeCrop(picture(frame, patch), maps(eye, patch), eye.iris_radius / patch.width)


def picture(frame: Frame, patch: Patch) -> Grid:
    """(3, 48, 64) Y, U, V as the network takes them. Outside the frame its border pixels are repeated."""
    planes = [_cut_plane(plane, patch, scale) for plane, scale in zip(frame.planes, (1, 0.5, 0.5), strict=True)]
    return np.asarray((np.stack(planes) - _offsets()) * _factors(), dtype=np.float32)


def maps(eye: Eye, patch: Patch) -> Grid:
    """(2, 48, 64) 0..1: the iris as a disc, the opening between the lids; edges one patch pixel soft."""
    iris = patch.to_eye(eye.iris)
    distance = np.hypot(*np.moveaxis(nodes(GRID) - iris.astype(np.float32), -1, 0))
    disc = np.clip((eye.iris_radius / patch.width - distance) * CORNER_DISTANCE + 0.5, 0, 1)
    return np.stack([disc, opening(eye, patch)]).astype(np.float32)


def opening(eye: Eye, patch: Patch) -> Grid:
    """(48, 64) the polygon between the lids, antialiased."""
    outer, inner = eye.corners
    around: Points = np.vstack([outer, eye.upper, inner, eye.lower[::-1]])
    at = patch.to_eye(around) @ to_nodes(GRID)[:, :2].T + to_nodes(GRID)[:, 2]
    drawn = np.zeros(GRID, dtype=np.uint8)
    cv2.fillPoly(drawn, [np.round(at * (1 << SHIFT)).astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=SHIFT)
    return np.asarray(drawn / np.float32(255), dtype=np.float32)


def _cut_plane(plane: Plane, patch: Patch, scale: float) -> NDArray[np.uint8]:
    """The patch from one plane, scale plane pixels per frame pixel. Averages where the eye is large."""
    shrink = int(patch.width * scale / CORNER_DISTANCE)
    if shrink < 2:
        return _sample(plane, patch, scale, 0, 0)
    left, top, right, bottom = _around(patch, scale, shrink, plane.shape)
    if right - left < shrink or bottom - top < shrink:
        return _sample(plane, patch, scale, 0, 0)
    size = (right - left) // shrink, (bottom - top) // shrink
    region = plane[top : top + size[1] * shrink, left : left + size[0] * shrink]
    smaller = cv2.resize(region, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return _sample(smaller, patch, scale / shrink, left / shrink, top / shrink)


def _around(patch: Patch, scale: float, margin: int, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom (half-open) of the whole patch, corners included, in a plane of this shape."""
    corners = patch.to_pixels(CORNERS * np.array(EXTENT) / 2) * scale
    low, high = np.floor(corners.min(0)) - margin, np.ceil(corners.max(0)) + margin
    (left, right), (top, bottom) = (
        np.clip(sorted((one, other)), 0, most).astype(int).tolist()
        for one, other, most in zip(low, high, shape[::-1], strict=True)
    )
    return left, top, right, bottom


def _sample(plane: Plane, patch: Patch, scale: float, left: float, top: float) -> NDArray[np.uint8]:
    """Bilinear. left, top: position of the plane's first pixel, in its own pixels."""
    to_plane = np.empty((2, 3))
    to_plane[:, :2] = patch.basis * scale
    to_plane[:, 2] = patch.centre * scale - 0.5 - (left, top)
    sampled = cv2.warpAffine(
        plane,
        compose(to_plane, _from_nodes()),
        (PATCH_WIDTH, PATCH_HEIGHT),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(sampled, dtype=np.uint8)


@lru_cache(maxsize=1)
def _from_nodes() -> Matrix:
    """(2, 3) affine: index (column, row) on the patch's grid -> eye coordinates."""
    return np.asarray(cv2.invertAffineTransform(to_nodes(GRID)), dtype=np.float64)


@lru_cache(maxsize=1)
def _offsets() -> Grid:
    return np.array([BLACK, NEUTRAL, NEUTRAL], dtype=np.float32).reshape(3, 1, 1)


@lru_cache(maxsize=1)
def _factors() -> Grid:
    return np.array([1 / SWING, 1 / CHROMA_SWING, 1 / CHROMA_SWING], dtype=np.float32).reshape(3, 1, 1)
