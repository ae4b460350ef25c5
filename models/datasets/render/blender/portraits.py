"""Renders whole faces, small, to compare the landmark model with the mesh (see models/datasets/alignment.py).

python -m models.datasets.render.blender.portraits --persons 12 --out DIR [--data DIR]
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.datasets.render.blender import studio
from models.datasets.render.blender.orders import Order
from models.datasets.render.blender.process import one_core, quiet
from models.datasets.render.blender.view import View, rotation
from models.datasets.render.heads import person
from models.datasets.render.heads.body import Body
from models.datasets.render.looks import exposure, setting
from models.datasets.synthetic.truths import Placement, eye_of

SEED = 20  # of the settings; the persons are those of the first scenes
SIZE = 384
SHOTS = 3  # gazes of each person, eyes open
PIXELS_PER_MM = 1.5


def main(arguments: list[str]) -> None:
    """Render them all, one file a person."""
    parser = argparse.ArgumentParser(prog="models.datasets.render.blender.portraits")
    parser.add_argument("--persons", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    for number in tqdm(range(chosen.persons), unit="person"):
        order = Order(number, SEED, SHOTS, 5, chosen.data)
        with quiet(), one_core():
            take(order, chosen.out / f"portrait_{number:04d}.npz")


def take(order: Order, path: Path) -> None:
    """Three pictures of a face and the mesh's eyes: pictures (k, h, w, 3), contours by name."""
    random = order.random()
    subject = person.draw(order.family, order.person, order.data)
    scene = setting.draw(subject, order.gazes, random)
    dress = replace(setting.dress(subject, random, None), glasses=None, locks=None)
    focal = PIXELS_PER_MM * -scene.place[2]
    x, y, z = scene.place
    centre = (SIZE / 2 - focal * x / -z, SIZE * 0.42 + focal * y / -z)
    scene = replace(scene, view=View(SIZE, SIZE, focal, centre))
    body = Body(subject, dress, random)
    shots = [body.pose(replace(look, closed=0.0)) for look in scene.looks]
    placement = Placement(rotation(scene.head), np.array(scene.place))
    stage = studio.set_stage(body, shots[0][0], placement, scene, order.samples)
    pictures = studio.photograph(stage, body, [placed for placed, _ in shots], placement)
    gain = exposure.meter(pictures[0][SIZE // 4 : SIZE // 2], scene.exposure, subject.skin.base)
    eyes = [[eye_of(pose, placement, scene.view) for pose in poses] for _, poses in shots]
    names = ("corners", "upper", "lower", "iris", "iris_radius", "openness")
    arrays = {name: np.array([[getattr(eye, name) for eye in both] for both in eyes]) for name in names}
    arrays["pictures"] = np.stack([exposure.develop(picture, gain, scene.exposure) for picture in pictures])
    arrays["family"] = np.array(str(order.family))
    np.savez_compressed(path, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main(sys.argv[1:])
