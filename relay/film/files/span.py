"""A part of a recording, by time: pictures to the frame, sound to the packet.

Knows nothing of files; it sees pictures and packets go by and lets those of the span through.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeAlias, TypeVar

import av

Packet: TypeAlias = "av.Packet[Any]"
Item: TypeAlias = "av.VideoFrame | av.Packet[Any]"
I = TypeVar("I", bound="av.VideoFrame | av.Packet[Any]")  # noqa: E741

TOLERANCE: Final = Fraction(1, 2000)  # people type rounded seconds: 0.067 means the frame at 0.0667
PICTURES: Final = -1  # stands for the pictures among the stream indices


@dataclass(frozen=True)
class Span:
    """From start up to, not including, end; seconds since the recording's beginning. None is its own end."""

    start: Fraction = Fraction(0)
    end: Fraction | None = None

    @classmethod
    def of(cls, start: float, end: float | None) -> "Span":
        """As typed: 0.1 means one tenth, not its nearest binary fraction."""
        return cls(Fraction(str(start)), None if end is None else Fraction(str(end)))

    def is_before(self, time: Fraction) -> bool:
        """Whether what begins at this time lies before the span."""
        return time < self.start - TOLERANCE

    def is_after(self, time: Fraction) -> bool:
        """Whether what begins at this time lies behind the span."""
        return self.end is not None and time >= self.end - TOLERANCE

    def cut(self, items: Iterable[Item], begin: Fraction, sound: Collection[int]) -> Iterator[Item]:
        """The pictures and packets of this span, in their order, moved so that it begins at time 0.

        begin: time stamp at which the recording begins, seconds. sound: indices of streams that are waited
        for at the end, because a file may hold a packet of sound well behind the picture it belongs to.
        With a start, time 0 is the first picture of the span; a packet that begins before it is left out, so
        at most one packet of sound (about 20 ms) is missing, and what is left stays in step.
        """
        origin = None if self.start else begin
        early: list[Packet] = []
        unfinished = {PICTURES, *sound}
        for item in items:
            time = item_time(item) - begin
            if self.is_after(time):
                unfinished.discard(item.stream_index if isinstance(item, av.Packet) else PICTURES)
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
    """When a picture or packet is to be shown or heard, seconds; 0 for what has no time stamp."""
    pts = item.dts if item.pts is None else item.pts
    return Fraction(0) if pts is None or item.time_base is None else pts * item.time_base


def moved(item: I, origin: Fraction) -> I:
    """The same item, its time stamps counted from origin [s]; distances within a stream stay exact."""
    shift = round(origin / item.time_base) if item.time_base else 0
    item.pts = None if item.pts is None else item.pts - shift
    item.dts = None if item.dts is None else item.dts - shift
    return item
