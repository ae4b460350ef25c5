import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiortc import RTCPeerConnection

from relay.capacity.admission import Load
from relay.config.serve import Serve
from relay.errors import BusyError, DrainingError
from relay.monitor import Upkeep
from relay.session.registry import Sessions, Wish
from tests.fakes import Browser, Eyesight, hired, until


@asynccontextmanager
async def keeping(*flags: str) -> AsyncIterator[tuple[Upkeep, Sessions]]:
    settings = Serve.read([*flags], "test")
    upkeep = Upkeep(settings)
    with hired() as hands:
        sessions = Sessions(settings, hands, Eyesight(), time.monotonic, observer=upkeep.observer, admit=upkeep.admit)
        async with upkeep.watching(sessions):
            yield upkeep, sessions
            await sessions.close_all()


def full(sessions: int) -> Load:
    return Load(1.0, 0.2, 2.0, sessions, sessions)


async def test_who_is_one_too_many_is_refused_and_those_who_are_in_go_on() -> None:
    async with keeping("--admission") as (upkeep, sessions), Browser() as one, Browser() as other:
        await one.accept((await sessions.open(Wish(await one.offer()))).answer)
        await one.see(2)
        upkeep.admission.learn(full(1))
        with pytest.raises(BusyError, match="processor"):
            await sessions.open(Wish(await other.offer()))
        assert sessions.refused == {"processor": 1}
        assert not upkeep.conditions(len(sessions))["capacity"].met
        assert await one.see(2)


async def test_the_load_is_measured_by_itself() -> None:
    async with keeping("--admission") as (upkeep, sessions), Browser() as browser:
        await browser.accept((await sessions.open(Wish(await browser.offer()))).answer)
        await until(lambda: upkeep.admission.load.sessions == 1)
        await until(lambda: upkeep.admission.load.processor > 0)


async def test_a_drain_lets_nobody_in_whatever_the_load() -> None:
    async with keeping("--no-admission") as (upkeep, sessions), Browser() as browser:
        draining = asyncio.create_task(upkeep.drain.run(sessions))
        await draining
        with pytest.raises(DrainingError):
            await sessions.open(Wish(await browser.offer()))
        assert sessions.refused == {"draining": 1}
        assert not upkeep.conditions(0)["staying"].met


async def test_it_leaves_no_task_and_no_changed_library_behind() -> None:
    tasks, close = asyncio.all_tasks(), RTCPeerConnection.close
    async with keeping():
        assert len(asyncio.all_tasks()) > len(tasks)
        assert RTCPeerConnection.close is not close
    assert asyncio.all_tasks() == tasks
    assert RTCPeerConnection.close is close
