"""Glass to glass without a browser: a camera whose every frame carries a number, and an eye on what comes back.

A picture's way is counted from where it is handed to the encoder to where its number is read in a decoded frame.
Unlike a clip that loops, numbers run on, so that a delay of any length is told.
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

from scripts.measuring.calls.callers import RATE, TICKS, Noted, luma, offer
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
    """Shows the film in a loop, at the pace of a camera. What is not fetched in time is left out, as a camera does.

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


class Glass:
    """A person who notes how long each picture was under way.

    ways: milliseconds, of each number when it first came back.
    """

    def __init__(self, film: list[Planes], clock: Callable[[], float] = time.monotonic) -> None:
        self.ways = Noted()
        self._clock, self._seen = clock, set[int]()
        self._camera = NumberedCamera(film, clock)
        self._watching: asyncio.Task[None] | None = None
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._peer.addTrack(self._camera)
        self._peer.createDataChannel("eyeline")
        self._peer.on("track", self._begin)

    async def call(self, http: ClientSession, url: str, **said: str) -> None:
        """Make an offer there and take the answer. said: what else the offer says."""
        await offer(self._peer, http, url, **said)

    def see(self, frame: av.VideoFrame) -> None:
        """A frame has come back and is decoded. One that shows a number again says nothing new."""
        now, number = self._clock(), read_number(luma(frame))
        if number is not None and number in self._camera.sent and number not in self._seen:
            self._seen.add(number)
            self.ways.note(now, 1000 * (now - self._camera.sent[number]))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._peer.close()
        if self._watching:
            await self._watching

    def _begin(self, track: MediaStreamTrack) -> None:
        self._watching = asyncio.create_task(self._watch(track))

    async def _watch(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                if isinstance(frame, av.VideoFrame):
                    self.see(frame)
        except MediaStreamError:
            pass


def _split(planes: Planes, height: int | None = None) -> tuple[Any, Any, Any]:
    """Views of y (height, width), u and v (half as high and wide each)."""
    height = height or planes.shape[0] * 2 // 3
    y, rest = planes[:height], planes[height:].reshape(2, height // 2, -1)
    return y, rest[0], rest[1]
