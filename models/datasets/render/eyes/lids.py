"""Fits the lids to the eyeball: they touch it in every pose, slide over the cornea, and meet when closed.

Knows nothing of pictures. All lengths in millimetres, in the head frame (see head).
"""

from dataclasses import dataclass

import numpy as np

from models.datasets.render.eyes.eyeball import surface
from models.datasets.render.heads.head import Floats, Head, Ints, Orbit
from relay.gaze.face import Side

THICKNESS = 1.0  # from the eyeball to the outer edge of the lid
REACH = 7.0  # distance over which a correction of the margin moves the skin around it
PULL = 2.6  # largest distance by which a margin is pulled to the ball


@dataclass(frozen=True)
class Lids:
    """One eye's lids. near: skin vertices that follow; weights: (near, margin)."""

    orbit: Orbit
    near: Ints
    weights: Floats

    @classmethod
    def of(cls, head: Head, orbit: Orbit) -> "Lids":
        """Compute the weights from the skin around this eye at rest."""
        margin = head.rest[orbit.margin]
        near = np.flatnonzero(np.linalg.norm(head.rest - margin.mean(0), axis=1) < 30)
        distance = np.linalg.norm(head.rest[near, None] - margin[None], axis=2)
        closest = distance.min(1, keepdims=True)
        weights = np.exp(-((distance**2 - closest**2) / (0.6 * closest + 1.0) ** 2)) + 1e-9
        weights *= np.exp(-((closest / REACH) ** 2)) / weights.sum(1, keepdims=True)
        at = np.flatnonzero(np.isin(near, orbit.margin))
        weights[at] = near[at, None] == orbit.margin[None]
        return cls(orbit, near.astype(np.int32), weights.astype(np.float32))

    def fit(self, points: Floats, optic: Floats) -> Floats:
        """(n, 3) a posed head -> the same with this eye's lids on the ball. optic: (3,) where the cornea points."""
        margin = points[self.orbit.margin]
        moved = _close(margin, self.orbit)
        away = moved - self.orbit.centre
        distance = np.linalg.norm(away, axis=1, keepdims=True)
        excess = distance[:, 0] - surface(away / distance, optic, self.orbit.radius) - THICKNESS
        pulled = np.where(excess > 0, PULL * np.tanh(excess / PULL), excess)
        moved = moved - away / distance * pulled[:, None]
        fitted = points.copy()
        fitted[self.near] += self.weights @ (moved - margin)
        return self._push_out(fitted, optic)

    def _push_out(self, points: Floats, optic: Floats) -> Floats:
        """Move skin out of the ball and the cornea."""
        away = points[self.near] - self.orbit.centre
        distance = np.linalg.norm(away, axis=1, keepdims=True)
        least = surface(away / distance, optic, self.orbit.radius)[:, None] + THICKNESS
        ahead = away[:, 2:] > 0
        points[self.near] += np.where(ahead, np.maximum(least - distance, 0), 0) * away / distance
        return points

    def rim(self, points: Floats, optic: Floats) -> Floats:
        """(3 * m, 3): the lids' edges as three rings: outer edge, rounded, and behind the ball's surface."""
        margin = points[self.orbit.margin]
        away = margin - self.orbit.centre
        distance = np.linalg.norm(away, axis=1, keepdims=True)
        on_ball = surface(away / distance, optic, self.orbit.radius)[:, None]
        inner = self.orbit.centre + away / distance * (on_ball - 0.4)
        # The edge is rounded: its middle reaches a little further into the opening.
        centre = margin.mean(0)
        towards = centre - margin
        towards /= np.linalg.norm(towards, axis=1, keepdims=True)
        middle = (margin + inner) / 2 + 0.12 * towards
        return np.vstack([margin, middle, inner]).astype(np.float32)


def rim_quads(count: int) -> Ints:
    """(2 * count, 4): the quads of `Lids.rim`, of consistent orientation."""
    ring = np.arange(count)
    after = (ring + 1) % count
    bands = [np.column_stack([ring + a, after + a, after + b, ring + b]) for a, b in ((0, count), (count, 2 * count))]
    return np.vstack(bands).astype(np.int32)


def corner_flesh() -> tuple[Floats, Ints]:
    """Points and quads of the flesh in the inner corner: an ellipsoid, 3 by 2.4 by 2 mm, about the origin."""
    rows, columns = 7, 12
    up = np.linspace(-np.pi / 2, np.pi / 2, rows)
    around = 2 * np.pi * np.arange(columns) / columns
    ring = np.stack([np.cos(up)[:, None] * np.cos(around), np.cos(up)[:, None] * np.sin(around)], -1)
    points = np.dstack([ring, np.broadcast_to(np.sin(up)[:, None], (rows, columns))]).reshape(-1, 3)
    row, column = np.divmod(np.arange((rows - 1) * columns), columns)
    after = (column + 1) % columns
    base = row * columns
    quads = np.column_stack([base + column, base + after, base + columns + after, base + columns + column])
    return (points * np.array([1.5, 1.2, 1.0])).astype(np.float32), quads.astype(np.int32)


def _close(margin: Floats, orbit: Orbit) -> Floats:
    """Move lids that cross back to where they meet."""
    outward = -1.0 if orbit.side is Side.RIGHT else 1.0
    upper = np.arange(1, orbit.inner)
    lower = np.arange(orbit.inner, len(margin))
    x = margin[:, 0] * outward
    ends = np.append(lower, 0)
    rising = ends[np.argsort(x[ends])]
    floor = np.interp(x[upper], x[rising], margin[rising, 1])
    depth = np.interp(x[upper], x[rising], margin[rising, 2])
    below = np.maximum(floor - margin[upper, 1], 0)
    moved = margin.copy()
    moved[upper, 1] += below
    moved[upper, 2] += np.where(below > 0, 0.7 * (depth - margin[upper, 2]), 0)
    return moved


def closing(margin: Floats, orbit: Orbit) -> float:
    """The remaining opening in the middle of the eye, mm: mean height between the lids."""
    moved = _close(margin, orbit)
    upper, lower = orbit.middle_of_lids(moved)
    return float(moved[upper, 1].mean() - moved[lower, 1].mean())
