"""A decoded video frame as three planes, and the verdict on what became of it.

The one noun that the gaze side and the media side share. Knows nothing of av, of faces or of networks.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
Rotation = Literal[0, 90, 180, 270]


class Verdict(StrEnum):
    """What the relay did with a frame: corrected it, or the reason why the original went out."""

    CORRECTED = "corrected"
    OFF = "off"  # correction is switched off, or strength or offset are zero
    NO_FACE = "no_face"
    EYES_CLOSED = "eyes_closed"
    TURNED_AWAY = "turned_away"  # head or gaze outside the range in which a correction looks right
    DOUBTFUL = "doubtful"  # landmarks that cannot be trusted, eyes too small, or outside the picture
    WARMING_UP = "warming_up"  # no landmarks or field yet
    LATE = "late"  # the stages could not keep up with this frame
    FAILED = "failed"  # a stage raised


@dataclass(frozen=True)
class Frame:
    """One decoded picture in planar 8-bit YUV 4:2:0.

    y: (height, width); u, v: (ceil(height / 2), ceil(width / 2)). They may be views of a decoder's memory:
    never write into them. time: media time in seconds (pts * time_base). rotation: degrees clockwise by
    which the stored picture must be turned to be seen upright (files; a browser turns its own pixels). stamp: the
    RTP timestamp (RFC 3550, 5.1) by which its sender knows it; 0 where it came without one.
    """

    y: Plane
    u: Plane
    v: Plane
    time: float
    rotation: Rotation = 0
    stamp: int = 0

    @property
    def width(self) -> int:
        """Stored width in pixels."""
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        """Stored height in pixels."""
        return int(self.y.shape[0])

    @property
    def planes(self) -> tuple[Plane, Plane, Plane]:
        """Y, U, V."""
        return self.y, self.u, self.v

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.width, self.height


@dataclass(frozen=True)
class Shown:
    """The frame that goes out. Where verdict is not CORRECTED, frame is the input object itself."""

    frame: Frame
    verdict: Verdict


@dataclass(frozen=True)
class EncodedFaces:
    """What is sent in place of a picture, and what its receiver will make of it: a correction, or why none."""

    packet: bytes
    verdict: Verdict
