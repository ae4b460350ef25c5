"""Bounds aiortc's two queues of received frames: before the decoder, and between decoder and track consumer.

aiortc's own are unbounded: a consumer slower than the input gains delay for the whole call. Here the newest frames win
and dropped ones are counted. Video frames depend on earlier ones, so all encoded ones are dropped up to the next
keyframe, which is requested. Uses aiortc's private names, as
relay/media/aiortc_patches/codec.py does.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aiortc import RTCRtpReceiver
from aiortc.rtcrtpreceiver import RemoteStreamTrack

from relay.media.aiortc_patches.keyframes import is_keyframe
from relay.media.mailbox import Mailbox

INPUT: Final = "_RTCRtpReceiver__decoder_queue"
ERROR_EVENT: Final = "_RTCRtpReceiver__decoder_error"
OUTPUT: Final = "_queue"
INPUT_CAPACITY: Final = {"video": 15, "audio": 50}  # encoded frames: half a second, a second
OUTPUT_CAPACITY: Final = {"video": 3, "audio": 50}  # decoded frames
REQUEST_INTERVAL: Final = 0.5  # seconds

_Receiver: Final[Any] = RTCRtpReceiver
_Track: Final[Any] = RemoteStreamTrack
_original_receiver_init: Final = _Receiver.__init__
_original_track_init: Final = _Track.__init__

log = logging.getLogger(__name__)


@dataclass
class Dropped:
    """Frames replaced by newer ones since the process began: before a decoder, and behind one."""

    encoded: int = 0
    decoded: int = 0


DROPPED: Final = Dropped()


class Encoded:
    """Queue of encoded frames from the event loop to a decoder's thread: (codec, frame) each, None at the end.

    capacity: how many may wait. request_keyframe: called when video frames were dropped, and again every
    REQUEST_INTERVAL until a keyframe arrives. Without it (audio) only the oldest frame is dropped. clock: seconds.
    """

    def __init__(self, capacity: int, request_keyframe: Callable[[], None] | None, clock: Callable[[], float]) -> None:
        self.dropped = 0
        self._capacity, self._request_keyframe, self._clock = capacity, request_keyframe, clock
        self._held: deque[Any] = deque()
        self._changed = threading.Condition()
        self._broken = False  # a frame that the next one depends on was dropped
        self._requested = float("-inf")

    def put(self, task: Any) -> None:
        """Add a frame; drop frames beyond the capacity. None ends the decoder at once, discarding waiting frames."""
        with self._changed:
            if task is None:
                self._held.clear()
            elif self._request_keyframe is None:
                self._drop(max(0, len(self._held) + 1 - self._capacity))
            elif not self._admit(task[1].data):
                return
            self._held.append(task)
            self._changed.notify()

    def get(self) -> Any:
        """Wait for the next frame and remove it."""
        with self._changed:
            while not self._held:
                self._changed.wait()
            return self._held.popleft()

    def _admit(self, data: bytes) -> bool:
        """Whether this video frame can be decoded after the waiting ones."""
        if is_keyframe(data):
            self._broken = False
            if len(self._held) >= self._capacity:
                self._drop(len(self._held))
            return True
        if len(self._held) >= self._capacity:
            self._drop(len(self._held))
            self._broken = True
        if self._broken:
            self._count(1)
            if self._request_keyframe and self._clock() - self._requested >= REQUEST_INTERVAL:
                self._requested = self._clock()
                self._request_keyframe()
        return not self._broken

    def _drop(self, count: int) -> None:
        for _ in range(count):
            self._held.popleft()
        self._count(count)

    def _count(self, count: int) -> None:
        self.dropped += count
        DROPPED.encoded += count


class Decoded(Mailbox[Any]):
    """Queue of decoded frames from a decoder's thread to the track, with those methods of asyncio.Queue that are used.

    None at the end, behind the frames.
    """

    async def put(self, item: Any) -> None:  # type: ignore[override]
        """Add an item; a full queue drops its oldest."""
        before = self.dropped
        super().put(item)
        DROPPED.decoded += self.dropped - before

    async def get(self) -> Any:
        """Wait for the oldest item and remove it."""
        return await self.take()

    def qsize(self) -> int:
        """The number of waiting items."""
        return len(self._held)


def bound_queues(wanted: bool = True) -> None:
    """Give receivers and tracks created from now on bounded queues, or aiortc's own."""
    names, known = (INPUT, ERROR_EVENT, OUTPUT), _names()
    if missing := [name for name in names if name not in known]:
        log.warning("aiortc's receiver has no %s any more: its queues stay without bound", " and ".join(missing))
        return
    _Receiver.__init__ = _make_receiver if wanted else _original_receiver_init
    _Track.__init__ = _make_track if wanted else _original_track_init


def _names() -> set[str]:
    """The attributes that both set in __init__."""
    return {*_original_receiver_init.__code__.co_names, *_original_track_init.__code__.co_names}


def _make_receiver(receiver: RTCRtpReceiver, kind: str, *arguments: Any, **named: Any) -> None:
    _original_receiver_init(receiver, kind, *arguments, **named)
    error: threading.Event = getattr(receiver, ERROR_EVENT)  # once set, aiortc requests a keyframe
    setattr(receiver, INPUT, Encoded(INPUT_CAPACITY[kind], error.set if kind == "video" else None, time.monotonic))


def _make_track(track: RemoteStreamTrack, kind: str, *arguments: Any, **named: Any) -> None:
    _original_track_init(track, kind, *arguments, **named)
    setattr(track, OUTPUT, Decoded(OUTPUT_CAPACITY[kind]))
