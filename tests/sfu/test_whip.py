"""The relay as a WHIP client."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from aiortc import AudioStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from tenacity import AsyncRetrying, RetryCallState
from yarl import URL

from relay.app import assemble
from relay.config.serve import Serve
from relay.errors import EgressError, UnknownRoomError, WrongPinError
from relay.http.access.tokens import mint
from relay.sfu import whip
from relay.sfu.egress import MeetingEvent, MeetingState, Tracks
from relay.sfu.whip import RetryableError, WhipEgress, wait_before_retry
from tests.deadlines import scaled
from tests.exchanging import KEY
from tests.fakes import Clip, StageFactory, until

Answer = Callable[[web.Request], web.Response]


def refuse(status: int, **headers: str) -> Answer:
    return lambda _: web.Response(status=status, headers={key.replace("_", "-"): text for key, text in headers.items()})


class ScriptedServer:
    """A WHIP endpoint that answers by a script, then accepts every offer. requests: method, path and Authorization."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.requests: list[tuple[str, str, str | None]] = []
        self.peers: list[RTCPeerConnection] = []
        self.kinds: set[str] = set()

    async def post(self, request: web.Request) -> web.Response:
        self._record(request)
        if self.script:
            return self.script.pop(0)(request)
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peers.append(peer)
        peer.on("track", lambda track: self.kinds.add(track.kind))
        await peer.setRemoteDescription(RTCSessionDescription(await request.text(), "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        headers = {"Location": f"../sessions/{len(self.peers)}", "Content-Type": "application/sdp"}
        return web.Response(status=201, text=peer.localDescription.sdp, headers=headers)

    async def delete(self, request: web.Request) -> web.Response:
        self._record(request)
        return web.Response()

    async def hang_up(self) -> None:
        """Close the first connection, as a restarting server does."""
        await until(lambda: self.peers[0].connectionState == "connected")
        await self.peers[0].close()

    def _record(self, request: web.Request) -> None:
        self.requests.append((request.method, request.path, request.headers.get("Authorization")))


class Publisher:
    """Source of tracks, and receiver of events."""

    def __init__(self) -> None:
        self.tracks: list[Tracks] = []
        self.events: list[MeetingEvent] = []

    def subscribe(self) -> Tracks:
        self.tracks.append(Tracks(Clip(rate=15), AudioStreamTrack()))
        return self.tracks[-1]

    @property
    def states(self) -> list[MeetingState]:
        return [event.state for event in self.events]

    def has_ended(self) -> bool:
        """Whether all tracks have ended."""
        return all(track.readyState == "ended" for one in self.tracks for track in (one.video, one.audio) if track)


@asynccontextmanager
async def served(
    *script: Answer, token: str | None = None
) -> AsyncIterator[tuple[ScriptedServer, WhipEgress, Publisher]]:
    scripted, publisher = ScriptedServer(), Publisher()
    scripted.script += script
    app = web.Application()
    app.add_routes([web.post("/live/{name}", scripted.post), web.delete("/sessions/{name}", scripted.delete)])
    async with TestServer(app) as server:
        egress = WhipEgress(str(server.make_url("/live/one")), token)
        try:
            yield scripted, egress, publisher
        finally:
            await egress.close()
            await egress.close()
            for peer in scripted.peers:
                await peer.close()
    assert publisher.has_ended()
    assert [task for task in asyncio.all_tasks() if task.get_name() == "whip"] == []


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whip, "MIN_WAIT", 0.01)
    monkeypatch.setattr(whip, "MAX_WAIT", 0.05)


async def test_the_relay_s_own_endpoint_is_published_to() -> None:
    settings = Serve.read(["--token-key", KEY], "test")
    async with TestServer(assemble(settings, StageFactory())) as server:
        publisher, token = Publisher(), mint(KEY, "ada", ["session", "watch"], ttl=60)
        egress = WhipEgress(str(server.make_url("/whip?stage=again")), token)
        await egress.publish(publisher.subscribe, publisher.events.append)
        async with ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:
            watched = server.make_url("/whep/again")
            assert (await http.get(watched)).status == 204
            await until(lambda: isinstance(publisher.tracks[0].video, Clip) and publisher.tracks[0].video.sent > 5)
            await egress.close()
            assert (await http.get(watched)).status == 404  # the session was deleted, not timed out
        assert publisher.events == []
        assert publisher.has_ended()


async def test_the_token_goes_along_with_everything_wherever_it_is_sent() -> None:
    moved, token = refuse(307, Location="/live/other"), "one of theirs"
    async with served(moved, token=token) as (server, egress, publisher):
        await egress.publish(publisher.subscribe, publisher.events.append)
        await until(lambda: server.kinds == {"video", "audio"})
        await egress.close()
        assert server.requests == [
            ("POST", "/live/one", "Bearer one of theirs"),
            ("POST", "/live/other", "Bearer one of theirs"),
            ("DELETE", "/sessions/1", "Bearer one of theirs"),
        ]


async def test_without_a_token_none_is_sent() -> None:
    async with served() as (server, egress, publisher):
        await egress.publish(publisher.subscribe, publisher.events.append)
        assert server.requests == [("POST", "/live/one", None)]


async def test_an_endpoint_without_room_is_asked_again() -> None:
    async with served(refuse(503), refuse(429), refuse(502)) as (server, egress, publisher):
        await egress.publish(publisher.subscribe, publisher.events.append)
        assert len(server.requests) == 4
        assert len(publisher.tracks) == 4


async def test_who_waits_is_told_in_time_that_there_is_no_room() -> None:
    async with served(refuse(503, Retry_After="60")) as (server, egress, publisher):
        with pytest.raises(RetryableError, match="is unavailable"):
            await egress.publish(publisher.subscribe, publisher.events.append)
        assert len(server.requests) == 1  # a minute is longer than the client waits


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refuse(401), WrongPinError),
        (refuse(403), WrongPinError),
        (refuse(404), UnknownRoomError),
        (refuse(422), EgressError),
        (refuse(200), EgressError),
        (lambda _: web.Response(status=201, text="hello"), EgressError),
        (lambda _: web.Response(status=201, text="hello", content_type="application/sdp"), EgressError),
        (lambda _: web.Response(status=201, body=b"\xff", content_type="application/sdp"), EgressError),
        (lambda _: web.Response(status=201, text=70000 * "v", content_type="application/sdp"), EgressError),
        (refuse(307, Location="ftp://elsewhere"), EgressError),
        (refuse(307), EgressError),
    ],
)
async def test_what_cannot_be_helped_is_said_at_once(answer: Answer, error: type[EgressError]) -> None:
    async with served(*[answer] * 6) as (server, egress, publisher):
        with pytest.raises(error) as caught:
            await egress.publish(publisher.subscribe, publisher.events.append)
        assert caught.type in {error, RetryableError}
        assert len(server.peers) == 0
        assert publisher.has_ended()


async def test_nobody_listens(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    monkeypatch.setattr(whip, "FIRST_PUBLISH_TIMEOUT", scaled(0.2))
    publisher = Publisher()
    egress = WhipEgress(f"http://127.0.0.1:{unused_tcp_port}/whip")
    with pytest.raises(RetryableError, match="cannot be reached"):
        await egress.publish(publisher.subscribe, publisher.events.append)
    await egress.close()
    assert len(publisher.tracks) > 1
    assert publisher.has_ended()


async def test_a_broken_connection_is_published_again() -> None:
    async with served() as (server, egress, publisher):
        await egress.publish(publisher.subscribe, publisher.events.append)
        server.script += [refuse(503), refuse(503)]
        await server.hang_up()
        await until(lambda: publisher.states == [MeetingState.LOST, MeetingState.JOINED])
        assert publisher.tracks[0].video.readyState == "ended"
        assert publisher.tracks[-1].video.readyState == "live"
        assert ("DELETE", "/sessions/1", None) in server.requests


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_an_endpoint_that_will_not_have_it_again_is_left_alone(status: int) -> None:
    async with served() as (server, egress, publisher):
        await egress.publish(publisher.subscribe, publisher.events.append)
        server.script += [refuse(status)]
        await server.hang_up()
        await until(lambda: publisher.states == [MeetingState.LOST, MeetingState.ENDED])
        assert publisher.events[-1].detail
        assert publisher.has_ended()


async def test_it_can_be_closed_while_it_tries_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whip, "MAX_WAIT", 60)
    async with served() as (server, egress, publisher):
        await egress.publish(publisher.subscribe, publisher.events.append)
        server.script += [refuse(503, Retry_After="60")]
        await server.hang_up()
        await until(lambda: not server.script)
        async with asyncio.timeout(scaled(5)):
            await egress.close()
        assert publisher.states == [MeetingState.LOST]


def test_the_wait_grows_and_is_no_shorter_than_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whip, "MIN_WAIT", 0.5)
    monkeypatch.setattr(whip, "MAX_WAIT", 10.0)

    def waits(after: float, attempt: int) -> float:
        state = RetryCallState(AsyncRetrying(), None, (), {})
        state.attempt_number = attempt
        state.set_exception((RetryableError, RetryableError("later", after), None))
        return wait_before_retry(state)

    assert 0.5 <= waits(0, 1) <= 1
    assert max(waits(0, 9) for _ in range(50)) > 2
    assert waits(0, 99) <= 10
    assert 30 <= waits(30, 1) <= 30.5
    assert waits(1e9, 1) == whip.MAX_RETRY_AFTER


def test_a_token_is_never_sent_in_the_clear_where_it_was_not_before() -> None:
    class Redirect:
        headers = {"Location": "http://elsewhere/whip"}  # noqa: RUF012 - as a response has them

    with pytest.raises(EgressError):
        whip._redirect_target(URL("https://here/whip"), Redirect())  # type: ignore[arg-type]
    assert whip._redirect_target(URL("http://here/whip"), Redirect()) == URL("http://elsewhere/whip")  # type: ignore[arg-type]
