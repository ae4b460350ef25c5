"""The colour of skin per vertex: tone, lids, shadows under the eyes, make-up. sRGB in, linear out.

Knows nothing of the renderer. Distances are measured on the head at rest, in millimetres: colours move with the skin.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.datasets.render.heads.head import Floats, Head, Orbit

LIGHT = np.array([0.60, 0.39, 0.29])  # linear albedo of the palest and of the darkest skin
DARK = np.array([0.050, 0.026, 0.017])


@dataclass(frozen=True)
class Makeup:
    """liner: width in mm, 0 for none. shadow: strength 0..1 of colour (linear RGB) on the upper lid. mascara 0..1."""

    liner: float = 0.0
    shadow: float = 0.0
    colour: tuple[float, float, float] = (0.1, 0.05, 0.05)
    mascara: float = 0.0


@dataclass(frozen=True)
class Skin:
    """tone: 0 palest, 1 darkest. warm: -1..1 from rosy to olive. circles, red: 0..1, under the eyes and on the lids."""

    tone: float
    warm: float
    circles: float
    red: float
    shine: float
    freckles: float
    makeup: Makeup

    @classmethod
    def draw(cls, random: np.random.Generator) -> "Skin":
        """A random skin; a third has make-up."""
        makeup = Makeup()
        if random.uniform() < 0.35:
            makeup = Makeup(
                liner=float(random.choice([0.0, 0.7, 1.2, 1.8])) * random.uniform(0.7, 1.2),
                shadow=float(random.choice([0.0, random.uniform(0.1, 0.7)])),
                colour=tuple(random.uniform(0.02, [0.28, 0.14, 0.16]).tolist()),
                mascara=random.uniform(0.3, 1.0),
            )
        return cls(
            tone=random.uniform(0, 1),
            warm=random.uniform(-1, 1),
            circles=random.beta(1.2, 2.0),
            red=random.beta(1.5, 2.5),
            shine=random.uniform(0.3, 1),
            freckles=random.uniform(0, 1) if random.uniform() < 0.15 else 0.0,
            makeup=makeup,
        )

    @property
    def base(self) -> NDArray[np.float64]:
        """(3,) linear albedo."""
        colour = np.exp((1 - self.tone) * np.log(LIGHT) + self.tone * np.log(DARK))
        return np.asarray(colour * np.array([1 - 0.02 * self.warm, 1 + 0.06 * self.warm, 1 - 0.12 * self.warm]))

    def colours(self, head: Head, brows: Floats, hair: tuple[float, float, float]) -> Floats:
        """(n, 3) linear albedo of every vertex at rest. brows: (h, 5, 3) strands, and their colour."""
        colour = np.broadcast_to(self.base, head.rest.shape).copy()
        for orbit in head.orbits:
            colour *= self._around(head, orbit)
        for orbit in head.orbits:
            colour = self._make_up(colour, head, orbit)
        thick = _thickness(head.rest, brows)[:, None]
        colour = colour * (1 - thick) + thick * (0.5 * np.array(hair) + 0.25 * self.base)
        return np.clip(colour, 0.004, 0.9).astype(np.float32)

    def _around(self, head: Head, orbit: Orbit) -> NDArray[np.float64]:
        """(n, 3) factors for thin, red lids, the darker crease and the shadow under the eye."""
        distance, above = _to_margin(head, orbit)
        thin = np.exp(-((distance / 7) ** 2))[:, None] * (0.25 + 0.55 * self.red)
        factor = 1 - thin * np.array([0.10, 0.30, 0.30])
        away = head.rest - orbit.centre
        below = np.where(~above, np.exp(-(((away[:, 1] + 13) / 6) ** 2) - ((away[:, 0] / 15) ** 2)), 0)[:, None]
        factor *= 1 - below * self.circles * np.array([0.32, 0.40, 0.34])
        socket = np.where(above, np.exp(-(((distance - 6) / 5) ** 2)), 0)[:, None]
        factor *= 1 - socket * (0.08 + 0.22 * self.circles) * np.array([0.8, 1, 0.95])
        # The edge is darker at the lashes' roots.
        return np.asarray(factor * (1 - 0.35 * np.exp(-((distance / 0.8) ** 2)))[:, None])

    def _make_up(self, colour: NDArray[np.float64], head: Head, orbit: Orbit) -> NDArray[np.float64]:
        distance, above = _to_margin(head, orbit)
        shadow = self.makeup.shadow * above * np.exp(-((distance / 7.5) ** 2))
        liner = self.makeup.liner > 0
        width = max(self.makeup.liner, 0.1)
        line = liner * 0.92 * np.clip(1.6 - distance / width, 0, 1) * np.where(above, 1.0, 0.35)
        colour = colour * (1 - shadow[:, None]) + shadow[:, None] * np.array(self.makeup.colour)
        return np.asarray(colour * (1 - line[:, None]) + line[:, None] * 0.008)


def _thickness(points: Floats, brows: Floats) -> NDArray[np.float64]:
    """(n,) 0..0.6: hair density over each vertex, including hairs too fine for strands."""
    hairs = brows[:, ::2].reshape(-1, 3)
    box = ((points > hairs.min(0) - 4) & (points < hairs.max(0) + 4)).all(1)
    near = np.flatnonzero(box)
    apart = ((points[near, None, :2] - hairs[None, :, :2]) ** 2).sum(-1)
    density = np.exp(-apart / 2.0).sum(1)
    thick = np.zeros(len(points))
    thick[near] = 0.6 * (1 - np.exp(-density / 6))
    return thick


def _to_margin(head: Head, orbit: Orbit) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(n,) distance from the lids' edge, mm, and whether the nearest edge is the upper one."""
    margin = head.rest[orbit.margin]
    near = np.flatnonzero(np.linalg.norm(head.rest - orbit.centre, axis=1) < 45)
    distance = np.full(len(head.rest), 99.0)
    above = np.zeros(len(head.rest), dtype=bool)
    apart = np.linalg.norm(head.rest[near, None] - margin[None], axis=2)
    distance[near] = apart.min(1)
    above[near] = apart.argmin(1) <= orbit.inner
    return distance, above
