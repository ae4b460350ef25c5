"""Keeps a received picture moving where packets are lost.

aiortc asks for a lost packet once or, with luck, again when the next one is lost, forgets it 128 packets later, and
then waits until its jitter buffer of 512 packets is full: a packet whose retransmission is lost too freezes the picture
for seconds. Here it is asked for again every one and a half round trips; when that does not help within PATIENCE, a
keyframe is (RFC 4585, 6.3.1); and when a whole keyframe is there, nobody waits for anything before it.

Touches aiortc's private names, as relay/media/aiortc_patches/codec.py does.
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
PATIENCE: Final = 0.2  # seconds, and a round trip: then a keyframe is asked for
ASK_EVERY: Final = 0.25  # seconds, and a round trip: then it is asked for again
PREFIX: Final = "_RTCRtpReceiver__"
BUFFER, MISSING, CODECS, MAPPER, DECODER = (
    PREFIX + name for name in ("jitter_buffer", "nack_generator", "codecs", "timestamp_mapper", "decoder_queue")
)
SET: Final = (BUFFER, MISSING, CODECS, MAPPER, DECODER)  # by RTCRtpReceiver.__init__
METHODS: Final = ("receive", "stop", "_send_rtcp_nack", "_send_rtcp_pli")
BUFFERED: Final = ("add", "remove", "capacity", "_remove_frame")

_Receiver: Final[Any] = RTCRtpReceiver
_receive: Final[Any] = getattr(RTCRtpReceiver, "receive", None)
_stop: Final[Any] = getattr(RTCRtpReceiver, "stop", None)
_MADE: Final = RTCRtpReceiver.__init__.__code__.co_names  # what it sets
_watches: Final[WeakKeyDictionary[RTCRtpReceiver, asyncio.Task[None]]] = WeakKeyDictionary()

log = logging.getLogger(__name__)


@dataclass
class Rescued:
    """Since the process began: packets asked for again, keyframes asked for, frames left out to get to a keyframe."""

    asked_again: int = 0
    keyframes: int = 0
    skips: int = 0


RESCUED: Final = Rescued()


class Watch:
    """Over one receiver of video. clock: seconds."""

    def __init__(self, receiver: Any, clock: Callable[[], float]) -> None:
        self._receiver, self._clock = receiver, clock
        self._gaps = Gaps(clock)
        self._buffer: Any = getattr(receiver, BUFFER)
        self._asked = float("-inf")
        setattr(receiver, MISSING, self._gaps)

    async def run(self) -> None:
        """Look again and again until cancelled. What goes wrong here ends the watch, and nothing else."""
        try:
            while True:
                await asyncio.sleep(TICK)
                await self.look()
        except Exception:
            log.warning("a received picture is not watched over any more", exc_info=True)

    async def look(self) -> None:
        """Do what is due."""
        if self._buffer._origin is None:
            return
        now = self._clock()
        self._gaps.forget_before(self._buffer._origin)
        if again := self._gaps.due(now):
            RESCUED.asked_again += len(again)
            await self._receiver._send_rtcp_nack(self._gaps.source, again)
        if (since := self._gaps.since) is not None and not self._skip():
            await self._ask_for_keyframe(now, since)
        self._release()

    def _skip(self) -> bool:
        """Leave out what is before a whole keyframe, if there is one."""
        count = find_keyframe(self._buffer)
        if not count:
            return False
        self._buffer.remove(count)
        self._gaps.forget_before(self._buffer._origin)
        RESCUED.skips += 1
        return True

    async def _ask_for_keyframe(self, now: float, since: float) -> None:
        trip = self._gaps.trip
        if now - since >= PATIENCE + trip and now - self._asked >= ASK_EVERY + trip:
            self._asked = now
            RESCUED.keyframes += 1
            await self._receiver._send_rtcp_pli(self._gaps.source)

    def _release(self) -> None:
        """Let all frames that are whole go to the decoder: aiortc takes one for each packet that comes in."""
        buffer, receiver = self._buffer, self._receiver
        while (first := buffer._packets[buffer._origin % buffer.capacity]) is not None:
            frame = buffer._remove_frame(first.sequence_number)
            if frame is None:
                return
            frame.timestamp = getattr(receiver, MAPPER).map(frame.timestamp)
            getattr(receiver, DECODER).put((getattr(receiver, CODECS)[first.payload_type], frame))


def find_keyframe(buffer: Any) -> int:
    """After how many places of a jitter buffer its newest whole keyframe begins; 0 where there is none but in front."""
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
    """Let receivers of video that begin from now on be watched over, or not, as aiortc has it."""
    missing = [name for name in METHODS if not hasattr(RTCRtpReceiver, name)]
    missing += [name for name in BUFFERED if not hasattr(JitterBuffer, name)]
    missing += [name for name in SET if name not in _MADE]
    if missing:
        log.warning("aiortc has no %s any more: lost packets are asked for once", ", ".join(missing))
        return
    _Receiver.receive = _receive_watched if wanted else _receive
    _Receiver.stop = _stop_watched if wanted else _stop


async def _receive_watched(receiver: RTCRtpReceiver, parameters: Any) -> None:
    if receiver not in _watches and getattr(receiver, MISSING) is not None:  # which sound has not
        watch = Watch(receiver, time.monotonic)
        _watches[receiver] = asyncio.create_task(watch.run(), name="rescue")
    await _receive(receiver, parameters)


async def _stop_watched(receiver: RTCRtpReceiver) -> None:
    if task := _watches.pop(receiver, None):
        task.cancel()
        await asyncio.wait([task])
    await _stop(receiver)
