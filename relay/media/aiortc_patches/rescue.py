"""Keeps received video moving where packets are lost.

aiortc requests a lost packet once, and again only if another is lost meanwhile. It drops it 128 packets later, and then
waits until its jitter buffer of 512 packets is full: where the retransmission is lost too, video freezes for seconds.
Here the packet is requested again every one and a half round trips. If it is still missing after KEYFRAME_TIMEOUT, a
keyframe is requested (RFC 4585, 6.3.1). Once a complete keyframe has arrived, everything before it is skipped.

Uses aiortc's private names, as relay/media/aiortc_patches/codec.py does.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

from aiortc import RTCRtpReceiver
from aiortc.jitterbuffer import JitterBuffer

from relay.media.aiortc_patches.gaps import Gaps
from relay.media.aiortc_patches.keyframes import is_keyframe

TICK: Final = 0.02  # seconds
KEYFRAME_TIMEOUT: Final = 0.2  # seconds, plus a round trip, until a keyframe is requested
REQUEST_INTERVAL: Final = 0.25  # seconds, plus a round trip, until it is requested again
PREFIX: Final = "_RTCRtpReceiver__"
BUFFER, NACK_GENERATOR, CODECS, MAPPER, DECODER = (
    PREFIX + name for name in ("jitter_buffer", "nack_generator", "codecs", "timestamp_mapper", "decoder_queue")
)
ATTRIBUTES: Final = (BUFFER, NACK_GENERATOR, CODECS, MAPPER, DECODER)  # set by RTCRtpReceiver.__init__
METHODS: Final = ("receive", "stop", "_send_rtcp_nack", "_send_rtcp_pli")
BUFFER_METHODS: Final = ("add", "remove", "capacity", "_remove_frame")

_Receiver: Final[Any] = RTCRtpReceiver
_receive: Final[Any] = getattr(RTCRtpReceiver, "receive", None)
_stop: Final[Any] = getattr(RTCRtpReceiver, "stop", None)
_INIT_NAMES: Final = RTCRtpReceiver.__init__.__code__.co_names  # the attributes it sets
_watches: Final[WeakKeyDictionary[RTCRtpReceiver, asyncio.Task[None]]] = WeakKeyDictionary()

log = logging.getLogger(__name__)


@dataclass
class Rescued:
    """Since the process began: packets requested again, keyframes requested, skips to a keyframe."""

    retries: int = 0
    keyframes: int = 0
    skips: int = 0


RESCUED: Final = Rescued()


class Watch:
    """Watches one receiver of video. clock: seconds."""

    def __init__(self, receiver: Any, clock: Callable[[], float]) -> None:
        self._receiver, self._clock = receiver, clock
        self._gaps = Gaps(clock)
        self._buffer: Any = getattr(receiver, BUFFER)
        self._requested = float("-inf")
        setattr(receiver, NACK_GENERATOR, self._gaps)

    async def run(self) -> None:
        """Check every TICK until cancelled. An error here ends the watch and nothing else."""
        try:
            while True:
                await asyncio.sleep(TICK)
                await self.check()
        except Exception:
            log.warning("received video is not watched over any more", exc_info=True)

    async def check(self) -> None:
        """Send the due requests, skip to a keyframe, release complete frames."""
        if self._buffer._origin is None:
            return
        now = self._clock()
        self._gaps.forget_before(self._buffer._origin)
        if again := self._gaps.due(now):
            RESCUED.retries += len(again)
            await self._receiver._send_rtcp_nack(self._gaps.ssrc, again)
        if (since := self._gaps.since) is not None and not self._skip():
            await self._request_keyframe(now, since)
        self._release()

    def _skip(self) -> bool:
        """Skip everything before a complete keyframe, if there is one."""
        count = find_keyframe(self._buffer)
        if not count:
            return False
        self._buffer.remove(count)
        self._gaps.forget_before(self._buffer._origin)
        RESCUED.skips += 1
        return True

    async def _request_keyframe(self, now: float, since: float) -> None:
        rtt = self._gaps.rtt
        if now - since >= KEYFRAME_TIMEOUT + rtt and now - self._requested >= REQUEST_INTERVAL + rtt:
            self._requested = now
            RESCUED.keyframes += 1
            await self._receiver._send_rtcp_pli(self._gaps.ssrc)

    def _release(self) -> None:
        """Pass all complete frames to the decoder: aiortc itself passes one for each received packet."""
        buffer, receiver = self._buffer, self._receiver
        while (first := buffer._packets[buffer._origin % buffer.capacity]) is not None:
            frame = buffer._remove_frame(first.sequence_number)
            if frame is None:
                return
            frame.timestamp = getattr(receiver, MAPPER).map(frame.timestamp)
            getattr(receiver, DECODER).put((getattr(receiver, CODECS)[first.payload_type], frame))


def find_keyframe(buffer: Any) -> int:
    """Offset of the newest complete keyframe in a jitter buffer; 0 where there is none beyond the start."""
    found, start = 0, None
    for count in range(1, buffer.capacity):
        packet = buffer._packets[(buffer._origin + count) % buffer.capacity]
        if packet is None:
            start = None
            continue
        if is_keyframe(packet._data):
            start = start if start is not None and start[1] == packet.timestamp else (count, packet.timestamp)
        elif start is not None and start[1] != packet.timestamp:
            start = None
        if start is not None and packet.marker:
            found, start = start[0], None
    return found


def watch_receivers(wanted: bool = True) -> None:
    """Watch receivers of video that start from now on, or leave them to aiortc."""
    missing = [name for name in METHODS if not hasattr(RTCRtpReceiver, name)]
    missing += [name for name in BUFFER_METHODS if not hasattr(JitterBuffer, name)]
    missing += [name for name in ATTRIBUTES if name not in _INIT_NAMES]
    if missing:
        log.warning("aiortc has no %s any more: lost packets are requested once", ", ".join(missing))
        return
    _Receiver.receive = _receive_watched if wanted else _receive
    _Receiver.stop = _stop_watched if wanted else _stop


async def _receive_watched(receiver: RTCRtpReceiver, parameters: Any) -> None:
    if receiver not in _watches and getattr(receiver, NACK_GENERATOR) is not None:  # audio has none
        watch = Watch(receiver, time.monotonic)
        _watches[receiver] = asyncio.create_task(watch.run(), name="rescue")
    await _receive(receiver, parameters)


async def _stop_watched(receiver: RTCRtpReceiver) -> None:
    if task := _watches.pop(receiver, None):
        task.cancel()
        await asyncio.wait([task])
    await _stop(receiver)
