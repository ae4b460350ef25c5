import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from relay.errors import EgressError, RoomFullError, UnknownFeedError, UnknownRoomError, WrongPinError
from relay.sfu import signalling
from relay.sfu.room import PLUGIN
from relay.sfu.signalling import GONE, JanusMessage, JanusSession
from tests.deadlines import scaled
from tests.fakes import until
from tests.servers.janus import RunningJanus
from tests.sfu.people import leaving_nothing

JOIN = {"request": "join", "ptype": "publisher", "room": 1234}
Answer = Callable[[dict[str, Any], web.WebSocketResponse], Awaitable[None]]


@asynccontextmanager
async def fake_server(answer: Answer) -> AsyncIterator[str]:
    """A WebSocket server that answers as the test does; gives its address."""

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=[signalling.SUBPROTOCOL])
        await socket.prepare(request)
        async for message in socket:
            await answer(json.loads(message.data), socket)
        return socket

    app = web.Application()
    app.add_routes([web.get("/", serve)])
    async with TestServer(app) as server:
        yield str(server.make_url("/")).replace("http", "ws")


async def accept(asked: dict[str, Any], socket: web.WebSocketResponse) -> None:
    """Accept every request."""
    await socket.send_json({"janus": "success", "transaction": asked["transaction"], "data": {"id": 7}})


async def test_a_request_gets_its_own_answer_and_the_rest_comes_as_events(janus: RunningJanus) -> None:
    async with leaving_nothing():
        session = await JanusSession.open(janus.address)
        received: list[JanusMessage] = []
        first = await session.attach(PLUGIN, received.append)
        second = await session.attach(PLUGIN, lambda _: None)
        answers = await asyncio.gather(
            first.ask({"request": "exists", "room": 1234}), second.ask({"request": "exists", "room": 77})
        )
        assert [message.data["exists"] for message in answers] == [True, False]
        await first.ask({**JOIN, "display": "Anna"})
        await second.ask({**JOIN, "display": "Berta"})
        async with asyncio.timeout(scaled(20)):
            await second.ask({"request": "kick", "room": 1234, "id": (await joined(second))})
        await until(lambda: any("kicked" in message.data or "leaving" in message.data for message in received))
        await session.close()
        await session.close()


async def joined(handle: signalling.Handle) -> int:
    """The id of the participant named Berta."""
    message = await handle.ask({"request": "listparticipants", "room": 1234})
    return next(int(one["id"]) for one in message.data["participants"] if one["display"] == "Berta")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({**JOIN, "room": 77}, UnknownRoomError),
        ({**JOIN, "room": 5}, WrongPinError),
        ({**JOIN, "room": 5, "pin": "guessed"}, WrongPinError),
        ({"request": "join", "ptype": "subscriber", "room": 1234, "streams": [{"feed": 9}]}, UnknownFeedError),
        ({"request": "dance"}, EgressError),
    ],
)
async def test_a_refusal_is_raised_as_what_it_is(
    janus: RunningJanus, body: dict[str, object], error: type[EgressError]
) -> None:
    session = await JanusSession.open(janus.address)
    handle = await session.attach(PLUGIN, lambda _: None)
    with pytest.raises(EgressError) as raised:
        await handle.ask(body)
    assert type(raised.value) is error
    await session.close()


def test_a_full_room_is_known_by_its_code() -> None:
    with pytest.raises(RoomFullError, match="as many publishers"):
        signalling.accepted(JanusMessage("event", {"error_code": 432, "error": "Maximum number of publishers reached"}))


async def test_a_plugin_that_is_not_there_is_refused_in_words(janus: RunningJanus) -> None:
    session = await JanusSession.open(janus.address)
    with pytest.raises(EgressError, match="refuses"):
        await session.attach("janus.plugin.nothing", lambda _: None)
    await session.close()


async def test_a_server_that_is_away_or_is_something_else_is_said_to_be_unreachable() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.add_routes([web.get("/", page)])
    async with leaving_nothing(), TestServer(app) as server:
        addresses = (str(server.make_url("/")).replace("http", "ws"), "ws://127.0.0.1:9", "ws://:x", "nonsense")
        for address in addresses:
            with pytest.raises(EgressError, match="cannot be reached"):
                await JanusSession.open(address)


async def test_a_server_that_says_nothing_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stay_silent(*_: object) -> None:
        pass

    monkeypatch.setattr(signalling, "RESPONSE_TIMEOUT", 0.2)
    async with leaving_nothing(), fake_server(stay_silent) as address:
        with pytest.raises(EgressError, match="does not answer"):
            await JanusSession.open(address)


@pytest.mark.parametrize("nonsense", ["hello", "[]", "7", "{}", '{"janus": []}', '{"janus": "event", "sender": {}}'])
async def test_nonsense_is_passed_over(nonsense: str) -> None:
    async def send_nonsense(asked: dict[str, Any], socket: web.WebSocketResponse) -> None:
        await socket.send_str(nonsense)
        await accept(asked, socket)

    async with fake_server(send_nonsense) as address:
        session = await JanusSession.open(address)
        assert await session.attach(PLUGIN, lambda _: None)
        await session.close()


@pytest.mark.parametrize("answer", [{"janus": "success"}, {"janus": "success", "data": []}, {"janus": "error"}])
async def test_an_answer_without_what_it_should_have_is_an_error_of_the_meeting(answer: dict[str, object]) -> None:
    async def send_incomplete(asked: dict[str, Any], socket: web.WebSocketResponse) -> None:
        await socket.send_json({**answer, "transaction": asked["transaction"]})

    async with leaving_nothing(), fake_server(send_incomplete) as address:
        with pytest.raises(EgressError):
            await JanusSession.open(address)


async def test_a_silent_session_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalling, "KEEPALIVE_INTERVAL", 0.05)
    asked: list[dict[str, Any]] = []

    async def record(message: dict[str, Any], socket: web.WebSocketResponse) -> None:
        asked.append(message)
        await accept(message, socket)

    async with fake_server(record) as address:
        session = await JanusSession.open(address)
        await until(lambda: [one["janus"] for one in asked].count("keepalive") >= 2)
        assert {one["session_id"] for one in asked if one["janus"] == "keepalive"} == {7}
        await session.close()


async def test_the_end_of_the_server_is_heard_at_once() -> None:
    with RunningJanus() as janus:
        async with leaving_nothing():
            session = await JanusSession.open(janus.address)
            received: list[JanusMessage] = []
            handle = await session.attach(PLUGIN, received.append)
            janus.kill()
            await until(lambda: [message.kind for message in received] == [GONE])
            with pytest.raises(EgressError, match="does not answer"):
                await handle.ask(JOIN)
            await handle.detach()
            await session.close()


async def test_a_session_that_the_server_has_forgotten_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalling, "KEEPALIVE_INTERVAL", 0.05)

    async def forget(asked: dict[str, Any], socket: web.WebSocketResponse) -> None:
        await accept(asked, socket)
        if asked["janus"] == "keepalive":
            await socket.send_json({"janus": "timeout", "session_id": 7})

    async with fake_server(forget) as address:
        session = await JanusSession.open(address)
        received: list[JanusMessage] = []
        await session.attach(PLUGIN, received.append)
        await until(lambda: [message.kind for message in received] == [GONE])
        await session.close()
