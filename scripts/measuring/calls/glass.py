"""Glass-to-glass delay without a browser: a camera that numbers its frames, and a receiver that reads the numbers.

The delay is from handing a frame to the encoder until its number is read in a decoded frame. The clip loops, but
numbers do not, so delays of any length are measured.
"""

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Self, cast

import av
import numpy as np
from aiohttp import ClientSession
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray

from scripts.measuring.calls.callers import RATE, TICKS, TimedValues, luma, offer
from tests.clips import Clip
from tests.stamp import BAND, draw_number, read_number

Planes = NDArray[np.uint8]  # (3/2 height, width): an 8-bit yuv420p frame in one piece


def develop(clip: Clip) -> list[Planes]:
    """The clip's frames as planes, without colour where numbers are drawn."""
    band = round(clip.height * BAND / 2)  # lines of the planes with colour that the number's band covers
    film = []
    for picture in clip.frames():
        planes = cast("Planes", av.VideoFrame.from_ndarray(picture, format="rgb24").to_ndarray(format="yuv420p"))
        _, u, v = _split(planes, clip.height)
        u[:band], v[:band] = 128, 128
        film.append(planes)
    return film


class NumberedCamera(MediaStreamTrack):
    """Plays the film in a loop at a camera's frame rate. Frames not fetched in time are dropped, as by a camera.

    sent: when each number was handed to the encoder, seconds of the clock.
    """

    kind = "video"

    def __init__(self, film: list[Planes], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.sent: dict[int, float] = {}
        self._film, self._clock = film, clock
        self._begun, self._number = 0.0, -1

    async def recv(self) -> av.VideoFrame:
        """The newest frame that has not been fetched; waits for it."""
        if self.readyState != "live":
            raise MediaStreamError
        if not self.sent:
            self._begun = self._clock()
        self._number = max(self._number + 1, int((self._clock() - self._begun) * RATE))
        await asyncio.sleep(max(0.0, self._begun + self._number / RATE - self._clock()))
        planes = self._film[self._number % len(self._film)].copy()
        draw_number(_split(planes)[0][..., None], self._number)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = self._number * TICKS, Fraction(1, TICKS * RATE)
        self.sent[self._number] = self._clock()
        return frame


class DelayMeter:
    """A client that measures each frame's delay.

    delays: milliseconds, of each number when it is first received.
    """

    def __init__(self, film: list[Planes], clock: Callable[[], float] = time.monotonic) -> None:
        self.delays = TimedValues()
        self._clock, self._seen = clock, set[int]()
        self._camera = NumberedCamera(film, clock)
        self._receiving: asyncio.Task[None] | None = None
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._peer.addTrack(self._camera)
        self._peer.createDataChannel("eyeline")
        self._peer.on("track", self._begin)

    async def call(self, http: ClientSession, url: str, **fields: str) -> None:
        """Make an offer there and take the answer. said: what else the offer says."""
        await offer(self._peer, http, url, **fields)

    def receive(self, frame: av.VideoFrame) -> None:
        """Process a decoded frame. A repeated number is ignored."""
        now, number = self._clock(), read_number(luma(frame))
        if number is not None and number in self._camera.sent and number not in self._seen:
            self._seen.add(number)
            self.delays.add(now, 1000 * (now - self._camera.sent[number]))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._peer.close()
        if self._receiving:
            await self._receiving

    def _begin(self, track: MediaStreamTrack) -> None:
        self._receiving = asyncio.create_task(self._receive_all(track))

    async def _receive_all(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                if isinstance(frame, av.VideoFrame):
                    self.receive(frame)
        except MediaStreamError:
            pass


def _split(planes: Planes, height: int | None = None) -> tuple[Any, Any, Any]:
    """Views of y (height, width), u and v (half as high and wide each)."""
    height = height or planes.shape[0] * 2 // 3
    y, rest = planes[:height], planes[height:].reshape(2, height // 2, -1)
    return y, rest[0], rest[1]
