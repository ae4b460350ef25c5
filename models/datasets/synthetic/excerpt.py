"""Cuts a scene down to some of its pictures and the window around its eyes. For tests and samples.

python -m models.datasets.synthetic.excerpt SCENE --pictures 0 1 3 --out SMALLER
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.datasets.synthetic import labels, scenes
from models.datasets.synthetic.scenes import Floats, Scene
from relay.gaze.face import Side
from relay.gaze.geometry import Patch

MARGIN = 1  # pixels around the patches
POINTS = ("iris", *scenes.CONTOURS, *(f"{name}_mesh" for name in scenes.CONTOURS))  # given in pixels


def main(arguments: list[str]) -> None:
    """Read, cut, write."""
    parser = argparse.ArgumentParser(
        prog="models.datasets.synthetic.excerpt", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("scene", type=Path)
    parser.add_argument("--pictures", type=int, nargs="+", required=True, help="which to keep, counted from 0")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    scenes.write(chosen.out, excerpt(scenes.read(chosen.scene), chosen.pictures))


def excerpt(scene: Scene, pictures: Sequence[int]) -> Scene:
    """These pictures of the scene, cropped to the window of both patches. Pixel coordinates are shifted with it."""
    chosen = list(pictures)
    rows, columns = _window(scene, chosen)
    corner = np.array([columns.start, rows.start], dtype=np.float32)

    def move(name: str, values: Floats) -> Floats:
        return values[chosen] - corner if name in POINTS else values[chosen]

    x, y = scene.meta["camera"]["centre"]
    centre = (x - columns.start, y - rows.start)
    size = {"width": columns.stop - columns.start, "height": rows.stop - rows.start}
    return replace(
        scene,
        pictures=scene.pictures[chosen, rows, columns],
        meta={**scene.meta, "camera": scene.meta["camera"] | size | {"centre": centre}},
        truths={name: move(name, values) for name, values in scene.truths.items()},
        contours={name: move(name, values) for name, values in scene.contours.items()},
        surfaces=labels.crop(scene.surfaces, chosen, rows, columns),
    )


def _window(scene: Scene, pictures: Sequence[int]) -> tuple[slice, slice]:
    """Rows and columns that contain every patch."""
    height, width = scene.pictures.shape[1:3]
    patches = [Patch.of(scene.eye(picture, side)) for picture in pictures for side in list(Side)]
    boxes = np.array([patch.box(1.0, (width, height)) for patch in patches])
    (left, top), (right, bottom) = boxes[:, :2].min(0), boxes[:, 2:].max(0)
    return _even(int(top), int(bottom), height), _even(int(left), int(right), width)


def _even(first: int, last: int, most: int) -> slice:
    """The range extended to even ends, as frames with subsampled chroma need."""
    start, stop = max(first - MARGIN, 0) // 2 * 2, min(last + MARGIN, most)
    return slice(start, stop - stop % 2)


if __name__ == "__main__":
    main(sys.argv[1:])
