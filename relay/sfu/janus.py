"""Janus: publishes a corrected track into a VideoRoom, and comes back when the room was lost.

Knows nothing of how Janus is spoken to (room.py, signalling.py) or of where the tracks come from.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection
from tenacity import AsyncRetrying, retry_if_exception, wait_exponential, wait_random

from relay.errors import EgressError
from relay.sfu.egress import MeetingEvent, MeetingState, Tracks
from relay.sfu.room import Room, RoomMember
from relay.sfu.signalling import GONE, JanusMessage

PATIENCE: Final = 10.0  # seconds from Janus's answer to the connection that carries the media
FIRST_WAIT, LONGEST_WAIT, SPREAD = 0.2, 2.0, 0.2  # seconds between two attempts to come back
MOST_REFUSALS: Final = 10  # in a row; a Janus that has just started may be given its rooms a little later

log = logging.getLogger(__name__)


class JanusEgress:
    """One person's way into a VideoRoom.

    address: of the WebSocket API. display: the name the others see. ice_servers: for the relay's own side.
    """

    def __init__(
        self,
        address: str,
        room: str,
        pin: str | None,
        display: str,
        ice_servers: Sequence[RTCIceServer] = (),
    ) -> None:
        self._room, self._display, self._ice_servers = Room(address, room, pin), display, ice_servers
        self._stay: Publication | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def publish(self, subscribe: Callable[[], Tracks], tell: Callable[[MeetingEvent], None]) -> None:
        """As Egress.publish()."""
        publication = await self._enter(subscribe)
        self._keeping = asyncio.create_task(self._keep(publication, subscribe, tell), name="meeting")

    async def close(self) -> None:
        """As Egress.close()."""
        if self._keeping:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        if self._stay:
            await self._stay.end()

    async def _enter(self, subscribe: Callable[[], Tracks]) -> "Publication":
        """Be in the room. Whatever comes of it, close() ends it."""
        self._stay = publication = Publication(self._ice_servers)
        try:
            await publication.begin(self._room, self._display, subscribe())
        except BaseException:
            await publication.end()
            raise
        return publication

    async def _keep(
        self, publication: "Publication", subscribe: Callable[[], Tracks], tell: Callable[[MeetingEvent], None]
    ) -> None:
        """Come back as often as the room goes away, until it will not have us."""
        while True:
            departure = await publication.over
            await publication.end()
            if departure.final:
                tell(MeetingEvent(MeetingState.ENDED, departure.why))
                return
            tell(MeetingEvent(MeetingState.LOST, departure.why))
            try:
                publication = await self._come_back(subscribe)
            except EgressError as error:
                tell(MeetingEvent(MeetingState.ENDED, str(error)))
                return
            except Exception:
                log.exception("coming back to the meeting broke down")
                tell(MeetingEvent(MeetingState.ENDED, "the relay made a mistake; its log says which"))
                return
            tell(MeetingEvent(MeetingState.JOINED))

    async def _come_back(self, subscribe: Callable[[], Tracks]) -> "Publication":
        """In the room again. Raises EgressError where the answer stays no; while nobody answers it goes on trying."""
        retrying = AsyncRetrying(
            retry=retry_if_exception(RetryPolicy()),
            wait=wait_exponential(FIRST_WAIT, LONGEST_WAIT) + wait_random(0, SPREAD),
            reraise=True,
        )
        return await retrying(self._enter, subscribe)


class RetryPolicy:
    """Whether one should come back after this error: always where nobody answers, not for ever where it is a no."""

    def __init__(self) -> None:
        self._refusals = 0

    def __call__(self, error: BaseException) -> bool:
        """True: try again."""
        self._refusals = 0 if type(error) is EgressError else self._refusals + 1
        return isinstance(error, EgressError) and self._refusals < MOST_REFUSALS


@dataclass(frozen=True)
class End:
    """How a stay in the room came to its end. final: it was meant so, and must not be undone by coming back."""

    final: bool
    why: str


class Publication:
    """One stay in a room: a seat and the connection that carries the media. over: done once it has come to its end."""

    def __init__(self, ice_servers: Sequence[RTCIceServer]) -> None:
        self.over: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=list(ice_servers)))
        self._peer.on("connectionstatechange", self._follow_connection)
        self._standing: set[str] = set()
        self._connected: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._tracks: Tracks | None = None
        self._member: RoomMember | None = None
        self._ending: asyncio.Task[None] | None = None

    async def begin(self, room: Room, display: str, tracks: Tracks) -> None:
        """Publish these tracks; returns when the media can flow. Raises EgressError; end() is then still due."""
        self._tracks = tracks
        for track in (tracks.audio, tracks.video):
            if track:
                self._peer.addTransceiver(track, direction="sendonly")
        self._member = member = await room.enter(display, self._hear)
        await self._peer.setLocalDescription(await self._peer.createOffer())
        message = await member.handle.ask({"request": "publish", "display": display}, self._peer.localDescription)
        await self._accept(message)
        await self._connect()

    async def end(self) -> None:
        """Leave, and hold nothing any more; may be called again, also where an earlier call was cancelled."""
        if self._ending is None:
            # aiortc cannot take up a closing that was cancelled half-way.
            self._ending = asyncio.create_task(self._release(), name="leaving a meeting")
        await asyncio.shield(self._ending)

    async def _release(self) -> None:
        if self._member:
            await self._member.leave()
        await self._peer.close()
        if self._tracks:
            for track in (self._tracks.audio, self._tracks.video):
                if track:
                    track.stop()
        if not self.over.done():
            self.over.cancel()

    async def _accept(self, message: JanusMessage) -> None:
        if message.description is None:
            raise EgressError("the meeting server took the offer without an answer")
        try:
            await self._peer.setRemoteDescription(message.description)
        except Exception as error:
            # aiortc promises no error of its own for what a peer may write into an answer.
            raise EgressError("the meeting server's answer cannot be used: it may have no codec in common") from error

    async def _connect(self) -> None:
        """Wait until the media can flow."""
        try:
            async with asyncio.timeout(PATIENCE):
                connected = await self._connected
        except TimeoutError:
            connected = False
        if not connected:
            raise EgressError(
                "the meeting server was reached, but no media can flow: the relay needs its UDP ports, or TURN"
            )

    def _hear(self, message: JanusMessage) -> None:
        match message.kind:
            case "webrtcup":
                self._arrive("there")
            case "event":
                self._hear_of_room(message.data)
            case "hangup" | "detached" if not self.over.done():
                self._depart(False, "the meeting server ended the connection")
            case kind if kind == GONE:
                self._depart(False, "the meeting server went away")

    def _hear_of_room(self, data: dict[str, Any]) -> None:
        match data:
            case {"leaving": "ok", "reason": "kicked"} | {"unpublished": "ok", "reason": "kicked"}:
                self._depart(True, "somebody who runs the meeting has put this video out")
            case {"videoroom": "destroyed"}:
                self._depart(True, "the meeting was closed")

    def _follow_connection(self) -> None:
        match self._peer.connectionState:
            case "connected":
                self._arrive("here")
            case "failed" | "closed":
                self._depart(False, "the connection to the meeting broke off")

    def _arrive(self, side: str) -> None:
        """The connection stands on this side; Janus lists as a publisher only whose connection stands on its own."""
        self._standing.add(side)
        if self._standing == {"here", "there"} and not self._connected.done():
            self._connected.set_result(True)

    def _depart(self, final: bool, why: str) -> None:
        """Only the first reason counts."""
        if not self.over.done():
            self.over.set_result(End(final, why))
        if not self._connected.done():
            self._connected.set_result(False)
