"""Applies Fields inside the Y, U and V planes of a frame. Knows nothing of faces, aims or time.

The frame never goes through RGB: only pixels inside the patches' ellipses are resampled, every other byte is
copied unchanged. Luma and chroma are resampled bicubically (4 x 4).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from relay.frame import Frame, Plane
from relay.gaze.face import Field
from relay.gaze.geometry import Patch, compose, ellipse, nodes, to_nodes

Layers = NDArray[np.float32]


@dataclass(frozen=True)
class Placed:
    """A field at its position in the frame. gain scales flow and light: 0 shows the original, 1 the full turn."""

    patch: Patch
    field: Field
    gain: float = 1.0


def warp(frame: Frame, placed: Sequence[Placed]) -> Frame:
    """A new frame with the fields applied; the same object where there is nothing to apply."""
    active = [one for one in placed if one.gain > 0]
    if not active:
        return frame
    y, u, v = _contiguous_copies(frame.planes)
    for one in active:
        layers = _layers(one.field)
        _warp_planes([frame.y], [y], one, layers, 1.0, lit=one.field.light is not None)
        _warp_planes([frame.u, frame.v], [u, v], one, layers, 0.5)
    return replace(frame, y=y, u=u, v=v)


def _contiguous_copies(planes: Sequence[Plane]) -> list[Plane]:
    """Copies of the planes in one contiguous buffer, which an encoder can take without another copy."""
    ends = list(accumulate(plane.size for plane in planes))
    memory = np.empty(ends[-1], dtype=np.uint8)
    copies = [part.reshape(plane.shape) for part, plane in zip(np.split(memory, ends[:-1]), planes, strict=True)]
    for copy, plane in zip(copies, planes, strict=True):
        copy[:] = plane
    return copies


def _warp_planes(
    sources: Sequence[Plane], targets: Sequence[Plane], placed: Placed, layers: Layers, scale: float, lit: bool = False
) -> None:
    """Warp one patch of planes that share a size, reading sources and writing into targets. lit: add the light."""
    height, width = sources[0].shape
    left, top, right, bottom = placed.patch.box(scale, (width, height))
    if right <= left or bottom <= top:
        return
    to_eye = placed.patch.from_plane(scale, left, top)
    inside, mask, *steps = _sampling(placed, layers, to_eye, (right - left, bottom - top), scale)
    columns, rows = np.arange(left, right, dtype=np.float32), np.arange(top, bottom, dtype=np.float32)[:, None]
    positions = [step + start for step, start in zip(steps[:4], (columns, rows) * 2, strict=False)]
    remainder = 1 - mask
    for source, target in zip(sources, targets, strict=True):
        region = target[top:bottom, left:right]
        moved = _read(source, *positions[:2])
        under = _read(source, *positions[2:]) if positions[2:] else region
        # Where nothing moves, this returns the original byte: 255 / (1 + 1e-5) still rounds to 255.
        shown = cv2.blendLinear(moved, under, mask, remainder)
        # Only inside: the corners of a box may overlap another eye.
        np.copyto(region, cv2.add(shown, steps[4], dtype=cv2.CV_8U) if lit else shown, where=inside)


def _read(source: Plane, columns: Layers, rows: Layers) -> Plane:
    """The plane sampled at these positions."""
    return np.asarray(
        cv2.remap(source, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8
    )


def _sampling(
    placed: Placed, layers: Layers, to_eye: NDArray[np.float64], size: tuple[int, int], scale: float
) -> list[NDArray[Any]]:
    """For each pixel of the box: whether it lies in the ellipse, the mask, the steps to its source (columns, rows, in
    plane pixels), the rest's steps, and, where the field has a light, what it adds to the luma, of 255.

    Field and ellipse are interpolated bilinearly. The ellipse is convex, so no pixel outside it counts as inside.
    """
    field = placed.field
    from_nodes = compose(to_nodes(field.mask.shape), to_eye)
    to_plane = np.eye(4, dtype=np.float32)
    to_plane[:2, :2] = placed.patch.basis * (scale * placed.gain)
    *steps, share, edge = _interpolate(_transform(layers, to_plane), from_nodes, size, (0, 0, 0, 2))
    beyond = edge >= 1
    share[beyond] = 0
    if field.rest is None and field.light is None:
        return [~beyond, share, *steps]
    rest = np.zeros_like(field.flow) if field.rest is None else field.rest
    over = rest if field.light is None else np.dstack([rest, field.light])
    count = over.shape[-1]
    to_values = np.diag([0, 0, 255 * placed.gain]).astype(np.float32)
    to_values[:2, :2] = to_plane[:2, :2]
    under = _interpolate(_transform(over, to_values[:count, :count]), from_nodes, size, (0,) * count)
    for step in under:
        step[beyond] = 0
    return [~beyond, share, *steps, *under]


def _interpolate(
    layers: NDArray[np.floating], from_nodes: NDArray[np.float64], size: tuple[int, int], beyond: tuple[float, ...]
) -> list[Layers]:
    """Layers over the field's nodes -> each over the box's pixels, bilinear; beyond: their values outside the grid."""
    sampled = cv2.warpAffine(
        layers,
        from_nodes,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=beyond,
    )
    return [np.asarray(layer, dtype=np.float32) for layer in cv2.split(sampled)]


def _transform(layers: Layers, matrix: Layers) -> Layers:
    """Every node's values times a matrix."""
    return np.asarray(cv2.transform(layers, matrix), dtype=np.float32)


def _layers(field: Field) -> Layers:
    """(rows, columns, 4): flow x and y, mask, squared distance from the centre (1 on the ellipse)."""
    edge = _edge(field.mask.shape)
    return np.concatenate([field.flow, field.mask[..., None], edge[..., None]], axis=-1, dtype=np.float32)


@lru_cache(maxsize=8)
def _edge(shape: tuple[int, int]) -> NDArray[np.float32]:
    """(rows, columns) squared distance of each node from the centre, 1 on the ellipse."""
    return ellipse(nodes(shape)).astype(np.float32)
