"""Reads received tracks, and provides the tracks to send.

aiortc queues received frames without bound, so both ingests take each frame as soon as it is decoded. Its
senders call recv(), then encode, then send, strictly in turn, so recv() here only returns what is ready.
Knows nothing of what happens to the frames in between, nor of connections.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from relay.media.mailbox import ClosedError
from relay.media.pipeline import Pipeline

Stamper = Callable[[av.VideoFrame], int]  # gives the RTP timestamp with which a frame was sent

MAX_AUDIO_FRAMES: Final = 100  # of 20 ms: two seconds, more than any video frame should take


async def ingest(source: MediaStreamTrack, pipeline: Pipeline[Any, Any], stamp: Stamper = lambda _: 0) -> None:
    """Pass every decoded frame to the pipeline, at once, until the track ends. stamp: relay.frame.Frame."""
    with suppress(MediaStreamError):
        while True:
            decoded = await source.recv()
            if isinstance(decoded, av.VideoFrame):
                pipeline.take(decoded, stamp(decoded))


class CorrectedTrack(MediaStreamTrack):
    """The pipeline's output: size, timestamps and order of its input."""

    kind = "video"

    def __init__(self, pipeline: Pipeline[Any, Any]) -> None:
        super().__init__()
        self._pipeline = pipeline

    async def recv(self) -> av.VideoFrame:
        """The newest frame not yet sent; waits for one. Raises MediaStreamError once the pipeline is closed."""
        try:
            return await self._pipeline.next()
        except ClosedError:
            self.stop()
            raise MediaStreamError from None


class DelayedTrack(MediaStreamTrack):
    """Audio, unchanged, delayed as much as the corrected video.

    The receiver synchronises audio and video by RTCP sender reports, which pair the time of *sending* with media
    time (RFC 3550, 6.4.1). The time a frame spends in the relay between decoding and encoding is invisible in
    them, so undelayed audio would play ahead of its video by that time.

    source: the received track. delay: the video's current delay. clock: monotonic. All in seconds. Beyond
    MAX_AUDIO_FRAMES unread frames the oldest are dropped.
    """

    kind = "audio"

    def __init__(self, source: MediaStreamTrack, delay: Callable[[], float], clock: Callable[[], float]) -> None:
        super().__init__()
        self.dropped = 0
        self._source, self._delay, self._clock = source, delay, clock
        self._kept: deque[tuple[float, av.AudioFrame]] = deque()
        self._ended = False
        self._changed = asyncio.Event()

    async def ingest(self) -> None:
        """Read every received frame, at once, until the source ends."""
        with suppress(MediaStreamError):
            while True:
                frame = await self._source.recv()
                if isinstance(frame, av.AudioFrame):
                    self._keep(frame)
        self.close()

    def close(self) -> None:
        """No more frames will come; recv() ends after the last one."""
        self._ended = True
        self._changed.set()

    async def recv(self) -> av.AudioFrame:
        """The next frame, when its video is due. Raises MediaStreamError once the source has ended."""
        while not self._kept:
            if self._ended:
                self.stop()
                raise MediaStreamError
            self._changed.clear()
            await self._changed.wait()
        arrived, frame = self._kept.popleft()
        early = arrived + self._delay() - self._clock()
        if early > 0:
            await asyncio.sleep(early)
        return frame

    def _keep(self, frame: av.AudioFrame) -> None:
        self._kept.append((self._clock(), frame))
        if len(self._kept) > MAX_AUDIO_FRAMES:
            self._kept.popleft()
            self.dropped += 1
        self._changed.set()
