"""Similarity transforms (move, turn, scale) of points, and the one that most of a set of steps agree on. Pure
arithmetic.

Points are complex numbers x + iy: a similarity is then a product and a sum.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relay.gaze.face import Points

Complex = NDArray[np.complex128]  # a point or a step as x + iy: a similarity transform is then a product and a sum
FEWEST = 6  # points that must agree


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
    """The similarity that takes most of the points `before` to `after`; None where fewer than half of them agree.

    Least squares, again and again with less weight on what lies far off, in pixels of `tolerance`.
    """
    if len(before) < FEWEST:
        return None
    # A first guess that a few wild points cannot spoil: the median step.
    steps = after - before
    off = np.abs(steps - complex(_median(steps.real), _median(steps.imag)))
    spread = max(2 * _median(off), tolerance)
    step = Similarity()
    for width in (spread, max(spread / 3, tolerance), tolerance):
        weights = 1 / (1 + (off / width) ** 2) ** 2
        step = _least_squares(before, after, weights)
        off = np.abs(step.turn * before + step.shift - after)
    agreeing = int((off < tolerance).sum())
    return step if agreeing >= max(FEWEST, 0.4 * len(before)) else None


def _least_squares(before: Complex, after: Complex, weights: NDArray[np.float64]) -> Similarity:
    """The similarity with the least weighted squares of what remains."""
    total = weights.sum()
    middle, target = (weights @ before) / total, (weights @ after) / total
    spokes = before - middle
    turn = (weights * spokes.conj()) @ (after - target) / max(float(weights @ np.abs(spokes) ** 2), 1e-9)
    return Similarity(complex(turn), complex(target - turn * middle))


def _median(values: NDArray[np.float64]) -> float:
    """The upper one of an even number; NumPy's takes longer than all the rest of the fit."""
    return float(np.sort(values)[len(values) // 2])


def complex_points(points: NDArray[Any]) -> Complex:
    """(..., 2) -> (...) x + iy."""
    return np.asarray(points[..., 0] + 1j * points[..., 1])
