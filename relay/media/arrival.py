"""Data passed between the pipeline's lines: a received frame, a line's result, a frame to send. Plain data."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import av

from relay.frame import Frame, Verdict
from relay.media.frame import DecodedFrame

R = TypeVar("R")


@dataclass(frozen=True)
class Arrival:
    """A decoded frame: its number (0, 1, 2, ...) and its arrival time in seconds of the pipeline's clock."""

    number: int
    at: float
    decoded: DecodedFrame

    @property
    def frame(self) -> Frame:
        """Its planes."""
        return self.decoded.frame


@dataclass(frozen=True)
class Result(Generic[R]):
    """The result of a line, and the frame it was computed from."""

    value: R
    source: Arrival


@dataclass(frozen=True)
class Ready:
    """A frame to send: its verdict, the arrival time of its source, the time it was ready [seconds]."""

    frame: av.VideoFrame
    verdict: Verdict
    arrived: float
    at: float
