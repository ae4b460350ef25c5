import asyncio
import gc
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress

import pytest

from relay.config.correction import Correction
from relay.config.serve import Serve
from relay.errors import (
    BusyError,
    InvalidSettingError,
    MalformedError,
    ModelError,
    NoVideoError,
    UnknownSessionError,
)
from relay.media.aiortc_patches import codec
from relay.media.stages import processors
from relay.session import offer
from relay.session.registry import SessionRequest, Sessions
from tests.fakes import Browser, FakeStages, StageFactory, fill, started_executors, until


@asynccontextmanager
async def keeping(*flags: str, stage_factory: StageFactory | None = None) -> AsyncIterator[Sessions]:
    with started_executors() as executors:
        sessions = Sessions(Serve.read([*flags], "test"), executors, stage_factory or StageFactory(), time.monotonic)
        try:
            yield sessions
        finally:
            await sessions.close_all()
        assert len(sessions) == 0


async def join(sessions: Sessions, browser: Browser) -> str:
    opened = await sessions.open(SessionRequest(await browser.offer()))
    await browser.accept(opened.answer)
    return opened.name


async def test_a_session_can_be_found_until_it_is_closed() -> None:
    async with keeping() as sessions, Browser() as browser:
        name = await join(sessions, browser)
        assert sessions.find(name).name == name
        assert len(sessions) == 1
        await browser.see(2)
        await sessions.close(name)
        assert len(sessions) == 0
        with pytest.raises(UnknownSessionError):
            sessions.find(name)
        with pytest.raises(UnknownSessionError):
            await sessions.close(name)


async def test_names_cannot_be_guessed() -> None:
    async with keeping() as sessions, Browser() as one, Browser() as other:
        first, second = await join(sessions, one), await join(sessions, other)
        assert first != second
        assert min(len(first), len(second)) >= 22  # 128 bits in base64


async def test_settings_of_the_offer_override_the_defaults() -> None:
    stage_factory = StageFactory()
    async with keeping("--pitch", "5", "--yaw", "1", stage_factory=stage_factory) as sessions, Browser() as browser:
        await sessions.open(SessionRequest(await browser.offer(), {"yaw": -2.5}))
        assert stage_factory.made[0].correction == Correction(pitch=5, yaw=-2.5)


async def test_a_full_relay_says_so_and_has_room_again_later() -> None:
    async with keeping("--max-sessions", "1") as sessions, Browser() as one, Browser() as other:
        name = await join(sessions, one)
        with pytest.raises(BusyError):
            await join(sessions, other)
        await sessions.close(name)
        await other.peer.close()
        async with Browser() as third:
            await join(sessions, third)


async def test_sessions_being_opened_count() -> None:
    async with keeping("--max-sessions", "2") as sessions:
        browsers = [Browser() for _ in range(4)]
        offers = [await browser.offer() for browser in browsers]
        outcomes = await asyncio.gather(*(sessions.open(SessionRequest(sdp)) for sdp in offers), return_exceptions=True)
        assert sum(isinstance(outcome, BusyError) for outcome in outcomes) == 2
        for browser in browsers:
            await browser.peer.close()


@pytest.mark.parametrize(
    ("change", "changes", "error"),
    [
        (lambda sdp: "hello", {}, MalformedError),
        (lambda sdp: sdp.replace("sendrecv", "recvonly"), {}, NoVideoError),
        (lambda sdp: sdp, {"pitch": 90}, InvalidSettingError),
    ],
)
async def test_a_wrong_offer_costs_no_eyes(change, changes, error) -> None:  # type: ignore[no-untyped-def]
    stage_factory = StageFactory()
    async with keeping(stage_factory=stage_factory) as sessions, Browser() as browser:
        with pytest.raises(error):
            await sessions.open(SessionRequest(change(await browser.offer()), changes or {}))
        assert len(sessions) == 0
        assert stage_factory.made == []


async def test_an_offer_that_only_aiortc_refuses_releases_the_eyes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offer, "check", lambda sdp: None)
    stage_factory = StageFactory()
    async with keeping(stage_factory=stage_factory) as sessions:
        with pytest.raises(MalformedError):
            await sessions.open(SessionRequest("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"))
        assert len(sessions) == 0
        assert [stages.closed for stages in stage_factory.made] == [1]


async def test_eyes_that_cannot_be_made_leave_no_session() -> None:
    def fail(_: Correction) -> FakeStages:
        raise ModelError("no model")

    with started_executors() as executors:
        sessions = Sessions(Serve.read([], "test"), executors, fail, time.monotonic)
        async with Browser() as browser:
            with pytest.raises(ModelError):
                await sessions.open(SessionRequest(await browser.offer()))
        assert len(sessions) == 0


def held() -> tuple[int, int, int]:
    """Tasks, threads and open files of this process."""
    gc.collect()
    return len(asyncio.all_tasks()), threading.active_count(), len(os.listdir("/dev/fd"))


async def leave(number: int, sessions: Sessions, browser: Browser, name: str) -> None:
    """One of the ways in which a session ends."""
    match number % 5:
        case 0 | 1 | 2:
            await browser.vanish()
        case 3:
            await browser.peer.close()
        case 4:
            with suppress(UnknownSessionError):  # on a busy machine it may have timed out
                await sessions.close(name)
            await browser.peer.close()


async def come_and_go(sessions: Sessions) -> None:
    """Five people join, receive frames and leave, each in another way."""
    browsers = [Browser(audio=one % 3 == 0) for one in range(5)]
    names = [await join(sessions, browser) for browser in browsers]
    await asyncio.gather(*(browser.see(2) for browser in browsers))
    for one, (browser, name) in enumerate(zip(browsers, names, strict=True)):
        await leave(one, sessions, browser, name)
    await until(lambda: len(sessions) == 0)


@pytest.fixture
def short_consent() -> Iterator[None]:
    """A short consent timeout."""
    codec.set_consent(2)
    yield
    codec.set_consent(4)


@pytest.mark.usefixtures("short_consent")
async def test_connects_and_kills_leave_nothing_behind() -> None:
    stage_factory, encoders = StageFactory(), ThreadPoolExecutor(4)
    asyncio.get_running_loop().set_default_executor(encoders)
    async with keeping("--max-sessions", "10", stage_factory=stage_factory) as sessions:
        executors = sessions._executors
        for executor in (executors.landmarks, executors.field, executors.display):
            fill(executor, processors())
        fill(encoders, 4)
        await come_and_go(sessions)
        before = held()
        for _ in range(3):
            await come_and_go(sessions)
        await until(lambda: held() == before)
        assert [stages.closed for stages in stage_factory.made] == [1] * 20
