"""Both ends of WHIP and WHEP: a relay that serves them, clients that only send and clients that only watch."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self, cast

import av
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from relay.app import assemble
from relay.config.access import Right
from relay.config.serve import Serve
from relay.errors import RequestError
from relay.http.access.tokens import mint
from tests.deadlines import scaled
from tests.fakes import Browser, StageFactory

Client = TestClient[web.Request, web.Application]
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
KEY = "k" * 32


@asynccontextmanager
async def serving(*flags: str, stage_factory: StageFactory | None = None) -> AsyncIterator[Client]:
    settings = Serve.read(["--no-admission", *flags], "test")
    async with TestClient(TestServer(assemble(settings, stage_factory or StageFactory()))) as client:
        if stage_factory:
            stage_factory.made.clear()  # the trial run at the start
        yield client


def encoder() -> Browser:
    """The side of a client such as OBS: no data channel, and it receives nothing."""
    browser = Browser(channel=False)
    for one in browser.peer.getTransceivers():
        one.direction = "sendonly"
    return browser


def bearer(owner: str, *rights: Right, room: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {mint(KEY, owner, rights or ['session'], ttl=3600, room=room)}"}


async def expect(response: ClientResponse, error: type[RequestError]) -> None:
    problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["code"]) == (error.status, error.code)
    assert problem["detail"]


class Watcher:
    """The viewer's side. received: its tracks by kind."""

    def __init__(self, *kinds: str, direction: str = "recvonly") -> None:
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.received: dict[str, MediaStreamTrack] = {}
        self.peer.on("track", lambda track: self.received.update({track.kind: track}))
        for kind in kinds or ("video", "audio"):
            self.peer.addTransceiver(kind, direction=direction)

    async def offer(self) -> str:
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return str(self.peer.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        await self.peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def take(self, kind: str, frames: int = 1) -> list[Any]:
        """The next frames of this kind."""
        async with asyncio.timeout(scaled(30)):
            return [await self.received[kind].recv() for _ in range(frames)]

    async def see(self, frames: int = 1) -> list[av.VideoFrame]:
        return [frame for frame in await self.take("video", frames) if isinstance(frame, av.VideoFrame)]

    async def vanish(self) -> None:
        """Disappear without closing the connection."""
        await Browser.vanish(cast("Browser", self))  # it uses only the browser's peer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.peer.close()


def without_candidates(sdp: str) -> tuple[str, str]:
    """The offer as sent by a client that trickles, and the fragment that follows it."""
    lines = sdp.splitlines()
    rest = [line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates"))]
    first = next(number for number, line in enumerate(lines) if line.startswith("m="))
    section: list[str] = []
    for line in lines[first:]:
        if line.startswith("m=") and section:
            break
        section.append(line)
    wanted = ("m=", "a=mid:", "a=ice-ufrag:", "a=ice-pwd:", "a=candidate:", "a=end-of-candidates")
    fragment = [line for line in section if line.startswith(wanted)]
    return "\r\n".join(rest) + "\r\n", "\r\n".join(fragment) + "\r\n"
