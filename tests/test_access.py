"""Access control end to end over HTTP: a whole relay with a key, clients with all kinds of tokens."""

import logging
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from relay.app import assemble, listening
from relay.config.access import Right
from relay.config.serve import Serve
from relay.errors import ConfigError
from relay.http.access.tokens import mint
from tests.fakes import Browser, StageFactory, until
from tests.servers.coturn import RunningCoturn

Client = TestClient[web.Request, web.Application]
KEY = "the relay's own key, of 32 bytes."
TURN_SECRET = "what only both know"  # noqa: S105
ALL: list[Right] = ["session", "watch", "tap"]
SDP = {"Content-Type": "application/sdp"}
# relay/logs.py suppresses messages of these libraries below these levels; the last one is the test's own server.
LOGGED_LEVELS = {"aioice": logging.WARNING, "aiortc": logging.INFO, "aiohttp": logging.WARNING}
OPEN_PATHS = {
    "/api/config",
    "/api/guest",
    "/api/sessions/{id}/close",
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
}


@asynccontextmanager
async def running(*flags: str) -> AsyncIterator[Client]:
    """A relay that requires tokens."""
    settings = Serve.read(["--token-key", KEY, *flags], "test")
    async with TestClient(TestServer(assemble(settings, StageFactory()))) as client:
        yield client


def bearer(who: str = "anna", rights: list[Right] = ALL, room: str | None = None, ttl: float = 60) -> dict[str, str]:
    return {"Authorization": f"Bearer {mint(KEY, who, rights, ttl=ttl, room=room)}"}


@dataclass(frozen=True)
class Call:
    """A client's session and its path."""

    browser: Browser
    path: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@asynccontextmanager
async def calling(client: Client, headers: dict[str, str], path: str = "/api/sessions") -> AsyncIterator[Call]:
    async with Browser() as browser:
        response = await client.post(path, data=await browser.offer(), headers={**SDP, **headers})
        assert response.status == 201, await response.text()
        await browser.accept(await response.text())
        yield Call(browser, response.headers["Location"])


async def code(response: ClientResponse) -> str:
    return str((await response.json(content_type="application/problem+json"))["code"])


async def test_every_endpoint_wants_a_token_but_for_a_few() -> None:
    async with running() as client:
        app = client.server.app  # type: ignore[attr-defined]
        asked = 0
        for route in app.router.routes():
            path = route.resource.canonical
            if route.method == "OPTIONS" or path.startswith("/{file"):
                continue
            response = await client.request(route.method, re.sub(r"{\w+}", "nobody", path))
            if path in OPEN_PATHS:
                assert response.status != 401, path
            else:
                assert response.status == 401, path
                assert response.headers["WWW-Authenticate"].startswith("Bearer")
                asked += 1
        assert asked >= 4
        assert (await client.get("/")).status == 200


@pytest.mark.parametrize("path", ["/api/sessions", "/whip"])
async def test_a_session_is_its_owners_alone(path: str) -> None:
    async with running() as client, Browser() as browser:
        offer = await browser.offer()
        if path == "/whip":
            offer = re.sub("a=sendrecv", "a=sendonly", offer)
        response = await client.post(path, data=offer, headers={**SDP, **bearer()})
        assert response.status == 201, await response.text()
        where = response.headers["Location"]
        name = where.rpartition("/")[2]
        stages = re.findall(r"<(/whep/[^>]+)>", ", ".join(response.headers.getall("Link", [])))
        foreign = [
            ("GET", f"/api/sessions/{name}"),
            ("DELETE", f"/api/sessions/{name}"),
            ("POST", f"/api/sessions/{name}/close"),
            ("GET", f"/whip/{name}"),
            ("PATCH", f"/whip/{name}"),
            ("DELETE", f"/whip/{name}"),
        ]
        for method, target in foreign:
            answer = await client.request(method, target, data=offer, headers={**SDP, **bearer("bob")})
            assert (answer.status, await code(answer)) == (403, "forbidden"), (method, target)
        for stage in (f"/whep/{name}", *stages):
            for method in ("GET", "POST"):
                headers = {**SDP, **bearer("bob", ["session", "tap"])}
                answer = await client.request(method, stage, data=offer, headers=headers)
                assert (answer.status, await code(answer)) == (403, "forbidden"), (method, stage)
        assert (await client.get(f"/api/sessions/{name}", headers=bearer())).status == 200
        assert (await client.delete(where, headers=bearer())).status == 204


async def test_a_beacon_without_a_token_ends_the_session_whose_name_it_knows() -> None:
    async with running() as client, calling(client, bearer()) as call:
        assert (await client.post(f"{call.path}/close")).status == 204
        assert (await client.post("/api/sessions/nobody/close")).status == 404
        assert (await client.get(call.path, headers=bearer())).status == 404


def unsigned() -> str:
    return jwt.encode({"sub": "anna", "exp": int(time.time()) + 60, "rights": ALL}, "", "none")


@pytest.mark.parametrize(
    "token",
    [
        "no token",
        mint(KEY, "anna", ALL, ttl=-60),
        mint("a foreign key of thirty-two bytes", "anna", ALL, ttl=60),
        mint(KEY, "anna", ALL, ttl=60, audience="another relay"),
        unsigned(),
    ],
    ids=["none", "expired", "foreign key", "other audience", "unsigned"],
)
async def test_a_wrong_token_opens_nothing(token: str) -> None:
    async with running() as client, Browser() as browser:
        for path in ("/api/sessions", "/whip"):
            headers = {**SDP, "Authorization": f"Bearer {token}"}
            response = await client.post(path, data=await browser.offer(), headers=headers)
            assert response.status == 401
            assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


async def test_a_token_for_watching_opens_no_session_and_one_for_sessions_taps_nobody() -> None:
    async with running() as client, Browser() as browser:
        for path in ("/api/sessions", "/whip"):
            headers = {**SDP, **bearer(rights=["watch", "tap"])}
            assert (await client.post(path, data=await browser.offer(), headers=headers)).status == 403
        tap = {"janus": "here", "room": 1234, "feed": 1}
        assert (await client.post("/api/taps", json=tap, headers=bearer(rights=["session", "watch"]))).status == 403


async def test_a_token_for_one_room_lets_nobody_into_another() -> None:
    """The meeting server cannot be reached: nothing listens on its port."""
    async with running("--meetings", '{"here": "ws://127.0.0.1:9"}') as client, Browser() as browser:
        offer = {"type": "offer", "sdp": await browser.offer()}
        for room, status, said in ((4321, 403, "forbidden"), (1234, 502, "meeting_unreachable")):
            publish = {"janus": "here", "room": room, "display": "Anna"}
            answer = await client.post("/api/sessions", json={**offer, "publish": publish}, headers=bearer(room="1234"))
            assert (answer.status, await code(answer)) == (status, said)
            tap = {"janus": "here", "room": room, "feed": 1}
            answer = await client.post("/api/taps", json=tap, headers=bearer(room="1234"))
            assert (answer.status, await code(answer)) == (status, said)


async def test_one_owner_holds_as_many_sessions_as_allowed_with_all_their_tokens() -> None:
    async with running("--max-sessions-per-token", "2") as client, AsyncExitStack() as stack:
        first = await stack.enter_async_context(calling(client, bearer()))
        await stack.enter_async_context(calling(client, bearer(ttl=120)))
        async with Browser() as browser:
            response = await client.post("/api/sessions", data=await browser.offer(), headers={**SDP, **bearer()})
            assert (response.status, await code(response)) == (429, "too_many_requests")
            assert int(response.headers["Retry-After"]) > 0
        await stack.enter_async_context(calling(client, bearer("bob")))
        assert (await client.delete(first.path, headers=bearer())).status == 204
        await stack.enter_async_context(calling(client, bearer()))


async def test_a_guest_of_the_page_gets_a_token_for_one_room_and_calls_with_it() -> None:
    async with running("--guests", "--guest-room", "1234", "--guest-ttl", "120") as client:
        config = await (await client.get("/api/config")).json()
        assert config["guests"] is True
        answer = await client.post("/api/guest", headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.headers["Cache-Control"] == "no-store"
        ticket = await answer.json()
        assert (ticket["expires_in"], ticket["room"]) == (120, "1234")
        async with calling(client, {"Authorization": f"Bearer {ticket['token']}"}) as call:
            assert await call.browser.see(2)


async def test_other_pages_get_no_token_and_nobody_where_there_are_no_guests() -> None:
    async with running("--guests") as client:
        for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            assert (await client.post("/api/guest", headers=headers)).status == 403
    async with running() as client:
        assert (await (await client.get("/api/config")).json())["guests"] is False
        assert (await client.post("/api/guest", headers={"Sec-Fetch-Site": "same-origin"})).status == 403


async def test_turn_servers_are_told_to_those_alone_who_may_use_the_relay() -> None:
    flags = ["--turn-urls", '["turn:host:3478"]', "--turn-secret", TURN_SECRET, "--ice-servers", '["stun:host:3478"]']
    async with running(*flags) as client:
        everybody = await (await client.get("/api/config")).json()
        assert everybody["iceServers"] == [{"urls": "stun:host:3478"}]
        stun, turn = (await (await client.get("/api/config", headers=bearer())).json())["iceServers"]
        assert stun == {"urls": "stun:host:3478"}
        assert set(turn) == {"urls", "username", "credential"}
        assert re.fullmatch(r"\d+:anna", turn["username"])


async def test_a_session_relays_by_turn_and_says_where_that_cannot_be(caplog: pytest.LogCaptureFixture) -> None:
    with RunningCoturn(TURN_SECRET) as coturn:
        urls = f'["{coturn.urls[0]}"]'
        for secret, relayed in ((TURN_SECRET, True), ("another", False)):
            caplog.clear()
            async with running("--turn-urls", urls, "--turn-secret", secret) as client, Browser() as browser:
                offer = await browser.offer()
                answer = await client.post("/api/sessions", data=offer, headers={**SDP, **bearer()})
                assert (" typ relay" in await answer.text()) is relayed
                warned = [record.message for record in caplog.records if record.levelno == logging.WARNING]
                assert [coturn.urls[0] in message for message in warned] == ([] if relayed else [True])


async def test_a_session_into_which_no_video_comes_ends() -> None:
    async with running("--idle-timeout", "3") as client, calling(client, bearer()) as call:
        await call.browser.see(3)
        assert (await client.get(call.path, headers=bearer())).status == 200
        sender = next(one for one in call.browser.peer.getSenders() if one.kind == "video")
        sender.replaceTrack(None)
        await until(lambda: call.browser.peer.connectionState == "closed")
        assert (await client.get(call.path, headers=bearer())).status == 404


@pytest.mark.parametrize("path", ["/api/sessions", "/api/taps", "/whip", "/whep/x", "/api/sessions/x/close"])
async def test_no_body_is_taken_beyond_the_limit(path: str) -> None:
    async with running("--max-offer-bytes", "2000") as client:
        for kind in ("application/sdp", "application/json"):
            headers = {**bearer(), "Content-Type": kind}
            answer = await client.post(path, data=b"v=0" + 3000 * b" ", headers=headers)
            assert answer.status in {404, 413, 415}


async def test_a_relay_that_others_reach_does_not_start_without_a_key() -> None:
    flags = ["--port", "0", "--host", "0.0.0.0"]  # noqa: S104
    with pytest.raises(ConfigError, match=r"host: 0\.0\.0\.0 .* --insecure"):
        async with listening(Serve.read(flags, "test"), StageFactory()):
            pytest.fail("it started without a key")
    async with listening(Serve.read([*flags, "--insecure"], "test"), StageFactory()) as address:
        assert address.startswith("http://localhost:")


async def test_nothing_that_is_secret_is_ever_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    pin, display = "4711 is the pin", "Anna's own name"
    secret: list[str] = [KEY, TURN_SECRET, pin, display]
    async with AsyncExitStack() as stack:
        coturn = stack.enter_context(RunningCoturn("another"))
        flags = ["--turn-urls", f'["{coturn.urls[0]}"]', "--turn-secret", TURN_SECRET]
        client = await stack.enter_async_context(running(*flags, "--meetings", '{"here": "ws://127.0.0.1:9"}'))
        call = await stack.enter_async_context(calling(client, bearer()))
        await call.browser.receive("settings")
        await call.browser.send(type="settings", strength=50)
        await call.browser.see(2)
        offer = str(call.browser.peer.localDescription.sdp)
        answer = str(call.browser.peer.remoteDescription.sdp)
        wrong = [mint(KEY, "anna", ALL, ttl=-60), unsigned(), "what is no token at all"]
        for token in wrong:
            await client.post("/api/sessions", data=offer, headers={**SDP, "Authorization": f"Bearer {token}"})
        broken = offer.replace("a=mid:0", "a=mid:\x00").replace("m=video 9", "m=video x")
        bodies: list[Any] = [broken, offer.replace("VP8", "AV1").replace("H264", "H265"), "v=0\r\no=4711"]
        for body in bodies:
            await client.post("/api/sessions", data=body, headers={**SDP, **bearer()})
            await client.post("/whip", data=body, headers={**SDP, **bearer()})
        publish = {"janus": "here", "room": 1234, "pin": pin, "display": display}
        await client.post("/api/sessions", json={"type": "offer", "sdp": offer, "publish": publish}, headers=bearer())
        tap = {"janus": "here", "room": 1234, "pin": pin, "display": display}
        await client.post("/api/taps", json=tap, headers=bearer())
        secret += [*wrong, bearer()["Authorization"].split(" ")[1].split(".")[1], call.name]
        await client.delete(call.path, headers=bearer())
    secret += [
        line for sdp in (offer, answer) for line in sdp.splitlines() if re.match("a=(ice-|finger|cand|ssrc)", line)
    ]
    secret += [line.split(":", 1)[1] for line in secret if line.startswith("a=")]
    read = [one for one in caplog.records if one.levelno >= LOGGED_LEVELS.get(one.name.split(".")[0], logging.DEBUG)]
    assert len([one for one in read if one.name.startswith("relay")]) >= 4
    for record in read:
        text = logging.Formatter().format(record)
        assert not [one for one in secret if one in text], f"{record.name} says {text}"
