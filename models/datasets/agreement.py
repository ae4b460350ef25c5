"""Measures the offsets of the landmark model's corners and lids from a mesh's: the constants in alignment.py.

    python -m models.datasets.agreement PORTRAITS MODEL

PORTRAITS: a folder from models.datasets.render.blender.portraits (which needs Blender; this needs MediaPipe, and the
two cannot share an environment). MODEL: face_landmarker.task.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.datasets.alignment import Offsets, measure
from models.datasets.planes import to_frame
from models.datasets.render.blender.orders import Family
from relay.gaze.face import Eye, Side
from relay.gaze.tracking.landmarks import Landmarker

NAMES = ("corners", "upper", "lower", "iris", "radius")
TRACKER_PASSES = 3  # runs on each picture; the last is used, since the landmark model tracks over time


def main(arguments: list[str]) -> None:
    """Print, for each family, the mean offsets, their spread and the number of eyes."""
    folder, model = (Path(argument) for argument in arguments)
    for family in Family:
        found = [one for path in sorted(folder.glob("*.npz")) for one in _compare(path, family, model)]
        if not found:
            continue
        values = {name: np.array([getattr(one, name) for one in found]) for name in NAMES}
        tqdm.write(f"{family}: {len(found)} eyes")
        for name, value in values.items():
            mean = np.round(value.mean(0), 3).tolist()
            tqdm.write(f"  {name}: {mean}  (spread {value.std(0).mean():.3f})")


def _compare(path: Path, family: Family, model: Path) -> Iterator[Offsets]:
    """Each eye of each picture of one person, where the landmark model finds a face."""
    with np.load(path) as file:
        if str(file["family"]) != family:
            return
        arrays = dict(file)
    landmarker = Landmarker(model, longer_side=max(arrays["pictures"].shape[1:3]))
    for number, picture in enumerate(arrays["pictures"]):
        faces = [landmarker(to_frame(picture, number + count * 0.03)) for count in range(TRACKER_PASSES)][-1].faces
        if faces:
            for index, seen in enumerate(faces[0].eyes):
                yield measure(seen, _mesh(arrays, number, index))
    landmarker.close()


def _mesh(arrays: dict[str, np.ndarray], number: int, index: int) -> Eye:
    corners, upper, lower, iris = (arrays[name][number, index] for name in ("corners", "upper", "lower", "iris"))
    radius, openness = (float(arrays[name][number, index]) for name in ("iris_radius", "openness"))
    return Eye(list(Side)[index], corners, upper, lower, iris, radius, openness)


if __name__ == "__main__":
    main(sys.argv[1:])
