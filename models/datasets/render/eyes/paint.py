"""The texture of an eyeball: pupil, iris and sclera, unrolled. Procedural, or taken from MakeHuman's irises.

Columns go once around the optical axis, rows from the pupil's middle outwards (see eyeball: uv). Colours: sRGB, 0..1.
"""

from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.render.eyes.eyeball import IRIS_SHARE

Picture = NDArray[np.float32]
SIZE = (512, 1024)


class Iris(StrEnum):
    """Classes of iris colour."""

    DARK_BROWN = "dark_brown"
    BROWN = "brown"
    HAZEL = "hazel"
    GREEN = "green"
    BLUE = "blue"
    GREY = "grey"


# Frequency, and the colour of the fibres (sRGB) in the outer and in the inner zone.
SHARES = {
    Iris.DARK_BROWN: 0.38,
    Iris.BROWN: 0.24,
    Iris.HAZEL: 0.10,
    Iris.GREEN: 0.07,
    Iris.BLUE: 0.14,
    Iris.GREY: 0.07,
}
FIBRES = {
    Iris.DARK_BROWN: ((60, 36, 24), (48, 27, 17)),
    Iris.BROWN: ((84, 52, 32), (70, 40, 21)),
    Iris.HAZEL: ((112, 98, 62), (120, 76, 34)),
    Iris.GREEN: ((106, 116, 86), (122, 104, 58)),
    Iris.BLUE: ((98, 124, 146), (126, 140, 144)),
    Iris.GREY: ((122, 132, 138), (128, 128, 116)),
}
PICTURES = {
    Iris.DARK_BROWN: ("brownlight_eye",),
    Iris.BROWN: ("brownlight_eye",),
    Iris.HAZEL: ("brownlight_eye", "green_eye"),
    Iris.GREEN: ("green_eye", "ice_eye", "bluegreen_eye"),
    Iris.BLUE: ("blue_eye", "lightblue_eye", "deepblue_eye"),
    Iris.GREY: ("grey_eye", "ice_eye"),
}
CENTRES = ((723, 303), (300, 718))  # of the irises on MakeHuman's sheets, pixels
PUPIL, RIM = 34, 117  # their radii there


def draw(random: np.random.Generator) -> Iris:
    """A random colour with its worldwide frequency, light ones somewhat more often."""
    kinds = list(SHARES)
    return kinds[int(random.choice(len(kinds), p=np.array(list(SHARES.values())) / sum(SHARES.values())))]


def paint(kind: Iris, random: np.random.Generator, tone: float, folder: Path | None = None) -> Picture:
    """(512, 1024, 3): one eyeball, its sclera yellower with dark skin (tone 0..1).

    folder: holds MakeHuman's irises/*.png; without it the iris is procedural.
    """
    rows = int(SIZE[0] * IRIS_SHARE)
    edge = rows // 4
    zone = (rows - edge, SIZE[1])
    borrowed = folder is not None and random.uniform() < 0.6
    iris = _borrow(kind, zone, random, folder) if borrowed and folder else _fibres(kind, zone, random)
    t = (np.arange(zone[0]) + 0.5)[:, None, None] / zone[0]
    limbal = random.uniform(0.35, 0.75)
    rim = 1 - limbal * np.clip((t - random.uniform(0.68, 0.8)) / 0.22, 0, 1) ** 2
    iris = (iris * rim * np.clip(0.35 + t / 0.08, 0, 1)).astype(np.float32)
    yellow = np.array([0.16, 0.19, 0.24], dtype=np.float32)
    picture = (_white(random) * (1 - tone * yellow)).astype(np.float32)
    picture[edge:rows] = iris
    picture[:edge] = 0.012
    return _blend_limbus(picture, rows, random)


def _blend_limbus(picture: Picture, rows: int, random: np.random.Generator) -> Picture:
    """Blend sclera and iris over about a millimetre, through a greyish ring."""
    width = int(random.uniform(10, 20))
    # v changes 30 % slower per millimetre in the sclera, so the ring is wider outside.
    inner, outer = picture[rows - width - 4].mean(0), picture[rows + width + 8].mean(0)
    ramp = np.clip((np.arange(SIZE[0]) - (rows - width)) / (2.2 * width), 0, 1)[:, None, None]
    ring = inner * (1 - ramp) + outer * ramp
    near = np.exp(-(((np.arange(SIZE[0]) - rows) / (0.8 * width)) ** 2))[:, None, None]
    return np.asarray(picture * (1 - near) + ring * near, dtype=np.float32)


def _noise(shape: tuple[int, int], cells: tuple[int, int], random: np.random.Generator) -> Picture:
    """(h, w) smooth noise about 0, seamless left to right."""
    grid = random.normal(0, 1, cells).astype(np.float32)
    grid = np.hstack([grid[:, -2:], grid, grid[:, :2]])
    step = shape[1] / cells[1]
    whole = cv2.resize(grid, (round(step * grid.shape[1]), shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(whole[:, round(2 * step) :][:, : shape[1]], dtype=np.float32)


def _fibres(kind: Iris, zone: tuple[int, int], random: np.random.Generator) -> Picture:
    """Fibres from the pupil to the rim, darker crypts, a paler ring around the pupillary zone."""
    t = (np.arange(zone[0]) + 0.5)[:, None] / zone[0]
    threads = sum(
        _noise(zone, (depth, count), random) / rank
        for rank, (depth, count) in enumerate([(3, 60), (4, 120), (4, 230), (6, 340)], start=1)
    )
    pits = np.clip(_noise(zone, (7, 26), random) - 0.9, 0, 1)
    ring = random.uniform(0.22, 0.38) + 0.03 * _noise((1, zone[1]), (1, 24), random)
    inside = 1 / (1 + np.exp((t - ring) / 0.05))
    outer, inner = (np.array(colour) / 255 for colour in FIBRES[kind])
    jitter = random.normal(1, 0.07, 3) * random.uniform(0.62, 0.95)
    colour = (outer + (inner - outer) * inside[..., None]) * jitter
    collar = 1 + 0.25 * np.exp(-(((t - ring) / 0.06) ** 2))
    light = np.clip(1 + 0.17 * np.asarray(threads) - 0.5 * pits, 0.35, 1.7) * collar
    return np.asarray(np.clip(colour * light[..., None], 0, 1), dtype=np.float32)


def _borrow(kind: Iris, zone: tuple[int, int], random: np.random.Generator, folder: Path) -> Picture:
    """MakeHuman's iris, unrolled between pupil and rim; its colours are desaturated, dark browns are darkened."""
    name = str(random.choice(PICTURES[kind]))
    sheet = cv2.imread(str(folder / "irises" / f"{name}.png"), cv2.IMREAD_COLOR)
    if sheet is None:
        raise FileNotFoundError(folder / "irises" / f"{name}.png")
    x, y = CENTRES[int(random.integers(2))]
    angle = 2 * np.pi * (np.arange(zone[1]) + 0.5) / zone[1] + random.uniform(0, 6.28)
    radius = PUPIL + (RIM - PUPIL) * (np.arange(zone[0]) + 0.5)[:, None] / zone[0]
    at_x, at_y = (x + radius * np.cos(angle)).astype(np.float32), (y + radius * np.sin(angle)).astype(np.float32)
    iris = cv2.remap(sheet, at_x, at_y, cv2.INTER_LINEAR)[..., ::-1].astype(np.float32) / 255
    grey = iris.mean(-1, keepdims=True)
    iris = grey + (iris - grey) * (random.uniform(0.7, 1.0) if name == "brownlight_eye" else random.uniform(0.25, 0.5))
    level = np.mean(np.array(FIBRES[kind])) / 255 * random.uniform(0.85, 1.15)
    return np.asarray(np.clip(iris * 0.75 * level / max(float(iris.mean()), 0.02), 0, 1), dtype=np.float32)


def _white(random: np.random.Generator) -> Picture:
    """The sclera: off-white, redder to the back, with veins."""
    height = SIZE[0]
    v = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    front = np.array([0.80, 0.765, 0.735]) * random.uniform(0.86, 1.02) * random.normal(1, 0.012, 3)
    back = np.array([0.72, 0.55, 0.49]) * random.uniform(0.85, 1.0)
    share = np.clip((v - IRIS_SHARE - 0.02) / random.uniform(0.25, 0.5), 0, 1) ** 1.3
    picture = front * (1 - share) + back * share
    picture = picture * (1 + 0.025 * _noise(SIZE, (16, 40), random)[..., None])
    veins = np.zeros(SIZE, dtype=np.float32)
    for _ in range(int(random.uniform(20, 70))):
        _draw_vein(veins, random)
    veins = cv2.GaussianBlur(veins, (0, 0), 1.2) * random.uniform(0.15, 0.75)
    red = np.array([0.62, 0.22, 0.2])
    picture = picture * (1 - veins[..., None]) + red * veins[..., None]
    return np.asarray(np.ascontiguousarray(np.broadcast_to(picture, (*SIZE, 3))), dtype=np.float32)


def _draw_vein(veins: Picture, random: np.random.Generator) -> None:
    """Draw an irregular line from the back towards the iris; the outer and inner corners have more of them."""
    side = random.choice([0.0, 0.5]) + random.normal(0, 0.09)
    steps = int(random.uniform(12, 34))
    x = (side * SIZE[1] + np.cumsum(random.normal(0, 5.0, steps))) % SIZE[1]
    y = SIZE[0] * 0.95 - np.linspace(0, random.uniform(0.2, 0.5), steps) * SIZE[0] + random.normal(0, 2, steps)
    points = np.column_stack([x, y])[(y > (IRIS_SHARE + 0.03) * SIZE[0])]
    if len(points) > 1 and np.abs(np.diff(points[:, 0])).max() < 100:
        line = np.round(points * 8).astype(np.int32)[None]
        cv2.polylines(
            veins, [line[0]], False, float(random.uniform(0.3, 1)), int(random.integers(1, 3)), cv2.LINE_AA, 3
        )
