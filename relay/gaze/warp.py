"""Applies Fields inside the Y, U and V planes of a frame. Knows nothing of faces, aims or time.

The frame never goes through RGB: only pixels inside the patches' ellipses are resampled, every other byte is
copied as it is. Luma is resampled with Lanczos (8 x 8), chroma bicubic.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from relay.frame import Frame, Plane
from relay.gaze.face import Field
from relay.gaze.geometry import Patch, compose, ellipse, nodes, to_nodes


@dataclass(frozen=True)
class Placed:
    """A field at its place in the frame. gain scales the flow: 0 shows the original, 1 the whole turn."""

    patch: Patch
    field: Field
    gain: float = 1.0


def warp(frame: Frame, placed: Sequence[Placed]) -> Frame:
    """A new frame with the fields applied; the very same object where there is nothing to apply."""
    active = [one for one in placed if one.gain > 0]
    if not active:
        return frame
    y, u, v = frame.y.copy(), frame.u.copy(), frame.v.copy()
    for one in active:
        _warp_planes([frame.y], [y], one, 1.0, cv2.INTER_LANCZOS4)
        _warp_planes([frame.u, frame.v], [u, v], one, 0.5, cv2.INTER_CUBIC)
    return replace(frame, y=y, u=u, v=v)


def _warp_planes(sources: Sequence[Plane], targets: Sequence[Plane], placed: Placed, scale: float, method: int) -> None:
    """Warp one patch of planes that share a size, reading sources and writing into targets."""
    height, width = sources[0].shape
    left, top, right, bottom = placed.patch.box(scale, (width, height))
    if right <= left or bottom <= top:
        return
    to_eye = placed.patch.from_plane(scale, left, top)
    columns, rows, mask = _sampling(placed, to_eye, (right - left, bottom - top), scale)
    columns += np.arange(left, right, dtype=np.float32)
    rows += np.arange(top, bottom, dtype=np.float32)[:, None]
    inside = mask > 0
    for source, target in zip(sources, targets, strict=True):
        moved = cv2.remap(source, columns, rows, method, borderMode=cv2.BORDER_REPLICATE)
        region = target[top:bottom, left:right]
        difference = cv2.subtract(moved, region, dtype=cv2.CV_32F)
        blended = cv2.add(region, cv2.multiply(difference, mask), dtype=cv2.CV_8U)
        cv2.copyTo(blended, inside.view(np.uint8), region)


def _sampling(
    placed: Placed, to_eye: NDArray[np.float64], size: tuple[int, int], scale: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """For each pixel of the box: steps to its source (columns, rows, in plane pixels) and the mask.

    The field is read bilinearly. So is the ellipse; it is convex, hence what counts as inside lies inside.
    """
    flow, mask = placed.field.flow, placed.field.mask
    steps = flow @ (placed.patch.basis.T * (scale * placed.gain)).astype(np.float32)
    stacked = np.dstack([steps, mask, _edge(mask.shape)])
    affine = compose(to_nodes(mask.shape), to_eye)
    sampled = cv2.warpAffine(
        stacked,
        affine,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(0, 0, 0, 2),
    )
    columns, rows, share, edge = (np.ascontiguousarray(sampled[..., channel], np.float32) for channel in range(4))
    share[edge >= 1] = 0
    return columns, rows, share


@lru_cache(maxsize=8)
def _edge(shape: tuple[int, int]) -> NDArray[np.float32]:
    """(rows, columns) squared distance of each node from the centre, 1 on the ellipse."""
    return ellipse(nodes(shape)).astype(np.float32)
