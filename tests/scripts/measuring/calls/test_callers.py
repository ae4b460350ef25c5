import asyncio
import time
from types import SimpleNamespace
from typing import cast

import aiohttp
import pytest
from aiortc.rtcrtpreceiver import RemoteStreamTrack

from relay.app import listening
from relay.config.correction import Correction
from relay.config.lines import ReturnMode
from relay.config.serve import Serve
from relay.frame import EncodedFaces, Frame, Verdict
from relay.gaze.face import Faces
from relay.gaze.wire import packets
from scripts.measuring.calls.callers import (
    DECODER,
    RATE,
    STAMP,
    TICKS,
    Caller,
    CallError,
    Camera,
    TimedValues,
    encode,
    percentile,
)
from tests.clips import Clip
from tests.deadlines import scaled
from tests.fakes import Clock, FakeStages, until
from tests.scripts.measuring.clocks import sleeping_clock

CLIP = Clip(width=160, height=120, seconds=1.5, eye_width=16, sway=4, numbered=True)


class TellingEyes(FakeStages):
    """Sends packets of empty landmarks and fields."""

    def encode_faces(self, frame: Frame, faces: Faces | None, ready: bool) -> EncodedFaces:
        return EncodedFaces(packets.encode_landmarks(packets.Landmarks(_stamp(frame), (), 0)), Verdict.CORRECTED)

    def encode_fields(self, frame: Frame, seen: Frame, fields: float) -> bytes:
        return packets.encode_fields(packets.FieldSet(_stamp(frame), seen.stamp, (), 0))


def _stamp(frame: Frame) -> packets.Stamp:
    return packets.Stamp(frame.stamp, frame.time, frame.size)


@pytest.fixture(scope="module")
def film() -> list[bytes]:
    return encode(CLIP)


def called(caller: Caller, number: int) -> Clock:
    """A caller that has sent so many frames, and whose clock is at the next one's due time."""
    clock = Clock()
    caller._clock = clock
    caller.camera.sent = [clock.now + sent / RATE for sent in range(number)]
    clock.now += number / RATE
    return clock


def give_back(caller: Caller, data: bytes, after: int) -> None:
    """Deliver a complete frame as aiortc does, so many frames after the first one received."""
    decoder = getattr(caller.peer.getTransceivers()[0].receiver, DECODER)
    decoder.put((None, SimpleNamespace(data=data, timestamp=after * TICKS)))


def test_each_frame_of_a_film_is_a_packet_and_each_second_has_a_key_frame(film: list[bytes]) -> None:
    keys = [number for number, packet in enumerate(film) if packet[0] & 1 == 0]  # RFC 6386, 9.1
    assert (len(film), keys) == (45, [0, 30])


async def test_a_camera_keeps_its_pace_whatever_its_sender_takes(
    film: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = sleeping_clock(monkeypatch)
    shown: list[int] = []
    camera = Camera(film, shown.append, 0.5, clock)
    for number, taken in enumerate([0.02, 0.02, 0.08, 0.0, 0.0]):
        packet = await camera.recv()
        assert packet.pts == number * TICKS
        assert bytes(packet) == film[number]
        clock.now += taken
    assert shown == list(range(5))
    due = [100.5, 100.5 + 1 / RATE, 100.5 + 2 / RATE, 100.58 + 2 / RATE, 100.58 + 2 / RATE]  # late ones at once
    assert camera.sent == pytest.approx(due)


@pytest.mark.parametrize("lost", [0, 30])  # a relay may begin to answer late: with the first key frame it gets
async def test_a_way_ends_when_the_very_frame_that_began_it_is_back(film: list[bytes], lost: int) -> None:
    caller = Caller(film)
    clock = called(caller, 40)
    give_back(caller, film[lost], 0)
    give_back(caller, b"whatever comes later", 4)
    first, second = caller.delays.between(0, clock.now + 1)
    assert first == pytest.approx(1000 * (40 - lost) / RATE)
    assert second == pytest.approx(1000 * (36 - lost) / RATE)
    await caller.hang_up()


async def test_nothing_is_said_of_frames_that_come_before_one_that_tells_its_number(film: list[bytes]) -> None:
    caller = Caller(film)
    clock = called(caller, 40)
    give_back(caller, film[29], 0)  # changes alone
    assert caller.delays.between(0, clock.now + 1) == []
    give_back(caller, film[30], 1)
    assert caller.delays.between(0, clock.now + 1) == pytest.approx([1000 * 10 / RATE])
    await caller.hang_up()


async def test_ages_are_counted_at_each_frame_of_the_camera_from_the_newest_packet_of_each_line(
    film: list[bytes],
) -> None:
    caller = Caller(film, "field")
    clock = called(caller, 10)
    setattr(caller._sender, STAMP, 5)  # of frame 9: the RTP clock has wrapped since
    for number in (6, 4):  # the older one overtaken
        stamp = packets.Stamp((5 - (9 - number) * TICKS) % 2**32, 0.0, (320, 240))
        caller._on_packet(packets.encode_landmarks(packets.Landmarks(stamp, (), 0)))
    caller._on_camera_frame(10)
    caller._on_camera_frame(11)
    assert caller.ages["landmarks"].between(0, clock.now + 1) == [4, 5]
    assert caller.ages["field"].between(0, clock.now + 1) == []
    assert caller.delays.between(0, clock.now + 1) == pytest.approx([1000 * 4 / RATE, 1000 * 6 / RATE])
    caller._on_packet(b"no packet")
    assert caller.unread == 1
    await caller.hang_up()


@pytest.mark.parametrize("returns", ["video", "field"])
async def test_a_call_with_a_relay_is_noted_without_a_frame_being_decoded(
    film: list[bytes], returns: ReturnMode
) -> None:
    settings = Serve.read(["--port", "0"], "test")
    caller = Caller(film, returns)
    async with listening(settings, _eyes) as address, aiohttp.ClientSession() as http:
        await caller.call(http, f"{address}/api/sessions")
        await until(lambda: len(caller.delays.between(0, time.monotonic())) >= 30)
        figures = await caller.read(http)
        decoded = cast("RemoteStreamTrack | None", caller.peer.getTransceivers()[0].receiver.track)
        await caller.hang_up()
        with pytest.raises(CallError, match="was closed"):
            await ended(caller, http)
    delays = caller.delays.between(0, time.monotonic())
    assert figures["fps_in"] > 0
    assert min(delays) > 0
    assert bool(caller.ages["field"].between(0, time.monotonic())) == (returns == "field")
    assert caller.unread == 0
    assert isinstance(decoded, RemoteStreamTrack) == (returns == "video")
    assert decoded is None or decoded._queue.qsize() <= 1  # only the end marker


async def ended(caller: Caller, http: aiohttp.ClientSession) -> None:
    """Read its statistics until the relay has none any more."""
    async with asyncio.timeout(scaled(10)):
        while True:
            await caller.read(http)
            await asyncio.sleep(0.05)


async def test_an_offer_that_is_refused_is_told_with_the_answer(film: list[bytes]) -> None:
    caller = Caller(film)
    settings = Serve.read(["--port", "0"], "test")
    async with listening(settings, _eyes) as address, aiohttp.ClientSession() as http:
        with pytest.raises(CallError, match="400"):
            await caller.call(http, f"{address}/api/sessions", settings="none")
    await caller.hang_up()


def _eyes(correction: Correction) -> TellingEyes:
    return TellingEyes(correction)


def test_figures_are_of_the_span_that_is_asked_for() -> None:
    values = TimedValues()
    for at in range(5):
        values.add(at, 10 * at)
    assert values.between(1, 3) == [10, 20]
    assert percentile(values.between(0, 5), 50) == 20.0
    assert percentile([], 50) is None
