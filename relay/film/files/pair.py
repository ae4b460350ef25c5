"""Two frames of one size side by side, to compare before and after. Knows nothing of what made them differ."""

import numpy as np

from relay.film.files.orientation import Direction
from relay.frame import Frame, Plane


def paired_size(size: tuple[int, int], right: Direction) -> tuple[int, int]:
    """(width, height) of the pair, pixels; each half is padded to an even length in the direction it grows."""
    width, height = size
    if right in {Direction.RIGHT, Direction.LEFT}:
        return 2 * (width + width % 2), height
    return width, 2 * (height + height % 2)


def pair(first: Frame, second: Frame, right: Direction) -> Frame:
    """Both frames, the first one on the viewer's left.

    right: where the viewer's right is in the stored pixels, so that the halves of a rotated frame are side by side
    when displayed. An odd length is padded by repeating the last line: a chroma pixel cannot be split.
    """
    axis = 1 if right in {Direction.RIGHT, Direction.LEFT} else 0
    ordered = (first, second) if right in {Direction.RIGHT, Direction.DOWN} else (second, first)
    y = np.concatenate([_padded(frame.y, axis) for frame in ordered], axis)
    u = np.concatenate([frame.u for frame in ordered], axis)
    v = np.concatenate([frame.v for frame in ordered], axis)
    return Frame(y, u, v, first.time, first.rotation)


def _padded(plane: Plane, axis: int) -> Plane:
    if plane.shape[axis] % 2 == 0:
        return plane
    return np.concatenate([plane, plane.take([-1], axis)], axis)
