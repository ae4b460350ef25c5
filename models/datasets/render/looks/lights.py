"""The light sources of a scene. Plain data, drawn at random; the stage creates the lamps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The world panoramas shipped with Blender (CC0).
WORLDS = ("city", "courtyard", "forest", "interior", "night", "studio", "sunrise", "sunset")


@dataclass(frozen=True)
class Light:
    """A rectangle of light. place, aim: mm, world frame. size: mm. colour: linear.

    share: ratio of its light on the face to that of the surroundings.
    """

    place: tuple[float, float, float]
    aim: tuple[float, float, float]
    size: tuple[float, float]
    share: float
    colour: tuple[float, float, float]

    def radiance(self, distance: float) -> float:
        """Radiance of its surface relative to the surroundings' mean: share * pi over its solid angle."""
        return float(self.share * np.pi / (self.size[0] * self.size[1] / distance**2))


@dataclass(frozen=True)
class Surroundings:
    """One of Blender's world panoramas, rotated by degrees.

    limit: maximum brightness over its mean. blur: of its reflections, degrees.
    """

    name: str
    turn: float
    limit: float
    blur: float


def draw(random: np.random.Generator, place: NDArray[np.float64]) -> tuple[Surroundings, tuple[Light, ...]]:
    """Random surroundings; mostly with a window or lamp, mostly with a screen's glow. place: (3,) mm, of the face."""
    limit = float(np.exp(random.uniform(np.log(4), np.log(40))))
    world = Surroundings(str(random.choice(WORLDS)), random.uniform(0, 360), limit, random.uniform(0.8, 4.0))
    x, y, z = (float(value) for value in place)
    lights = []
    if random.uniform() < 0.75:
        angle = np.radians(random.uniform(-75, 75))
        away = random.uniform(700, 2200)
        at = (x + away * float(np.sin(angle)), y + random.uniform(-100, 900), z + away * float(np.cos(angle)))
        warm = random.uniform(-1, 1)
        size = (random.uniform(150, 1100), random.uniform(150, 1100))
        colour = (1 + 0.15 * warm, 1.0, 1 - 0.3 * warm)
        lights.append(Light(at, (x, y, z), size, float(np.exp(random.normal(-0.3, 0.8))), colour))
    if random.uniform() < 0.65:
        at = (x + random.uniform(-120, 120), y - random.uniform(60, 260), z + random.uniform(400, 700))
        lights.append(Light(at, (x, y, z), (520, 300), float(np.exp(random.normal(-1.4, 0.7))), (0.92, 0.98, 1.05)))
    return world, tuple(lights)
