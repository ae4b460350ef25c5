"""Clients with little CPU cost: they send a clip that was encoded once, and do not decode the returned video.

For measurements, in another process than the relay. RTP timestamps of returned frames identify the sent frame, and so
the delay. Both times are of this process's clock, so the delay includes what the relay cannot measure itself: frames
queued before its decoder or behind its encoder.

Uses two private names of aiortc; if a version lacks them, the error message says so.
"""

import asyncio
import queue
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from aiohttp import ClientSession
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCRtpSender
from aiortc import RTCSessionDescription as Description
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray

from relay.config.lines import ReturnMode
from relay.gaze.wire import packets
from relay.media.frame import DecodedFrame
from tests.clips import Clip
from tests.stamp import read_number

RATE: Final = 30  # frames a second
TICKS: Final = 90_000 // RATE  # of the RTP clock, from frame to frame
LONGEST: Final = 2**31  # ticks; a timestamp further ahead than this is in the past (wrap-around)
DECODER: Final = "_RTCRtpReceiver__decoder_queue"
STAMP: Final = "_RTCRtpSender__rtp_timestamp"


class CallError(Exception):
    """A call could not be established, or was closed."""


def encode(clip: Clip, kilobits: int = 1500) -> list[bytes]:
    """The clip's frames as VP8 with a key frame each second, to be played in a loop."""
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)  # noqa: S101 - for the type checker
    encoder.width, encoder.height, encoder.pix_fmt = clip.width, clip.height, "yuv420p"
    encoder.bit_rate, encoder.gop_size, encoder.time_base = 1000 * kilobits, RATE, Fraction(1, RATE)
    encoder.options = {"deadline": "realtime", "cpu-used": "4", "lag-in-frames": "0", "auto-alt-ref": "0"}
    packets = []
    for number, picture in enumerate(clip.frames()):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    if len(packets) != len(clip):
        raise RuntimeError(f"{len(clip)} frames became {len(packets)} packets: this encoder delays some")
    return packets


class Camera(MediaStreamTrack):
    """Plays encoded frames in a loop at a camera's frame rate.

    sent: when each frame was handed to the sender, seconds of the clock; a frame's number is its index here.
    on_due: called with each frame's number when it is due.
    """

    kind = "video"

    def __init__(self, film: list[bytes], on_due: Callable[[int], None], phase: float, clock: Callable[[], float]):
        super().__init__()
        self.sent: list[float] = []
        self._film, self._on_due, self._clock = film, on_due, clock
        self._phase, self._begun = phase, 0.0

    async def recv(self) -> "av.Packet[Any]":
        """The next frame, when it is due; a late frame is sent at once."""
        if self.readyState != "live":
            raise MediaStreamError
        number = len(self.sent)
        if number == 0:
            self._begun = self._clock() + self._phase
        await asyncio.sleep(max(0.0, self._begun + number / RATE - self._clock()))
        packet = av.Packet(self._film[number % len(self._film)])
        packet.pts, packet.time_base = number * TICKS, Fraction(1, TICKS * RATE)
        self._on_due(number)
        self.sent.append(self._clock())
        return packet


class UndecodedFrames(queue.Queue[Any]):
    """Replaces the queue of encoded frames for aiortc's decoder thread, so that they are not decoded.

    on_frame: called with each encoded frame, and its distance from the first one in frames.
    """

    def __init__(self, on_frame: Callable[[bytes, int], None]) -> None:
        super().__init__()
        self._on_frame = on_frame

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Pass on None, which stops the thread; everything else is consumed here."""
        if item is None:
            super().put(item, block, timeout)
        else:
            self._on_frame(item[1].data, round(item[1].timestamp / TICKS))

    def replace_decoder(self, receiver: RTCRtpReceiver) -> None:
        """Replace the decoder's queue. Call before connecting."""
        _private(receiver, DECODER)
        setattr(receiver, DECODER, self)


class TimedValues:
    """Values with the time they were recorded at, seconds of the clock."""

    def __init__(self) -> None:
        self._values: list[tuple[float, float]] = []

    def add(self, now: float, value: float) -> None:
        """Add a value. now must not decrease."""
        self._values.append((now, value))

    def between(self, begin: float, end: float) -> list[float]:
        """The values recorded in this span."""
        return [value for at, value in self._values if begin <= at < end]


class Caller:
    """One client in a call. phase: seconds until the first frame, so that cameras are not synchronous.

    delays: milliseconds from a frame handed to the sender until it is received completely; in field return, until its
    landmarks are. ages: in field return, how many frames before the camera's newest one the newest landmarks and the
    newest field were made, recorded at every frame: what a page would warp it with. unread: malformed packets.
    """

    def __init__(
        self,
        film: list[bytes],
        returns: ReturnMode = "video",
        phase: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.returns, self.unread = returns, 0
        self.delays, self.ages = TimedValues(), {"landmarks": TimedValues(), "field": TimedValues()}
        self._newest: dict[str, int] = {}
        self._first: int | None = None  # number of the first frame that came back
        self._length = len(film)
        self._clock, self._place = clock, ""
        self.camera = Camera(film, self._on_camera_frame, phase, clock)
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._sender = self.peer.addTrack(self.camera)
        UndecodedFrames(self._on_returned_frame).replace_decoder(self.peer.getTransceivers()[0].receiver)
        self.peer.createDataChannel("eyeline")
        if returns == "field":
            self.peer.createDataChannel("fields", ordered=False, maxRetransmits=0).on("message", self._on_packet)

    async def call(self, http: ClientSession, url: str, **fields: str) -> None:
        """Send an offer and apply the answer. fields: more fields of the offer."""
        if self.returns == "field":
            fields["returns"] = "field"
        answer = await offer(self.peer, http, url, **fields)
        self._place = f"{url}/{answer.get('id', '')}"

    async def read(self, http: ClientSession) -> dict[str, Any]:
        """The relay's own statistics of this call. Raises CallError where it has ended."""
        async with http.get(self._place) as answer:
            if answer.status != 200:
                raise CallError("a call was closed")
            figures: dict[str, Any] = await answer.json()
            return figures

    async def hang_up(self) -> None:
        """End the call."""
        await self.peer.close()

    def _on_returned_frame(self, data: bytes, after: int) -> None:
        """A frame of the returned video is complete."""
        if self._first is None and (number := _number_of(data)) is not None:
            self._first = (number - after) % self._length  # the film has not looped yet when a call begins
        if self._first is not None:
            self._record_delay(self._first + after)

    def _on_packet(self, data: bytes) -> None:
        """A packet of landmarks or of a field."""
        try:
            packet = packets.decode(data)
        except packets.WireError:
            self.unread += 1
            return
        number = self._number_at(packet.stamp.rtp)
        line = "landmarks" if isinstance(packet, packets.Landmarks) else "field"
        self._newest[line] = max(number, self._newest.get(line, number))
        if line == "landmarks":
            self._record_delay(number)

    def _record_delay(self, number: int) -> None:
        if 0 <= number < len(self.camera.sent):
            now = self._clock()
            self.delays.add(now, 1000 * (now - self.camera.sent[number]))

    def _on_camera_frame(self, number: int) -> None:
        """The camera has a new frame."""
        for line, newest in self._newest.items():
            self.ages[line].add(self._clock(), number - newest)

    def _number_at(self, stamp: int) -> int:
        """The number of the sent frame with this RTP timestamp, by its distance from the newest sent one."""
        behind = (int(_private(self._sender, STAMP)) - stamp) % 2**32
        return len(self.camera.sent) - 1 - round((behind if behind < LONGEST else behind - 2**32) / TICKS)


async def offer(peer: RTCPeerConnection, http: ClientSession, url: str, **fields: str) -> dict[str, Any]:
    """Send an offer, apply the answer and return it. fields: more fields of the offer.

    Raises CallError where it is refused.
    """
    await peer.setLocalDescription(await peer.createOffer())
    async with http.post(url, json={"type": "offer", "sdp": peer.localDescription.sdp, **fields}) as response:
        answer: dict[str, Any] = await response.json() if response.ok else {}
        if "sdp" not in answer:
            raise CallError(f"{url}: {response.status} {await response.text()}")
    await peer.setRemoteDescription(Description(answer["sdp"], "answer"))
    return answer


def percentile(values: Iterable[float], share: float) -> float | None:
    """A percentile of the values, rounded to 0.1; None without any."""
    kept = list(values)
    return round(float(np.percentile(kept, share)), 1) if kept else None


def luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """The brightness of a decoded frame, (height, width), read-only."""
    return DecodedFrame.of(frame).frame.y


def _number_of(data: bytes) -> int | None:
    """The number in an encoded frame; None where it is not a key frame, or has none."""
    decoder = av.CodecContext.create("vp8", "r")
    assert isinstance(decoder, av.VideoCodecContext)  # noqa: S101 - for the type checker
    try:
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    except av.FFmpegError:
        return None
    return read_number(luma(frames[0])) if frames else None


def _private(thing: RTCRtpReceiver | RTCRtpSender, name: str) -> Any:
    if not hasattr(thing, name):
        raise SystemExit(
            f"this version of aiortc has no {name}: scripts/measuring/calls/callers.py must be adapted to it"
        )
    return getattr(thing, name)
