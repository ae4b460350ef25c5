"""Bounded queues of received frames."""

import asyncio
import queue
import threading
from collections.abc import Iterator

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpreceiver import RemoteStreamTrack

from relay.media.aiortc_patches import queues
from relay.media.aiortc_patches.queues import INPUT_CAPACITY, OUTPUT_CAPACITY, REQUEST_INTERVAL, Decoded, Encoded
from tests.fakes import Clock, picture

KEY, DELTA = b"\x10\x02\x00\x9d\x01\x2a", b"\x11\x02\x00\x00\x00\x00"  # first bytes of VP8


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    queues.bound_queues(wanted=False)


class Decoder:
    """A decoder's queue. asked: number of keyframe requests."""

    def __init__(self, capacity: int = 3, *, video: bool = True) -> None:
        self.asked = 0
        self.clock = Clock()
        self.queue = Encoded(capacity, self._request_keyframe if video else None, self.clock)

    def _request_keyframe(self) -> None:
        self.asked += 1

    def give(self, *frames: tuple[int, bytes]) -> None:
        for number, data in frames:
            self.queue.put(("codec", JitterFrame(data, number)))

    def taken(self) -> list[int]:
        """All waiting frames."""
        self.queue._held.append(None)
        return [task[1].timestamp for task in iter(self.queue.get, None)]


def test_frames_come_out_in_order() -> None:
    decoder = Decoder()
    decoder.give((0, KEY), (1, DELTA), (2, DELTA))
    assert decoder.taken() == [0, 1, 2]
    assert (decoder.asked, decoder.queue.dropped) == (0, 0)


def test_what_is_too_much_is_dropped_up_to_the_next_keyframe_and_counted() -> None:
    decoder, before = Decoder(), queues.DROPPED.encoded
    decoder.give((0, KEY), *((number, DELTA) for number in range(1, 6)))
    assert decoder.taken() == []
    decoder.give((6, DELTA), (7, KEY), (8, DELTA))
    assert decoder.taken() == [7, 8]
    assert decoder.queue.dropped == queues.DROPPED.encoded - before == 7


def test_a_keyframe_is_asked_for_until_it_comes() -> None:
    decoder = Decoder()
    decoder.give((0, KEY), *((number, DELTA) for number in range(1, 9)))
    assert decoder.asked == 1
    decoder.clock.now += REQUEST_INTERVAL
    decoder.give((9, DELTA), (10, DELTA))
    assert decoder.asked == 2
    decoder.give((11, KEY))
    decoder.clock.now += REQUEST_INTERVAL
    decoder.give((12, DELTA))
    assert decoder.asked == 2


def test_a_keyframe_takes_the_place_of_all_that_waits_where_there_is_no_room() -> None:
    decoder = Decoder()
    decoder.give((0, KEY), (1, DELTA), (2, DELTA), (3, KEY), (4, DELTA))
    assert decoder.taken() == [3, 4]
    assert decoder.asked == 0


def test_of_sound_the_oldest_is_dropped_alone() -> None:
    decoder = Decoder(video=False)
    decoder.give(*((number, b"") for number in range(5)))
    assert decoder.taken() == [2, 3, 4]
    assert decoder.queue.dropped == 2


def test_the_end_waits_for_nothing() -> None:
    decoder = Decoder()
    decoder.give((0, KEY), (1, DELTA))
    decoder.queue.put(None)
    assert decoder.queue.get() is None


def test_a_decoder_waits_for_its_next_frame() -> None:
    decoder = Decoder()
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(decoder.queue.get()))
    thread.start()
    decoder.give((0, KEY))
    thread.join(10)
    assert len(found) == 1


async def test_of_decoded_frames_the_newest_are_kept_and_the_end_comes_last() -> None:
    box, before = Decoded(3), queues.DROPPED.decoded
    for thing in (0, 1, 2, 3, 4, None):
        await box.put(thing)
    assert [await box.get() for _ in range(3)] == [3, 4, None]
    assert queues.DROPPED.decoded - before == 3
    waiting = asyncio.create_task(box.get())
    await box.put(5)
    assert await waiting == 5


@pytest.mark.parametrize("kind", ["audio", "video"])
async def test_receivers_and_tracks_have_bounds_from_then_on(kind: str) -> None:
    queues.bound_queues()
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    made = getattr(peer.addTransceiver(kind).receiver, queues.INPUT)
    assert isinstance(made, Encoded)
    assert made._capacity == INPUT_CAPACITY[kind]
    track = RemoteStreamTrack(kind, "a name")
    assert (track.kind, track.id) == (kind, "a name")
    box = getattr(track, queues.OUTPUT)
    frames = [picture(number) for number in range(2 * OUTPUT_CAPACITY[kind])]
    for frame in frames:
        await box.put(frame)
    assert await track.recv() is frames[OUTPUT_CAPACITY[kind]]
    await peer.close()


async def test_switched_off_they_have_none_as_aiortc_has_it() -> None:
    queues.bound_queues()
    queues.bound_queues(wanted=False)
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    assert type(getattr(peer.addTransceiver("video").receiver, queues.INPUT)) is queue.Queue
    assert type(getattr(RemoteStreamTrack("video"), queues.OUTPUT)) is asyncio.Queue
    await peer.close()


def test_the_names_are_still_there() -> None:
    assert {queues.INPUT, queues.ERROR_EVENT, queues.OUTPUT} <= queues._names()


def test_queues_of_another_kind_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(queues, "INPUT", "gone")
    before = RemoteStreamTrack.__init__
    queues.bound_queues()
    assert RemoteStreamTrack.__init__ is before
    assert "without bound" in caplog.text
