"""Heads from ICT-FaceKit (MIT, USC Institute for Creative Technologies): scans' principal components."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.datasets.render.blender.orders import Family, identity_of
from models.datasets.render.heads.head import UNITS, Build, Floats, Head, Ints, Mesh, build, edges, order

MARGIN_STEP = 2  # edges from where the skin ends, behind the lid, to the visible edge of the lid
PARTS = ("face", "head_and_neck", "mouth_socket")


def draw(folder: Path, number: int, random: np.random.Generator) -> Head:
    """The person of this number. folder holds heads/ict_facekit.npz. Raises OSError where it is missing."""
    model = _read(folder / "heads" / "ict_facekit.npz")
    weights = random.normal(0, 0.8, len(model.identity)).clip(-2, 2).astype(np.float32)
    rest = (model.neutral + np.tensordot(weights, model.identity.astype(np.float32), 1)) * 10
    mesh = Mesh(rest, model.units, model.polygons, model.uv, model.loops)
    return build(identity_of(Family.ICT, number), mesh, Build.draw(random, (1.06, 1.14)))


class _Model:
    """The arrays that are used, in millimetres where they are lengths (identity and neutral stay in cm)."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            parts = {str(n): file["part_faces"][i] for i, n in enumerate(file["part_names"])}
            rows = np.concatenate([np.arange(first, last + 1) for first, last in (parts[p] for p in PARTS)])
            face = file["faces"][parts["face"][0] : parts["face"][1] + 1]
            steps = _steps(face, file["neutral"])
            polygons = file["faces"][rows]
            behind = ((steps[polygons] >= 0) & (steps[polygons] < MARGIN_STEP) & (polygons >= 0)).any(1)
            rows, polygons = rows[~behind], polygons[~behind]
            used = np.unique(polygons[polygons >= 0])
            new = np.full(len(file["neutral"]), -1, dtype=np.int32)
            new[used] = np.arange(len(used))
            self.polygons: Ints = np.where(polygons < 0, -1, new[np.maximum(polygons, 0)]).astype(np.int32)
            self.uv: Floats = file["uv"][np.maximum(file["faces_uv"][rows], 0)]
            self.neutral: Floats = file["neutral"][used]
            self.identity = file["identity"][:, used]
            self.units = dict(_units(file, used))
            right, left = _margins(face, steps, file["neutral"])
            self.loops = (new[right], new[left])


def _steps(face: Ints, points: Floats) -> Ints:
    """(n,) number of edges from each vertex to where the face's skin ends behind the lids; -1 far away."""
    pairs, times = np.unique(edges(face), axis=0, return_counts=True)
    at = points[pairs].mean(1)
    ends = (times == 1) & (np.hypot(np.abs(at[:, 0]) - 3.17, at[:, 1] - 3.5) < 1.8) & (at[:, 2] > 7)
    steps = np.full(len(points), -1, dtype=np.int32)
    steps[pairs[ends]] = 0
    for step in range(1, MARGIN_STEP + 1):
        reached = pairs[(steps[pairs] == step - 1).any(1)].ravel()
        steps[reached[steps[reached] < 0]] = step
    return steps


def _margins(face: Ints, steps: Ints, points: Floats) -> Iterator[Ints]:
    """Right and left: the vertices of the lids' edge, in order."""
    pairs = np.unique(edges(face), axis=0)
    pairs = pairs[(steps[pairs] == MARGIN_STEP).all(1)]
    for sign in (-1, 1):
        mine = pairs[points[pairs[:, 0], 0] * sign > 0]
        yield order((int(a), int(b)) for a, b in mine)


def _units(file: Mapping[str, NDArray[np.generic]], used: Ints) -> Iterator[tuple[str, Floats]]:
    """ARKit's name and millimetres of each face unit that is used."""
    names = [_arkit(str(name)) for name in file["expression_names"]]
    shapes = file["expression"][:, used].astype(np.float32) * 10
    for name in UNITS:
        # Two of its shapes correspond to one of ARKit's: browInnerUp.
        mine = [i for i, own in enumerate(names) if own in (name, f"{name}Left", f"{name}Right")]
        yield name, shapes[mine].sum(0)


def _arkit(name: str) -> str:
    return name.replace("_L", "Left").replace("_R", "Right") if name[-2:] in ("_L", "_R") else name


@lru_cache(maxsize=1)
def _read(path: Path) -> _Model:
    return _Model(path)
