"""A posed person: every mesh that is rendered or labelled. Knows nothing of Blender's scene.

Built once per scene; `Body.pose` then gives new positions for the same meshes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.datasets.render.blender.view import angles, direction
from models.datasets.render.eyes import eyeball, shadows
from models.datasets.render.eyes.eyeball import Ball
from models.datasets.render.eyes.lids import Lids, closing, corner_flesh, rim_quads
from models.datasets.render.heads.head import Floats, Ints, Orbit
from models.datasets.render.heads.person import Person
from models.datasets.render.looks import worn
from models.datasets.render.looks.hairs import ribbons
from models.datasets.render.looks.materials import (
    BallMaterial,
    ClearMaterial,
    FleshMaterial,
    Material,
    Plain,
    SkinMaterial,
)
from models.datasets.synthetic.labels import Layer
from relay.gaze.face import Side

FORWARD = np.array([0.0, 0.0, 1.0])
LOCK_WIDTH = 0.24  # mm: a few hairs together
MOST_FOLLOWING = 2.2  # maximum weight of eyeLookUp and eyeLookDown: above it they distort the skin


@dataclass(frozen=True)
class Dress:
    """What a person wears in one scene. pupil: radius, mm. reflection: 0..1 of the cornea's mirror."""

    pupil: float
    reflection: float
    bump: float
    mottle: float
    glasses: worn.Frames | None
    frame_colour: tuple[float, float, float]
    lens: float
    locks: Floats | None
    picture: Floats | None  # of the skin, sRGB


@dataclass(frozen=True)
class Look:
    """One picture's pose. target: the point that both eyes look at, head frame, mm.

    closed: 0 as open as the gaze implies, 1 shut. lid_gain: the upper lid's vertical movement over the iris's.
    expression: face units.
    """

    target: NDArray[np.float64]
    closed: float
    lid_gain: float
    expression: Mapping[str, float]


@dataclass(frozen=True)
class Part:
    """A mesh of the scene. layers: (q,) or None for unlabelled transparent meshes."""

    name: str
    points: Floats
    quads: Ints
    material: Material
    layers: NDArray[np.uint8] | None
    uv: Floats | None = None


@dataclass(frozen=True)
class EyePose:
    """Ground truth of one posed eye, head frame. sight, optic: unit vectors. margin: (m, 3) the lids' edge.

    iris: (3,) centre; iris_rim: (32, 3). closed: 0..1 of this gaze's opening.
    """

    orbit: Orbit
    sight: NDArray[np.float64]
    optic: NDArray[np.float64]
    margin: Floats
    iris: Floats
    iris_rim: Floats


class Body:
    """A dressed person. parts() at rest; pose() moves them."""

    def __init__(self, person: Person, dress: Dress, random: np.random.Generator) -> None:
        """Prepare the lids and build all meshes other than the head."""
        self.person, self.dress = person, dress
        self._lids = [Lids.of(person.head, orbit) for orbit in person.head.orbits]
        self._ball: Ball = eyeball.make(dress.pupil)
        self._flesh = corner_flesh()
        self._noise = float(random.uniform(0, 500))

    def pose(self, look: Look) -> tuple[dict[str, Floats], list[EyePose]]:
        """Positions of all parts in the head frame, by name, and the ground truth of both eyes."""
        head = self.person.head
        sights = [_unit(look.target - orbit.centre) for orbit in head.orbits]
        optics = [self._optic(sight, orbit) for sight, orbit in zip(sights, head.orbits, strict=True)]
        points = head.pose(self._units(look, sights))
        for lids, optic in zip(self._lids, optics, strict=True):
            points = lids.fit(points, optic.astype(np.float32))
        placed = {"skin": points}
        eyes = []
        for index, (lids, sight, optic) in enumerate(zip(self._lids, sights, optics, strict=True)):
            placed.update(self._place_eye(index, lids, optic, points))
            turn = eyeball.turned(optic) * (lids.orbit.radius / eyeball.RADIUS)
            iris = lids.orbit.centre + turn @ np.array([0, 0, eyeball.IRIS_DEPTH])
            around = np.linspace(0, 2 * np.pi, 32, endpoint=False)
            ring = np.column_stack([np.cos(around), np.sin(around), np.zeros(32)]) * eyeball.IRIS_RADIUS
            rim = lids.orbit.centre + (ring + np.array([0, 0, eyeball.IRIS_DEPTH])) @ turn.T
            eyes.append(EyePose(lids.orbit, sight, optic, points[lids.orbit.margin], iris, rim))
        placed.update(self._place_worn())
        return placed, eyes

    def shades(self, placed: Mapping[str, Floats]) -> dict[str, Floats]:
        """Shadow factors of the vertices of balls, lid edges and corners, by part, (n, 3)."""
        shades: dict[str, Floats] = {}
        for orbit in self.person.head.orbits:
            ball = shadows.on_ball(placed[f"ball-{orbit.side}"], placed["skin"], orbit)
            shades |= {f"ball-{orbit.side}": ball, f"iris-{orbit.side}": ball}
            shades[f"rim-{orbit.side}"] = shadows.on_rim(orbit)
            shades[f"flesh-{orbit.side}"] = np.full_like(placed[f"flesh-{orbit.side}"], 0.8)
        return shades

    def parts(self, placed: Mapping[str, Floats]) -> list[Part]:
        """All meshes with their materials, at these positions."""
        head, dress, skin = self.person.head, self.dress, self.person.skin
        material = SkinMaterial(skin.shine, dress.mottle, skin.freckles, dress.bump, self._noise, dress.picture)
        parts = [Part("skin", placed["skin"], head.quads, material, _same(Layer.SKIN, head.quads), head.uv)]
        for orbit in head.orbits:
            parts += self._eye_parts(orbit, placed)
        if dress.glasses is not None:
            frame = Plain(dress.frame_colour, 0.25, 0.5)
            quads = dress.glasses.rim(head)[1]
            parts.append(Part("frame", placed["frame"], quads, frame, _same(Layer.GLASSES, quads)))
            lens = ClearMaterial(dress.lens)
            parts.append(Part("lens", placed["lens"], dress.glasses.lenses(head)[1], lens, None))
        if dress.locks is not None:
            quads = ribbons(dress.locks, LOCK_WIDTH, FORWARD)[1]
            parts.append(
                Part("locks", placed["locks"], quads, Plain(self.person.hair, 0.45, 0.15), _same(Layer.HAIR, quads))
            )
        return parts

    def _eye_parts(self, orbit: Orbit, placed: Mapping[str, Floats]) -> list[Part]:
        """Ball, cornea, lid edges, flesh of the inner corner, lashes and brow of one eye."""
        ball, side, base = self._ball, orbit.side, self.person.skin.base
        # Lid edges and corner are wet and reddish, browner with dark skin.
        wet = np.clip(base**0.6 * np.array([0.85, 0.52, 0.47]), 0, 1)
        edge, flesh = FleshMaterial(_colour(wet)), FleshMaterial(_colour(wet * np.array([1.0, 0.75, 0.75])))
        lash = Plain(
            tuple(0.6 * np.array(self.person.hair)) if not self.person.skin.makeup.mascara else (0.004,) * 3, 0.5, 0.2
        )
        rim = rim_quads(len(orbit.margin))
        cornea = ClearMaterial(self.dress.reflection)
        found = [
            self._ball_part(f"ball-{side}", placed, ~ball.iris, Layer.WHITE, 0.4),
            self._ball_part(f"iris-{side}", placed, ball.iris, Layer.IRIS, 0.05),
            Part(f"cornea-{side}", placed[f"cornea-{side}"], ball.cornea_quads, cornea, None),
            Part(f"rim-{side}", placed[f"rim-{side}"], rim, edge, _same(Layer.SKIN, rim)),
            Part(f"flesh-{side}", placed[f"flesh-{side}"], self._flesh[1], flesh, _same(Layer.SKIN, self._flesh[1])),
        ]
        for name in ("upper", "lower"):
            quads = _ribbon_quads(placed[f"{name}-{side}"])
            found.append(Part(f"{name}-{side}", placed[f"{name}-{side}"], quads, lash, _same(Layer.LASHES, quads)))
        quads = _ribbon_quads(placed[f"brow-{side}"])
        return [*found, Part(f"brow-{side}", placed[f"brow-{side}"], quads, Plain(self.person.hair, 0.5, 0.3), None)]

    def _ball_part(
        self, name: str, placed: Mapping[str, Floats], which: NDArray[np.bool_], layer: Layer, shine: float
    ) -> Part:
        """The sclera, or the iris under the cornea: both have all points of the ball."""
        quads, material = self._ball.quads[which], BallMaterial(self.person.ball, shine)
        return Part(name, placed[name], quads, material, _same(layer, quads), self._ball.uv[which])

    def _place_eye(self, index: int, lids: Lids, optic: NDArray[np.float64], points: Floats) -> dict[str, Floats]:
        orbit, person = lids.orbit, self.person
        scale = orbit.radius / eyeball.RADIUS
        turn = (eyeball.turned(optic) * scale).T.astype(np.float32)
        side = orbit.side
        mascara = person.skin.makeup.mascara
        upper, lower = person.fringes[index]
        inner = points[orbit.margin[orbit.inner]]
        towards = points[orbit.margin].mean(0) - inner
        flesh = inner + 0.16 * towards + np.array([0, 0, -1.1], dtype=np.float32)
        brow = person.brows[index].grow(person.head.rest, points)
        ball = self._ball.points @ turn + orbit.centre
        return {
            f"ball-{side}": ball,
            f"iris-{side}": ball,
            f"cornea-{side}": self._ball.cornea @ turn + orbit.centre,
            f"rim-{side}": lids.rim(points, optic.astype(np.float32)),
            f"flesh-{side}": (self._flesh[0] + flesh).astype(np.float32),
            f"upper-{side}": ribbons(upper.grow(points, orbit), 0.13 + 0.07 * mascara, FORWARD)[0],
            f"lower-{side}": ribbons(lower.grow(points, orbit), 0.09 + 0.04 * mascara, FORWARD)[0],
            f"brow-{side}": ribbons(brow, 0.17, FORWARD)[0],
        }

    def _place_worn(self) -> dict[str, Floats]:
        placed = {}
        if self.dress.glasses is not None:
            placed["frame"] = self.dress.glasses.rim(self.person.head)[0]
            placed["lens"] = self.dress.glasses.lenses(self.person.head)[0]
        if self.dress.locks is not None:
            placed["locks"] = ribbons(self.dress.locks, LOCK_WIDTH, FORWARD)[0]
        return placed

    def _optic(self, sight: NDArray[np.float64], orbit: Orbit) -> NDArray[np.float64]:
        """The optical axis: rotated outwards from the line of sight by kappa."""
        pitch, yaw = angles(sight)
        outward = -1 if orbit.side is Side.RIGHT else 1
        out, down = self.person.kappa
        return direction(pitch - down, yaw + outward * out)

    def _units(self, look: Look, sights: list[NDArray[np.float64]]) -> dict[str, float]:
        """Face units for this look: lids that follow the gaze, and the blink that gives the requested closure."""
        units = dict(look.expression)
        for name, orbit, sight in zip(("Right", "Left"), self.person.head.orbits, sights, strict=True):
            pitch, yaw = angles(sight)
            outward = yaw * (-1 if orbit.side is Side.RIGHT else 1)
            for unit, there in ((f"eyeLookUp{name}", pitch > 0), (f"eyeLookDown{name}", pitch < 0)):
                units[unit] = self._following(unit, orbit, pitch, look.lid_gain) if there else 0.0
            units[f"eyeLookOut{name}"], units[f"eyeLookIn{name}"] = max(outward, 0) / 30, max(-outward, 0) / 30
            units[f"eyeBlink{name}"] = self._blink(units, f"eyeBlink{name}", orbit, look.closed)
        return units

    def _following(self, unit: str, orbit: Orbit, pitch: float, share: float) -> float:
        """The weight at which this unit moves the middle of the upper lid by this share of the iris's step."""
        step = orbit.radius / eyeball.RADIUS * eyeball.IRIS_DEPTH * np.sin(np.radians(pitch))
        head = self.person.head
        upper, _ = orbit.middle_of_lids(head.rest[orbit.margin])
        reach = float(head.units[unit][orbit.margin][upper, 1].mean())
        return float(np.clip(share * step / reach, 0, MOST_FOLLOWING)) if reach else 0.0

    def _blink(self, units: Mapping[str, float], name: str, orbit: Orbit, closed: float) -> float:
        """The weight of the blink that closes this share of the opening."""
        if closed <= 0:
            return 0.0
        head = self.person.head
        margin = head.rest[orbit.margin] + sum(
            weight * head.units[unit][orbit.margin] for unit, weight in units.items()
        )
        blink = head.units[name][orbit.margin]
        weights = np.linspace(0, 1.6, 17)
        left = np.array([closing(margin + weight * blink, orbit) for weight in weights])
        wanted = left[0] * (1 - closed) if closed < 1 else 0.02
        enough = np.flatnonzero(left <= wanted)
        return float(weights[enough[0]]) if len(enough) else float(weights[left.argmin()])


def _ribbon_quads(points: Floats) -> Ints:
    return ribbons(points.reshape(-1, 5, 2, 3).mean(2), 1.0, FORWARD)[1]


def _same(layer: Layer, quads: Ints) -> NDArray[np.uint8]:
    return np.full(len(quads), layer, dtype=np.uint8)


def _unit(vector: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float64)


def _colour(values: NDArray[np.float64]) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
