import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from yarl import URL

from relay.config.access import Right
from relay.config.serve import Serve
from relay.errors import ConfigError, ForbiddenError
from relay.http.access.gate import Gate, check_exposure, check_same_origin, has_identity, identity_of, is_loopback
from relay.http.access.tokens import mint
from relay.http.problems import answer_problems

Client = TestClient[web.Request, web.Application]
KEY = "the relay's own key, of 32 bytes."
RIGHT: list[Right] = ["session"]


def settings(*flags: str) -> Serve:
    return Serve.read(list(flags), "test")


@asynccontextmanager
async def guarded_app(*flags: str) -> AsyncIterator[Client]:
    """An application behind the gate; every path answers with the client's owner name, or null."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"owner": identity_of(request).owner if has_identity(request) else None})

    async def refuse(request: web.Request) -> web.Response:
        identity_of(request).require("tap")
        return web.Response()

    app = web.Application(middlewares=[answer_problems, Gate(settings(*flags)).check])
    app.router.add_route("*", "/api/taps", refuse)
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestClient(TestServer(app)) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def anna(ttl: float = 60) -> dict[str, str]:
    return bearer(mint(KEY, "anna", RIGHT, ttl=ttl))


async def owner(response: ClientResponse) -> object:
    assert response.status == 200, await response.text()
    return (await response.json())["owner"]


async def test_without_a_key_everybody_may_do_everything() -> None:
    async with guarded_app() as client:
        assert await owner(await client.post("/api/sessions")) == ""
        assert (await client.get("/api/taps")).status == 200
        assert await owner(await client.post("/api/sessions", headers=bearer("whatever"))) == ""


async def test_a_token_says_who_asks() -> None:
    async with guarded_app("--token-key", KEY) as client:
        assert await owner(await client.post("/api/sessions", headers=anna())) == "anna"
        token = anna()["Authorization"].partition(" ")[2]
        assert await owner(await client.get("/whep/x", headers={"Authorization": f"bearer  {token}"})) == "anna"


@pytest.mark.parametrize("path", ["/api/sessions", "/api/sessions/x", "/api/nothing", "/whip", "/whip/x", "/whep/x"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": ""}])
async def test_no_token_is_401_and_says_which_kind_is_wanted(path: str, headers: dict[str, str]) -> None:
    async with guarded_app("--token-key", KEY) as client:
        for method in ("GET", "POST", "DELETE", "PATCH"):
            response = await client.request(method, path, headers=headers)
            assert response.status == 401
            assert response.headers["WWW-Authenticate"] == 'Bearer realm="eyeline"'
            assert (await response.json(content_type="application/problem+json"))["code"] == "unauthorized"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", anna(-60)["Authorization"].removeprefix("Bearer ")])
async def test_a_wrong_token_is_401_and_says_what_is_wrong_with_it(token: str) -> None:
    async with guarded_app("--token-key", KEY) as client:
        response = await client.get("/api/config", headers=bearer(token))
        assert response.status == 401
        challenge = response.headers["WWW-Authenticate"]
        assert re.fullmatch(r'Bearer realm="eyeline", error="invalid_token", error_description="[^"]+"', challenge)


async def test_a_token_without_the_right_is_403_and_says_so() -> None:
    async with guarded_app("--token-key", KEY) as client:
        response = await client.get("/api/taps", headers=anna())
        assert response.status == 403
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="eyeline", error="insufficient_scope"'


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/page/main.js"),
        ("GET", "/openapi.json"),
        ("GET", "/healthz"),
        ("GET", "/apiary"),
        ("GET", "/api/config"),
        ("POST", "/api/guest"),
        ("POST", "/api/sessions/x/close"),
        ("OPTIONS", "/api/sessions"),
        ("OPTIONS", "/whip"),
    ],
)
async def test_some_ways_are_open_to_all_and_known_is_who_brings_a_token_there(method: str, path: str) -> None:
    async with guarded_app("--token-key", KEY) as client:
        assert await owner(await client.request(method, path)) is None
        guarded = path.startswith(("/api/", "/whip"))
        assert await owner(await client.request(method, path, headers=anna())) == ("anna" if guarded else None)


@pytest.mark.parametrize("path", ["/api/sessions/x/close/", "/api/sessions/x%2Fclose", "/api/config/"])
async def test_what_only_looks_open_is_not(path: str) -> None:
    async with guarded_app("--token-key", KEY) as client:
        assert (await client.post(URL(path, encoded=True))).status == 401


async def test_a_token_in_the_address_is_none() -> None:
    async with guarded_app("--token-key", KEY) as client:
        token = mint(KEY, "anna", RIGHT, ttl=60)
        assert (await client.get(f"/api/sessions?access_token={token}")).status == 401


async def test_who_asks_too_often_is_told_when_to_come_again() -> None:
    async with guarded_app("--requests-per-address", "3/minute") as client:
        for _ in range(3):
            assert (await client.get("/api/config")).status == 200
        response = await client.get("/api/config")
        assert response.status == 429
        assert 1 <= int(response.headers["Retry-After"]) <= 60
        assert (await response.json(content_type="application/problem+json"))["code"] == "too_many_requests"
        assert (await client.get("/page/main.js")).status == 200, "the page is not counted"


async def test_a_window_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    later, now = 0.0, time.time
    monkeypatch.setattr(time, "time", lambda: now() + later)
    async with guarded_app("--requests-per-address", "2/hour") as client:
        assert [(await client.get("/api/config")).status for _ in range(3)] == [200, 200, 429]
        later = 7300  # two windows later, when nothing is counted any more
        assert (await client.get("/api/config")).status == 200


async def test_openings_are_counted_apart_and_ends_are_none() -> None:
    async with guarded_app("--openings-per-address", "2/minute") as client:
        for path in ("/api/sessions", "/whip"):
            assert (await client.post(path)).status == 200
        assert (await client.post("/api/sessions")).status == 429
        assert (await client.post("/api/sessions/x/close")).status == 200
        assert (await client.get("/api/config")).status == 200


async def test_each_token_has_a_share_of_its_own() -> None:
    async with guarded_app("--token-key", KEY, "--openings-per-token", "1/minute") as client:
        assert (await client.post("/api/sessions", headers=anna())).status == 200
        assert (await client.post("/api/sessions", headers=anna(120))).status == 429, "another token of the same owner"
        bob = bearer(mint(KEY, "bob", RIGHT, ttl=60))
        assert (await client.post("/api/sessions", headers=bob)).status == 200


async def test_wrong_tokens_are_counted_too() -> None:
    async with guarded_app("--token-key", KEY, "--requests-per-address", "2/minute") as client:
        answers = [(await client.get("/api/sessions/x", headers=bearer("x"))).status for _ in range(3)]
        assert answers == [401, 401, 429]


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "address"),
    [
        ([], "192.0.2.7", "", "192.0.2.7"),
        ([], "192.0.2.7", "198.51.100.1", "192.0.2.7"),
        (["10.0.0.1"], "192.0.2.7", "198.51.100.1", "192.0.2.7"),
        (["10.0.0.1"], "10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (["10.0.0.1"], "10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        (["10.0.0.0/8"], "10.0.0.1", "", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "unknown", "10.0.0.1"),
        (["10.0.0.0/8"], "::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (["::1"], "::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (["10.0.0.0/8"], None, "198.51.100.1", "None"),
    ],
)
def test_only_a_trusted_proxy_says_who_comes_through_it(
    proxies: list[str], peer: str | None, forwarded: str, address: str
) -> None:
    listed = ",".join(f'"{proxy}"' for proxy in proxies)
    gate = Gate(settings("--trusted-proxies", f"[{listed}]"))
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/api/config", headers=headers).clone(remote=peer or "")
    assert gate.address(request) == address


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://relay.example"}, True),
        ({"Origin": "https://relay.example"}, True),
        ({}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://relay.example"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "https://relay.example.evil.example"}, False),
        ({"Origin": "null"}, False),
    ],
)
def test_only_the_relays_own_page_is_of_the_same_origin(headers: dict[str, str], allowed: bool) -> None:
    request = make_mocked_request("POST", "/api/guest", headers={"Host": "relay.example", **headers})
    check: Callable[[], None] = lambda: check_same_origin(request)  # noqa: E731
    if allowed:
        check()
    else:
        with pytest.raises(ForbiddenError):
            check()


@pytest.mark.parametrize("name", ["openings_per_address", "requests_per_token"])
def test_a_rate_that_cannot_be_read_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}: 'often' is not right: .*60/minute"):
        Gate(settings(f"--{name.replace('_', '-')}", "often"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_a_relay_for_this_machine_alone_asks_nobody(host: str) -> None:
    check_exposure(settings("--host", host))
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])  # noqa: S104
def test_a_relay_that_others_reach_needs_a_key_or_the_word(host: str) -> None:
    with pytest.raises(ConfigError, match=r"EYELINE_TOKEN_KEY .* --token-jwks, or --insecure"):
        check_exposure(settings("--host", host))
    for flags in (["--token-key", KEY], ["--token-jwks", "https://id.example/keys"], ["--insecure"]):
        check_exposure(settings("--host", host, *flags))
