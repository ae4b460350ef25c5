"""People in a call who cost little: they send a clip that was encoded once, and decode nothing of what comes back.

For measurements, in another process than the relay. What returns is told by its RTP time stamps: of which sent frame
it is, and how long that was under way. Both ends of the way are this process's own clock, so that it also shows what
the relay cannot see of itself: frames that wait before its decoder or behind its encoder.

Two private names of aiortc are used here, and missed with a message where a version has them no more.
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
LONGEST: Final = 2**31  # ticks; a time stamp further ahead than this is one of the past
DECODER: Final = "_RTCRtpReceiver__decoder_queue"
STAMP: Final = "_RTCRtpSender__rtp_timestamp"


class CallError(Exception):
    """A call did not come about, or broke off."""


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
        raise RuntimeError(f"{len(clip)} frames became {len(packets)} packets: this encoder holds some back")
    return packets


class Camera(MediaStreamTrack):
    """Plays encoded frames in a loop at the pace of a camera.

    sent: when each frame was handed to the sender, seconds of the clock; a frame's number is its place here.
    shows: is told each frame's number when it is due.
    """

    kind = "video"

    def __init__(self, film: list[bytes], shows: Callable[[int], None], phase: float, clock: Callable[[], float]):
        super().__init__()
        self.sent: list[float] = []
        self._film, self._shows, self._clock = film, shows, clock
        self._phase, self._begun = phase, 0.0

    async def recv(self) -> "av.Packet[Any]":
        """The next frame, when it is due; one that is late goes out at once."""
        if self.readyState != "live":
            raise MediaStreamError
        number = len(self.sent)
        if number == 0:
            self._begun = self._clock() + self._phase
        await asyncio.sleep(max(0.0, self._begun + number / RATE - self._clock()))
        packet = av.Packet(self._film[number % len(self._film)])
        packet.pts, packet.time_base = number * TICKS, Fraction(1, TICKS * RATE)
        self._shows(number)
        self.sent.append(self._clock())
        return packet


class Undecoded(queue.Queue[Any]):
    """Stands where aiortc queues encoded frames for its decoder's thread, and keeps them from it.

    came: is told the first frame itself, and of each one how many frames of time it is after the first.
    """

    def __init__(self, came: Callable[[bytes, int], None]) -> None:
        super().__init__()
        self._came = came

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """None is what ends the thread; everything else ends here."""
        if item is None:
            super().put(item, block, timeout)
        else:
            self._came(item[1].data, round(item[1].timestamp / TICKS))

    def listen_to(self, receiver: RTCRtpReceiver) -> None:
        """Take the decoder's place; before the connection begins."""
        _private(receiver, DECODER)
        setattr(receiver, DECODER, self)


class Noted:
    """Figures, each with the time it was noted at; seconds of the clock."""

    def __init__(self) -> None:
        self._noted: list[tuple[float, float]] = []

    def note(self, now: float, figure: float) -> None:
        """Add one. now never goes back."""
        self._noted.append((now, figure))

    def between(self, begin: float, end: float) -> list[float]:
        """The figures noted then."""
        return [figure for at, figure in self._noted if begin <= at < end]


class Caller:
    """One person in a call. phase: seconds until the first frame, so that not all cameras tick at once.

    ways: milliseconds from a frame handed to the sender until it is back whole; in field return, until its landmarks
    are. ages: in field return, how many frames before the camera's newest one the newest landmarks and the newest
    field were made from, noted at every frame: what a page would warp it with. unread: packets that are malformed.
    """

    def __init__(
        self,
        film: list[bytes],
        returns: ReturnMode = "video",
        phase: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.returns, self.unread = returns, 0
        self.ways, self.ages = Noted(), {"landmarks": Noted(), "field": Noted()}
        self._newest: dict[str, int] = {}
        self._first: int | None = None  # number of the first frame that came back
        self._length = len(film)
        self._clock, self._place = clock, ""
        self.camera = Camera(film, self._look, phase, clock)
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._sender = self.peer.addTrack(self.camera)
        Undecoded(self._came_back).listen_to(self.peer.getTransceivers()[0].receiver)
        self.peer.createDataChannel("eyeline")
        if returns == "field":
            self.peer.createDataChannel("fields", ordered=False, maxRetransmits=0).on("message", self._hear)

    async def call(self, http: ClientSession, url: str, **said: str) -> None:
        """Make an offer there and take the answer. said: what else the offer says."""
        if self.returns == "field":
            said["returns"] = "field"
        answer = await offer(self.peer, http, url, **said)
        self._place = f"{url}/{answer.get('id', '')}"

    async def read(self, http: ClientSession) -> dict[str, Any]:
        """The relay's own figures of this call. Raises CallError where it has ended."""
        async with http.get(self._place) as answer:
            if answer.status != 200:
                raise CallError("a call broke off")
            figures: dict[str, Any] = await answer.json()
            return figures

    async def hang_up(self) -> None:
        """End the call."""
        await self.peer.close()

    def _came_back(self, data: bytes, after: int) -> None:
        """A frame of the returned video is whole."""
        if self._first is None and (number := _number_of(data)) is not None:
            self._first = (number - after) % self._length  # the film has not been all through when a call begins
        if self._first is not None:
            self._note_way(self._first + after)

    def _hear(self, data: bytes) -> None:
        """A packet of landmarks or of a field."""
        try:
            told = packets.decode(data)
        except packets.WireError:
            self.unread += 1
            return
        number = self._number_at(told.stamp.rtp)
        line = "landmarks" if isinstance(told, packets.Landmarks) else "field"
        self._newest[line] = max(number, self._newest.get(line, number))
        if line == "landmarks":
            self._note_way(number)

    def _note_way(self, number: int) -> None:
        if 0 <= number < len(self.camera.sent):
            now = self._clock()
            self.ways.note(now, 1000 * (now - self.camera.sent[number]))

    def _look(self, number: int) -> None:
        """The camera has a new frame."""
        for line, newest in self._newest.items():
            self.ages[line].note(self._clock(), number - newest)

    def _number_at(self, stamp: int) -> int:
        """Of the sent frame with this RTP time stamp: as far before the newest sent one as the time stamps say."""
        behind = (int(_private(self._sender, STAMP)) - stamp) % 2**32
        return len(self.camera.sent) - 1 - round((behind if behind < LONGEST else behind - 2**32) / TICKS)


async def offer(peer: RTCPeerConnection, http: ClientSession, url: str, **said: str) -> dict[str, Any]:
    """Make an offer there and take the answer, which is returned too. said: what else the offer says.

    Raises CallError where it is refused.
    """
    await peer.setLocalDescription(await peer.createOffer())
    async with http.post(url, json={"type": "offer", "sdp": peer.localDescription.sdp, **said}) as response:
        answer: dict[str, Any] = await response.json() if response.ok else {}
        if "sdp" not in answer:
            raise CallError(f"{url}: {response.status} {await response.text()}")
    await peer.setRemoteDescription(Description(answer["sdp"], "answer"))
    return answer


def percentile(values: Iterable[float], share: float) -> float | None:
    """Of the values, rounded to 0.1; None without any."""
    kept = list(values)
    return round(float(np.percentile(kept, share)), 1) if kept else None


def luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """The brightness of a decoded frame, (height, width), read-only."""
    return DecodedFrame.of(frame).frame.y


def _number_of(data: bytes) -> int | None:
    """The number in an encoded frame; None where it is no key frame, or carries none."""
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
            f"this version of aiortc has no {name}: scripts/measuring/calls/callers.py has to learn its new ways"
        )
    return getattr(thing, name)
