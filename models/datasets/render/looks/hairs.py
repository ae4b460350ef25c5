"""Lashes and brows as strands, and strands as ribbons. Knows nothing of pictures.

A strand is five points from root to tip, (5, 3) mm in the head frame.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.datasets.render.heads.head import Floats, Head, Ints, Orbit
from relay.gaze.face import Side

POINTS = 5
ALONG = np.linspace(0, 1, POINTS)


@dataclass(frozen=True)
class Fringe:
    """The hairs of one lid. place: (h,) 0..1 from the outer to the inner corner. length: (h,) mm.

    lift, curl, lean: (h,) a hair's initial slope away from the opening, its curvature, and its outward slant.
    """

    upper: bool
    place: NDArray[np.float64]
    length: NDArray[np.float64]
    lift: NDArray[np.float64]
    curl: NDArray[np.float64]
    lean: NDArray[np.float64]

    @classmethod
    def draw(cls, upper: bool, random: np.random.Generator, fullness: float) -> "Fringe":
        """Random lashes. fullness 0..1: from sparse and short to mascara."""
        count = int((70 + 70 * fullness) * (1 if upper else 0.55))
        place = np.sort(random.uniform(0.02, 0.93, count))
        shape = (
            np.sin(np.pi * (0.18 + 0.78 * (1 - place))) ** 0.5 if upper else np.sin(np.pi * (0.1 + 0.8 * (1 - place)))
        )
        longest = (6.2 + 3.2 * fullness) if upper else (3.2 + 2.0 * fullness)
        length = longest * shape * random.uniform(0.65, 1.05, count)
        # Hairs of one clump share their direction.
        clump = np.round(place * (16 if upper else 12) + random.normal(0, 0.2, count)).astype(int)
        pulls = random.normal(0, 1, clump.max() + 2)[clump]
        lean = 0.75 * (0.55 - place) + 0.16 * pulls + random.normal(0, 0.07, count)
        lift = (-0.1 if upper else 0.15) + random.normal(0, 0.08, count)
        curl = (0.6 + 0.3 * fullness if upper else 0.15) + random.normal(0, 0.1, count)
        return cls(upper, place, length, lift, curl, lean)

    def grow(self, points: Floats, orbit: Orbit) -> Floats:
        """(h, 5, 3): the strands on this fitted head."""
        line = points[orbit.margin[: orbit.inner + 1]]
        if not self.upper:
            line = points[np.append(orbit.margin[orbit.inner :], orbit.margin[0])][::-1]
        root, tangent = _along(line, self.place)
        outward = root - orbit.centre
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        side = 1.0 if orbit.side is Side.RIGHT else -1.0  # the line runs from the outer corner to the inner
        away = np.cross(outward, tangent) * side
        away *= 1 if self.upper else -1
        lateral = -tangent
        start = outward + self.lift[:, None] * away + self.lean[:, None] * lateral
        start /= np.linalg.norm(start, axis=1, keepdims=True)
        way = ALONG[None, :, None] * start[:, None] + (ALONG**2)[None, :, None] * (self.curl[:, None] * away)[:, None]
        return np.asarray(root[:, None] + self.length[:, None, None] * way, dtype=np.float32)


def _along(line: Floats, place: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """Points and unit tangents at these shares of a polyline's length."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    at = np.append(0, np.cumsum(steps)) / steps.sum()
    point = np.column_stack([np.interp(place, at, line[:, axis]) for axis in range(3)])
    ahead = np.column_stack([np.interp(np.clip(place + 0.03, 0, 1), at, line[:, axis]) for axis in range(3)])
    behind = np.column_stack([np.interp(np.clip(place - 0.03, 0, 1), at, line[:, axis]) for axis in range(3)])
    tangent = ahead - behind
    tangent = tangent / np.linalg.norm(tangent, axis=1, keepdims=True)
    return point.astype(np.float32), tangent.astype(np.float32)


@dataclass(frozen=True)
class Brow:
    """Hairs that lie on the skin. strands: (h, 5, 3) mm on the head at rest; root: (h,) the vertex each follows."""

    strands: Floats
    root: Ints

    @classmethod
    def draw(cls, head: Head, orbit: Orbit, random: np.random.Generator, fullness: float) -> "Brow":
        """Above this eye: an arch, thick to the nose, thin to the temple."""
        count = int(90 + 190 * fullness)
        side = -1.0 if orbit.side is Side.RIGHT else 1.0
        place = random.uniform(0, 1, count)  # 0 at the nose
        across = random.uniform(-1, 1, count)
        height = random.normal(17.5, 1.2)
        x = orbit.centre[0] + side * (-15 + 34 * place)
        arch = random.uniform(2.0, 5.0)
        y = orbit.centre[1] + height + arch * np.sin(np.pi * np.clip(place * 0.85, 0, 1)) - 4.5 * place**2.5
        thick = (2.2 + 2.4 * fullness) * (1 - 0.72 * place**1.6)
        y = y + across * thick
        steep = 1.15 - 1.3 * np.clip(place * 1.4, 0, 1) - 0.35 * across + random.normal(0, 0.18, count)
        length = random.uniform(4, 7.5, count) * (1 - 0.3 * place)
        way = np.column_stack([side * np.cos(steep), np.sin(steep)])
        bend = np.column_stack([side * 0.35 * np.sin(steep), -0.35 * np.abs(np.sin(steep))])
        reach = length[:, None, None] * (
            ALONG[None, :, None] * way[:, None] + (ALONG**2)[None, :, None] * bend[:, None]
        )
        flat = np.column_stack([x, y])[:, None] + reach
        front = np.flatnonzero((head.rest[:, 2] > -12) & (np.abs(head.rest[:, 0] - orbit.centre[0]) < 40))
        depth, root = _drape(head.rest[front], flat)
        # Hairs do not follow the head around the forehead's edge.
        depth = np.clip(depth, depth[:, :1] - 2.5, depth[:, :1] + 2.5)
        lifted = depth + 0.15 + 0.5 * np.sin(np.pi * ALONG)[None]
        return cls(np.dstack([flat, lifted]).astype(np.float32), front[root].astype(np.int32))

    def grow(self, rest: Floats, points: Floats) -> Floats:
        """(h, 5, 3): the strands on the moved skin."""
        return np.asarray(self.strands + (points - rest)[self.root][:, None], dtype=np.float32)


def _drape(skin: Floats, flat: NDArray[np.float64]) -> tuple[NDArray[np.float64], Ints]:
    """(h, 5) depth of the skin at these (h, 5, 2) points, and the vertex nearest to each root."""
    depth = np.empty(flat.shape[:2])
    root = np.empty(len(flat), dtype=np.int32)
    for i, strand in enumerate(flat):
        distance = np.linalg.norm(skin[None, :, :2] - strand[:, None], axis=2)
        distance = distance + 0.3 * np.maximum(8 - skin[None, :, 2], 0)  # the front of the head, not its sides
        nearest = np.argsort(distance, axis=1)[:, :4]
        weight = 1 / (np.take_along_axis(distance, nearest, 1) + 0.3)
        depth[i] = (skin[nearest, 2] * weight).sum(1) / weight.sum(1)
        root[i] = nearest[0, 0]
    return depth, root


def ribbons(strands: Floats, width: float, facing: Floats) -> tuple[Floats, Ints]:
    """Flat ribbons, width mm at the root and a quarter of it at the tip, broad side to facing (3,).

    Returns (h * 10, 3) points and (h * 4, 4) quads.
    """
    tangent = np.gradient(strands, axis=1)
    across = np.cross(tangent, facing)
    across /= np.maximum(np.linalg.norm(across, axis=2, keepdims=True), 1e-6)
    half = width / 2 * (1 - 0.75 * ALONG)[None, :, None] * across
    points = np.stack([strands - half, strands + half], axis=2).reshape(-1, 3)
    base = (np.arange(len(strands)) * 2 * POINTS)[:, None] + 2 * np.arange(POINTS - 1)
    first = base.ravel()
    quads = np.column_stack([first, first + 1, first + 3, first + 2])
    return points.astype(np.float32), quads.astype(np.int32)
