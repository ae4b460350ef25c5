"""A synthetic scene: two eyes of flat layers, whose irises slide as a ball's rotation would move them."""

import numpy as np
from numpy.typing import NDArray

from models.datasets.render.blender.raster import split
from models.datasets.synthetic.labels import Layer, collect
from models.datasets.synthetic.scenes import SCHEMA, Scene
from relay.gaze.spec import ROTATION_PER_IRIS_RADIUS

HEIGHT, WIDTH = 128, 288
EYE, OPEN, RADIUS = 60.0, 26.0, 12.0  # pixels: between the corners, between the lids, of the iris
CENTRES = ((90.0, 64.0), (200.0, 64.0))
SHUT = 4  # this picture's lids are closed
GAZES = np.array([(0, 0), (0, 8), (6, 0), (-3, -9), (0, 0)], np.float32)  # pitch, yaw
COLOURS = {
    Layer.SKIN: (190, 140, 110),
    Layer.WHITE: (225, 225, 230),
    Layer.IRIS: (70, 50, 40),
    Layer.GLASSES: (20,) * 3,
}
RIM = ((120.0, 40.0), (126.0, 88.0))  # of glasses, left and top, right and bottom

Floats = NDArray[np.float32]


def scene(split_name: str = "test", tone: float = 0.2, glasses: bool = False) -> Scene:
    """Five pictures: four gazes, and shut lids."""
    quads, layers, shots = [], [], []
    for number, gaze in enumerate(GAZES):
        parts = _parts(gaze, number == SHUT, glasses)
        shots.append(np.array([point for _, points in parts for point in points], np.float32))
        quads = [list(range(4 * part, 4 * part + 4)) for part in range(len(parts))]
        layers = [layer for layer, _ in parts]
    surfaces = collect(shots, split(np.array(quads, np.int32)), np.array(layers * 2, np.uint8), (HEIGHT, WIDTH))
    count = len(GAZES)
    pictures = np.stack([_paint(surfaces.layer(number)) for number in range(count)])
    contours = _contours(count)
    both = np.repeat(GAZES[:, None], 2, axis=1)
    closed = (np.arange(count) == SHUT).astype(np.float32)
    openness = np.repeat((OPEN / EYE * (1 - closed))[:, None], 2, axis=1)
    truths = {
        "gaze": both,
        "optic": both,
        "iris": np.array([[np.add(centre, step(gaze)) for centre in CENTRES] for gaze in GAZES], np.float32),
        "iris_radius": np.full((count, 2), RADIUS, np.float32),
        "openness": openness,
        "openness_mesh": openness,
        "closed": closed,
    }
    meta = {"schema": SCHEMA, "split": split_name, "tone": tone, "iris": "brown", "glasses": glasses}
    return Scene(pictures, meta, truths, contours | {f"{name}_mesh": one for name, one in contours.items()}, surfaces)


def step(gaze: Floats) -> Floats:
    """(2,) of an iris from the middle, pixels, x right and y down."""
    pitch, yaw = np.radians(gaze)
    return np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch)], np.float32) * ROTATION_PER_IRIS_RADIUS * RADIUS


def _parts(gaze: Floats, shut: bool, glasses: bool) -> list[tuple[Layer, list[list[float]]]]:
    """Quads with their layers: whites behind, irises on them, skin above and below, a bar of glasses."""
    parts = []
    half = 0.0 if shut else OPEN / 2
    for centre in CENTRES:
        x, y = np.add(centre, step(gaze))  # the sclera moves with it: it is one ball
        parts.append((Layer.WHITE, _quad(x - EYE, y - 30, x + EYE, y + 30, 600)))
    for centre in CENTRES:
        middle = np.add(centre, step(gaze))
        angles = np.linspace(0, 2 * np.pi, 33)
        for start in range(0, 32, 2):
            rim = [[*(middle + RADIUS * np.array([np.cos(a), np.sin(a)])), 595.0] for a in angles[start : start + 3]]
            parts.append((Layer.IRIS, [[*middle, 595.0], *rim]))
    y = CENTRES[0][1]
    parts.append((Layer.SKIN, _quad(0, 0, WIDTH, y - half, 580)))
    parts.append((Layer.SKIN, _quad(0, y + half, WIDTH, HEIGHT, 580)))
    edges = [0.0, *(x + side * EYE / 2 for x, _ in CENTRES for side in (-1, 1)), float(WIDTH)]
    parts += [
        (Layer.SKIN, _quad(left, y - 20, right, y + 20, 585))
        for left, right in zip(edges[::2], edges[1::2], strict=True)
    ]
    if glasses:
        (left, top), (right, bottom) = RIM
        parts.append((Layer.GLASSES, _quad(left, top, right, bottom, 560)))
    return parts


def _quad(left: float, top: float, right: float, bottom: float, depth: float) -> list[list[float]]:
    return [[left, top, depth], [right, top, depth], [right, bottom, depth], [left, bottom, depth]]


def _paint(layer: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rgb = np.zeros((*layer.shape, 3), np.uint8)
    for one, colour in COLOURS.items():
        rgb[layer == one] = colour
    return rgb


def _contours(count: int) -> dict[str, Floats]:
    """Corners and lids; the person's right eye is on the picture's left, its outer corner farther left."""
    found: dict[str, list[Floats]] = {"corners": [], "upper": [], "lower": []}
    for number in range(count):
        half = 0.0 if number == SHUT else OPEN / 2
        eyes: dict[str, list[Floats]] = {name: [] for name in found}
        for (x, y), outwards in zip(CENTRES, (-1, 1), strict=True):
            along = x + outwards * EYE / 2 * np.linspace(1, -1, 9)
            eyes["corners"].append(np.array([[along[0], y], [along[-1], y]], np.float32))
            for name, height in (("upper", y - half), ("lower", y + half)):
                eyes[name].append(np.column_stack([along[1:-1], np.full(7, height)]).astype(np.float32))
        for name, points in eyes.items():
            found[name].append(np.stack(points))
    return {name: np.stack(points) for name, points in found.items()}
