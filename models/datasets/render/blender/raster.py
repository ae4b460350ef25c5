"""A small z-buffer: which triangle is visible at which pixel. Knows nothing of what the triangles are.

NumPy only: labels need no Blender and no graphics driver. Meant for triangles of a few pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Seen:
    """triangle: (h, w) index, -1 none. weights: (h, w, 3) of its corners, in the picture plane. depth: (h, w) mm."""

    triangle: Ints
    weights: Floats
    depth: Floats


def draw(points: Floats, triangles: Ints, shape: tuple[int, int]) -> Seen:
    """Rasterise at the pixel centres. points: (n, 3) x, y in pixels and depth > 0; shape: (rows, columns)."""
    height, width = shape
    corners = points[triangles]
    low, size = _boxes(corners, shape)
    count = size[:, 0] * size[:, 1]
    face = np.repeat(np.arange(len(triangles)), count)
    step = np.arange(len(face)) - np.repeat(np.cumsum(count) - count, count)
    x = low[face, 0] + step % np.maximum(size[face, 0], 1)
    y = low[face, 1] + step // np.maximum(size[face, 0], 1)
    weights = _weights(corners, face, x + 0.5, y + 0.5)
    inside = (weights >= -1e-6).all(1)
    face, x, y, weights = face[inside], x[inside], y[inside], weights[inside]
    depth = 1 / (weights / corners[face, :, 2]).sum(1)
    order = np.argsort(-depth, kind="stable")  # the nearest is written last
    place = (y * width + x)[order]
    seen = Seen(
        np.full(height * width, -1, dtype=np.int32),
        np.zeros((height * width, 3), dtype=np.float32),
        np.full(height * width, np.inf, dtype=np.float32),
    )
    seen.triangle[place], seen.weights[place], seen.depth[place] = face[order], weights[order], depth[order]
    return Seen(seen.triangle.reshape(shape), seen.weights.reshape(*shape, 3), seen.depth.reshape(shape))


def _boxes(corners: Floats, shape: tuple[int, int]) -> tuple[Ints, Ints]:
    """First pixel and number of pixels, (t, 2) x and y, with centres in each triangle's box; none behind the lens."""
    limit = np.array([shape[1], shape[0]])
    low = np.clip(np.ceil(corners[..., :2].min(1) - 0.5), 0, limit)
    high = np.clip(np.floor(corners[..., :2].max(1) - 0.5) + 1, 0, limit)
    size = np.where((corners[..., 2].min(1) > 1)[:, None], np.maximum(high - low, 0), 0)
    return low.astype(np.int32), size.astype(np.int32)


def _weights(
    corners: Floats, face: NDArray[np.integer], x: NDArray[np.floating], y: NDArray[np.floating]
) -> NDArray[np.float64]:
    """(m, 3) barycentric weights of these points in these triangles; negative outside."""
    a, b, c = (corners[:, i, :2].astype(np.float64) for i in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    flat = np.asarray(np.abs(area) < 1e-9)
    scale = (1 / np.where(flat, 1, area))[face]
    a, b, c = a[face], b[face], c[face]
    first = ((b[:, 0] - x) * (c[:, 1] - y) - (b[:, 1] - y) * (c[:, 0] - x)) * scale
    second = ((c[:, 0] - x) * (a[:, 1] - y) - (c[:, 1] - y) * (a[:, 0] - x)) * scale
    weights = np.column_stack([first, second, 1 - first - second])
    return np.where(flat[face, None], -1.0, weights)


def split(quads: Ints) -> Ints:
    """(q, 4) -> (2 q, 3) triangles; the second of a degenerate quad has no area."""
    return np.vstack([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
