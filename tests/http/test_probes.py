from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families as parse

from relay.app import MONITOR, assemble, listening
from relay.config.serve import Serve
from relay.errors import ConfigError
from relay.http.bodies import Readiness
from tests.fakes import Browser, StageFactory

Client = TestClient[web.Request, web.Application]
SDP = {"Content-Type": "application/sdp"}
KEY = "a key of at least thirty-two bytes, for tests"


@asynccontextmanager
async def asking(*flags: str) -> AsyncIterator[Client]:
    app = assemble(Serve.read([*flags], "test"), StageFactory())
    async with TestClient(TestServer(app)) as client:
        yield client


async def unmet(client: Client) -> tuple[int, list[str]]:
    answer = await client.get("/readyz")
    readiness = Readiness.model_validate(await answer.json())
    assert readiness.ready == (answer.status == 200)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status, [name for name, condition in readiness.conditions.items() if not condition.met]


async def test_a_living_relay_is_healthy_and_ready() -> None:
    async with asking() as client:
        answer = await client.get("/healthz")
        assert (answer.status, await answer.json()) == (200, {"alive": True})
        assert await unmet(client) == (200, [])


async def test_a_full_relay_is_healthy_but_not_ready() -> None:
    async with asking("--max-sessions", "1") as client, Browser() as browser:
        await client.post("/api/sessions", data=await browser.offer(), headers=SDP)
        assert await unmet(client) == (503, ["capacity"])
        assert (await client.get("/healthz")).status == 200
        assert "1 sessions, as many as may be" in await (await client.get("/readyz")).text()


async def test_models_that_are_not_loaded_yet_are_a_reason() -> None:
    async with asking() as client:
        assert client.app is not None
        client.app[MONITOR].warm = False
        assert await unmet(client) == (503, ["models"])


async def test_nobody_needs_a_token_for_them() -> None:
    async with asking("--token-key", KEY) as client:
        assert (await client.get("/api/sessions/nobody")).status == 401
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await client.get(path)).status == 200


async def test_figures_come_in_the_format_that_is_asked_for() -> None:
    async with asking() as client:
        plain = await client.get("/metrics")
        assert plain.headers["Content-Type"].startswith("text/plain; version=")
        assert {one.name for one in parse(await plain.text())} >= {"eyeline_sessions", "eyeline_frames_received"}
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        modern = await client.get("/metrics", headers=accept)
        assert modern.headers["Content-Type"].startswith("application/openmetrics-text")
        assert (await modern.text()).endswith("# EOF\n")


async def test_figures_can_have_a_port_of_their_own(caplog: pytest.LogCaptureFixture, unused_tcp_port: int) -> None:
    settings = Serve.read(["--port", "0", "--metrics-port", str(unused_tcp_port)], "test")
    async with listening(settings, StageFactory()) as address, aiohttp.ClientSession() as http:
        beside = f"http://localhost:{unused_tcp_port}"
        assert (await http.get(f"{address}/metrics")).status == 404
        assert (await http.get(f"{beside}/metrics")).status == 200
        for place in (address, beside):
            assert (await http.get(f"{place}/healthz")).status == 200
            assert (await http.get(f"{place}/readyz")).status == 200
        assert (await http.get(f"{beside}/api/config")).status == 404


async def test_a_taken_port_for_figures_is_said_plainly(unused_tcp_port: int) -> None:
    flags = ["--host", "127.0.0.1", "--metrics-host", "127.0.0.1", "--metrics-port", str(unused_tcp_port)]
    settings = Serve.read(["--port", str(unused_tcp_port), *flags], "test")
    with pytest.raises(ConfigError, match=f"metrics_port: {unused_tcp_port} is taken"):
        async with listening(settings, StageFactory()):
            pytest.fail("the port is in use")
