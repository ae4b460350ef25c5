"""A decoded video frame as three planes, and the verdict on what was done with it.

Shared by the gaze side and the media side. Knows nothing of av, of faces or of networks.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
Rotation = Literal[0, 90, 180, 270]


class Verdict(StrEnum):
    """What the relay did with a frame: corrected it, or why the original was sent."""

    CORRECTED = "corrected"
    OFF = "off"  # correction is switched off, or strength or offset are zero
    NO_FACE = "no_face"
    EYES_CLOSED = "eyes_closed"
    TURNED_AWAY = "turned_away"  # head or gaze outside the range in which a correction looks right
    DOUBTFUL = "doubtful"  # landmarks that cannot be trusted, eyes too small, or outside the frame
    WARMING_UP = "warming_up"  # no landmarks or field yet
    LATE = "late"  # the stages could not keep up with this frame
    FAILED = "failed"  # a stage raised an exception


@dataclass(frozen=True)
class Frame:
    """One decoded frame in planar 8-bit YUV 4:2:0.

    y: (height, width); u, v: (ceil(height / 2), ceil(width / 2)). They may be views of a decoder's memory:
    do not write into them. time: media time in seconds (pts * time_base). rotation: degrees clockwise by
    which the stored frame must be rotated to be upright (files only; a browser rotates its own pixels). stamp: the
    RTP timestamp (RFC 3550, 5.1) that its sender gave it; 0 where it has none.
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
    """The frame that is sent. Where verdict is not CORRECTED, frame is the input object itself."""

    frame: Frame
    verdict: Verdict


@dataclass(frozen=True)
class EncodedFaces:
    """What is sent instead of a frame, and the verdict that its receiver will reach."""

    packet: bytes
    verdict: Verdict
