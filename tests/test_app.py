import asyncio
import gc
import json
import os
import socket
import threading
import time
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from aioice import ice
from aiortc.codecs import vpx

from relay.app import handle_loop_exception, listening, page_folder
from relay.config.correction import Correction
from relay.config.serve import Serve
from relay.errors import ConfigError, ModelError
from relay.gaze.corrector import Corrector
from relay.media.aiortc_patches import codec
from tests.fakes import Browser, FakeStages, StageFactory, until


def serving(*flags: str) -> Serve:
    return Serve.read(["--port", "0", *flags], "test")


async def join(address: str, browser: Browser) -> str:
    """Open a session over HTTP; returns its address."""
    headers = {"Content-Type": "application/sdp"}
    async with aiohttp.ClientSession() as http:
        response = await http.post(f"{address}/api/sessions", data=await browser.offer(), headers=headers)
        assert response.status == 201, await response.text()
        await browser.accept(await response.text())
        return address + response.headers["Location"]


async def test_it_serves_at_the_address_it_gives() -> None:
    async with listening(serving(), StageFactory()) as address, aiohttp.ClientSession() as http:
        assert address.startswith("http://localhost:")
        async with http.get(f"{address}/api/config") as response:
            assert response.status == 200
        async with http.get(address) as response:
            assert "<html" in await response.text()


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://localhost:")],  # noqa: S104
)
async def test_the_address_can_be_clicked(host: str, shown: str) -> None:
    async with (
        listening(serving("--host", host, "--insecure"), StageFactory()) as address,
        aiohttp.ClientSession() as http,
    ):
        assert address.startswith(shown)
        assert (await http.get(f"{address}/api/config")).status == 200


async def test_a_taken_port_is_said_plainly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Serve.read(["--host", "127.0.0.1", "--port", str(port)], "test")
        with pytest.raises(ConfigError, match=f"port: {port} is taken"):
            async with listening(settings, StageFactory()):
                pytest.fail("it listens where another program does")


async def test_an_address_of_another_machine_is_said_plainly() -> None:
    with pytest.raises(ConfigError, match=r"host: cannot listen on 192\.0\.2\.254"):
        async with listening(serving("--host", "192.0.2.254", "--insecure"), StageFactory()):
            pytest.fail("it listens on an address this machine does not have")


async def test_a_missing_model_is_told_at_the_start(tmp_path: Path, model: Path, weights: Path) -> None:
    missing = tmp_path / "missing.task"
    for flags in (("--model", missing, "--weights", weights), ("--model", model, "--weights", missing)):
        with pytest.raises(ModelError, match=r"missing\.task"):
            async with listening(serving(*map(str, flags))):
                pytest.fail("it serves without a model")


async def test_the_eyes_tried_at_the_start_are_closed() -> None:
    stage_factory = StageFactory()
    async with listening(serving("--yaw", "3"), stage_factory):
        assert [stages.closed for stages in stage_factory.made] == [1]
        assert stage_factory.made[0].correction == Correction(yaw=3)


async def test_settings_reach_the_libraries() -> None:
    async with listening(
        serving("--start-bitrate", "1234", "--max-bitrate", "2345", "--vanish-timeout", "3"), StageFactory()
    ):
        assert (vpx.DEFAULT_BITRATE, vpx.MAX_BITRATE) == (1234000, 2345000)
        longest = ice.CONSENT_FAILURES * (1.2 * ice.CONSENT_INTERVAL + 0.5)
        assert longest == pytest.approx(3)
    codec.set_consent(4)


async def test_stopping_ends_what_is_running() -> None:
    stage_factory = StageFactory()
    before = threading.active_count()
    async with Browser() as browser:
        async with listening(serving(), stage_factory) as address:
            await join(address, browser)
            await browser.see(3)
        assert [stages.closed for stages in stage_factory.made] == [1, 1]
        await until(lambda: browser.peer.connectionState == "closed")
    assert not [one.name for one in threading.enumerate() if one.name.startswith(("landmarks", "field", "display"))]
    assert threading.active_count() <= before + 8  # the loop's own executor, which ends with the loop


def held() -> tuple[int, int]:
    """Threads and open files of this process."""
    gc.collect()
    native = len(os.listdir("/proc/self/task")) if Path("/proc/self/task").is_dir() else 0
    # The threads of all executors, the loop's own too, start when first needed, one by one, and stay.
    kept = ("landmarks", "field", "display", "asyncio")
    return native - sum(one.name.startswith(kept) for one in threading.enumerate()), len(os.listdir("/dev/fd"))


async def test_real_eyes_leave_nothing_behind(model: Path, weights: Path) -> None:
    settings = serving("--model", str(model), "--weights", str(weights))

    async def come_and_go(address: str) -> None:
        async with Browser() as browser, aiohttp.ClientSession() as http:
            session = await join(address, browser)
            await browser.see(10)
            assert (await http.delete(session)).status == 204

    async with listening(settings, partial(Corrector, settings)) as address:
        for _ in range(2):
            await come_and_go(address)
        # A library's thread may take a moment longer to end.
        before = (10**6, 10**6)
        while (now := held()) < before:
            before = now
            await asyncio.sleep(0.2)
        for _ in range(3):
            await come_and_go(address)
        await until(lambda: all(now <= then for now, then in zip(held(), before, strict=True)))


async def test_a_trace_is_written_of_every_session(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    async with listening(serving("--trace", str(path)), FakeStages) as address:
        for _ in range(2):
            async with Browser() as browser:
                await join(address, browser)
                await browser.see(10)
    events = json.loads(path.read_text())
    worked = {(event["pid"], event["name"].split()[0]) for event in events if event["ph"] == "X"}
    assert worked == {(session, line) for session in (1, 2) for line in ("landmarks", "field", "warp")}
    assert "session" in events[0]["args"]["name"]


async def test_a_client_that_gives_up_waiting_leaves_no_session() -> None:
    def slowly(correction: Correction) -> FakeStages:
        time.sleep(0.3)
        made.append(FakeStages(correction))
        return made[-1]

    made: list[FakeStages] = []
    async with listening(serving(), slowly) as address, Browser() as browser, aiohttp.ClientSession() as http:
        headers = {"Content-Type": "application/sdp"}
        sending = http.post(f"{address}/api/sessions", data=await browser.offer(), headers=headers)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sending, 0.1)
        await until(lambda: len(made) == 2)
    assert [stages.closed for stages in made] == [1, 1]


async def test_only_forgotten_tasks_of_closed_connections_are_kept_out_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.get_running_loop()
    handle_loop_exception(
        loop, {"message": "never retrieved", "exception": ConnectionError("not connected"), "future": None}
    )
    assert not caplog.records
    handle_loop_exception(loop, {"message": "never retrieved", "exception": ValueError("broken"), "future": None})
    handle_loop_exception(loop, {"message": "callback failed", "exception": ConnectionError("lost")})
    assert len(caplog.records) == 2


def test_the_page_is_found_beside_the_package() -> None:
    assert (page_folder() / "index.html").is_file()
