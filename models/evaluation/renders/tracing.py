"""Traces a field: where each place of the output comes from, and where a part of the input moves.

A field is a backward map in two layers, so the iris's new position is not given directly. It is fitted to all places
of the output that show the iris, each weighted by how much of it it shows, with the masks of both layers.
Knows nothing of pictures or labels; everything is in eye coordinates (relay/gaze/spec.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from relay.gaze.eye_crop import maps
from relay.gaze.face import Eye, Field
from relay.gaze.geometry import Matrix, Patch, ellipse, nodes, to_nodes
from relay.gaze.spec import EXTENT, GRID

Floats = NDArray[np.float64]

FINE = (GRID[0] * 2, GRID[1] * 2)  # of the grid on which fields are read
STIFFNESS = 0.02  # regularisation of an iris fit towards its original shape
LOOSE = 0.01  # eye widths, one degree: deviation from an affine map above which a residual counts linearly
ROUNDS = 6
FEWEST = 0.10  # share of an iris that must be visible to locate it
REACH = 0.03  # eye widths around a point within which samples count for the point


@dataclass(frozen=True)
class Region:
    """A weight 0..1 for each place: values (h, w), and the affine (2, 3) from eye coordinates to (column, row)."""

    values: NDArray[np.float32]
    to_index: Matrix

    @classmethod
    def of_pixels(cls, values: NDArray[np.generic], patch: Patch) -> Self:
        """Weights of the pixels of an image. patch: the eye's patch in it."""
        return cls(values.astype(np.float32), np.column_stack([patch.basis, patch.centre - 0.5]))

    def __call__(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """(n, 2) -> (n,), bilinear, 0 outside."""
        return _read(self.values, points, self.to_index)

    def without_rim(self, width: float) -> Self:
        """The region eroded by so many eye widths."""
        across = max(1, round(2 * width * float(np.hypot(*self.to_index[:, 0])))) | 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (across, across))
        return type(self)(np.asarray(cv2.erode(self.values, kernel), dtype=np.float32), self.to_index)


def opening_of(eye: Eye, patch: Patch) -> Region:
    """Between the lids, by landmarks."""
    return Region(maps(eye, patch)[1], to_nodes(GRID))


def iris_of(eye: Eye, patch: Patch) -> Region:
    """The part of the iris that the lids leave free, by landmarks."""
    return Region(maps(eye, patch).min(0), to_nodes(GRID))


@dataclass(frozen=True)
class Trace:
    """n places of the output: at (n, 2); what it shows of the ball and of the rest comes from (n, 2) and (n, 2), in
    the shares mask (n,) and 1 - mask.
    """

    at: Floats
    ball: Floats
    rest: Floats
    mask: Floats

    def layers(self) -> Iterator[tuple[Floats, Floats]]:
        """Sources and shares, of the ball and of the rest."""
        yield self.ball, self.mask
        yield self.rest, 1 - self.mask

    def shown(self, region: Region) -> Floats:
        """(n,) how much of the region each place shows."""
        return np.asarray(sum(share * region(source) for source, share in self.layers()))

    def steps(self) -> Floats:
        """(n,) displacement of what each place shows, eye widths: the mean of both layers."""
        return np.asarray(sum(share * np.hypot(*(source - self.at).T) for source, share in self.layers()))


def trace(field: Field, points: NDArray[np.floating] | None = None) -> Trace:
    """Trace the field at (n, 2) places, sampled as the warp does; on a fine grid where none are given."""
    at = _grid() if points is None else np.asarray(points, dtype=np.float64)
    outside = ellipse(at) >= 1
    flow, rest = (
        np.zeros_like(at)
        if steps is None
        else np.column_stack([_read(steps[..., axis], at, to_nodes(field.mask.shape)) for axis in range(2)])
        for steps in (field.flow, field.rest)
    )
    mask = _read(field.mask, at, to_nodes(field.mask.shape)).astype(np.float64)
    mask[outside], rest[outside] = 0, 0
    return Trace(at, at + flow, at + rest, mask)


def find_disc(field: Trace, iris: Region, centre: NDArray[np.floating], radius: float) -> Floats | None:
    """The new centre of the disc whose centre was at centre: (2,), or None where too little of it is visible.

    iris: the part of it that the input shows. field: on the fine grid. Fits an affine map from the input to the output
    and evaluates it at the centre. So the centre is found even where lids hide a part, whether the disc was moved
    rigidly or foreshortened. The loss is Huber's with threshold LOOSE: smearing at a lid does not bias the centre, and
    two copies of equal strength give the point between them.
    """
    sources, moves, weights = _carried(field, iris)
    if float(weights.sum()) * _cell() < FEWEST * np.pi * radius**2:
        return None
    design = np.column_stack([np.ones(len(sources)), sources - centre])
    counted = weights
    for _ in range(ROUNDS):
        weighted = design * counted[:, None]
        ridge = np.diag([0, 1, 1]) * STIFFNESS * float(counted.sum()) * radius**2
        fitted = np.linalg.solve(weighted.T @ design + ridge, weighted.T @ moves)
        residual = np.hypot(*(moves - design @ fitted).T)
        counted = weights * np.minimum(1, LOOSE / np.maximum(residual, LOOSE))
    return np.asarray(centre + fitted[0])


def move_at(field: Trace, points: NDArray[np.floating]) -> Floats:
    """(n, 2) -> (n, 2): displacement of these points of the input. NaN where the output no longer shows them."""
    sources, moves, shares = _carried(field, None)
    squared = ((points[:, None] - sources) ** 2).sum(-1)
    weights = shares * np.exp(-squared / (2 * REACH**2))
    total = weights.sum(-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total * _cell() > REACH**2, (weights @ moves) / total, np.nan)


def ghost(field: Field) -> float:
    """Distance of the two layers' sources where both are visible, eye widths: the offset of a double image.

    0 for a binary mask.
    """
    mixed = (field.mask > 0.2) & (field.mask < 0.8) & (ellipse(nodes(field.mask.shape)) < 1)
    apart = field.flow if field.rest is None else field.flow - field.rest
    return float(np.hypot(*apart[mixed].T).mean()) if mixed.any() else 0.0


def _carried(field: Trace, region: Region | None) -> tuple[Floats, Floats, Floats]:
    """Of both layers: sources, displacements from there to the output, weights."""
    parts = [
        (source, field.at - source, share * (1.0 if region is None else region(source)))
        for source, share in field.layers()
    ]
    sources, moves, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    seen = weights > 1e-3
    return sources[seen], moves[seen], weights[seen]


def _read(values: NDArray[np.float32], points: NDArray[np.floating], to_index: Matrix) -> NDArray[np.float32]:
    """Bilinear, 0 outside, as the warp samples a field. In rows of points, since OpenCV takes at most 32767 at once."""
    index = (points @ to_index[:, :2].T + to_index[:, 2]).astype(np.float32)
    read = [
        cv2.remap(values, part[:, :1], part[:, 1:], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
        for part in np.array_split(index, len(index) // 30_000 + 1)
    ]
    return np.asarray(np.concatenate(read)[:, 0], dtype=np.float32)


@lru_cache(maxsize=1)
def _grid() -> Floats:
    grid = nodes(FINE).reshape(-1, 2).astype(np.float64)
    grid.setflags(write=False)
    return grid


def _cell() -> float:
    """Area of one cell of the fine grid, squared eye widths."""
    return EXTENT[0] * EXTENT[1] / (FINE[0] * FINE[1])
