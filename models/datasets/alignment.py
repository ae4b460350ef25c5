"""The mean offsets between the landmark model's eye and the mesh's, measured and compensated.

Corners and lids of a mesh are polygon edges; MediaPipe's follow its annotators' conventions. Training must crop eyes as
the runtime does, so a scene stores the mesh's corners and lids plus these offsets. `measure` compares both on a
full-face picture.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.datasets.render.blender.orders import Family
from relay.gaze.face import Eye
from relay.gaze.geometry import Patch

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Offsets:
    """Landmark model minus mesh, eye coordinates (mirrored to a right eye), of open eyes.

    corners: (2, 2) outer, inner. upper, lower: (7, 2). iris: (2,). radius: the model's iris radius over the mesh's.
    """

    corners: Floats
    upper: Floats
    lower: Floats
    iris: Floats
    radius: float


def measure(seen: Eye, mesh: Eye) -> Offsets:
    """One eye's offsets. seen: by the landmark model; mesh: ground truth in the same picture."""
    patch = Patch.of(mesh)
    corners, upper, lower, iris = (_difference(patch, getattr(seen, name), getattr(mesh, name)) for name in POINTS)
    return Offsets(corners, upper, lower, iris, seen.iris_radius / mesh.iris_radius)


def _difference(patch: Patch, seen: Floats, mesh: Floats) -> Floats:
    return (patch.to_eye(seen) - patch.to_eye(mesh)).astype(np.float32)


def align(eye: Eye, family: Family) -> Eye:
    """The mesh's eye with the landmark model's offsets; the iris is not moved, since its ground truth is needed.

    The lids' offsets were measured on open eyes; they fade as an eye closes, otherwise its lids would cross.
    """
    offsets = OFFSETS[family]
    patch = Patch.of(eye)
    share = {"corners": 1.0, "upper": float(np.clip(eye.openness / OPEN, 0, 1))}
    share["lower"] = share["upper"]
    corners, upper, lower = (
        patch.to_pixels(patch.to_eye(getattr(eye, name)) + factor * getattr(offsets, name)).astype(np.float32)
        for name, factor in share.items()
    )
    return replace(eye, corners=corners, upper=upper, lower=lower)


OPEN = 0.15  # the mesh's openness above which the lids' offsets apply in full
POINTS = ("corners", "upper", "lower", "iris")


def _offsets(
    corners: list[list[float]], upper: list[list[float]], lower: list[list[float]], iris: list[float], radius: float
) -> Offsets:
    points = [np.array(value, dtype=np.float32) for value in (corners, upper, lower, iris)]
    return Offsets(points[0], points[1], points[2], points[3], radius)


# Measured with models.datasets.agreement on 2026-11-24: 10 persons of each family, three gazes, eyes open, heads turned
# by up to 20 degrees, n = 60 eyes each; standard deviation between eyes 0.03 for points, 0.06 for the radius.
OFFSETS = {
    Family.ANNY: _offsets(
        corners=[[0.023, 0.015], [0.096, 0.043]],
        upper=[
            [-0.027, 0.047],
            [-0.086, 0.051],
            [-0.101, 0.03],
            [-0.053, 0.004],
            [0.012, 0.001],
            [0.087, 0.033],
            [0.115, 0.073],
        ],
        lower=[
            [0.023, -0.012],
            [-0.01, -0.02],
            [-0.015, -0.009],
            [0.039, -0.005],
            [0.099, -0.018],
            [0.146, -0.032],
            [0.138, -0.016],
        ],
        iris=[0.011, -0.002],
        radius=0.93,
    ),
    Family.ICT: _offsets(
        corners=[[0.005, 0.017], [0.118, 0.084]],
        upper=[
            [-0.034, 0.056],
            [-0.092, 0.055],
            [-0.102, 0.026],
            [-0.047, 0.003],
            [0.022, 0.013],
            [0.1, 0.057],
            [0.127, 0.11],
        ],
        lower=[
            [-0.001, -0.01],
            [-0.041, -0.015],
            [-0.048, -0.008],
            [0.008, -0.002],
            [0.075, -0.008],
            [0.133, -0.011],
            [0.135, 0.014],
        ],
        iris=[0.003, 0.004],
        radius=0.953,
    ),
}
