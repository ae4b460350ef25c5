"""Similarity transforms (translation, rotation, scale) of points, and a robust fit of one to point pairs. Pure
arithmetic.

Points are complex numbers x + iy: a similarity is then a product and a sum.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relay.gaze.face import Points

Complex = NDArray[np.complex128]  # a point or a step as x + iy
MIN_POINTS = 6  # inliers needed


@dataclass(frozen=True)
class Similarity:
    """p -> turn * p + shift, on points as complex numbers."""

    turn: complex = 1 + 0j
    shift: complex = 0j

    def __call__(self, points: Points) -> Points:
        """(..., 2) pixels -> (..., 2) pixels."""
        moved = self.turn * complex_points(points) + self.shift
        return np.stack([moved.real, moved.imag], axis=-1).astype(np.float32)


def fit(before: Complex, after: Complex, tolerance: float) -> Similarity | None:
    """The similarity that maps most of the points `before` to `after`; None where fewer than 40 % are inliers.

    Iteratively reweighted least squares; an inlier is off by less than `tolerance` pixels.
    """
    if len(before) < MIN_POINTS:
        return None
    # A first estimate that is robust to outliers: the median step.
    steps = after - before
    off = np.abs(steps - complex(_median(steps.real), _median(steps.imag)))
    spread = max(2 * _median(off), tolerance)
    step = Similarity()
    for width in (spread, max(spread / 3, tolerance), tolerance):
        weights = 1 / (1 + (off / width) ** 2) ** 2
        step = _least_squares(before, after, weights)
        off = np.abs(step.turn * before + step.shift - after)
    inliers = int((off < tolerance).sum())
    return step if inliers >= max(MIN_POINTS, 0.4 * len(before)) else None


def _least_squares(before: Complex, after: Complex, weights: NDArray[np.float64]) -> Similarity:
    """The similarity with the least weighted squared residuals."""
    total = weights.sum()
    centre, target = (weights @ before) / total, (weights @ after) / total
    offsets = before - centre
    turn = (weights * offsets.conj()) @ (after - target) / max(float(weights @ np.abs(offsets) ** 2), 1e-9)
    return Similarity(complex(turn), complex(target - turn * centre))


def _median(values: NDArray[np.float64]) -> float:
    """The upper median of an even number; NumPy's takes longer than the rest of the fit."""
    return float(np.sort(values)[len(values) // 2])


def complex_points(points: NDArray[Any]) -> Complex:
    """(..., 2) -> (...) x + iy."""
    return np.asarray(points[..., 0] + 1j * points[..., 1])
