"""Similarity of two images of an eye, and their sharpness. Pure functions of frames; knows nothing of gaze."""

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from models.datasets.planes import to_rgb
from models.evaluation.renders.tracing import Region, trace
from relay.frame import Frame
from relay.gaze.face import Field
from relay.gaze.geometry import Patch

Box = tuple[int, int, int, int]  # left, top, right, bottom

BEST = 99.0  # dB, for identical images
FEWEST = 20  # pixels needed to measure sharpness
LID = 0.04  # eye widths beside the lids' edge that count as lid


def mean_difference(made: Frame, wanted: Frame, weights: NDArray[np.float32]) -> float:
    """Weighted mean of the absolute differences (L1) of red, green and blue, 0..1. weights: (h, w), not all zero."""
    apart = np.abs(to_rgb(made).astype(np.float32) - to_rgb(wanted)).mean(-1)
    return float((apart * weights).sum() / weights.sum() / 255)


def similarity(made: Frame, wanted: Frame, box: Box) -> float:
    """SSIM of the luma in the box (Wang, Bovik, Sheikh, Simoncelli 2004)."""
    return float(structural_similarity(_part(made, box), _part(wanted, box), data_range=255))


def signal_to_noise(made: Frame, wanted: Frame, box: Box) -> float:
    """PSNR of the luma in the box, dB; BEST for identical images."""
    error = float(np.mean((_part(made, box).astype(np.float64) - _part(wanted, box)) ** 2))
    return min(BEST, 10 * float(np.log10(255**2 / error))) if error > 0 else BEST


def sharpness(before: Frame, after: Frame, patch: Patch, field: Field, ball: Region) -> float | None:
    """Energy of the luma's gradient on the eyeball, after / before, over the part that both images show.

    ball: of the input, between the lids. Each output pixel that shows the ball is compared with the input place that
    it comes from. None where too little of the ball is visible.
    """
    left, top, right, bottom = patch.box(1.0, before.size)
    columns, rows = np.meshgrid(np.arange(left, right) + 0.5, np.arange(top, bottom) + 0.5)
    traced = trace(field, patch.to_eye(np.stack([columns, rows], -1).reshape(-1, 2)))
    source = np.where(traced.mask[:, None] > 0.5, traced.ball, traced.rest)
    inside = ball.without_rim(LID)
    shown = ((inside(source) > 0.5) & (traced.shown(inside) > 0.5)).reshape(columns.shape)
    both = cv2.erode(shown.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0).astype(bool)
    if both.sum() < FEWEST:
        return None
    there = (patch.to_pixels(source) - 0.5).astype(np.float32).reshape(*columns.shape, 2)
    had = cv2.remap(_energy(before), there[..., 0], there[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    has = _energy(after)[top:bottom, left:right]
    total = float(had[both].sum())
    return float(has[both].sum()) / total if total > 0 else None


def _energy(frame: Frame) -> NDArray[np.float32]:
    """Squared length of the luma's gradient."""
    down, right = np.gradient(frame.y.astype(np.float32))
    return np.asarray(down**2 + right**2, dtype=np.float32)


def _part(frame: Frame, box: Box) -> NDArray[np.uint8]:
    left, top, right, bottom = box
    return frame.y[top:bottom, left:right]
