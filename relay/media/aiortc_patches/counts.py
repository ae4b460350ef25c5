"""Network statistics of all WebRTC connections of this process: bytes, packets, losses, NACKs, keyframe requests.

They come from getStats() where aiortc has them. What it does not count is counted here, by private names, as in
relay/media/aiortc_patches/codec.py: where a newer version no longer has a name, a warning is logged and its counter
stays zero. Knows nothing of who is connected.
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
_INIT_NAMES: Final = RTCRtpReceiver.__init__.__code__.co_names  # the attributes it sets

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hook:
    """A private method, and the counter that grows when it is called. amount: by how much, from its arguments."""

    owner: type
    name: str
    counter: tuple[CountName, Direction]
    amount: Callable[..., int] = lambda *_: 1


HOOKS: Final = (
    Hook(RTCRtpReceiver, "_send_rtcp_nack", ("nacks", "out"), lambda _, __, lost: len(lost)),
    Hook(RTCRtpReceiver, "_send_rtcp_pli", ("keyframe_requests", "out")),
    Hook(RTCRtpSender, "_retransmit", ("nacks", "in")),
    Hook(RTCRtpSender, "_send_keyframe", ("keyframe_requests", "in")),
)


class Network:
    """Counts from begin() to end(). joined: called with the ICE duration of each established connection [seconds].

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
        """Start counting, for connections created from now on. Call it after other replacements of these methods."""
        for hook in HOOKS:
            if hasattr(hook.owner, hook.name):
                self._replace(hook.owner, hook.name, self._wrap_counted(hook, getattr(hook.owner, hook.name)))
            else:
                log.warning(
                    "aiortc has no %s.%s any more: %s %s are not counted", hook.owner.__name__, hook.name, *hook.counter
                )
        if STREAMS not in _INIT_NAMES:
            log.warning("aiortc's receiver has no %s any more: lost incoming packets are not counted", STREAMS)
        self._replace(RTCPeerConnection, "__init__", self._wrap_init(RTCPeerConnection.__init__))
        self._replace(RTCPeerConnection, "close", self._wrap_close(RTCPeerConnection.close))

    def end(self) -> None:
        """Stop counting; the counts stay."""
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()

    async def read(self) -> Counts:
        """All counts until now, of open and closed connections. No count ever decreases."""
        counts = Counter(self._counts)
        for connection in list(self._connections):
            counts.update(await read_connection(connection))
        # A packet that arrives late is no longer lost, but a counter must not decrease.
        self._highest |= counts
        return Counter(self._highest)

    def _replace(self, owner: type, name: str, new: Callable[..., Any]) -> None:
        old = getattr(owner, name)

        def undo() -> None:
            if getattr(owner, name) is new:  # else it has been replaced or restored since
                setattr(owner, name, old)

        setattr(owner, name, new)
        self._undo.append(undo)

    def _wrap_counted(self, hook: Hook, inner: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any) -> Any:
            self._counts[hook.counter] += hook.amount(*arguments)
            return inner(*arguments)

        return counted

    def _wrap_init(self, make: Callable[..., None]) -> Callable[..., None]:
        def made(connection: RTCPeerConnection, *arguments: Any, **named: Any) -> None:
            make(connection, *arguments, **named)
            self._connections.add(connection)
            connection.on("iceconnectionstatechange", _IceTimer(connection, self._joined, self._clock))

        return made

    def _wrap_close(self, close: Callable[..., Any]) -> Callable[..., Any]:
        async def closed(connection: RTCPeerConnection) -> None:
            if connection in self._connections:
                self._connections.discard(connection)
                self._counts.update(await read_connection(connection))
            await close(connection)

        return closed


class _IceTimer:
    """Times one connection's ICE, from its first check (RFC 8445, 6.1.2.6) to the first pair that carries data."""

    def __init__(
        self, connection: RTCPeerConnection, joined: Callable[[float], None], clock: Callable[[], float]
    ) -> None:
        # The connection references this, so only a weak reference back: a cycle would keep it until garbage collection.
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
    """The counts that aiortc itself keeps for one connection; empty where it has none (any more)."""
    counts: Counts = Counter()
    try:
        report = await connection.getStats()
    except Exception:
        log.warning("a connection's statistics cannot be read", exc_info=True)
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
    """Lost packets. getStats() reports only one stream of each receiver, but retransmission is a stream too."""
    streams: dict[int, Any] = getattr(receiver, STREAMS, {})
    return sum(max(0, getattr(stream, "packets_lost", 0)) for stream in streams.values())
