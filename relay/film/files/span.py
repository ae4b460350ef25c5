"""A time span of a recording, exact to the video frame and to the audio packet.

Knows nothing of files; it filters a sequence of frames and packets.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeAlias, TypeVar

import av

Packet: TypeAlias = "av.Packet[Any]"
Item: TypeAlias = "av.VideoFrame | av.Packet[Any]"
I = TypeVar("I", bound="av.VideoFrame | av.Packet[Any]")  # noqa: E741

TOLERANCE: Final = Fraction(1, 2000)  # users type rounded seconds: 0.067 means the frame at 0.0667
VIDEO: Final = -1  # stands for the video stream among the stream indices


@dataclass(frozen=True)
class Span:
    """From start up to, not including, end; seconds since the recording's beginning. None: to its end."""

    start: Fraction = Fraction(0)
    end: Fraction | None = None

    @classmethod
    def of(cls, start: float, end: float | None) -> "Span":
        """From decimal input: 0.1 means one tenth, not the nearest binary fraction."""
        return cls(Fraction(str(start)), None if end is None else Fraction(str(end)))

    def is_before(self, time: Fraction) -> bool:
        """Whether an item at this time is before the span."""
        return time < self.start - TOLERANCE

    def is_after(self, time: Fraction) -> bool:
        """Whether an item at this time is after the span."""
        return self.end is not None and time >= self.end - TOLERANCE

    def cut(self, items: Iterable[Item], begin: Fraction, audio: Collection[int]) -> Iterator[Item]:
        """The frames and packets of this span, in their order, shifted so that it begins at time 0.

        begin: timestamp at which the recording begins, seconds. audio: indices of streams to wait for at the
        end, because a file may store an audio packet well after the frame it belongs to.
        With a start, time 0 is the first frame of the span. A packet that begins before it is dropped, so at
        most one audio packet (about 20 ms) is missing, and the rest stays in sync.
        """
        origin = None if self.start else begin
        early: list[Packet] = []
        unfinished = {VIDEO, *audio}
        for item in items:
            time = item_time(item) - begin
            if self.is_after(time):
                unfinished.discard(item.stream_index if isinstance(item, av.Packet) else VIDEO)
                if not unfinished:
                    return
            elif self.start and self.is_before(time):
                continue
            elif origin is None and isinstance(item, av.Packet):
                early.append(item)
            else:
                origin = item_time(item) if origin is None else origin
                here = [*early, item] if not self.start else [one for one in (*early, item) if item_time(one) >= origin]
                early.clear()
                yield from (moved(one, origin) for one in here)


def item_time(item: Item) -> Fraction:
    """Presentation time of a frame or packet, seconds; 0 where it has no timestamp."""
    pts = item.dts if item.pts is None else item.pts
    return Fraction(0) if pts is None or item.time_base is None else pts * item.time_base


def moved(item: I, origin: Fraction) -> I:
    """The same item with timestamps relative to origin [s]; intervals within a stream stay exact."""
    shift = round(origin / item.time_base) if item.time_base else 0
    item.pts = None if item.pts is None else item.pts - shift
    item.dts = None if item.dts is None else item.dts - shift
    return item
