"""Which packets of a stream have not come, how often they were asked for, and which are to be asked for again now.

Knows nothing of who sends, decodes or shows them, nor of aiortc, whose NackGenerator it can stand in for. Numbers are
RTP sequence numbers (RFC 3550, 5.1), which begin anew after 65535; times are seconds of the clock that it is given.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

FARTHEST: Final = 512  # packets; what is farther behind has no place in aiortc's jitter buffer any more
MOST: Final = 12  # times that a packet is asked for
SOONEST: Final = 0.03  # seconds until it is asked for again, at least
LATEST: Final = 0.3  # at most
FIRST_TRIP: Final = 0.05  # seconds there and back, until one was measured
WHEEL: Final = 1 << 16


class Numbered(Protocol):
    """As much of an RTP packet as is looked at."""

    sequence_number: int
    ssrc: int


@dataclass
class Gap:
    """A packet that has not come. since: when it was missed, and asked for the first time; last: when most lately."""

    since: float
    last: float
    asked: int = 1


class Gaps:
    """What is missing of one stream. trip: from asking for a packet to having it, smoothed [seconds].

    missing: by sequence number. source: SSRC of the newest packet. again: requests beyond the first of each packet.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.missing: dict[int, Gap] = {}
        self.trip = FIRST_TRIP
        self.source = 0
        self.again = 0
        self._newest: int | None = None
        self._clock = clock

    @property
    def since(self) -> float | None:
        """Since when the packet is missing that has been for longest; None where all are there."""
        return min((gap.since for gap in self.missing.values()), default=None)

    def add(self, packet: Numbered) -> bool:
        """This packet came, for the first time or again. Whether packets before it have not; all are then asked for."""
        number, now = packet.sequence_number, self._clock()
        self.source = packet.ssrc
        if self._newest is None or FARTHEST <= ahead(number, self._newest) < WHEEL - FARTHEST:  # another stream begins
            self.missing.clear()
            self._newest = number
            return False
        step = ahead(number, self._newest)
        if step >= WHEEL // 2 or step == 0:
            self._fill(number, now)
            return False
        new = [(self._newest + count) % WHEEL for count in range(1, step)]
        self._newest = number
        if new:
            self.missing = {n: gap for n, gap in self.missing.items() if ahead(number, n) < FARTHEST}
            for gap in self.missing.values():
                gap.last, gap.asked = now, gap.asked + 1
            self.missing.update((n, Gap(now, now)) for n in new)
        return bool(new)

    def due(self, now: float) -> list[int]:
        """Which ones to ask for once more; they count as asked for. The next time comes after a trip and a half."""
        wait = min(LATEST, max(SOONEST, 1.5 * self.trip))
        due = [n for n, gap in self.missing.items() if now - gap.last >= wait and gap.asked < MOST]
        for number in due:
            self.missing[number].last = now
            self.missing[number].asked += 1
        self.again += len(due)
        return sorted(due)

    def forget_before(self, first: int) -> None:
        """Nobody waits any more for what is before this number."""
        for number in [n for n in self.missing if ahead(n, first) >= WHEEL // 2]:
            del self.missing[number]

    def _fill(self, number: int, now: float) -> None:
        gap = self.missing.pop(number, None)
        if gap is not None:
            # Which of several requests was answered cannot be told: such a trip looks too long, and counts for less.
            self.trip += (now - gap.since - self.trip) / (8 * gap.asked)


def ahead(number: int, other: int) -> int:
    """By how much the first is ahead of the other, 0..65535; from 32768 on it is really behind."""
    return (number - other) % WHEEL
