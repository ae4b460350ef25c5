"""Contact sheets of a batch: input, target, output and the field."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from models.datasets.mixing import Batch
from models.network import Outputs, apply
from relay.gaze.eye_crop import BLACK, CHROMA_SWING, NEUTRAL, SWING
from relay.gaze.spec import CORNER_DISTANCE

Picture = NDArray[np.uint8]
ENLARGED = 2
ROWS, COLUMNS = 12, 3


def save(path: Path, batch: Batch, outputs: Outputs) -> None:
    """Write a PNG: eyes in columns; of each source, target, modified, mask, both flows."""
    modified = apply(batch.picture, outputs)
    count = min(len(batch.kinds), ROWS * COLUMNS)
    chosen = np.linspace(0, len(batch.kinds) - 1, count).astype(int)
    strips = [
        np.hstack(
            [
                to_rgb(batch.picture[index]),
                to_rgb(batch.wanted[index]),
                to_rgb(modified[index]),
                _grey(outputs[2][index, 0]),
                *(_coloured(flow[index]) for flow in outputs[:2]),
            ]
        )
        for index in chosen
    ]
    blank = np.zeros_like(strips[0])
    strips += [blank] * (-len(strips) % COLUMNS)
    rows = len(strips) // COLUMNS
    sheet = np.hstack([np.vstack(strips[column * rows : (column + 1) * rows]) for column in range(COLUMNS)])
    large = cv2.resize(sheet, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), np.ascontiguousarray(large[..., ::-1]))


def to_rgb(picture: Tensor) -> Picture:
    """(3, h, w) Y, U, V as the network has them -> (h, w, 3) RGB."""
    y, u, v = picture.detach().float().cpu().numpy()
    planes = np.stack([y * SWING + BLACK, v * CHROMA_SWING + NEUTRAL, u * CHROMA_SWING + NEUTRAL], -1)
    whole = np.clip(planes, 0, 255)
    whole[..., 0] = np.clip((whole[..., 0] - BLACK) * 255 / SWING, 0, 255)
    return np.asarray(cv2.cvtColor(whole.round().astype(np.uint8), cv2.COLOR_YCrCb2RGB), dtype=np.uint8)


def _grey(values: Tensor) -> Picture:
    grey = (values.detach().float().cpu().numpy() * 255).round().astype(np.uint8)
    return np.repeat(grey[..., None], 3, -1)


def _coloured(flow: Tensor) -> Picture:
    """(2, h, w) eye widths -> hue for direction, brightness for length (maximum at 8 patch pixels)."""
    x, y = flow.detach().float().cpu().numpy() * CORNER_DISTANCE
    hue = (np.degrees(np.arctan2(y, x)) % 360 / 2).astype(np.uint8)
    value = np.clip(np.hypot(x, y) / 8 * 255, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(np.dstack([hue, np.full_like(hue, 255), value]), cv2.COLOR_HSV2RGB), dtype=np.uint8)
