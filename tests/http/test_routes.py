import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from relay.app import assemble
from relay.config.serve import Serve
from relay.errors import RequestError
from relay.http.problems import PROBLEMS
from relay.metrics import Statistics
from tests.fakes import Browser, FakeStages, StageFactory

Client = TestClient[web.Request, web.Application]
SDP = {"Content-Type": "application/sdp"}


@pytest.fixture
async def stage_factory() -> StageFactory:
    return StageFactory()


@pytest.fixture
async def client(stage_factory: StageFactory) -> AsyncIterator[Client]:
    """A client of a relay that takes two sessions."""
    settings = Serve.read(["--max-sessions", "2", "--pitch", "5", "--max-offer-bytes", "20000"], "test")
    async with TestClient(TestServer(assemble(settings, stage_factory))) as client:
        stage_factory.made.clear()  # the trial run at the start
        yield client


async def expect(response: ClientResponse, error: type[RequestError]) -> dict[str, object]:
    """Check that the response is the RFC 9457 problem of this error."""
    assert response.status == error.status
    assert response.content_type == "application/problem+json"
    problem = json.loads(await response.text())
    assert set(problem) == {"status", "code", "title", "detail"}
    assert (problem["status"], problem["code"]) == (error.status, error.code)
    assert problem["detail"]
    return dict(problem)


async def test_an_offer_as_sdp_is_answered_as_sdp(client: Client) -> None:
    async with Browser() as browser:
        response = await client.post("/api/sessions", data=await browser.offer(), headers=SDP)
        assert response.status == 201
        assert response.content_type == "application/sdp"
        await browser.accept(await response.text())
        assert await browser.see(2)
        path = response.headers["Location"]
        assert path.startswith("/api/sessions/")
        statistics = Statistics.model_validate(await (await client.get(path)).json())
        assert statistics.frames.arrived >= 2
        assert (await client.delete(path)).status == 204
        await expect(await client.get(path), _error("unknown_session"))


async def test_an_offer_as_json_may_bring_settings(client: Client, stage_factory: StageFactory) -> None:
    async with Browser() as browser:
        body = {"type": "offer", "sdp": await browser.offer(), "settings": {"yaw": 2, "enabled": False}}
        response = await client.post("/api/sessions", json=body)
        assert response.status == 201
        answer = await response.json()
        assert response.headers["Location"] == f"/api/sessions/{answer['id']}"
        assert answer["type"] == "answer"
        await browser.accept(answer["sdp"])
        message = await browser.receive("settings")
        assert (message["pitch"], message["yaw"], message["enabled"]) == (5, 2, False)
        assert (await client.post(f"/api/sessions/{answer['id']}/close")).status == 204
        assert stage_factory.made[0].closed == 1


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("application/sdp", "hello", "malformed"),
        ("application/sdp", b"\xff\xfe", "malformed"),
        ("application/json", "{", "malformed"),
        ("application/json", "[]", "malformed"),
        ("application/json", '{"type": "offer"}', "malformed"),
        ("application/json", '{"type": "answer", "sdp": ""}', "malformed"),
        ("application/json", '{"type": "offer", "sdp": 3}', "malformed"),
        ("application/json", '{"type": "offer", "sdp": "x", "more": 1}', "malformed"),
        ("application/sdp", "v=0\r\n", "no_video"),
        ("application/sdp", 20001 * "x", "too_large"),
        ("text/plain", "v=0", "unsupported_media_type"),
    ],
)
async def test_a_wrong_body_is_a_problem(client: Client, kind: str, body: str | bytes, code: str) -> None:
    response = await client.post("/api/sessions", data=body, headers={"Content-Type": kind})
    await expect(response, _error(code))


async def test_a_wrong_setting_is_named(client: Client) -> None:
    async with Browser() as browser:
        body = {"type": "offer", "sdp": await browser.offer(), "settings": {"pitch": "up"}}
        problem = await expect(await client.post("/api/sessions", json=body), _error("invalid_setting"))
        assert "pitch" in str(problem["detail"])


async def test_an_unknown_codec_is_a_problem(client: Client) -> None:
    async with Browser() as browser:
        sdp = (await browser.offer()).replace("VP8", "AV1").replace("H264", "H265")
        await expect(await client.post("/api/sessions", data=sdp, headers=SDP), _error("unsupported_codec"))


async def test_a_full_relay_says_when_to_try_again(client: Client) -> None:
    async with Browser() as one, Browser() as two, Browser() as three:
        for browser in (one, two):
            assert (await client.post("/api/sessions", data=await browser.offer(), headers=SDP)).status == 201
        response = await client.post("/api/sessions", data=await three.offer(), headers=SDP)
        await expect(response, _error("busy"))
        assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/close")])
async def test_an_unknown_session_is_a_problem(client: Client, method: str, path: str) -> None:
    await expect(await client.request(method, f"/api/sessions/nobody{path}"), _error("unknown_session"))


async def test_the_config_says_what_a_client_should_know(client: Client) -> None:
    config = await (await client.get("/api/config")).json()
    assert config["defaults"] == {"enabled": True, "mode": "natural", "strength": 100, "pitch": 5, "yaw": 0}
    assert config["limits"] == {"full_gaze": 20, "full_head": 15, "no_effect": 30}
    assert (config["iceServers"], config["max_sessions"]) == ([], 2)
    assert config["version"]


async def test_ice_servers_are_passed_on(stage_factory: StageFactory) -> None:
    settings = Serve.read(["--ice-servers", '["stun:one:3478", "stun:two:3478"]'], "test")
    async with TestClient(TestServer(assemble(settings, stage_factory))) as client:
        config = await (await client.get("/api/config")).json()
        assert config["iceServers"] == [{"urls": "stun:one:3478"}, {"urls": "stun:two:3478"}]


@pytest.mark.parametrize(
    ("path", "kind"), [("/", "text/html"), ("/page/main.js", "text/javascript"), ("/page/styles/style.css", "text/css")]
)
async def test_the_page_comes_with_types_a_browser_accepts(client: Client, path: str, kind: str) -> None:
    response = await client.get(path)
    assert response.status == 200
    assert response.content_type == kind
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    again = await client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status == 304


@pytest.mark.parametrize(
    "path", ["/nothing.js", "/../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2fpyproject.toml", "/api/nothing"]
)
async def test_nothing_beside_the_page_is_served(client: Client, path: str) -> None:
    response = await client.get(path)
    assert response.status == 404
    assert (await response.json(content_type="application/problem+json"))["code"] == "not_found"


async def test_a_wrong_method_says_which_are_right(client: Client) -> None:
    response = await client.put("/api/sessions")
    assert response.status == 405
    assert response.headers["Allow"] == "POST"
    assert (await response.json(content_type="application/problem+json"))["code"] == "method_not_allowed"


async def test_a_mistake_of_the_relay_is_a_problem_without_its_insides(caplog: pytest.LogCaptureFixture) -> None:
    def make(_: object) -> FakeStages:
        if made:
            raise ZeroDivisionError("secret")
        made.append(FakeStages())
        return made[0]

    made: list[FakeStages] = []
    async with TestClient(TestServer(assemble(Serve.read([], "test"), make))) as client, Browser() as browser:
        response = await client.post("/api/sessions", data=await browser.offer(), headers=SDP)
        assert response.status == 500
        text = await response.text()
        assert json.loads(text)["code"] == "internal"
        assert "secret" not in text
        assert "secret" in caplog.text


def _error(code: str) -> type[RequestError]:
    return next(error for error in PROBLEMS if error.code == code)


def test_the_documentation_names_every_problem() -> None:
    written = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    for error in PROBLEMS:
        assert f"| {error.status.value} | `{error.code}` |" in written
