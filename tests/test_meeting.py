"""End to end with a real Janus: an offer asks the relay to publish, and the room receives the corrected video."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from relay.app import assemble
from relay.config.access import Right
from relay.config.serve import Serve
from relay.http.access.tokens import mint
from tests.deadlines import scaled
from tests.fakes import Browser
from tests.servers.janus import RunningJanus
from tests.sfu.people import Marking, listed, present, put_out, see, sending, until_marked, watching

Client = TestClient[web.Request, web.Application]
KEY = "0123456789abcdef" * 2
INTO = {"janus": "main", "room": 1234, "display": "Carla"}


@pytest.fixture
def janus() -> Iterator[RunningJanus]:
    with RunningJanus({1234: {}, 1: {"publishers": 1}, 5: {"pin": "secret"}}) as janus:
        yield janus


@pytest.fixture
async def client(janus: RunningJanus) -> AsyncIterator[Client]:
    """A client of a relay that requires tokens and may call this Janus."""
    settings = Serve.read(["--token-key", KEY, "--meetings", f'{{"main": "{janus.address}"}}'], "test")
    async with TestClient(TestServer(assemble(settings, Marking))) as client:
        yield client


def token(rights: tuple[Right, ...] = ("session",), room: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {mint(KEY, 'carla', rights, ttl=3600, room=room)}"}


async def ask(client: Client, browser: Browser, publish: object, returns: str = "video") -> ClientResponse:
    """Send the browser's offer with this publish request."""
    body = {"type": "offer", "sdp": await browser.offer(), "publish": publish, "returns": returns}
    return await client.post("/api/sessions", json=body, headers=token(room="1234"))


async def join(client: Client, browser: Browser, returns: str = "video") -> str:
    """Join the meeting; gives the session's path."""
    response = await ask(client, browser, INTO, returns)
    assert response.status == 201, await response.text()
    await browser.accept((await response.json())["sdp"])
    return response.headers["Location"]


async def receive_meeting_state(browser: Browser) -> tuple[str, str]:
    """State and detail of the next message about the meeting."""
    message: dict[str, Any] = await browser.receive("meeting")
    return message["state"], message["detail"]


@pytest.mark.parametrize("returns", ["video", "none"])
async def test_others_in_the_room_see_and_hear_who_publishes_by_the_relay(
    client: Client, janus: RunningJanus, returns: str
) -> None:
    async with Browser() as browser:
        path = await join(client, browser, returns)
        assert "Carla" in await present(janus), "in the meeting before the answer is given"
        async with watching(janus, "Carla") as tracks:
            await until_marked(tracks.video)
            assert len(await see(tracks.video, 8)) == 8
            assert tracks.audio is not None
            assert await asyncio.wait_for(tracks.audio.recv(), scaled(30))
        assert ("video" in browser.received) == (returns == "video")
        assert (await client.delete(path, headers=token())).status == 204
        await listed(janus, "Carla", sends=False)


async def test_the_page_is_told_when_the_meeting_goes_away_and_when_it_is_back(
    client: Client, janus: RunningJanus
) -> None:
    async with Browser() as browser:
        await join(client, browser)
        await browser.see(2)
        janus.kill()
        state, detail = await receive_meeting_state(browser)
        assert state == "lost"
        assert detail
        assert await browser.see(2), "the page still receives video"
        janus.start()
        assert await receive_meeting_state(browser) == ("joined", "")
        async with watching(janus, "Carla") as tracks:
            await until_marked(tracks.video)


@pytest.mark.parametrize("returns", ["video", "none"])
async def test_the_page_is_told_when_it_is_put_out(client: Client, janus: RunningJanus, returns: str) -> None:
    async with Browser() as browser:
        path = await join(client, browser, returns)
        await browser.receive("settings")
        await put_out(janus, "Carla")
        state, detail = await receive_meeting_state(browser)
        assert state == "ended"
        assert "put this video out" in detail
        await listed(janus, "Carla", sends=False)
        if returns == "video":
            assert await browser.see(2), "the page still receives video"
            assert (await client.get(path, headers=token())).status == 200
        else:
            await wait_ended(client, path)


async def wait_ended(client: Client, path: str) -> None:
    """Wait until the session has ended."""
    async with asyncio.timeout(scaled(30)):
        while (await client.get(path, headers=token())).status != 404:  # noqa: ASYNC110 - the relay has to be polled
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"room": 77}, "forbidden"),
        ({"room": 5}, "forbidden"),
        ({"janus": "ws://127.0.0.1:1"}, "target_not_allowed"),
        ({"display": ""}, "malformed"),
        ({"whip": "main"}, "malformed"),
    ],
)
async def test_a_wish_that_cannot_be_granted_costs_no_session(
    client: Client, changes: dict[str, object], code: str
) -> None:
    async with Browser() as browser:
        response = await ask(client, browser, {**INTO, **changes})
        assert (await response.json())["code"] == code


async def test_a_field_session_has_no_video_for_a_meeting(client: Client) -> None:
    async with Browser() as browser:
        response = await ask(client, browser, INTO, "field")
        assert (await response.json())["code"] == "no_video"


async def test_a_meeting_that_lets_nobody_in_is_told_by_name(janus: RunningJanus) -> None:
    settings = Serve.read(["--meetings", f'{{"main": "{janus.address}"}}'], "test")
    made: list[Marking] = []

    def make_stages(correction: Any) -> Marking:
        made.append(Marking(correction))
        return made[-1]

    async with (
        sending(janus, "Anna", 1),
        TestClient[web.Request, web.Application](TestServer(assemble(settings, make_stages))) as client,
    ):
        await listed(janus, "Anna", 1)
        for room, code in ((77, "unknown_room"), (5, "wrong_pin"), (1, "room_full")):
            async with Browser() as browser:
                response = await ask(client, browser, {**INTO, "room": room})
                assert (await response.json())["code"] == code
        janus.kill()
        async with Browser() as browser:
            response = await ask(client, browser, INTO)
            assert (response.status, (await response.json())["code"]) == (502, "meeting_unreachable")
        assert [one.closed for one in made] == [1] * 5, "the trial run and four that could not join"


async def test_a_server_that_is_not_listed_is_never_called(client: Client) -> None:
    called: list[object] = []
    server = await asyncio.start_server(lambda *streams: called.append(streams), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Browser() as browser:
        for address in (f"ws://127.0.0.1:{port}", f"ws://main@127.0.0.1:{port}"):
            response = await ask(client, browser, {**INTO, "janus": address})
            assert (await response.json())["code"] == "target_not_allowed"
        await asyncio.sleep(0.1)
        assert not called


async def test_a_client_knows_which_meetings_it_may_ask_for(client: Client) -> None:
    config = await (await client.get("/api/config")).json()
    assert config["meetings"] == ["main"]
    assert "127.0.0.1" not in str(config["meetings"])


async def test_two_in_one_room_each_through_a_session_of_their_own(client: Client, janus: RunningJanus) -> None:
    async with Browser() as one, Browser() as other:
        await join(client, one)
        response = await ask(client, other, {**INTO, "display": "Dora"})
        await other.accept((await response.json())["sdp"])
        assert {"Carla", "Dora"} <= set(await present(janus))
        async with watching(janus, "Dora") as tracks:
            await until_marked(tracks.video)
