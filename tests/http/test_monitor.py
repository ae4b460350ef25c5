import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiortc import RTCPeerConnection

from relay.capacity.admission import Load
from relay.config.serve import Serve
from relay.errors import BusyError, DrainingError
from relay.http.monitor import Monitor
from relay.session.registry import SessionRequest, Sessions
from tests.fakes import Browser, StageFactory, started_executors, until


@asynccontextmanager
async def keeping(*flags: str) -> AsyncIterator[tuple[Monitor, Sessions]]:
    settings = Serve.read([*flags], "test")
    monitor = Monitor(settings)
    with started_executors() as executors:
        sessions = Sessions(
            settings, executors, StageFactory(), time.monotonic, observer=monitor.observer, admit=monitor.admit
        )
        async with monitor.measuring(sessions):
            yield monitor, sessions
            await sessions.close_all()


def full(sessions: int) -> Load:
    return Load(1.0, 0.2, 2.0, sessions, sessions)


async def test_who_is_one_too_many_is_refused_and_those_who_are_in_go_on() -> None:
    async with keeping("--admission") as (monitor, sessions), Browser() as one, Browser() as other:
        await one.accept((await sessions.open(SessionRequest(await one.offer()))).answer)
        await one.see(2)
        monitor.admission.update(full(1))
        with pytest.raises(BusyError, match="processor"):
            await sessions.open(SessionRequest(await other.offer()))
        assert sessions.refused == {"processor": 1}
        assert not monitor.conditions(len(sessions))["capacity"].met
        assert await one.see(2)


async def test_the_load_is_measured_by_itself() -> None:
    async with keeping("--admission") as (monitor, sessions), Browser() as browser:
        await browser.accept((await sessions.open(SessionRequest(await browser.offer()))).answer)
        await until(lambda: monitor.admission.load.sessions == 1)
        await until(lambda: monitor.admission.load.processor > 0)


async def test_a_drain_lets_nobody_in_whatever_the_load() -> None:
    async with keeping("--no-admission") as (monitor, sessions), Browser() as browser:
        draining = asyncio.create_task(monitor.drain.run(sessions))
        await draining
        with pytest.raises(DrainingError):
            await sessions.open(SessionRequest(await browser.offer()))
        assert sessions.refused == {"draining": 1}
        assert not monitor.conditions(0)["staying"].met


async def test_it_leaves_no_task_and_no_changed_library_behind() -> None:
    tasks, close = asyncio.all_tasks(), RTCPeerConnection.close
    async with keeping():
        assert len(asyncio.all_tasks()) > len(tasks)
        assert RTCPeerConnection.close is not close
    assert asyncio.all_tasks() == tasks
    assert RTCPeerConnection.close is close
