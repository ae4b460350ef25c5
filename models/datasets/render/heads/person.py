"""A person: the same for the same number in every scene."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.datasets.render.blender.orders import Family
from models.datasets.render.eyes import paint
from models.datasets.render.eyes.paint import Iris, Picture
from models.datasets.render.heads import anny, ict
from models.datasets.render.heads.head import Head
from models.datasets.render.looks.hairs import Brow, Fringe
from models.datasets.render.looks.skin import Skin


@dataclass(frozen=True)
class Person:
    """A head with its colours and hair. kappa: angle between the optical axis and the line of sight."""

    family: Family
    head: Head
    iris: Iris
    ball: Picture
    skin: Skin
    fringes: tuple[tuple[Fringe, Fringe], tuple[Fringe, Fringe]]  # right, left: upper, lower
    brows: tuple[Brow, Brow]
    hair: tuple[float, float, float]
    kappa: tuple[float, float]  # degrees: outwards, down

    @property
    def identity(self) -> str:
        """Family and number, as stored."""
        return self.head.identity


def draw(family: Family, number: int, data: Path | None) -> Person:
    """The person of this number. data: folder with heads/ and textures/, needed for Family.ICT, else optional."""
    random = np.random.default_rng([list(Family).index(family), number, 20])
    if family is Family.ICT:
        if data is None:
            raise ValueError("heads of ICT-FaceKit need --data")
        head = ict.draw(data, number, random)
    else:
        head = anny.draw(number, random)
    skin = Skin.draw(random)
    iris = paint.draw(random)
    while iris not in (Iris.DARK_BROWN, Iris.BROWN) and skin.tone > 0.5:
        iris = paint.draw(random)  # dark skin with pale eyes is rare
    textures = data / "textures" if data is not None and (data / "textures").is_dir() else None
    fullness = max(random.uniform(), skin.makeup.mascara)
    fringes = [tuple(Fringe.draw(upper, random, fullness) for upper in (True, False)) for _ in head.orbits]
    bushy = random.uniform()
    brows = [Brow.draw(head, orbit, random, bushy) for orbit in head.orbits]
    return Person(
        family,
        head,
        iris,
        paint.paint(iris, random, skin.tone, textures),
        skin,
        ((fringes[0][0], fringes[0][1]), (fringes[1][0], fringes[1][1])),
        (brows[0], brows[1]),
        _hair(random, skin.tone),
        (float(random.normal(5.0, 1.2)), float(random.normal(1.0, 0.8))),
    )


def _hair(random: np.random.Generator, tone: float) -> tuple[float, float, float]:
    """Linear colour: black to blond, more often black with darker skin; some are grey."""
    light = random.beta(1.0, 2.2) * max(0.0, 1 - 1.6 * tone)
    colour = np.array([0.010, 0.007, 0.005]) * (1 - light) + np.array([0.20, 0.12, 0.055]) * light
    if random.uniform() < 0.1:
        colour = np.full(3, random.uniform(0.08, 0.3))
    red, green, blue = (float(value) for value in colour)
    return red, green, blue
