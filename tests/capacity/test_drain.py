import asyncio
import signal
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientResponse, ClientSession

from relay import app
from relay.capacity.drain import Drain
from relay.config.serve import Serve
from relay.errors import DrainingError
from tests.deadlines import STARTING, scaled
from tests.fakes import Browser, Clock, StageFactory, until
from tests.running import RunningRelay


class Announcer:
    """Sessions whose number the test sets."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.notified: list[tuple[str, dict[str, Any]]] = []

    def __len__(self) -> int:
        return self.number

    def notify(self, kind: str, **content: object) -> None:
        self.notified.append((kind, content))


async def test_nobody_new_is_let_in_once_it_has_begun() -> None:
    draining, sessions = Drain(30, time.monotonic), Announcer(1)
    draining.check()
    assert not draining.begun
    running = asyncio.create_task(draining.run(sessions))
    await until(lambda: draining.begun)
    with pytest.raises(DrainingError) as refusal:
        draining.check()
    assert refusal.value.short == "draining"
    sessions.number = 0
    await asyncio.wait_for(running, scaled(10))


async def test_without_anybody_it_is_over_at_once() -> None:
    sessions = Announcer(0)
    await asyncio.wait_for(Drain(3600, time.monotonic).run(sessions), scaled(10))
    assert not sessions.notified


async def test_everybody_is_told_again_and_again_how_long_there_is_and_then_the_time_is_up() -> None:
    clock, sessions = Clock(), Announcer(3)
    running = asyncio.create_task(Drain(2.5, clock).run(sessions))
    for count in (1, 2, 3):
        await until(lambda: len(sessions.notified) == count)  # noqa: B023 - awaited here
        assert not running.done()
        clock.now += 1
    await asyncio.wait_for(running, scaled(10))
    assert sessions.notified == [("draining", {"seconds": seconds}) for seconds in (2.5, 1.5, 0.5)]
    assert len(sessions) == 3


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_the_wait(second: signal.Signals) -> None:
    signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
    draining, sessions = Drain(3600, time.monotonic), Announcer(1)
    waiting = asyncio.create_task(draining.wait(signals, sessions))
    signals.put_nowait(signal.SIGTERM)
    await until(lambda: bool(sessions.notified))
    assert not waiting.done()
    signals.put_nowait(second)
    await asyncio.wait_for(waiting, scaled(10))
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_ctrl_c_waits_for_nobody() -> None:
    signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
    signals.put_nowait(signal.SIGINT)
    draining = Drain(3600, time.monotonic)
    await asyncio.wait_for(draining.wait(signals, Announcer(5)), scaled(10))
    assert not draining.begun


async def test_a_drain_without_time_ends_at_once() -> None:
    signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
    signals.put_nowait(signal.SIGTERM)
    await asyncio.wait_for(Drain(0, time.monotonic).wait(signals, Announcer(5)), scaled(10))


async def join(address: str, http: ClientSession, browser: Browser) -> ClientResponse:
    headers = {"Content-Type": "application/sdp"}
    return await http.post(f"{address}/api/sessions", data=await browser.offer(), headers=headers)


async def readiness(relay: RunningRelay, http: ClientSession) -> tuple[int, dict[str, Any]]:
    async with http.get(f"{relay.address}/readyz") as answer:
        return answer.status, (await answer.json())["conditions"]


async def end_of(relay: RunningRelay) -> int:
    return await asyncio.to_thread(relay.process.wait, STARTING)


async def test_sigterm_lets_a_real_relay_drain_until_its_last_guest_has_gone(model: Path, weights: Path) -> None:
    models = ("--model", str(model), "--weights", str(weights))
    with RunningRelay("--port", "0", "--drain-timeout", "3600", *models) as relay:
        async with aiohttp.ClientSession() as http:
            async with Browser() as browser:
                await browser.accept(await (await join(relay.address, http, browser)).text())
                await browser.see(3)
                assert (await readiness(relay, http))[0] == 200
                relay.process.send_signal(signal.SIGTERM)
                message = await browser.receive("draining")
                assert 3590 < message["seconds"] <= 3600
                status, conditions = await readiness(relay, http)
                assert status == 503
                assert [name for name, condition in conditions.items() if not condition["met"]] == ["staying"]
                async with Browser() as late, await join(relay.address, http, late) as refusal:
                    assert refusal.status == 503
                    assert (await refusal.json(content_type=None))["code"] == "draining"
                    assert int(refusal.headers["Retry-After"]) > 0
                assert await browser.see(3)  # a running session continues
                assert relay.process.poll() is None
            assert await end_of(relay) == 0
    assert not any("Traceback" in line for line in relay.lines)


async def test_a_second_sigterm_ends_a_relay_with_its_guests() -> None:
    """The relay runs in the test's process and catches its signals."""
    loop, addresses = asyncio.get_running_loop(), list[str]()
    settings = Serve.read(["--port", "0", "--drain-timeout", "3600"], "test")
    serving = asyncio.create_task(app.serve(settings, addresses.append, StageFactory()))
    try:
        await until(lambda: bool(addresses))
        async with aiohttp.ClientSession() as http, Browser() as browser:
            await browser.accept(await (await join(addresses[0], http, browser)).text())
            await browser.see(3)
            signal.raise_signal(signal.SIGTERM)
            await browser.receive("draining")
            assert not serving.done()
            signal.raise_signal(signal.SIGTERM)
            await asyncio.wait_for(serving, scaled(30))
            await until(lambda: browser.peer.connectionState == "closed")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
