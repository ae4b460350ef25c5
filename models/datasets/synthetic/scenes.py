"""A finished scene on disk: one .npz, written atomically. Written by the renderer, read by training.

Format, version 1; k pictures, right eye before left:

pictures                       (k, h, w, 3) uint8 RGB, both eyes; 128 x 288 as they are rendered
meta                           JSON text: schema, seed, scene, samples, identity, family, split, tone (skin, 0 palest),
                               iris, glasses, hair, makeup, kappa, pupil, lid_gain, head, place, camera, world, lamps,
                               exposure
gaze, optic                    (k, 2, 2) float32, degrees: pitch and yaw of the line of sight and of the optical axis,
                               camera frame, relative to the line from the eye to the lens: 0, 0 looks into the lens
corners, upper, lower          (k, 2, n, 2) float32 pixels, n = 2, 7, 7 as in relay/gaze/face.Eye, with the
                               landmark model's offsets (alignment.py)
corners_mesh, upper_mesh, lower_mesh       the same of the mesh
iris, iris_radius              (k, 2, 2), (k, 2) float32, pixels, of the mesh
openness, openness_mesh        (k, 2) float32: lid aperture over eye width, of the landmark model and of the mesh
closed                         (k,) float32: the requested blink, 0 as open as the gaze implies, 1 shut
triangles and the rest         the fields of labels.Surfaces: dense labels
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets import archive
from models.datasets.synthetic.labels import Surfaces
from relay.gaze.face import Eye, Side

SCHEMA = 1
TRUTHS = ("gaze", "optic", "iris", "iris_radius", "openness", "openness_mesh", "closed")
CONTOURS = ("corners", "upper", "lower")

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Scene:
    """See the table above. truths and contours by their keys."""

    pictures: NDArray[np.uint8]
    meta: Mapping[str, Any]
    truths: Mapping[str, Floats]
    contours: Mapping[str, Floats]
    surfaces: Surfaces

    def eye(self, picture: int, side: Side, mesh: bool = False) -> Eye:
        """One eye as the runtime's landmark stage would output it; mesh: the mesh's own."""
        at = picture, 0 if side is Side.RIGHT else 1
        suffix = "_mesh" if mesh else ""
        corners, upper, lower = (self.contours[name + suffix][at] for name in CONTOURS)
        return Eye(
            side,
            corners,
            upper,
            lower,
            self.truths["iris"][at],
            float(self.truths["iris_radius"][at]),
            float(self.truths[f"openness{suffix}"][at]),
        )


def write(path: Path, scene: Scene) -> None:
    """Write the scene atomically."""
    arrays: dict[str, Any] = {"pictures": scene.pictures, "meta": json.dumps(scene.meta)}
    arrays |= {**scene.truths, **scene.contours}
    arrays |= {field.name: getattr(scene.surfaces, field.name) for field in fields(Surfaces)}
    archive.write(path, arrays)


def read(path: Path) -> Scene:
    """The scene in this file. Raises ValueError where it has another schema."""
    with np.load(path) as file:
        meta = json.loads(str(file["meta"]))
        if meta.get("schema") != SCHEMA:
            raise ValueError(f"{path}: schema {meta.get('schema')}, this version reads {SCHEMA}: render it again")
        surfaces = {field.name: file[field.name] for field in fields(Surfaces)}
        surfaces["middle"] = float(surfaces["middle"])
        return Scene(
            file["pictures"],
            meta,
            {name: file[name] for name in TRUTHS},
            {name: file[name] for name in (*CONTOURS, *(f"{name}_mesh" for name in CONTOURS))},
            Surfaces(**surfaces),
        )
