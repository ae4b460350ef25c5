import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from relay.config.lines import ReturnMode
from relay.config.serve import Serve
from relay.errors import MalformedError
from relay.frame import Frame, Verdict
from relay.gaze.face import Faces
from relay.media.aiortc_patches import codec
from relay.session import session
from relay.session.session import NEXT, Session, State
from tests.deadlines import scaled
from tests.fakes import Browser, FakeStages, started_executors, until


@asynccontextmanager
async def opened(
    browser: Browser, stages: FakeStages | None = None, *flags: str, returns: ReturnMode = "video"
) -> AsyncIterator[Session]:
    """A running session with this browser; ended afterwards."""
    with started_executors() as executors:
        settings = Serve.read([*flags], "test")
        stages = stages or FakeStages()
        one = Session("name", stages, settings=settings, executors=executors, clock=time.monotonic, returns=returns)
        await browser.accept(await one.open(await browser.offer()))
        running = asyncio.create_task(one.run())
        try:
            yield one
        finally:
            one.end("the test is over")
            await running
        assert one.state == State.CLOSED


def test_every_state_can_be_left_but_the_last() -> None:
    assert set(NEXT) == set(State)
    assert [state for state, following in NEXT.items() if not following] == [State.CLOSED]
    alive = (State.OPENING, State.CONNECTING, State.LIVE)
    assert all(State.CLOSING in NEXT[state] for state in alive)


async def test_no_state_is_skipped() -> None:
    with started_executors() as executors:
        one = Session("name", FakeStages(), settings=Serve.read([], "test"), executors=executors, clock=time.monotonic)
        await one.release()
        with pytest.raises(RuntimeError, match="from closed to closing"):
            await one.release()


@pytest.mark.parametrize("mode", ["pipelined", "sequential"])
async def test_video_comes_back_moving_and_in_order(mode: str) -> None:
    """Claims 11, 13 and 14: frames go from the local device to the server, and the warped ones back to it."""
    async with Browser() as browser, opened(browser, None, "--pipeline", mode) as one:
        frames = await browser.see(30)
        stamps = [frame.pts for frame in frames if frame.pts is not None]
        assert stamps == sorted(set(stamps))
        assert len({int(frame.to_ndarray()[0, 0]) for frame in frames}) > 5
        assert {(frame.width, frame.height) for frame in frames} == {(160, 120)}
        assert one.state == State.LIVE
        statistics = one.statistics()
        assert statistics.pipeline == mode
        assert statistics.frames.corrected > 0
        assert set(statistics.frames.passed) <= {Verdict.WARMING_UP}


@pytest.mark.parametrize("audio_first", [False, True])
async def test_sound_comes_back_wherever_it_stands_in_the_offer(*, audio_first: bool) -> None:
    async with Browser(audio_first=audio_first) as browser, opened(browser):
        assert await browser.see(3)
        async with asyncio.timeout(scaled(10)):
            assert await browser.received["audio"].recv()


async def test_neither_sound_nor_a_data_channel_is_needed() -> None:
    async with Browser(audio=False, channel=False) as browser, opened(browser):
        assert await browser.see(3)
        assert set(browser.received) == {"video"}


async def test_a_session_says_what_is_in_force_and_obeys() -> None:
    stages = FakeStages()
    async with Browser() as browser, opened(browser, stages):
        assert (await browser.receive("settings"))["pitch"] == 8
        await browser.send(type="settings", pitch=-3)
        assert (await browser.receive("settings"))["pitch"] == -3
        assert stages.correction.pitch == -3
        await browser.send(type="settings", pitch="down")
        assert (await browser.receive("error"))["code"] == "invalid_setting"
        await browser.send(type="ping", t=1.5)
        assert (await browser.receive("pong"))["t"] == 1.5


async def test_statistics_come_by_themselves() -> None:
    async with Browser() as browser, opened(browser):
        first, second = await browser.receive("stats"), await browser.receive("stats")
        assert second["uptime_s"] > first["uptime_s"]
        assert second["frames"]["in"] > first["frames"]["in"]


class Nobody(FakeStages):
    """Finds every frame too dark, so that a calibration must fail."""

    def find_faces(self, frame: object) -> Faces:
        return Faces(0, (160, 120), problem="dark")


async def test_a_calibration_is_fed_by_the_landmark_line() -> None:
    async with Browser() as browser, opened(browser, Nobody()):
        await browser.receive("settings")
        await browser.send(type="calibrate", look="lens")
        assert (await browser.receive("calibration"))["state"] == "looking"
        assert (await browser.receive("calibration"))["code"] == "no_face"


async def test_other_data_channels_are_left_alone() -> None:
    browser = Browser()
    other = browser.peer.createDataChannel("chat")
    received: list[str] = []
    other.on("message", received.append)
    async with browser, opened(browser):
        await browser.see(3)
        other.send("hello")
        await browser.send(type="ping", t=1)
        await browser.receive("pong")
        await browser.receive("stats")
        assert received == []


async def test_a_failing_stage_never_reaches_the_peer() -> None:
    stages = FakeStages()
    stages.broken = {"find_faces", "make_fields", "show"}
    async with Browser() as browser, opened(browser, stages) as one:
        assert len(await browser.see(10)) == 10
        assert one.statistics().frames.passed[Verdict.FAILED] > 0


async def arrived(browser: Browser) -> int:
    """The number of received frames in the session's next statistics."""
    return int((await browser.receive("stats"))["frames"]["in"])


async def test_a_muted_camera_is_still_a_session() -> None:
    async with Browser() as browser, opened(browser) as one:
        await browser.see(3)
        browser.peer.getSenders()[0].replaceTrack(None)
        counts = [await arrived(browser) for _ in range(2)]
        while counts[-1] != counts[-2]:  # frames in flight
            counts.append(await arrived(browser))
        assert one.state == State.LIVE
        await browser.send(type="ping", t=1)
        await browser.receive("pong")


async def test_a_peer_that_vanishes_is_noticed() -> None:
    codec.set_consent(2)
    stages = FakeStages()
    async with Browser() as browser, opened(browser, stages) as one:
        await browser.see(3)
        await browser.vanish()
        await until(lambda: one.state == State.CLOSED)
        assert stages.closed == 1


async def test_a_peer_that_hangs_up_is_noticed_at_once() -> None:
    async with Browser() as browser, opened(browser) as one:
        await browser.see(3)
        await browser.peer.close()
        await until(lambda: one.state == State.CLOSED)


async def test_a_peer_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "CONNECT_TIMEOUT", 0.3)
    stages = FakeStages()
    with started_executors() as executors:
        one = Session("name", stages, settings=Serve.read([], "test"), executors=executors, clock=time.monotonic)
        async with Browser() as browser:
            await one.open(await browser.offer())
            async with asyncio.timeout(scaled(20)):
                await one.run()
        assert one.state == State.CLOSED
        assert stages.closed == 1


async def test_an_offer_that_cannot_be_used_leaves_nothing_behind() -> None:
    stages = FakeStages()
    with started_executors() as executors:
        one = Session("name", stages, settings=Serve.read([], "test"), executors=executors, clock=time.monotonic)
        async with Browser() as browser:
            sdp = (await browser.offer()).replace("a=ice-pwd:", "a=ice-pwd-not:")
        with pytest.raises(MalformedError):
            await one.open(sdp)
        await one.release()
        assert one.state == State.CLOSED
        assert stages.closed == 1


class Tidy(FakeStages):
    """Records whether a stage was still running when they were closed."""

    def __init__(self) -> None:
        super().__init__()
        self.working: set[int] = set()
        self.closed_while: list[set[int]] = []

    def find_faces(self, frame: Frame) -> Faces:
        self.working.add(frame.stamp)
        try:
            return super().find_faces(frame)
        finally:
            self.working.discard(frame.stamp)

    def close(self) -> None:
        self.closed_while.append(set(self.working))
        super().close()


async def test_eyes_are_closed_only_after_their_last_stage_has_returned() -> None:
    stages = Tidy()
    gate = stages.gates["find_faces"] = threading.Event()
    async with Browser() as browser, opened(browser, stages) as one:
        await browser.see(3)
        one.end("done")
        await until(lambda: one.state == State.CLOSING and browser.peer.connectionState == "closed")
        assert stages.working
        assert stages.closed == 0
        gate.set()
        await until(lambda: one.state == State.CLOSED)
        assert stages.closed_while == [set()]


async def test_only_the_first_video_is_carried() -> None:
    browser = Browser(audio=False)
    browser.peer.addTransceiver("video")
    async with browser, opened(browser):
        assert await browser.see(3)
        first, second = browser.peer.getTransceivers()
        assert (first.currentDirection, second.currentDirection) == ("sendrecv", "inactive")


@pytest.mark.parametrize("mode", ["pipelined", "sequential"])
async def test_where_fields_return_they_come_instead_of_the_video(mode: str) -> None:
    """Claims 16, 19, 21 and 23: frames go to the server, fields and landmarks come back to the local device."""
    async with Browser() as browser, opened(browser, None, "--pipeline", mode, returns="field") as one:
        async with asyncio.timeout(scaled(10)):
            packets = [(await browser.packets.get()).split() for _ in range(40)]
        assert {packet[0] for packet in packets} == {b"faces", b"fields"}
        stamps = [int(packet[1]) for packet in packets if packet[0] == b"faces"]
        assert len(set(stamps)) > 10
        assert {(late - early) % 3000 for early, late in pairwise(sorted(stamps))} <= {0, 1, 2999}  # rounded
        assert browser.received == {}
        video, audio = browser.peer.getTransceivers()
        assert (video.currentDirection, audio.currentDirection) == ("sendonly", "inactive")
        statistics = one.statistics()
        assert statistics.returns == "field"
        assert statistics.frames.corrected > 0


async def test_without_a_channel_for_them_fields_are_not_sent() -> None:
    async with Browser(channel=False) as browser, opened(browser, returns="field") as one:
        await until(lambda: one.statistics().frames.out > 10)
        assert browser.packets.empty()


async def test_the_trace_is_sent_while_it_is_asked_for() -> None:
    async with Browser() as browser, opened(browser):
        await browser.see(3)
        await browser.send(type="trace", enabled=True)
        first = await browser.receive("trace")
        while not first["shown"]:
            first = await browser.receive("trace")
        second = await browser.receive("trace")
        while not {"landmarks", "field", "warp"} <= {span[0] for span in second["spans"]} or not second["shown"]:
            second = await browser.receive("trace")  # on a busy machine a fifth of a second may be empty
        for trace in (first, second):
            for _, _, begun, ended in trace["spans"]:
                assert begun <= ended <= trace["now"]
        assert {span[0] for span in second["spans"]} == {"landmarks", "field", "warp"}
        assert second["shown"][0][0] > first["shown"][-1][0]
        await browser.send(type="trace", enabled=False)
        await browser.receive("stats")
        while not browser.messages.empty():
            browser.messages.get_nowait()
        await browser.receive("stats")
        assert not [message for message in list(browser.messages._queue) if message["type"] == "trace"]  # type: ignore[attr-defined]
