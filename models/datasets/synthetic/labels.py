"""A renderer's dense labels: layers, and the exact flow of every pixel from one picture to another.

A scene's pictures show the same surfaces in different poses. `Surfaces` keeps, for each picture, which triangle is
visible at which pixel and where the triangles' corners lie; the flow between any two pictures follows from that. Knows
nothing of heads, of files or of Blender.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from models.datasets.render.blender import raster
from models.datasets.render.blender.raster import Floats, Ints


class Layer(IntEnum):
    """What is visible at a pixel."""

    NONE = 0
    SKIN = 1  # with brows, lid edges and the inner corner's flesh
    WHITE = 2
    IRIS = 3  # with the pupil
    LASHES = 4
    GLASSES = 5
    HAIR = 6


THIN = (
    Layer.LASHES,
    Layer.HAIR,
)  # thinner than a pixel: rasterised finer, visible where they cover at least half of one
FINER = 3
TOLERANCE = 0.6  # mm of depth within which two points are the same: lids are 1 mm thick
STEPS_PER_PIXEL = 32
STEPS_PER_MM = 20


@dataclass(frozen=True)
class Surfaces:
    """k pictures of (h, w) pixels, n corners, t triangles.

    triangles: (t, 3). layers: (t,) uint8 Layer. seen: (k, h, w) int32 triangle, -1 none. weights: (k, h, w, 2) uint8,
    of the first two corners, 255 = 1. places: (k, n, 2) int16, 1/32 pixel. depths: (k, n) int16, 1/20 mm from middle.
    thin: (k, h, w) uint8: how much of the pixel lashes and hair cover, 255 = all.
    """

    triangles: Ints
    layers: NDArray[np.uint8]
    seen: Ints
    weights: NDArray[np.uint8]
    places: NDArray[np.int16]
    depths: NDArray[np.int16]
    middle: float
    thin: NDArray[np.uint8]

    def layer(self, picture: int) -> NDArray[np.uint8]:
        """(h, w) the visible layer in this picture."""
        seen = self.seen[picture]
        return np.where(seen >= 0, self.layers[np.maximum(seen, 0)], Layer.NONE).astype(np.uint8)


def flow(scene: Surfaces, source: int, target: int) -> tuple[Floats, NDArray[np.bool_], NDArray[np.uint8]]:
    """Backward flow at every pixel: `flow_at` at their centres."""
    height, width = scene.seen.shape[1:]
    rows, columns = np.indices((height, width), dtype=np.float32)
    return flow_at(scene, source, target, np.stack([columns, rows], -1) + np.float32(0.5))


def flow_at(
    scene: Surfaces, source: int, target: int, places: NDArray[np.floating]
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.uint8]]:
    """Backward flow: the target at p shows the source at p + flow(p). places: (h, w, 2) p, pixels.

    Returns flow (h, w, 2) in pixels, x then y; valid (h, w): visible in the source too; layer (h, w) of the
    target. Where it is not valid but a surface is visible, flow gives the point's occluded place in the source.
    """
    triangle, weights = _look_up(scene, target, places)
    layer = _layers(scene, triangle)
    corners, shares = scene.triangles[np.maximum(triangle, 0)], _shares(weights)
    there, depth = _locate(scene, source, corners, shares)
    here, _ = _locate(scene, target, corners, shares)
    moved = np.where((layer != Layer.NONE)[..., None], there - here, 0).astype(np.float32)
    return moved, _visible(scene, source, there, depth, layer), layer


def _look_up(
    scene: Surfaces, picture: int, places: NDArray[np.floating]
) -> tuple[NDArray[np.integer], NDArray[np.uint8]]:
    """Triangle (-1 outside the picture) and stored weights of the pixels at these places."""
    height, width = scene.seen.shape[1:]
    x, y = (np.floor(places[..., axis] + 1e-3).astype(int) for axis in range(2))
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    return np.where(inside, scene.seen[picture, y, x], -1), scene.weights[picture, y, x]


def _layers(scene: Surfaces, triangle: NDArray[np.integer]) -> NDArray[np.uint8]:
    return np.where(triangle >= 0, scene.layers[np.maximum(triangle, 0)], Layer.NONE).astype(np.uint8)


def _shares(weights: NDArray[np.uint8]) -> Floats:
    """(..., 2) stored -> (..., 3) of a triangle's corners."""
    first = weights.astype(np.float32) / np.float32(255)
    return np.concatenate([first, 1 - first[..., :1] - first[..., 1:]], axis=-1)


def _locate(scene: Surfaces, picture: int, corners: NDArray[np.integer], shares: Floats) -> tuple[Floats, Floats]:
    """Where points of triangles lie: (..., 2) pixels, (...) mm from the middle. corners, shares: (..., 3)."""
    places = np.take(scene.places[picture], corners, axis=0)
    depths = np.take(scene.depths[picture], corners, axis=0)
    # Written out: NumPy's sum over an axis of three is slow for a million points.
    x, y, depth = (
        values[..., 0] * shares[..., 0] + values[..., 1] * shares[..., 1] + values[..., 2] * shares[..., 2]
        for values in (places[..., 0], places[..., 1], depths)
    )
    pixels = np.stack([x, y], -1) / np.float32(STEPS_PER_PIXEL)
    return np.asarray(pixels, np.float32), np.asarray(depth / np.float32(STEPS_PER_MM), np.float32)


def _visible(scene: Surfaces, source: int, there: Floats, depth: Floats, layer: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether the source shows this layer, at this depth, at the pixel of each place."""
    triangle, weights = _look_up(scene, source, there)
    _, at = _locate(scene, source, scene.triangles[np.maximum(triangle, 0)], _shares(weights))
    same = (_layers(scene, triangle) == layer) & (np.abs(at - depth) < TOLERANCE)
    return np.asarray(same & (layer != Layer.NONE))


def collect(shots: list[Floats], triangles: Ints, layers: NDArray[np.uint8], shape: tuple[int, int]) -> Surfaces:
    """Rasterise every picture's labels and keep only what is visible in one of them.

    shots: per picture (n, 3) x, y [pixels], depth [mm] of all corners.
    """
    drawn = [_draw(points, triangles, layers, shape) for points in shots]
    kept = _keep(np.stack([triangle for triangle, _, _ in drawn]), triangles)
    points = np.stack([shot[kept.corners] for shot in shots])
    middle = float(np.median(points[..., 2])) if points.size else 0.0
    return Surfaces(
        kept.triangles,
        layers[kept.faces],
        kept.seen,
        np.round(np.stack([weights[..., :2] for _, weights, _ in drawn]) * 255).clip(0, 255).astype(np.uint8),
        _short(points[..., :2] * STEPS_PER_PIXEL),
        _short((points[..., 2] - middle) * STEPS_PER_MM),
        middle,
        np.stack([thin for _, _, thin in drawn]),
    )


def crop(scene: Surfaces, pictures: Sequence[int], rows: slice, columns: slice) -> Surfaces:
    """Only these pictures, cropped to this window, with what is visible there."""
    chosen = list(pictures)
    kept = _keep(scene.seen[chosen, rows, columns], scene.triangles)
    corner = np.array([columns.start, rows.start]) * STEPS_PER_PIXEL
    return Surfaces(
        kept.triangles,
        scene.layers[kept.faces],
        kept.seen,
        scene.weights[chosen, rows, columns],
        _short(scene.places[chosen][:, kept.corners] - corner),
        scene.depths[chosen][:, kept.corners],
        scene.middle,
        scene.thin[chosen, rows, columns],
    )


@dataclass(frozen=True)
class _Kept:
    """What is visible: faces and corners by their old indices, seen and triangles by the new ones."""

    faces: Ints
    corners: Ints
    seen: Ints
    triangles: Ints


def _keep(seen: Ints, triangles: Ints) -> _Kept:
    """Renumber the visible triangles and their corners without gaps."""
    faces = np.unique(seen[seen >= 0])
    corners = np.unique(triangles[faces])
    face_numbers = np.full(len(triangles) + 1, -1, dtype=np.int32)  # the last entry is for index -1
    face_numbers[faces] = np.arange(len(faces))
    corner_numbers = np.zeros(triangles.max(initial=0) + 1, dtype=np.int32)
    corner_numbers[corners] = np.arange(len(corners))
    return _Kept(faces, corners, face_numbers[seen], corner_numbers[triangles[faces]])


def _short(values: NDArray[np.floating] | NDArray[np.signedinteger]) -> NDArray[np.int16]:
    limit = np.iinfo(np.int16)
    return np.clip(np.round(values), limit.min, limit.max).astype(np.int16)


def _draw(
    points: Floats, triangles: Ints, layers: NDArray[np.uint8], shape: tuple[int, int]
) -> tuple[Ints, Floats, NDArray[np.uint8]]:
    """Triangle, weights and thin coverage of one picture: solid surfaces first, hairs over them."""
    thin = np.isin(layers, THIN)
    solid = np.flatnonzero(~thin)
    base = raster.draw(points, triangles[solid], shape)
    triangle = np.where(base.triangle >= 0, solid[np.maximum(base.triangle, 0)], -1).astype(np.int32)
    if not thin.any():
        return triangle, base.weights, np.zeros(shape, dtype=np.uint8)
    hairs = np.flatnonzero(thin)
    fine = raster.draw(
        points * np.array([FINER, FINER, 1], np.float32), triangles[hairs], (shape[0] * FINER, shape[1] * FINER)
    )
    ahead = (fine.triangle >= 0) & (fine.depth < np.kron(base.depth, np.ones((FINER, FINER))) + 0.3)
    blocks = _blocks(ahead)
    cover = blocks.mean(-1)
    pick = blocks.argmax(-1)
    over = cover >= 0.5
    chosen = np.take_along_axis(_blocks(fine.triangle), pick[..., None], -1)[..., 0]
    weights = np.stack([_blocks(fine.weights[..., i]) for i in range(3)], axis=-1)
    chosen_weights = np.take_along_axis(weights, pick[..., None, None], -2)[..., 0, :]
    triangle = np.where(over, hairs[np.maximum(chosen, 0)], triangle).astype(np.int32)
    mixed = np.where(over[..., None], chosen_weights, base.weights)
    return triangle, mixed.astype(np.float32), np.round(cover * 255).astype(np.uint8)


def _blocks(fine: NDArray[np.generic]) -> NDArray[np.generic]:
    """(3 h, 3 w) -> (h, w, 9)."""
    height, width = fine.shape[0] // FINER, fine.shape[1] // FINER
    return fine.reshape(height, FINER, width, FINER).transpose(0, 2, 1, 3).reshape(height, width, FINER * FINER)
