"""One person's head, ready to be posed. Plain data and arithmetic shared by all families of heads.

Head frame: millimetres, x to the person's left, y up, z out of the face, origin half-way between the eyes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.datasets.render.heads.subdivision import refine
from relay.gaze.face import Side

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]

BALL = 12.0  # mm, radius of an adult eyeball
LOWER_MOST = 0.5  # maximum upward movement of the lower lid over the upper one's; 0 to 0.65 in videos of people
MIDDLE = 0.17  # of an eye's width, to either side of its middle: where the aperture is measured
BLENDED = 4.0  # mm across the line between the corners over which the upper lid blends into the lower

# ARKit's names of the units that the renderer moves.
LID_UNITS = ("eyeBlink", "eyeLookUp", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeSquint", "eyeWide")
BROW_UNITS = ("browDown", "browOuterUp", "cheekSquint")
UNITS = (*(f"{name}{side}" for name in (*LID_UNITS, *BROW_UNITS) for side in ("Left", "Right")), "browInnerUp")


@dataclass(frozen=True)
class Orbit:
    """The position of an eyeball, and the edge of the lids around it.

    centre: (3,) mm. radius: mm. margin: vertices once around, from the outer corner over the upper lid;
    inner: the index of the inner corner in it.
    """

    side: Side
    centre: Floats
    radius: float
    margin: Ints
    inner: int

    def middle_of_lids(self, margin: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Masks of the margin's points, (m, 3), in the middle third of the upper and of the lower lid: (m,), (m,)."""
        x = margin[:, 0]
        middle = np.abs(x - (x[0] + x[self.inner]) / 2) < MIDDLE * np.abs(x[0] - x[self.inner])
        place = np.arange(len(x))
        return middle & (place < self.inner), middle & (place > self.inner)


@dataclass(frozen=True)
class Head:
    """rest: (n, 3) mm. units: ARKit name -> (n, 3) mm at full weight. quads: (q, 4) with uv (q, 4, 2).

    fine: (q,) which quads surround the eyes (labels are made from these). identity: family and number.
    """

    identity: str
    rest: Floats
    units: Mapping[str, Floats]
    quads: Ints
    uv: Floats
    fine: NDArray[np.bool_]
    orbits: tuple[Orbit, Orbit]

    def pose(self, weights: Mapping[str, float]) -> Floats:
        """(n, 3): the head with these face units at these weights."""
        posed = self.rest.copy()
        for name, weight in weights.items():
            if weight:
                posed += weight * self.units[name]
        return posed


@dataclass(frozen=True)
class Mesh:
    """A family's coarse mesh of one person. polygons: (f, 4), -1 last in a triangle. loops: lid margins, unordered."""

    rest: Floats
    units: Mapping[str, Floats]
    polygons: Ints
    uv: Floats
    loops: tuple[Ints, Ints]


@dataclass(frozen=True)
class Build:
    """A person's eye proportions: scale of the eye region, ball in mm, lid aperture over eye width."""

    scale: float
    radius: float
    openness: float

    @classmethod
    def draw(cls, random: np.random.Generator, scale: tuple[float, float]) -> Self:
        """Random proportions; scale between these two."""
        openness = float(np.clip(random.normal(0.325, 0.045), 0.23, 0.43))
        return cls(random.uniform(*scale), BALL * random.uniform(0.97, 1.03), openness)


def build(identity: str, mesh: Mesh, make: Build) -> Head:
    """Open the lids as requested, place the eyeballs, refine and scale the part around the eyes."""
    mesh = _rest_lids(mesh, make.openness)
    seats = np.stack([_seat(mesh.rest[loop], make.radius / make.scale) for loop in mesh.loops])
    origin = seats.mean(0)
    rest = mesh.rest - origin
    centres = seats - origin
    middle = rest[np.maximum(mesh.polygons, 0)].mean(1)
    near = (np.abs(middle[:, 0]) < 80) & (np.abs(middle[:, 1]) < 52) & (middle[:, 2] > -25)
    fine = refine(mesh.polygons[near], mesh.uv[near], len(rest))
    refined = fine.matrix @ rest
    coarse = mesh.polygons[~near]
    quads = np.vstack([fine.quads, np.where(coarse < 0, coarse[:, 2:3], coarse)])
    warped = _scale_eyes(refined, centres, make.scale)
    units = {
        name: (_scale_eyes(refined + fine.matrix @ delta, centres, make.scale) - warped).astype(np.float32)
        for name, delta in mesh.units.items()
    }
    orbits = [
        _orbit(side, warped, fine.loop(loop), centre, make.radius)
        for side, loop, centre in zip((Side.RIGHT, Side.LEFT), mesh.loops, centres, strict=True)
    ]
    for side, orbit in zip(("Right", "Left"), orbits, strict=True):
        units[f"eyeLookUp{side}"] = lower_calmed(units[f"eyeLookUp{side}"], warped, orbit)
    return Head(
        identity,
        warped.astype(np.float32),
        units,
        quads.astype(np.int32),
        np.vstack([fine.uv, mesh.uv[~near]]).astype(np.float32),
        np.arange(len(quads)) < len(fine.quads),
        (orbits[0], orbits[1]),
    )


def lower_calmed(unit: Floats, rest: Floats, orbit: Orbit) -> Floats:
    """The unit with the lower lid's movement limited to LOWER_MOST of the upper one's. (n, 3) mm."""
    upper, lower = (float(unit[orbit.margin][lid, 1].mean()) for lid in orbit.middle_of_lids(rest[orbit.margin]))
    if lower <= LOWER_MOST * max(upper, 0):
        return unit
    line = float(rest[orbit.margin[[0, orbit.inner]], 1].mean())
    below = np.clip((line + BLENDED / 2 - rest[:, 1:2]) / BLENDED, 0, 1)
    kept = LOWER_MOST * max(upper, 0) / lower
    return np.asarray(unit * (1 - below * (1 - kept)), dtype=np.float32)


def _scale_eyes(points: Floats, centres: Floats, scale: float) -> Floats:
    """Scale around both eyes, in full within 22 mm, not at all beyond 42 mm."""
    moved = points.copy()
    for centre in centres:
        away = points - centre
        distance = np.linalg.norm(away, axis=1, keepdims=True)
        share = np.clip((42 - distance) / 20, 0, 1)
        moved += away * (scale - 1) * share * share * (3 - 2 * share)
    return moved


def _orbit(side: Side, points: Floats, loop: Ints, centre: Floats, radius: float) -> Orbit:
    """Rotate the loop so that it starts at the outer corner and goes over the upper lid first."""
    outward = -1 if side is Side.RIGHT else 1
    along = points[loop, 0] * outward
    loop = np.roll(loop, -int(along.argmax()))
    inner = int((points[loop, 0] * outward).argmin())
    height = points[loop, 1]
    if height[1:inner].mean() < height[inner + 1 :].mean():
        loop = np.concatenate([loop[:1], loop[:0:-1]])
        inner = len(loop) - inner
    return Orbit(side, centre.astype(np.float32), radius, loop.astype(np.int32), inner)


def order(pairs: Iterable[tuple[int, int]]) -> Ints:
    """The edges of one closed loop as its vertices in order. Raises ValueError where they are not one loop."""
    beside: dict[int, list[int]] = {}
    for a, b in pairs:
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)
    start = min(beside)
    loop = [start, min(beside[start])]
    while len(loop) < len(beside):
        following = [v for v in beside[loop[-1]] if v != loop[-2]]
        if len(following) != 1:
            raise ValueError("the edges are not one loop")
        loop += following
    return np.array(loop, dtype=np.int32)


def edges(polygons: Ints) -> NDArray[np.int64]:
    """(e, 2) the edges of all polygons, smaller vertex first; shared edges are repeated."""
    closed = np.where(polygons < 0, polygons[:, :1], polygons)
    pairs = np.stack([closed, np.roll(closed, -1, axis=1)], axis=-1).reshape(-1, 2)
    return np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1).astype(np.int64)


def _rest_lids(mesh: Mesh, openness: float) -> Mesh:
    """Bake the part of the blink that gives this aperture into the rest shape; the remainder is the new blink."""
    rest, units = mesh.rest.copy(), dict(mesh.units)
    for loop, name in zip(mesh.loops, ("eyeBlinkRight", "eyeBlinkLeft"), strict=True):
        blink = units[name]
        open_now, open_after = (_aperture(points[loop])[0] for points in (rest, rest + 0.4 * blink))
        wanted = openness * float(np.ptp(rest[loop, 0]))
        share = float(np.clip(0.4 * (open_now - wanted) / max(open_now - open_after, 0.1), -0.5, 0.6))
        rest += share * blink
        units[name] = (1 - share) * blink
    return replace(mesh, rest=rest, units=units)


def _aperture(margin: Floats) -> tuple[float, float]:
    """Height of the opening in the middle of the eye, and the height of its middle, mm."""
    x = margin[:, 0] - (margin[:, 0].min() + margin[:, 0].max()) / 2
    y = margin[np.abs(x) < MIDDLE * np.ptp(x), 1]
    upper, lower = y[y > y.mean()].mean(), y[y <= y.mean()].mean()
    return float(upper - lower), float(upper + lower) / 2


def _seat(margin: Floats, radius: float) -> Floats:
    """The centre (3,) of the ball that fits this lid margin best (least squares, Gauss-Newton).

    Its height follows from the aperture: the upper lid covers a little of the iris, the lower one just touches it.
    """
    centre = margin.mean(0) - np.array([0, 0, 9], dtype=np.float32)
    centre[1] = _aperture(margin)[1] + 0.9
    for _ in range(20):
        away = margin - centre
        distance = np.linalg.norm(away, axis=1)
        step = np.linalg.lstsq(-away[:, ::2] / distance[:, None], radius + 0.9 - distance, rcond=None)[0]
        centre = centre + np.array([step[0], 0, step[1]], dtype=np.float32)
    return np.asarray(centre, dtype=np.float32)
