"""An independent estimate of the pupil's position: OpenSeeFace's gaze network (BSD 2-clause), unrelated to MediaPipe.

It is used for trends only: it underestimates the step of a moved iris. So every change is compared with the change it
measures for a rigid iris moved by a known step in the same frame (`rigid_field`). Used to measure, never to train.
Knows nothing of rows.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.planes import Picture
from relay.gaze.face import Angles, Eye, Face, Field, Side
from relay.gaze.geometric import turn
from relay.gaze.geometry import Patch, ellipse, nodes
from relay.gaze.spec import GRID

# Disable onnxruntime's telemetry (see relay/gaze/network.py).
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

SIDE = 32  # of a crop, pixels
CELLS = 8
EXTENT = (1.5, 1.1)  # of a crop, eye widths
LOWERED = 0.08  # eye widths by which the crop's centre lies below the middle of the corners
SOFTENED = 0.6  # blur before downscaling, in pixels of the crop
CERTAIN = 0.6
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
SPREAD = np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True)
class PupilEstimate:
    """place: (2,) pupil minus middle of the corners, eye widths, axes along the corners, x right and y down."""

    place: NDArray[np.float64]
    confidence: float


class Judge:
    """The network. Raises onnxruntime's errors for an invalid file."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, rgb: Picture, face: Face) -> tuple[PupilEstimate, PupilEstimate]:
        """Estimates of the right and the left eye. face: its corners place the crops, the same before and after."""
        right, left = self.ask(rgb, *face.eyes)
        return right, left

    def ask(self, rgb: Picture, *eyes: Eye) -> list[PupilEstimate]:
        """One estimate for each eye."""
        (answers,) = self._session.run(["output"], {"input": np.stack([crop(rgb, eye) for eye in eyes])})
        sides = [(1 if eye.side is Side.RIGHT else -1, 1) for eye in eyes]
        estimates = [decode(answer) for answer in answers]
        return [PupilEstimate(one.place * side, one.confidence) for one, side in zip(estimates, sides, strict=True)]


def crop(rgb: Picture, eye: Eye) -> NDArray[np.float32]:
    """(3, 32, 32) the network's input: normalised, columns before rows, a left eye mirrored."""
    outer, inner = eye.corners.astype(np.float64)
    along = inner - outer if eye.side is Side.RIGHT else outer - inner
    down = np.array([-along[1], along[0]])
    centre = (outer + inner) / 2 + LOWERED * down
    step = np.column_stack([along * EXTENT[0], down * EXTENT[1]]) / SIDE
    corner = centre - step @ [SIDE / 2, SIDE / 2] + step @ [0.5, 0.5] - 0.5
    soft = cv2.GaussianBlur(rgb, (0, 0), max(SOFTENED * float(np.hypot(*step[:, 0])), 0.1))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop_eye = cv2.warpAffine(
        soft, np.column_stack([step, corner]), (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    upright = crop_eye if eye.side is Side.RIGHT else crop_eye[:, ::-1]
    return np.ascontiguousarray(((upright / np.float32(255) - MEAN) / SPREAD).transpose(2, 1, 0), dtype=np.float32)


def decode(answer: NDArray[np.float32]) -> PupilEstimate:
    """(3, 8, 8), columns before rows: the cell of highest confidence, and the offset in it."""
    column, row = np.unravel_index(int(answer[0].argmax()), (CELLS, CELLS))
    x, y = (
        SIDE / CELLS * cell + SIDE * _log_odds(plane[column, row])
        for cell, plane in zip((column, row), answer[1:], strict=True)
    )
    place = np.array([(x / SIDE - 0.5) * EXTENT[0], (y / SIDE - 0.5) * EXTENT[1] + LOWERED])
    return PupilEstimate(place, float(answer[0, column, row]))


def _log_odds(share: float) -> float:
    kept = float(np.clip(share, 1e-7, 1 - 1e-7))
    return float(np.log(kept / (1 - kept))) / CELLS


def along(aim: Angles, before: PupilEstimate, after: PupilEstimate) -> float:
    """Change in the direction of a single-axis turn, eye widths."""
    x, y = after.place - before.place
    return float(x * np.sign(aim.yaw) - y * np.sign(aim.pitch))


def rigid_field(eye: Eye, patch: Patch, aim: Angles, radius: float) -> Field:
    """Moves the iris rigidly by the step of this turn, and whatever lies on it. radius: true, eye widths.

    For calibration only: it deforms lids and lashes.
    """
    step = turn(aim, radius)
    target = patch.to_eye(eye.iris) + step
    distance = np.hypot(*np.moveaxis(nodes(GRID) - target, -1, 0))
    share = np.clip(1 - (distance - 1.15 * radius) / (0.9 * radius), 0, 1)[..., None]
    inside = (ellipse(nodes(GRID)) < 1).astype(np.float32)
    return Field((-step * share).astype(np.float32), inside)
