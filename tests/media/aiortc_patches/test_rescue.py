"""A lost packet does not freeze the video."""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiortc import RTCRtpReceiver, RTCRtpSender, RTCSessionDescription, rtcrtpsender
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket

from relay import app
from relay.config.serve import Serve
from relay.media.aiortc_patches import codec, keyframes, queues, rescue
from relay.media.aiortc_patches.rescue import RESCUED, find_keyframe
from tests.bad_network import BadNetwork
from tests.fakes import Browser, until

VP8, RTX = 97, 98  # aiortc's payload types
KEY, DELTA, REST = b"\x10\x02\x00\x9d\x01\x2a", b"\x11\x02\x00\x00\x00\x00", b"more"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = {(module, name): getattr(module, name) for module, names in codec.CONSTANTS.items() for name in names}
    yield
    for (module, name), value in before.items():
        setattr(module, name, value)
    rescue.watch_receivers(wanted=False)
    queues.bound_queues(wanted=False)
    keyframes.limit_keyframes(0)
    codec.cap_codec_threads(0)
    codec.release_at_marker(wanted=False)
    BadNetwork.remove()


@dataclass
class LossyNetwork(BadNetwork):
    """Drops the packet at this place of every video stream, and so many of its retransmissions."""

    place: int = 20
    again: int = 0
    seen: dict[int, int] = field(default_factory=dict)
    taken: dict[int, int] = field(default_factory=dict)

    def sent(self) -> int:
        """Received packets of the first video stream."""
        return next(iter(self.seen.values()), 0)

    def carry(self, data: bytes, way: str, deliver: Any) -> None:
        kind, stream = data[1] & 127, struct.unpack(">I", data[8:12])[0] if len(data) >= 12 else 0
        if way == "up" and 128 <= data[0] < 192:
            if kind == VP8:
                self.seen[stream] = self.seen.get(stream, 0) + 1
                if self.seen[stream] == self.place:
                    return
            elif kind == RTX and self.taken.setdefault(stream, 0) < self.again:
                self.taken[stream] += 1
                return
        deliver()


@asynccontextmanager
async def call(network: LossyNetwork) -> AsyncIterator[Browser]:
    """The far end of a call through this network, which has received video until just before the loss."""
    network.install()
    async with Browser(audio=False, channel=False) as browser, Browser(audio=False, channel=False) as other:
        await other.peer.setRemoteDescription(RTCSessionDescription(await browser.offer(), "offer"))
        await other.peer.setLocalDescription(await other.peer.createAnswer())
        await browser.accept(other.peer.localDescription.sdp)
        await other.see(network.place - 2)
        yield other


async def test_a_packet_that_is_lost_twice_is_asked_for_a_third_time() -> None:
    codec.release_at_marker()
    rescue.watch_receivers()
    before = RESCUED.retries
    async with call(LossyNetwork(again=1)) as other:
        await other.see(30)
    assert RESCUED.retries > before


async def test_where_it_never_comes_a_keyframe_takes_its_place() -> None:
    codec.release_at_marker()
    rescue.watch_receivers()
    before = (RESCUED.keyframes, RESCUED.skips)
    async with call(LossyNetwork(again=1000)) as other:
        await other.see(30)
    assert RESCUED.keyframes > before[0]
    assert RESCUED.skips > before[1]


async def test_without_a_watch_it_stands_still_as_long_as_aiortc_leaves_it() -> None:
    """If this fails, aiortc handles it by itself and the watch can be removed."""
    codec.release_at_marker()
    rescue.watch_receivers(wanted=False)
    network = LossyNetwork(again=1000)
    async with call(network) as other:
        seeing, shown = asyncio.create_task(other.see(10)), network.sent()
        await until(lambda: network.sent() > shown + 75)  # with a watch a fifth of that suffices
        assert not seeing.done()
        seeing.cancel()
        await asyncio.wait([seeing])


async def test_a_watch_that_stumbles_says_so_and_leaves_the_call_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(rescue.Watch, "_release", None)
    rescue.watch_receivers()
    async with call(LossyNetwork(again=0)) as other:
        await until(lambda: "not watched over" in caplog.text)
        await other.see(10)


def test_the_relay_s_settings_switch_it_and_its_neighbours() -> None:
    def prepared(*flags: str) -> list[bool]:
        app._prepare_media(Serve.read(list(flags), "test"))
        return [
            RTCRtpReceiver.receive is not rescue._receive,
            RTCRtpReceiver.__init__ is not queues._original_receiver_init,
            RTCRtpSender._send_keyframe is not keyframes._original_send,
            vars(rtcrtpsender)["RTP_HISTORY_SIZE"] == 1024,
        ]

    off = ("--no-rescue", "--no-bounded-queues", "--keyframe-interval", "0", "--packet-history", "128")
    assert prepared() == 4 * [True]
    assert prepared(*off) == 4 * [False]
    assert vars(rtcrtpsender)["RTP_HISTORY_SIZE"] == 128


def buffered(*packets: tuple[int, int, bytes, bool]) -> JitterBuffer:
    """A jitter buffer with these packets: number, frame, data, whether it is the frame's last."""
    buffer = JitterBuffer(capacity=16, is_video=True)
    for number, frame, data, is_last in packets:
        packet = RtpPacket(sequence_number=number, timestamp=3000 * frame, marker=int(is_last))
        packet._data = data  # type: ignore[attr-defined]
        buffer.add(packet)
    return buffer


def test_a_whole_keyframe_behind_a_gap_is_found() -> None:
    buffer = buffered((0, 0, DELTA, False), (2, 1, DELTA, True), (3, 2, KEY, False), (4, 2, REST, True))
    assert find_keyframe(buffer) == 3


def test_the_newest_of_several_is_taken() -> None:
    assert find_keyframe(buffered((0, 0, DELTA, False), (2, 1, KEY, True), (3, 2, KEY, True))) == 3


def test_one_that_lacks_a_packet_is_none() -> None:
    assert find_keyframe(buffered((0, 0, DELTA, False), (2, 1, KEY, False), (4, 1, REST, True))) == 0
    assert find_keyframe(buffered((0, 0, DELTA, False), (2, 1, KEY, False), (3, 2, DELTA, True))) == 0


def test_what_stands_in_front_needs_nothing_left_out() -> None:
    assert find_keyframe(buffered((0, 0, KEY, False), (1, 0, REST, False))) == 0


def test_a_keyframe_of_several_parts_begins_with_the_first() -> None:
    parameters, slice_ = b"\0\0\0\1\x67\x42", b"\0\0\0\1\x65\x88"
    buffer = buffered((0, 0, DELTA, False), (2, 1, parameters, False), (3, 1, slice_, False), (4, 1, REST, True))
    assert find_keyframe(buffer) == 2


def test_the_names_are_still_there() -> None:
    assert all(hasattr(RTCRtpReceiver, name) for name in rescue.METHODS)
    assert all(hasattr(JitterBuffer, name) for name in rescue.BUFFER_METHODS)
    assert set(rescue.ATTRIBUTES) <= set(rescue._INIT_NAMES)


def test_a_receiver_of_another_kind_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr(RTCRtpReceiver, "_send_rtcp_pli")
    before = RTCRtpReceiver.receive
    rescue.watch_receivers()
    assert RTCRtpReceiver.receive is before
    assert "_send_rtcp_pli" in caplog.text
