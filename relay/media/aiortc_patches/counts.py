"""What the network does, over all WebRTC connections of this process: bytes, packets, losses, what is asked for again.

Figures come from getStats() where aiortc has them. What it counts nowhere is counted here, by private names, as in
relay/media/aiortc_patches/codec.py: a name that a newer version no longer has leaves its figure at zero, with a
warning. Knows nothing of who is connected.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal
from weakref import WeakSet

from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpSender

Direction = Literal["in", "out"]
CountName = Literal["bytes", "packets", "lost", "nacks", "keyframe_requests"]
Counts = Counter[tuple[CountName, Direction]]

STREAMS: Final = "_RTCRtpReceiver__remote_streams"
_MADE: Final = RTCRtpReceiver.__init__.__code__.co_names  # what it sets

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tap:
    """A private method, and the figure that grows when it is called. many: by how much, from its arguments."""

    owner: type
    name: str
    figure: tuple[CountName, Direction]
    many: Callable[..., int] = lambda *_: 1


TAPS: Final = (
    Tap(RTCRtpReceiver, "_send_rtcp_nack", ("nacks", "out"), lambda _, __, lost: len(lost)),
    Tap(RTCRtpReceiver, "_send_rtcp_pli", ("keyframe_requests", "out")),
    Tap(RTCRtpSender, "_retransmit", ("nacks", "in")),
    Tap(RTCRtpSender, "_send_keyframe", ("keyframe_requests", "in")),
)


class Network:
    """Counts from begin() to end(). joined: is told how long ICE took, of each connection that came about [seconds].

    clock: seconds, monotonic.
    """

    def __init__(
        self, joined: Callable[[float], None] = lambda _: None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._joined, self._clock = joined, clock
        self._counts: Counts = Counter()
        self._highest: Counts = Counter()
        self._connections: WeakSet[RTCPeerConnection] = WeakSet()
        self._undo: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Count from now on, all connections made from now on. After whatever else replaces these methods."""
        for tap in TAPS:
            if hasattr(tap.owner, tap.name):
                self._replace(tap.owner, tap.name, self._count(tap, getattr(tap.owner, tap.name)))
            else:
                log.warning("aiortc has no %s.%s any more: no %s %s", tap.owner.__name__, tap.name, *tap.figure)
        if STREAMS not in _MADE:
            log.warning("aiortc's receiver has no %s any more: no packets lost on their way here", STREAMS)
        self._replace(RTCPeerConnection, "__init__", self._notice(RTCPeerConnection.__init__))
        self._replace(RTCPeerConnection, "close", self._close(RTCPeerConnection.close))

    def end(self) -> None:
        """Count no more; the figures stay."""
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()

    async def read(self) -> Counts:
        """All counts until now, of living and of closed connections. None ever becomes less."""
        counts = Counter(self._counts)
        for connection in list(self._connections):
            counts.update(await read_connection(connection))
        # A packet that comes after it was counted as lost is none; a counter must not go back for it.
        self._highest |= counts
        return Counter(self._highest)

    def _replace(self, owner: type, name: str, new: Callable[..., Any]) -> None:
        old = getattr(owner, name)

        def undo() -> None:
            if getattr(owner, name) is new:  # else somebody has replaced it since, or put it back
                setattr(owner, name, old)

        setattr(owner, name, new)
        self._undo.append(undo)

    def _count(self, tap: Tap, inner: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any) -> Any:
            self._counts[tap.figure] += tap.many(*arguments)
            return inner(*arguments)

        return counted

    def _notice(self, make: Callable[..., None]) -> Callable[..., None]:
        def made(connection: RTCPeerConnection, *arguments: Any, **named: Any) -> None:
            make(connection, *arguments, **named)
            self._connections.add(connection)
            connection.on("iceconnectionstatechange", _IceWatch(connection, self._joined, self._clock))

        return made

    def _close(self, close: Callable[..., Any]) -> Callable[..., Any]:
        async def closed(connection: RTCPeerConnection) -> None:
            if connection in self._connections:
                self._connections.discard(connection)
                self._counts.update(await read_connection(connection))
            await close(connection)

        return closed


class _IceWatch:
    """Follows one connection's ICE, from its first check (RFC 8445, 6.1.2.6) to the first pair that carries data."""

    def __init__(
        self, connection: RTCPeerConnection, joined: Callable[[float], None], clock: Callable[[], float]
    ) -> None:
        # The connection holds this, so this must not hold the connection: it would live until it is collected.
        self._state = WeakSet([connection])
        self._joined, self._clock = joined, clock
        self._begun: float | None = None

    def __call__(self) -> None:
        for connection in self._state:
            if connection.iceConnectionState == "checking" and self._begun is None:
                self._begun = self._clock()
            elif connection.iceConnectionState == "completed" and self._begun is not None:
                self._joined(self._clock() - self._begun)
                self._state.clear()
                return


async def read_connection(connection: RTCPeerConnection) -> Counts:
    """The counts of one connection that aiortc keeps by itself; empty where it has none to give (any more)."""
    counts: Counts = Counter()
    try:
        report = await connection.getStats()
    except Exception:
        log.warning("a connection's figures cannot be read", exc_info=True)
        return counts
    for one in report.values():
        if one.type == "transport":
            counts["bytes", "in"] += one.bytesReceived
            counts["bytes", "out"] += one.bytesSent
            counts["packets", "in"] += one.packetsReceived
            counts["packets", "out"] += one.packetsSent
        elif one.type == "remote-inbound-rtp":
            counts["lost", "out"] += max(0, one.packetsLost)
    for receiver in connection.getReceivers():
        counts["lost", "in"] += _lost(receiver)
    return counts


def _lost(receiver: RTCRtpReceiver) -> int:
    """Packets that did not come. getStats() keeps but one stream of each receiver, and retransmission is one too."""
    streams: dict[int, Any] = getattr(receiver, STREAMS, {})
    return sum(max(0, getattr(stream, "packets_lost", 0)) for stream in streams.values())
