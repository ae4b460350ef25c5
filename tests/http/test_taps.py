from collections.abc import AsyncIterator, Iterator

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from relay.app import assemble
from relay.config.access import Right
from relay.config.serve import Serve
from relay.http.access.tokens import mint
from relay.metrics import Statistics
from tests.fakes import StageFactory
from tests.servers.janus import RunningJanus
from tests.sfu.people import listed, sending

Client = TestClient[web.Request, web.Application]
KEY = "0123456789abcdef" * 2
ORDER = {"janus": "main", "room": 1234, "display": "Anna"}


@pytest.fixture(scope="module")
def janus() -> Iterator[RunningJanus]:
    with RunningJanus({1234: {}, 5: {"pin": "secret"}}) as janus:
        yield janus


@pytest.fixture
async def client(janus: RunningJanus) -> AsyncIterator[Client]:
    """A client of a relay that requires tokens and may call this Janus."""
    settings = Serve.read(["--token-key", KEY, "--meetings", f'{{"main": "{janus.address}"}}'], "test")
    async with TestClient(TestServer(assemble(settings, StageFactory()))) as client:
        yield client


def token(owner: str = "anna", rights: tuple[Right, ...] = ("tap",), room: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {mint(KEY, owner, rights, ttl=3600, room=room)}"}


async def code(response: ClientResponse) -> str:
    return str((await response.json(content_type="application/problem+json"))["code"])


async def test_a_tap_is_ordered_looked_at_and_ended(client: Client, janus: RunningJanus) -> None:
    async with sending(janus, "Anna"):
        response = await client.post("/api/taps", json={**ORDER, "settings": {"strength": 50}}, headers=token())
        assert response.status == 201
        told = await response.json()
        assert told["display"] == "Anna (eye contact)"
        path = response.headers["Location"]
        assert path == f"/api/taps/{told['id']}"
        Statistics.model_validate(await (await client.get(path, headers=token())).json())
        await listed(janus, told["display"])
        assert (await client.delete(path, headers=token())).status == 204
        await listed(janus, told["display"], sends=False)
        assert await code(await client.get(path, headers=token())) == "unknown_session"


async def test_nobody_touches_another_ones_tap(client: Client, janus: RunningJanus) -> None:
    async with sending(janus, "Anna"):
        path = (await client.post("/api/taps", json=ORDER, headers=token())).headers["Location"]
        for headers, expected in ((token("berta"), "forbidden"), ({}, "unauthorized")):
            assert await code(await client.get(path, headers=headers)) == expected
            assert await code(await client.delete(path, headers=headers)) == expected
        await listed(janus, "Anna (eye contact)")


@pytest.mark.parametrize(
    ("changes", "headers", "expected"),
    [
        ({}, {}, "unauthorized"),
        ({}, token(rights=("session", "watch")), "forbidden"),
        ({}, token(room="5"), "forbidden"),
        ({"janus": "ws://127.0.0.1:1"}, token(), "target_not_allowed"),
        ({"room": 77}, token(), "unknown_room"),
        ({"room": 5}, token(), "wrong_pin"),
        ({"display": "Nobody"}, token(), "unknown_feed"),
        ({"feed": 4}, token(), "malformed"),
        ({"display": None}, token(), "malformed"),
        ({"room": None}, token(), "malformed"),
        ({"room": -1}, token(), "malformed"),
        ({"more": 1}, token(), "malformed"),
        ({"settings": {"pitch": 90}}, token(), "invalid_setting"),
    ],
)
async def test_what_is_wrong_with_an_order_is_said(
    client: Client, changes: dict[str, object], headers: dict[str, str], expected: str
) -> None:
    response = await client.post("/api/taps", json={**ORDER, **changes}, headers=headers)
    assert await code(response) == expected


async def test_an_order_is_json(client: Client) -> None:
    assert await code(await client.post("/api/taps", data="janus=main", headers=token())) == "unsupported_media_type"
    json = {**token(), "Content-Type": "application/json"}
    for body in (b"{", b"\xff", b"[]", b"7"):
        assert await code(await client.post("/api/taps", data=body, headers=json)) == "malformed"
