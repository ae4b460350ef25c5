"""Occluders that do not move with the eyes: glasses, and hair over the brow. Head frame, millimetres."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.datasets.render.heads.head import Floats, Head, Ints
from models.datasets.render.looks.hairs import ALONG

SIDES = 8  # of a tube


@dataclass(frozen=True)
class Frames:
    """A pair of glasses. width, height: of one lens; bar: radius of the rim; all mm. power: how square.

    full: 1 a full rim, 0 only above. away: from the cornea's apex to the lens.
    """

    width: float
    height: float
    power: float
    bar: float
    full: bool
    away: float
    drop: float
    tilt: float

    @classmethod
    def draw(cls, random: np.random.Generator) -> "Frames":
        """A random common pair."""
        thick = random.uniform() < 0.5
        return cls(
            width=random.uniform(46, 54),
            height=random.uniform(30, 44),
            power=random.uniform(2.2, 4.0),
            bar=random.uniform(0.9, 1.8) if thick else random.uniform(0.35, 0.7),
            full=bool(thick or random.uniform() < 0.7),
            away=random.uniform(11, 14),
            drop=random.uniform(0, 4),
            tilt=random.uniform(4, 10),
        )

    def rim(self, head: Head) -> tuple[Floats, Ints]:
        """Points and quads of rims, bridge and temples."""
        pieces = []
        for sign, orbit in zip((-1, 1), head.orbits, strict=True):
            outline = self._outline(head, sign)
            if self.full:
                pieces.append(_tube(np.vstack([outline, outline[:2]]), self.bar))
            else:
                pieces.append(_tube(outline[len(outline) // 2 :][::-1][: len(outline) // 2], self.bar))
            hinge = outline[np.argmax(outline[:, 0] * sign)] + np.array([0, self.height * 0.2, 0])
            back = np.array([sign * (abs(hinge[0]) + 7), hinge[1] + 2, orbit.centre[2] - 95])
            out = hinge + np.array([sign * 5, 0, -2])
            pieces.append(_tube(np.array([hinge, (hinge + out) / 2, out, back]), self.bar * 1.1))
        right, left = (self._outline(head, sign) for sign in (-1, 1))
        ends = right[np.argmax(right[:, 0])], left[np.argmin(left[:, 0])]
        t = np.linspace(0, 1, 9)[:, None]
        bridge = ends[0] * (1 - t) + ends[1] * t + np.array([0, 4.0, 2.0]) * np.sin(np.pi * t) + np.array([0, 3.0, 0])
        return _join([*pieces, _tube(bridge, self.bar)])

    def lenses(self, head: Head) -> tuple[Floats, Ints]:
        """Points and quads of both lenses: a little convex."""
        pieces = []
        for sign in (-1, 1):
            outline = self._outline(head, sign)
            middle = outline.mean(0)
            rings = [
                middle + share * (outline - middle) + np.array([0, 0, 2.0 * (1 - share**2)]) for share in (1, 0.6, 0.2)
            ]
            count = len(outline)
            ring = np.arange(count)
            after = (ring + 1) % count
            quads = [np.column_stack([ring + a, after + a, after + a + count, ring + a + count]) for a in (0, count)]
            quads.append(
                np.column_stack(
                    [ring + 2 * count, after + 2 * count, np.full(count, 3 * count), np.full(count, 3 * count)]
                )
            )
            pieces.append((np.vstack([*rings, middle + np.array([0, 0, 2.0])]), np.vstack(quads)))
        return _join(pieces)

    def _outline(self, head: Head, sign: int) -> NDArray[np.float64]:
        """(40, 3) once around one lens, lower half first."""
        orbit = head.orbits[0 if sign < 0 else 1]
        angle = -np.pi * np.arange(40) / 20
        x, y = np.cos(angle), np.sin(angle)
        x, y = (np.sign(v) * np.abs(v) ** (2 / self.power) for v in (x, y))
        y = np.where(y < 0, y, y * 0.85)
        plane = np.column_stack([x * self.width / 2 + sign * 1.5, y * self.height / 2 - self.drop])
        depth = 13.3 + self.away - np.tan(np.radians(self.tilt)) * -plane[:, 1] - 0.06 * np.abs(plane[:, 0])
        depth = depth - 0.004 * (plane[:, 0] + sign * 30) ** 2 * 0.5
        return np.asarray(orbit.centre + np.column_stack([plane, depth]), dtype=np.float64)


def locks(head: Head, random: np.random.Generator) -> Floats:
    """(h, 5, 3) strands from above over the brow, to one side, down to the lashes at most."""
    side = random.choice([-1.0, 1.0])
    clumps, hairs = int(random.uniform(3, 22)), 9
    count = clumps * hairs
    middle, spread = side * random.uniform(5, 40), random.uniform(6, 26)
    sway = random.normal(0, 0.9, (count, 2))
    top = np.repeat(middle + random.normal(0, spread, clumps), hairs) + sway[:, 0]
    sweep = side * random.uniform(-6, 22) + np.repeat(random.normal(0, 3, clumps), hairs) + sway[:, 1]
    low = random.uniform(6, 20) + np.repeat(random.normal(0, 5, clumps), hairs) + random.normal(0, 1.5, count)
    high = 62.0
    bend = random.uniform(-1, 1) * 9 * np.sin(np.pi * ALONG)
    x = top[:, None] + sweep[:, None] * ALONG + bend + random.normal(0, 0.7, (count, 1)) * ALONG
    y = high + (low[:, None] - high) * ALONG
    front = head.rest[(head.rest[:, 2] > -10) & (np.abs(head.rest[:, 0]) < 75) & (head.rest[:, 1] > -10)]
    depth = np.empty_like(x)
    for i in range(count):
        distance = np.abs(front[None, :, 0] - x[i][:, None]) + np.abs(front[None, :, 1] - y[i][:, None])
        depth[i] = front[distance.argmin(1), 2]
    # Hair bridges the eye socket: it never falls behind the brow.
    depth = np.maximum.accumulate(depth, axis=1) + random.uniform(3.0, 7.0) + random.normal(0, 0.7, (count, 1))
    return np.stack([x, y, depth], axis=-1).astype(np.float32)


def _tube(path: NDArray[np.float64], radius: float) -> tuple[Floats, Ints]:
    """A tube along (n, 3) points."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    first = np.cross(along, np.array([0.0, 0.0, 1.0]))
    weak = np.linalg.norm(first, axis=1) < 0.2
    first[weak] = np.cross(along[weak], np.array([0.0, 1.0, 0.0]))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(along, first)
    angle = 2 * np.pi * np.arange(SIDES) / SIDES
    circle = np.cos(angle)[None, :, None] * first[:, None] + np.sin(angle)[None, :, None] * second[:, None]
    points = (path[:, None] + radius * circle).reshape(-1, 3)
    row, column = np.divmod(np.arange((len(path) - 1) * SIDES), SIDES)
    after = (column + 1) % SIDES
    base = row * SIDES
    quads = np.column_stack([base + column, base + after, base + SIDES + after, base + SIDES + column])
    return points.astype(np.float32), quads.astype(np.int32)


def _join(pieces: Sequence[tuple[NDArray[np.floating], NDArray[np.integer]]]) -> tuple[Floats, Ints]:
    """Several meshes as one."""
    starts = np.cumsum([0, *(len(points) for points, _ in pieces)])[:-1]
    points = np.vstack([points for points, _ in pieces]).astype(np.float32)
    quads = np.vstack([quads + start for (_, quads), start in zip(pieces, starts, strict=True)])
    return points, quads.astype(np.int32)
