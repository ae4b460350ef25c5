"""Registers the skin around an eye to another picture of it, and measures the eye's turn relative to the skin.

The eye and the lids that follow it are masked out; the rest is registered with the enhanced correlation coefficient
(Evangelidis and Psarakis 2008), which is invariant to brightness and contrast, in both directions. Landmarks only
initialise it: corner landmarks move with a third of the eye's vertical turn. Knows nothing of files or faces.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.planes import Picture
from models.datasets.real.album import HEIGHT, WIDTH
from relay.gaze.face import Angles, Eye
from relay.gaze.geometry import Matrix, Patch, compose
from relay.gaze.spec import ROTATION_PER_IRIS_RADIUS

EYE = (0.62, 0.36)  # semi-axes of the masked ellipse, eye widths: the eye and the lids that follow it
SKIN = (2.0, 1.5)  # semi-axes of the compared ellipse
OTHER_EYE = 1.5  # eye widths from the middle of this eye to just before the other one's inner corner
SMOOTHING = 5  # pixels, of the Gaussian filter before the registration; odd
CRITERIA = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)


@dataclass(frozen=True)
class Registration:
    """similarity: (2, 3) places in the first crop -> places in the second, centres of pixels at .5. residual: 1 -
    correlation of the skin. uncertainty: difference of both directions at the eye, pixels of the first crop.
    """

    similarity: Matrix
    residual: float
    uncertainty: float


def register(first: tuple[Picture, Eye], second: tuple[Picture, Eye]) -> Registration | None:
    """The registration of the first eye's skin to the second picture; None where it fails.

    Both pictures are crops of an album, about upright, of the same eye.
    """
    there, back = _one_way(first, second), _one_way(second, first)
    if there is None or back is None:
        return None
    also = _inverse(back)
    # Each direction is biased towards its start; similarities may be averaged element by element.
    similarity = np.asarray((there + also) / 2)
    centre = first[1].corners.mean(0)
    apart = (there - also) @ [*centre, 1] / math.hypot(*similarity[:, 0])
    seen = show(second[0], similarity)
    return Registration(similarity, _residual(first[0], seen, skin(first[1])), float(np.hypot(*apart)))


def turned(first: Eye, second: Eye, similarity: Matrix, radius: float) -> Angles:
    """The turn from the first eye to the second, in the first picture's axes.

    The inverse of relay/gaze/geometric.turn. radius: of the iris in the first picture, pixels.
    """
    back = _inverse(similarity)
    step = back[:, :2] @ second.iris + back[:, 2] - first.iris
    right, down = step / (ROTATION_PER_IRIS_RADIUS * radius)
    pitch = -math.asin(min(max(down, -1.0), 1.0))
    yaw = math.asin(min(max(right / max(math.cos(pitch), 0.1), -1.0), 1.0))
    return Angles(math.degrees(pitch), math.degrees(yaw))


def from_corners(first: Eye, second: Eye) -> Matrix:
    """(2, 3) similarity that maps the first eye's corners to the second's."""
    one, other = Patch.of(first), Patch.of(second)
    linear = other.basis @ one.inverse
    return np.column_stack([linear, other.centre - linear @ one.centre])


def skin(eye: Eye) -> NDArray[np.uint8]:
    """(112, 144) 255 on the skin around this eye that does not move with it."""
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    at = Patch.of(eye).to_eye(np.dstack([x, y]))
    inside, outside = (((at / axes) ** 2).sum(-1) for axes in (SKIN, EYE))
    return np.where((inside < 1) & (outside > 1) & (at[..., 0] < OTHER_EYE), 255, 0).astype(np.uint8)


def show(second: Picture, matrix: Matrix) -> Picture:
    """The second picture warped to the first. matrix: as Registration.similarity."""
    flags, border = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
    return np.asarray(
        cv2.warpAffine(second, _to_indices(matrix), (WIDTH, HEIGHT), flags=flags, borderMode=border), dtype=np.uint8
    )


def _one_way(first: tuple[Picture, Eye], second: tuple[Picture, Eye]) -> Matrix | None:
    """Fits an affine map, since a turned head stretches skin; returns its nearest similarity at the eye."""
    start = from_corners(first[1], second[1])
    begun = _luma(show(second[0], start))
    still = np.eye(2, 3, dtype=np.float32)
    try:
        _, found = cv2.findTransformECC(
            _luma(first[0]), begun, still, cv2.MOTION_AFFINE, CRITERIA, skin(first[1]), SMOOTHING
        )
    except cv2.error:  # it does not converge
        return None
    affine = compose(start, _to_centres(found.astype(np.float64)))
    return nearest_similarity(affine, first[1].corners.mean(0))


def nearest_similarity(affine: Matrix, centre: NDArray[np.floating]) -> Matrix:
    """The similarity equal to the map at the centre and closest to it around. (2, 3), (2,) -> (2, 3)."""
    (a, b), (c, d) = affine[:, :2]
    along, across = (a + d) / 2, (c - b) / 2
    linear = np.array([[along, -across], [across, along]])
    return np.column_stack([linear, affine[:, :2] @ centre + affine[:, 2] - linear @ centre])


def _residual(first: Picture, second: Picture, mask: NDArray[np.uint8]) -> float:
    one, other = (_luma(picture)[mask > 0] for picture in (first, second))
    return float(1 - np.corrcoef(one, other)[0, 1])


def _luma(picture: Picture) -> NDArray[np.float32]:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _inverse(matrix: Matrix) -> Matrix:
    return np.asarray(cv2.invertAffineTransform(matrix))


def _to_indices(matrix: Matrix) -> Matrix:
    """From coordinates with pixel centres at .5 to OpenCV's, with centres at whole numbers."""
    half = np.array([0.5, 0.5])
    return np.column_stack([matrix[:, :2], matrix[:, :2] @ half + matrix[:, 2] - half])


def _to_centres(matrix: Matrix) -> Matrix:
    """The inverse of _to_indices."""
    half = np.array([0.5, 0.5])
    return np.column_stack([matrix[:, :2], matrix[:, 2] + half - matrix[:, :2] @ half])
