"""Bounds for the two queues that a received frame waits in at aiortc: before its decoder, and for who takes the track.

aiortc's own have none: who is slower than what comes in gains delay for as long as the call lasts. Here the newest wins
and what is dropped is counted. An encoded frame of video cannot be left out without harm to those after it, so all are
dropped up to the next keyframe, which is asked for. Touches aiortc's private names, as
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
BROKEN: Final = "_RTCRtpReceiver__decoder_error"
OUTPUT: Final = "_queue"
ROOM: Final = {"video": 15, "audio": 50}  # encoded frames: half a second, a second
TAKEN: Final = {"video": 3, "audio": 50}  # decoded frames
ASK_EVERY: Final = 0.5  # seconds

_Receiver: Final[Any] = RTCRtpReceiver
_Track: Final[Any] = RemoteStreamTrack
_receiver_as_made: Final = _Receiver.__init__
_track_as_made: Final = _Track.__init__

log = logging.getLogger(__name__)


@dataclass
class Dropped:
    """Frames that newer ones pushed out since the process began: before a decoder, and behind one."""

    encoded: int = 0
    decoded: int = 0


DROPPED: Final = Dropped()


class Encoded:
    """Frames on their way from the event loop to a decoder's thread: (codec, frame) each, at last None.

    room: how many may wait. ask: called when frames were dropped that a keyframe has to make up for; again every
    ASK_EVERY until it comes. Without it (sound) the oldest is dropped alone. clock: seconds.
    """

    def __init__(self, room: int, ask: Callable[[], None] | None, clock: Callable[[], float]) -> None:
        self.dropped = 0
        self._room, self._ask, self._clock = room, ask, clock
        self._held: deque[Any] = deque()
        self._changed = threading.Condition()
        self._broken = False  # what the next frame builds upon was dropped
        self._asked = float("-inf")

    def put(self, task: Any) -> None:
        """Let the decoder have it next, or drop what is too much. None ends the decoder, whatever still waits."""
        with self._changed:
            if task is None:
                self._held.clear()
            elif self._ask is None:
                self._drop(max(0, len(self._held) + 1 - self._room))
            elif not self._admit(task[1].data):
                return
            self._held.append(task)
            self._changed.notify()

    def get(self) -> Any:
        """Wait for the next one and take it."""
        with self._changed:
            while not self._held:
                self._changed.wait()
            return self._held.popleft()

    def _admit(self, data: bytes) -> bool:
        """Whether this frame of video can be decoded after what is held."""
        if is_keyframe(data):
            self._broken = False
            if len(self._held) >= self._room:
                self._drop(len(self._held))
            return True
        if len(self._held) >= self._room:
            self._drop(len(self._held))
            self._broken = True
        if self._broken:
            self._count(1)
            if self._ask and self._clock() - self._asked >= ASK_EVERY:
                self._asked = self._clock()
                self._ask()
        return not self._broken

    def _drop(self, count: int) -> None:
        for _ in range(count):
            self._held.popleft()
        self._count(count)

    def _count(self, count: int) -> None:
        self.dropped += count
        DROPPED.encoded += count


class Decoded(Mailbox[Any]):
    """Frames from a decoder's thread to who takes the track, with those methods of asyncio.Queue that are used.

    At last None, behind the frames.
    """

    async def put(self, thing: Any) -> None:  # type: ignore[override]
        """Put it in, in place of the oldest where there is no room."""
        before = self.dropped
        super().put(thing)
        DROPPED.decoded += self.dropped - before

    async def get(self) -> Any:
        """Wait for the oldest and take it out."""
        return await self.take()

    def qsize(self) -> int:
        """How many wait."""
        return len(self._held)


def bound_queues(wanted: bool = True) -> None:
    """Let receivers and their tracks, from now on made, have bounded queues, or aiortc's own."""
    names, known = (INPUT, BROKEN, OUTPUT), _names()
    if missing := [name for name in names if name not in known]:
        log.warning("aiortc's receiver has no %s any more: its queues stay without bound", " and ".join(missing))
        return
    _Receiver.__init__ = _make_receiver if wanted else _receiver_as_made
    _Track.__init__ = _make_track if wanted else _track_as_made


def _names() -> set[str]:
    """What both set when they are made."""
    return {*_receiver_as_made.__code__.co_names, *_track_as_made.__code__.co_names}


def _make_receiver(receiver: RTCRtpReceiver, kind: str, *arguments: Any, **named: Any) -> None:
    _receiver_as_made(receiver, kind, *arguments, **named)
    broken: threading.Event = getattr(receiver, BROKEN)  # set, it makes aiortc ask for a keyframe
    setattr(receiver, INPUT, Encoded(ROOM[kind], broken.set if kind == "video" else None, time.monotonic))


def _make_track(track: RemoteStreamTrack, kind: str, *arguments: Any, **named: Any) -> None:
    _track_as_made(track, kind, *arguments, **named)
    setattr(track, OUTPUT, Decoded(TAKEN[kind]))
