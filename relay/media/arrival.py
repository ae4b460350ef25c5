"""What travels along the lines: a frame that came in, what a line made of it, a frame to send. Plain data."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import av

from relay.frame import Frame, Verdict
from relay.media.frame import DecodedFrame

R = TypeVar("R")


@dataclass(frozen=True)
class Arrival:
    """A decoded frame: its number (0, 1, 2, ...) and when it arrived, seconds of the pipeline's clock."""

    number: int
    at: float
    picture: DecodedFrame

    @property
    def frame(self) -> Frame:
        """Its planes."""
        return self.picture.frame


@dataclass(frozen=True)
class Made(Generic[R]):
    """What a line made, and from which frame."""

    value: R
    source: Arrival


@dataclass(frozen=True)
class Ready:
    """A frame to send: why it looks as it does, when its source arrived and when it was ready."""

    picture: av.VideoFrame
    verdict: Verdict
    arrived: float
    at: float
