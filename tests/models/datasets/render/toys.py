"""A synthetic head: two eyes in a curved plate of skin, enough to test poses, lids and hairs without any package."""

from functools import cache

import numpy as np

from models.datasets.render.blender.orders import Family
from models.datasets.render.eyes import paint
from models.datasets.render.eyes.paint import Iris
from models.datasets.render.heads.body import Body, Dress, Look
from models.datasets.render.heads.head import UNITS, Build, Floats, Head, Ints, Mesh, build
from models.datasets.render.heads.person import Person
from models.datasets.render.looks.hairs import Brow, Fringe
from models.datasets.render.looks.skin import Makeup, Skin

AROUND, RINGS = 24, 8
APART = 31.0  # mm, from the middle to an eye
OPENNESS = 0.33
KAPPA = (5.0, 1.0)
WEIGHTLESS: dict[str, float] = {}


@cache
def head(openness: float = OPENNESS) -> Head:
    """The person's right eye at negative x, the left at positive x."""
    plates = [_plate(sign) for sign in (-1, 1)]
    count = len(plates[0])
    quads = _quads()
    units = {name: np.zeros((2 * count, 3), dtype=np.float32) for name in UNITS}
    for number, (side, plate) in enumerate(zip(("Right", "Left"), plates, strict=True)):
        mine = slice(number * count, (number + 1) * count)
        drop = _drop(plate)
        units[f"eyeBlink{side}"][mine, 1] = -drop
        units[f"eyeLookDown{side}"][mine, 1] = -0.5 * drop
        units[f"eyeLookUp{side}"][mine, 1] = 0.3 * drop
    loops = (np.arange(AROUND, dtype=np.int32), np.arange(count, count + AROUND, dtype=np.int32))
    polygons = np.vstack([quads, quads + count]).astype(np.int32)
    mesh = Mesh(np.vstack(plates), units, polygons, np.zeros((len(polygons), 4, 2), np.float32), loops)
    return build("toy-0001", mesh, Build(scale=1.0, radius=12.0, openness=openness))


def _plate(sign: int) -> Floats:
    """(RINGS * AROUND, 3): rings from the lids' edge, an almond, to a circle of 30 mm."""
    angle = 2 * np.pi * np.arange(AROUND) / AROUND
    almond = np.column_stack([14 * np.cos(angle), 6 * np.sin(angle)])
    circle = 30 * np.column_stack([np.cos(angle), np.sin(angle)])
    flat = np.vstack([almond + share**1.5 * (circle - almond) for share in np.linspace(0, 1, RINGS)])
    depth = 13.5 * np.exp(-(flat**2).sum(1) / 420)
    return np.asarray(np.column_stack([flat, depth]) + np.array([sign * APART, 0, 0]), dtype=np.float32)


def _drop(plate: Floats) -> Floats:
    """(n,) how far a full blink moves each vertex down: the upper lid past the lower one."""
    share = np.repeat(np.clip(1 - np.linspace(0, 1, RINGS) / 0.5, 0, 1), AROUND)
    height = np.tile(plate[:AROUND, 1], RINGS)
    return np.asarray(np.where(height > 0, 2.4 * height, 0) * share, dtype=np.float32)


def _quads() -> Ints:
    row, column = np.divmod(np.arange((RINGS - 1) * AROUND), AROUND)
    after = (column + 1) % AROUND
    near, far = row * AROUND, (row + 1) * AROUND
    return np.column_stack([near + column, far + column, far + after, near + after]).astype(np.int32)


def skin(tone: float = 0.3, makeup: Makeup = Makeup()) -> Skin:  # noqa: B008 # frozen
    """Without freckles or circles."""
    return Skin(tone, warm=0.0, circles=0.0, red=0.0, shine=0.5, freckles=0.0, makeup=makeup)


@cache
def person() -> Person:
    """The head with brown eyes, lashes and brows."""
    random = np.random.default_rng(1)
    shape = head()
    right, left = ((Fringe.draw(True, random, 0.3), Fringe.draw(False, random, 0.3)) for _ in shape.orbits)
    brows = tuple(Brow.draw(shape, orbit, random, 0.5) for orbit in shape.orbits)
    ball = paint.paint(Iris.BROWN, random, 0.3)
    return Person(
        Family.ANNY, shape, Iris.BROWN, ball, skin(), (right, left), (brows[0], brows[1]), (0.01, 0.007, 0.005), KAPPA
    )


@cache
def body() -> Body:
    """The person without glasses."""
    dress = Dress(2.0, 0.4, 0.1, 0.1, glasses=None, frame_colour=(0, 0, 0), lens=0.5, locks=None, picture=None)
    return Body(person(), dress, np.random.default_rng(2))


def look(x: float = 0.0, y: float = 0.0, closed: float = 0.0, lid_gain: float = 1.0) -> Look:
    """At a point 600 mm ahead, moved by x and y mm."""
    return Look(np.array([x, y, 600.0]), closed, lid_gain, WEIGHTLESS)
