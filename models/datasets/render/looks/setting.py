"""The random parameters of one scene: head pose, camera, light, clothes and gazes. Plain data from a seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.render.blender.orders import Family
from models.datasets.render.blender.view import View, direction, rotation
from models.datasets.render.heads.body import Dress, Look
from models.datasets.render.heads.person import Person
from models.datasets.render.looks import lights, worn
from models.datasets.render.looks.exposure import Exposure
from models.datasets.render.looks.materials import PICTURE_SCALE
from relay.gaze.face import Angles, Head

SIZE = (288, 128)  # pixels of a picture, both eyes
PITCH, YAW = (-25.0, 20.0), (-25.0, 25.0)  # degrees of gaze, camera frame
FOLLOWING = (0.6, 1.1)  # the upper lid's vertical movement over the iris's; 0.76 to 1.01 in videos of people
EYE_TURN = Angles(pitch=27.0, yaw=34.0)  # maximum rotation of eyes in a head


@dataclass(frozen=True)
class Setting:
    """One scene. place: (3,) mm, world frame, of the middle between the eyes. gazes: in the camera frame."""

    head: Head
    place: tuple[float, float, float]
    view: View
    world: lights.Surroundings
    lamps: tuple[lights.Light, ...]
    exposure: Exposure
    gazes: tuple[Angles, ...]
    looks: tuple[Look, ...]


def draw(person: Person, gazes: int, random: np.random.Generator) -> Setting:
    """A random scene with this many pictures."""
    pose = Head(pitch=_clipped(random, 0, 6, 15), yaw=_clipped(random, 0, 8, 20), roll=_clipped(random, 0, 4, 15))
    distance = float(np.exp(random.uniform(np.log(380), np.log(1000))))
    aside = np.tan(np.radians([_clipped(random, 0, 6, 16), _clipped(random, -1, 4, 10)]))
    place = np.array([distance * aside[0], distance * aside[1], -distance])
    view = _frame(person, pose, place, random)
    lid_gain, expression = random.uniform(*FOLLOWING), _expression(random)
    aims = _gazes(gazes, pose, place, random)
    closed = _closures(gazes, random)
    reach = random.uniform(350, 1200)
    looks = tuple(
        Look(_target(aim, pose, place, reach), shut, lid_gain, expression)
        for aim, shut in zip(aims, closed, strict=True)
    )
    x, y, z = (float(value) for value in place)
    world, lamps = lights.draw(random, place)
    return Setting(pose, (x, y, z), view, world, lamps, Exposure.draw(person.skin.tone, random), tuple(aims), looks)


def dress(person: Person, random: np.random.Generator, textures: Path | None) -> Dress:
    """Clothes for a scene: glasses on a third, hair over the brow on a fifth. textures: holds MakeHuman's skins."""
    glasses = worn.Frames.draw(random) if random.uniform() < 0.34 else None
    metal = random.uniform() < 0.4
    brown = random.uniform(0, 1) ** 2 * np.array([0.22, 0.10, 0.05]) + 0.006
    colour = random.uniform(0.02, 0.16) * np.ones(3) if metal else brown
    red, green, blue = (float(value) for value in colour)
    return Dress(
        pupil=random.uniform(1.2, 2.9),
        reflection=random.uniform(0.15, 0.7),
        bump=random.uniform(0.05, 0.28),
        mottle=random.uniform(0.06, 0.16),
        glasses=glasses,
        frame_colour=(red, green, blue),
        lens=random.uniform(0.05, 0.5),
        locks=worn.locks(person.head, random) if random.uniform() < 0.2 else None,
        picture=_skin_picture(person, random, textures),
    )


def _clipped(random: np.random.Generator, middle: float, spread: float, most: float) -> float:
    return float(np.clip(random.normal(middle, spread), -most, most))


def _frame(person: Person, pose: Head, place: NDArray[np.float64], random: np.random.Generator) -> View:
    """The window around both eyes, eyes 62 to 72 pixels wide."""
    head = person.head
    margin = head.rest[head.orbits[0].margin]
    width = float(np.linalg.norm(margin[0] - margin[head.orbits[0].inner]))
    focal = random.uniform(62, 72) / width * -place[2]
    mirror = head.orbits[1]
    middle = np.mean([margin.mean(0), head.rest[mirror.margin].mean(0)], axis=0)
    x, y, z = rotation(pose) @ middle + place
    centre = (SIZE[0] / 2 - focal * x / -z, SIZE[1] / 2 + focal * y / -z)
    return View(*SIZE, float(focal), (float(centre[0]), float(centre[1])))


def _expression(random: np.random.Generator) -> Mapping[str, float]:
    """A neutral expression: some squint, brows a little up or down."""
    squint, brow = float(random.beta(1, 4) * 0.5), float(random.uniform(-0.4, 0.5))
    units = {}
    for side in ("Left", "Right"):
        units[f"eyeSquint{side}"] = squint
        units[f"cheekSquint{side}"] = squint * 0.5
        units[f"browDown{side}"] = max(-brow, 0)
        units[f"browOuterUp{side}"] = max(brow, 0) * 0.7
    return units | {"browInnerUp": max(brow, 0) * 0.6}


def _gazes(count: int, pose: Head, place: NDArray[np.float64], random: np.random.Generator) -> list[Angles]:
    """Gazes against the line to the lens: first into the lens, a third at the screen below it, the rest spread out."""
    shift = random.uniform(0, 1, 2)
    aims = [Angles(float(random.normal(0, 0.7)), float(random.normal(0, 0.7)))]
    for number in range(1, 40 * count):
        across, down = (shift + number * np.array([0.7548776662, 0.5698402910])) % 1  # quasi-random
        low, high = (-25.0, -5.0) if number % 3 == 0 else PITCH
        aim = Angles(pitch=float(low + (high - low) * down), yaw=float(YAW[0] + (YAW[1] - YAW[0]) * across))
        if _reachable(aim, pose, place):
            aims.append(aim)
        if len(aims) == count:
            break
    return aims


def sight(aim: Angles, place: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3,) the world direction of a gaze given relative to the line from the eyes to the lens."""
    x, y, z = -place / np.linalg.norm(place)
    return direction(aim.pitch + float(np.degrees(np.arcsin(y))), aim.yaw + float(np.degrees(np.arctan2(x, z))))


def _reachable(aim: Angles, pose: Head, place: NDArray[np.float64]) -> bool:
    """Whether eyes can turn this far in the head."""
    x, y, z = rotation(pose).T @ sight(aim, place)
    return bool(abs(np.degrees(np.arcsin(y))) < EYE_TURN.pitch and abs(np.degrees(np.arctan2(x, z))) < EYE_TURN.yaw)


def _target(aim: Angles, pose: Head, place: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """(3,) mm, head frame: the point that both eyes look at."""
    return np.asarray(rotation(pose).T @ sight(aim, place) * reach)


def _closures(count: int, random: np.random.Generator) -> list[float]:
    """Closures: about one picture shut and one half shut, never the first; the others vary a little."""
    closed = np.clip(random.normal(0.0, 0.05, count), 0, 0.15)
    for place, value in zip(1 + random.permutation(count - 1), (1.0, random.uniform(0.3, 0.85)), strict=False):
        closed[place] = value
    return [float(value) for value in closed]


def _skin_picture(person: Person, random: np.random.Generator, textures: Path | None) -> NDArray[np.float32] | None:
    """MakeHuman's skin texture relative to its mean; only its base mesh has matching uv."""
    if textures is None or person.family is not Family.ANNY or random.uniform() < 0.35:
        return None
    names = sorted((textures / "skins_head").glob("*.jpg"))
    if not names:
        raise FileNotFoundError(textures / "skins_head")
    wanted = "dark" if person.skin.tone > 0.6 else "light"
    fitting = [name for name in names if f"_{wanted}skinned" in name.name]
    path = fitting[int(random.integers(len(fitting)))]
    head = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if head is None:
        raise OSError(f"{path} cannot be read")
    linear = (head[..., ::-1].astype(np.float32) / 255) ** 2.2
    face = linear[600:780, 360:520].reshape(-1, 3).mean(0)
    small = cv2.resize(np.clip(linear / face, 0, PICTURE_SCALE), (379, 690), interpolation=cv2.INTER_AREA)
    whole = np.ones((1024, 1024, 3), dtype=np.float32)
    whole[180 : 180 + 690, 645 : 645 + 379] = small
    return np.ascontiguousarray(whole[::-1]) / PICTURE_SCALE
