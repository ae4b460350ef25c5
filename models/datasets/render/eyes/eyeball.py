"""An eyeball: its shape in millimetres, and its rotation. Knows nothing of colour or of heads.

Ball frame: origin at the centre of rotation, z along the optical axis (through the middle of the cornea), y up.
The iris is placed at its apparent position, not its anatomical one: the cornea's refraction brings it forward and
enlarges it (11.7 mm wide, 10.4 mm before the centre; see relay/gaze/spec.py). So no refraction is rendered and the
labels are exact.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]

RADIUS = 12.0
IRIS_RADIUS = 5.85
IRIS_DEPTH = 10.4
CORNEA_CURVE = 7.8  # radius of the cornea's front
CORNEA_RIM = 6.2  # radius at which it rises from the sclera
SEGMENTS = 64
IRIS_SHARE = 0.4  # share of the texture's height that shows the iris; the rest is the sclera


@dataclass(frozen=True)
class Ball:
    """points: (n, 3) mm. quads: (q, 4). uv: (q, 4, 2), u once around, v from the pupil's middle outwards.

    iris: (q,) which quads show iris and pupil. cornea, cornea_quads: the clear shell in front, without uv.
    """

    points: Floats
    quads: Ints
    uv: Floats
    iris: NDArray[np.bool_]
    cornea: Floats
    cornea_quads: Ints


def make(pupil: float, scale: float = 1.0) -> Ball:
    """A ball with this pupil radius [mm], all lengths multiplied by scale."""
    iris = np.array([0.02, 0.55, 0.97, 1.03])[:, None] * pupil
    rest = pupil * 1.03 + (IRIS_RADIUS - pupil * 1.03) * np.linspace(0.12, 1, 9)[:, None]
    radii = np.vstack([iris, rest])[:, 0]
    share = (IRIS_RADIUS - radii) / IRIS_RADIUS
    depth = IRIS_DEPTH - 0.1 - 0.45 * share**1.2
    start = np.arcsin(IRIS_RADIUS / RADIUS)
    turn = start + (np.radians(125) - start) * np.linspace(0, 1, 26)
    profile = np.column_stack([np.append(radii, RADIUS * np.sin(turn)), np.append(depth, RADIUS * np.cos(turn))])
    v_iris = IRIS_SHARE * np.where(
        radii <= pupil, 0.25 * radii / pupil, 0.25 + 0.75 * (radii - pupil) / (IRIS_RADIUS - pupil)
    )
    v_white = IRIS_SHARE + (1 - IRIS_SHARE) * np.linspace(0, 1, len(turn))
    points, quads, uv = _revolve(profile, np.append(v_iris, v_white))
    ring = np.arange(len(quads)) // SEGMENTS
    rim = np.arcsin(CORNEA_RIM / CORNEA_CURVE)
    bow = np.linspace(0.01, rim, 14)
    base = np.sqrt(RADIUS**2 - CORNEA_RIM**2) - CORNEA_CURVE * np.cos(rim)
    cap = np.column_stack([CORNEA_CURVE * np.sin(bow), base + CORNEA_CURVE * np.cos(bow) + 0.01])
    cornea, cornea_quads, _ = _revolve(cap, np.zeros(len(cap)))
    return Ball(points * scale, quads, uv, ring < len(radii) - 1, cornea * scale, cornea_quads)


def _revolve(profile: NDArray[np.float64], v: NDArray[np.float64]) -> tuple[Floats, Ints, Floats]:
    """Revolve (radius, depth) about z: rings of SEGMENTS points, joined by quads with uv."""
    angle = 2 * np.pi * np.arange(SEGMENTS) / SEGMENTS
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    points = np.concatenate([np.column_stack([radius * circle, np.full(SEGMENTS, z)]) for radius, z in profile])
    row, column = np.divmod(np.arange((len(profile) - 1) * SEGMENTS), SEGMENTS)
    after = (column + 1) % SEGMENTS
    near, far = row * SEGMENTS, (row + 1) * SEGMENTS
    quads = np.column_stack([near + column, far + column, far + after, near + after])
    left, right = column / SEGMENTS, (column + 1) / SEGMENTS
    uv = np.stack(
        [np.column_stack(pair) for pair in ((left, v[row]), (left, v[row + 1]), (right, v[row + 1]), (right, v[row]))],
        1,
    )
    return points.astype(np.float32), quads.astype(np.int32), uv.astype(np.float32)


def surface(directions: NDArray[np.floating], optic: NDArray[np.floating], radius: float) -> Floats:
    """(n,) distance of the ball's surface with its cornea from its centre in these (n, 3) unit directions, mm."""
    scale = radius / RADIUS
    rim = np.arcsin(CORNEA_RIM / CORNEA_CURVE)
    base = np.sqrt(RADIUS**2 - CORNEA_RIM**2) - CORNEA_CURVE * np.cos(rim)
    cosine = directions @ optic
    beyond = base**2 * (cosine**2 - 1) + CORNEA_CURVE**2
    cornea = base * cosine + np.sqrt(np.maximum(beyond, 0))
    bulge = np.where((cosine > 0) & (beyond > 0), cornea, 0)
    return np.asarray(np.maximum(bulge, RADIUS) * scale, dtype=np.float32)


def turned(optic: NDArray[np.floating]) -> NDArray[np.float64]:
    """(3, 3) the rotation without torsion (Listing's law) from z to this (3,) unit direction of the head frame."""
    z = np.array([0.0, 0.0, 1.0])
    axis = np.cross(z, optic)
    cosine = float(optic[2])
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.asarray(np.eye(3) + cross + cross @ cross / (1 + cosine))
