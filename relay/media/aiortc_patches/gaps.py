"""Missing packets of a stream: how often each was requested, and which to request again now.

Knows nothing of who sends, decodes or shows them, nor of aiortc, whose NackGenerator it can replace. Numbers are
RTP sequence numbers (RFC 3550, 5.1), which wrap around after 65535; times are seconds of the given clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

MAX_DISTANCE: Final = 512  # packets; older ones have no place in aiortc's jitter buffer any more
MAX_REQUESTS: Final = 12  # of one packet
MIN_INTERVAL: Final = 0.03  # seconds between two requests of a packet
MAX_INTERVAL: Final = 0.3  # seconds
INITIAL_RTT: Final = 0.05  # seconds, until a round trip was measured
SEQUENCE_NUMBERS: Final = 1 << 16


class Numbered(Protocol):
    """The attributes of an RTP packet that are used here."""

    sequence_number: int
    ssrc: int


@dataclass
class Gap:
    """A missing packet. since: when its loss was detected and it was first requested; last: its latest request."""

    since: float
    last: float
    requests: int = 1


class Gaps:
    """The missing packets of one stream. rtt: from the request of a packet to its arrival, smoothed [seconds].

    missing: by sequence number. ssrc: of the newest packet. retries: requests beyond the first of each packet.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.missing: dict[int, Gap] = {}
        self.rtt = INITIAL_RTT
        self.ssrc = 0
        self.retries = 0
        self._newest: int | None = None
        self._clock = clock

    @property
    def since(self) -> float | None:
        """Since when the longest missing packet is missing; None where none is."""
        return min((gap.since for gap in self.missing.values()), default=None)

    def add(self, packet: Numbered) -> bool:
        """Record a received packet. Returns whether it reveals a new gap: then request all missing packets."""
        number, now = packet.sequence_number, self._clock()
        self.ssrc = packet.ssrc
        if (
            self._newest is None or MAX_DISTANCE <= ahead(number, self._newest) < SEQUENCE_NUMBERS - MAX_DISTANCE
        ):  # a new stream
            self.missing.clear()
            self._newest = number
            return False
        step = ahead(number, self._newest)
        if step >= SEQUENCE_NUMBERS // 2 or step == 0:
            self._fill(number, now)
            return False
        new = [(self._newest + count) % SEQUENCE_NUMBERS for count in range(1, step)]
        self._newest = number
        if new:
            self.missing = {n: gap for n, gap in self.missing.items() if ahead(number, n) < MAX_DISTANCE}
            for gap in self.missing.values():
                gap.last, gap.requests = now, gap.requests + 1
            self.missing.update((n, Gap(now, now)) for n in new)
        return bool(new)

    def due(self, now: float) -> list[int]:
        """The packets to request again; they count as requested. The interval is one and a half round trips."""
        wait = min(MAX_INTERVAL, max(MIN_INTERVAL, 1.5 * self.rtt))
        due = [n for n, gap in self.missing.items() if now - gap.last >= wait and gap.requests < MAX_REQUESTS]
        for number in due:
            self.missing[number].last = now
            self.missing[number].requests += 1
        self.retries += len(due)
        return sorted(due)

    def forget_before(self, first: int) -> None:
        """Drop the missing packets before this number: they are no longer needed."""
        for number in [n for n in self.missing if ahead(n, first) >= SEQUENCE_NUMBERS // 2]:
            del self.missing[number]

    def _fill(self, number: int, now: float) -> None:
        gap = self.missing.pop(number, None)
        if gap is not None:
            # Which of several requests was answered is unknown: such a round trip looks too long, so it counts less.
            self.rtt += (now - gap.since - self.rtt) / (8 * gap.requests)


def ahead(number: int, other: int) -> int:
    """By how much the first is ahead of the other, 0..65535; 32768 and more means behind."""
    return (number - other) % SEQUENCE_NUMBERS
