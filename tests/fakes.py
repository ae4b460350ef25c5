"""Test doubles shared by tests; nothing of the product imports them."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, Self

import av
import numpy as np
from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from relay.config.correction import Correction
from relay.frame import EncodedFaces, Frame, Shown, Verdict
from relay.gaze.face import Faces
from relay.media.stages import Executors
from tests.deadlines import scaled

RATE = Fraction(1, 90000)


class FakeStages:
    """Stages that find no face and return every frame unchanged, as corrected.

    calls: the names of the stages in the order they were called. shares: those that frames were shown with. gates: a
    stage waits for its event, if it has one; a stage in `broken` raises. closed: how often close() was called.
    """

    def __init__(self, correction: Correction | None = None) -> None:
        self.correction = correction or Correction.model_validate({})
        self.calls: list[str] = []
        self.shares: list[float] = []
        self.gates: dict[str, threading.Event] = {}
        self.broken: set[str] = set()
        self.closed = 0

    def find_faces(self, frame: Frame) -> Faces:
        self._pass("find_faces")
        return Faces(frame.time, frame.size)

    def make_fields(self, frame: Frame, faces: Faces) -> float:
        self._pass("make_fields")
        return faces.time

    def show(self, frame: Frame, faces: Faces, fields: float, share: float) -> Shown:
        self._pass("show")
        self.shares.append(share)
        return Shown(frame, Verdict.CORRECTED)

    def encode_faces(self, frame: Frame, faces: Faces | None, ready: bool) -> EncodedFaces:
        self._pass("encode_faces")
        return EncodedFaces(f"faces {frame.stamp} {faces is not None}".encode(), Verdict.CORRECTED)

    def encode_fields(self, frame: Frame, seen: Frame, fields: float) -> bytes:
        self._pass("encode_fields")
        return f"fields {frame.stamp} {seen.stamp}".encode()

    def close(self) -> None:
        self.closed += 1

    def _pass(self, name: str) -> None:
        self.calls.append(name)
        if name in self.gates and not self.gates[name].wait(scaled(30)):
            raise TimeoutError(f"the gate of {name} was not opened")
        if name in self.broken:
            raise ValueError(f"{name} is broken")


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class StageFactory:
    """Creates FakeStages. made: all of them, in order of creation."""

    def __init__(self) -> None:
        self.made: list[FakeStages] = []

    def __call__(self, correction: Correction) -> FakeStages:
        self.made.append(FakeStages(correction))
        return self.made[-1]


@contextmanager
def started_executors() -> Iterator[Executors]:
    """Threads for the stages, ended afterwards."""
    executors = Executors.start()
    try:
        yield executors
    finally:
        executors.shutdown()


def picture(number: int, size: tuple[int, int] = (160, 120)) -> av.VideoFrame:
    """Frame number n of a clip at 30 fps: its grey level identifies it."""
    width, height = size
    frame = av.VideoFrame.from_ndarray(np.full((height, width), 40 + number % 160, np.uint8), format="gray")
    frame = frame.reformat(format="yuv420p")
    frame.pts, frame.time_base = 3000 * number, RATE
    return frame


class Clip(MediaStreamTrack):
    """A camera: numbered frames in real time, or `length` frames at once."""

    kind = "video"

    def __init__(self, size: tuple[int, int] = (160, 120), rate: float = 30, length: int | None = None) -> None:
        super().__init__()
        self._size, self._rate, self._length = size, rate, length
        self.sent = 0

    async def recv(self) -> av.VideoFrame:
        if self.readyState != "live" or self.sent == self._length:
            raise MediaStreamError
        if self._length is None:
            await asyncio.sleep(1 / self._rate)
        self.sent += 1
        return picture(self.sent - 1, self._size)


class Browser:
    """The client of a session: sends a clip (and silence), keeps what it receives. packets: of field return."""

    def __init__(self, *, audio: bool = True, channel: bool = True, audio_first: bool = False) -> None:
        self.packets: asyncio.Queue[bytes] = asyncio.Queue()
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.clip = Clip()
        self.received: dict[str, MediaStreamTrack] = {}
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.channel: RTCDataChannel | None = None
        tracks: list[MediaStreamTrack] = [self.clip, *([AudioStreamTrack()] if audio else [])]
        for track in reversed(tracks) if audio_first else tracks:
            self.peer.addTrack(track)
        if channel:
            self.channel = self.peer.createDataChannel("eyeline")
            self.channel.on("message", lambda text: self.messages.put_nowait(json.loads(text)))
            fields = self.peer.createDataChannel("fields", ordered=False, maxRetransmits=0)
            fields.on("message", self.packets.put_nowait)
        self.peer.on("track", lambda track: self.received.update({track.kind: track}))

    async def offer(self) -> str:
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return str(self.peer.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        await self.peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def send(self, **message: Any) -> None:
        assert self.channel is not None
        self.channel.send(json.dumps(message))

    async def receive(self, kind: str) -> dict[str, Any]:
        """The next message of this type; others are skipped."""
        async with asyncio.timeout(scaled(20)):
            while True:
                message = await self.messages.get()
                if message["type"] == kind:
                    return message

    async def see(self, frames: int = 1) -> list[av.VideoFrame]:
        """The next received frames."""
        async with asyncio.timeout(scaled(20)):
            seen = [await self.received["video"].recv() for _ in range(frames)]
        return [frame for frame in seen if isinstance(frame, av.VideoFrame)]

    async def vanish(self) -> None:
        """Disappear without closing the connection, as a closed laptop does: no packet leaves any more."""
        for transport in {transceiver.sender.transport.transport for transceiver in self.peer.getTransceivers()}:
            for protocol in transport._connection._protocols:
                protocol.transport.sendto = lambda *_: None  # type: ignore[method-assign]
        await self.peer.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.peer.close()


def fill(executor: ThreadPoolExecutor, threads: int) -> None:
    """Start all threads of an executor: it keeps them, so they would look like a leak."""
    together = threading.Barrier(threads + 1)
    for _ in range(threads):
        executor.submit(together.wait, scaled(20))
    together.wait(scaled(20))


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for a condition; fails the test after this many seconds, scaled to this machine."""
    async with asyncio.timeout(scaled(seconds)):
        while not condition():  # noqa: ASYNC110 - a condition of any kind has no event
            await asyncio.sleep(0.01)
