"""How a stored picture is turned for the viewer: FFmpeg's display matrix. Knows nothing of containers.

The matrix (libavutil/display.h: nine numbers, a b u, c d v, x y w, of which a, b, c, d in 16.16 matter here) lays
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
    """A direction in the stored picture."""

    RIGHT = "right"
    LEFT = "left"
    DOWN = "down"
    UP = "up"


# Where the viewer's "down" lies in the stored picture, and the clockwise turn that brings it there.
_TURNS: Final[dict[Direction, Rotation]] = {
    Direction.DOWN: 0,
    Direction.RIGHT: 90,
    Direction.UP: 180,
    Direction.LEFT: 270,
}


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways to hold a camera: four turns, each plain or mirrored.

    matrix: the nine numbers of the display matrix.
    """

    matrix: tuple[int, ...] = UPRIGHT

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Self:
        """What a decoded frame says of itself; upright where it says nothing."""
        # What PyAV returns is such a container; its type stubs name an outdated dictionary.
        carried = cast("SideDataContainer", frame.side_data)
        if Type.DISPLAYMATRIX not in carried:
            return cls()
        return cls(tuple(np.frombuffer(bytes(carried[Type.DISPLAYMATRIX]), np.int32).tolist()))

    @property
    def rotation(self) -> Rotation:
        """Degrees clockwise, to the nearest quarter, after which faces stand upright (mirrored or not)."""
        return _TURNS[_direction(self.matrix[1], self.matrix[4])]

    @property
    def right(self) -> Direction:
        """Where the viewer's right lies in the stored picture."""
        return _direction(self.matrix[0], self.matrix[3])


def _direction(x: int, y: int) -> Direction:
    if abs(x) > abs(y):
        return Direction.RIGHT if x > 0 else Direction.LEFT
    return Direction.DOWN if y > 0 else Direction.UP
