"""How the skin around an eye lies in another picture of it, and by what angle the eye has turned against it.

The eye itself, with lids that follow it, is left out; what remains is registered with the enhanced correlation
coefficient (Evangelidis and Psarakis 2008), which does not mind light or contrast, there and back. Landmarks only
begin it: those of corners go along with a third of the eye's vertical turn. Knows nothing of files or faces.
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

EYE = (0.62, 0.36)  # half axes of what is left out, eye widths: the eye and the lids that follow it
SKIN = (2.0, 1.5)  # half axes of what is compared
OTHER_EYE = 1.5  # eye widths, from the middle of this eye to the other one's inner corner, nearly
SMOOTHING = 5  # pixels, of the Gaussian before the registration; odd
CRITERIA = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)


@dataclass(frozen=True)
class Registration:
    """similarity: (2, 3) places in the first crop -> places in the second, centres of pixels at .5. residual: 1 -
    correlation of the skin. doubt: by how much the ways there and back disagree at the eye, pixels of the first crop.
    """

    similarity: Matrix
    residual: float
    doubt: float


def register(first: tuple[Picture, Eye], second: tuple[Picture, Eye]) -> Registration | None:
    """The skin of the first eye in the second picture; None where it cannot be found.

    Both pictures are crops of an album, about upright, of the same eye.
    """
    there, back = _one_way(first, second), _one_way(second, first)
    if there is None or back is None:
        return None
    also = _inverse(back)
    # Each way pulls a little towards its start; similarities may be averaged number by number.
    similarity = np.asarray((there + also) / 2)
    centre = first[1].corners.mean(0)
    apart = (there - also) @ [*centre, 1] / math.hypot(*similarity[:, 0])
    seen = show(second[0], similarity)
    return Registration(similarity, _residual(first[0], seen, skin(first[1])), float(np.hypot(*apart)))


def turned(first: Eye, second: Eye, similarity: Matrix, radius: float) -> Angles:
    """By what angle the first eye turns to become the second, in the first picture's axes.

    The inverse of relay/gaze/geometric.turn. radius: of the iris in the first picture, pixels.
    """
    back = _inverse(similarity)
    step = back[:, :2] @ second.iris + back[:, 2] - first.iris
    right, down = step / (ROTATION_PER_IRIS_RADIUS * radius)
    pitch = -math.asin(min(max(down, -1.0), 1.0))
    yaw = math.asin(min(max(right / max(math.cos(pitch), 0.1), -1.0), 1.0))
    return Angles(math.degrees(pitch), math.degrees(yaw))


def from_corners(first: Eye, second: Eye) -> Matrix:
    """(2, 3) similarity that lays the first eye's corners on the second's."""
    one, other = Patch.of(first), Patch.of(second)
    linear = other.basis @ one.inverse
    return np.column_stack([linear, other.centre - linear @ one.centre])


def skin(eye: Eye) -> NDArray[np.uint8]:
    """(112, 144) 255 on the skin around this eye that its movements leave alone."""
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    at = Patch.of(eye).to_eye(np.dstack([x, y]))
    inside, outside = (((at / axes) ** 2).sum(-1) for axes in (SKIN, EYE))
    return np.where((inside < 1) & (outside > 1) & (at[..., 0] < OTHER_EYE), 255, 0).astype(np.uint8)


def show(second: Picture, matrix: Matrix) -> Picture:
    """The second picture laid over the first. matrix: as Registration.similarity."""
    flags, border = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
    return np.asarray(
        cv2.warpAffine(second, _to_indices(matrix), (WIDTH, HEIGHT), flags=flags, borderMode=border), dtype=np.uint8
    )


def _one_way(first: tuple[Picture, Eye], second: tuple[Picture, Eye]) -> Matrix | None:
    """An affine map is looked for, since a turned head stretches skin; its similarity at the eye is what is kept."""
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
    """The similarity that does the same at the centre and nearly the same around it. (2, 3), (2,) -> (2, 3)."""
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
    """From places with pixel centres at .5 to OpenCV's, which counts them from 0."""
    half = np.array([0.5, 0.5])
    return np.column_stack([matrix[:, :2], matrix[:, :2] @ half + matrix[:, 2] - half])


def _to_centres(matrix: Matrix) -> Matrix:
    """The way back."""
    half = np.array([0.5, 0.5])
    return np.column_stack([matrix[:, :2], matrix[:, 2] + half - matrix[:, :2] @ half])
