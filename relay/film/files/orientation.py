"""How a stored frame is rotated for display: FFmpeg's display matrix. Knows nothing of containers.

The matrix (libavutil/display.h: nine numbers, a b u, c d v, x y w, of which a, b, c, d in 16.16 matter here) maps
the stored pixel (p, q) at (a p + c q, b p + d q) on the screen, x to the right and y down.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self, cast

import av
import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type

from relay.frame import Rotation

UPRIGHT: Final = (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)


class Direction(StrEnum):
    """A direction in the stored frame."""

    RIGHT = "right"
    LEFT = "left"
    DOWN = "down"
    UP = "up"


# Where the viewer's "down" is in the stored frame -> the clockwise rotation that makes it upright.
_TURNS: Final[dict[Direction, Rotation]] = {
    Direction.DOWN: 0,
    Direction.RIGHT: 90,
    Direction.UP: 180,
    Direction.LEFT: 270,
}


@dataclass(frozen=True)
class Orientation:
    """One of eight camera orientations: four rotations, each plain or mirrored.

    matrix: the nine numbers of the display matrix.
    """

    matrix: tuple[int, ...] = UPRIGHT

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Self:
        """The orientation of a decoded frame; upright where it carries none."""
        # PyAV returns such a container; its type stubs name an outdated dictionary.
        side_data = cast("SideDataContainer", frame.side_data)
        if Type.DISPLAYMATRIX not in side_data:
            return cls()
        return cls(tuple(np.frombuffer(bytes(side_data[Type.DISPLAYMATRIX]), np.int32).tolist()))

    @property
    def rotation(self) -> Rotation:
        """Degrees clockwise, to the nearest quarter turn, that make faces upright (mirrored or not)."""
        return _TURNS[_direction(self.matrix[1], self.matrix[4])]

    @property
    def right(self) -> Direction:
        """Where the viewer's right is in the stored frame."""
        return _direction(self.matrix[0], self.matrix[3])


def _direction(x: int, y: int) -> Direction:
    if abs(x) > abs(y):
        return Direction.RIGHT if x > 0 else Direction.LEFT
    return Direction.DOWN if y > 0 else Direction.UP
