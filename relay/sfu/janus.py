"""Janus: publishes a corrected track to a VideoRoom, and rejoins when the connection is lost.

Knows nothing of Janus's API (room.py, signalling.py) or of where the tracks come from.
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

MEDIA_TIMEOUT: Final = 10.0  # seconds from Janus's answer to a connected peer connection
MIN_WAIT, MAX_WAIT, JITTER = 0.2, 2.0, 0.2  # seconds between two attempts to rejoin
MAX_REFUSALS: Final = 10  # in a row; rooms may be created a little after Janus has started

log = logging.getLogger(__name__)


class JanusEgress:
    """Publishes one person to a VideoRoom.

    address: of the WebSocket API. display: the name shown to the other participants. ice_servers: for the relay's side.
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
        self._publication: Publication | None = None
        self._rejoining: asyncio.Task[None] | None = None

    async def publish(self, subscribe: Callable[[], Tracks], notify: Callable[[MeetingEvent], None]) -> None:
        """As Egress.publish()."""
        publication = await self._enter(subscribe)
        self._rejoining = asyncio.create_task(self._rejoin_when_lost(publication, subscribe, notify), name="meeting")

    async def close(self) -> None:
        """As Egress.close()."""
        if self._rejoining:
            self._rejoining.cancel()
            await asyncio.wait([self._rejoining])
        if self._publication:
            await self._publication.end()

    async def _enter(self, subscribe: Callable[[], Tracks]) -> "Publication":
        """Join and publish. On failure everything is released; else close() does it."""
        self._publication = publication = Publication(self._ice_servers)
        try:
            await publication.begin(self._room, self._display, subscribe())
        except BaseException:
            await publication.end()
            raise
        return publication

    async def _rejoin_when_lost(
        self, publication: "Publication", subscribe: Callable[[], Tracks], notify: Callable[[MeetingEvent], None]
    ) -> None:
        """Rejoin whenever the connection is lost, until it is refused."""
        while True:
            ended = await publication.over
            await publication.end()
            if ended.final:
                notify(MeetingEvent(MeetingState.ENDED, ended.why))
                return
            notify(MeetingEvent(MeetingState.LOST, ended.why))
            try:
                publication = await self._rejoin(subscribe)
            except EgressError as error:
                notify(MeetingEvent(MeetingState.ENDED, str(error)))
                return
            except Exception:
                log.exception("rejoining the meeting failed")
                notify(MeetingEvent(MeetingState.ENDED, "internal error of the relay; see its log"))
                return
            notify(MeetingEvent(MeetingState.JOINED))

    async def _rejoin(self, subscribe: Callable[[], Tracks]) -> "Publication":
        """Join again. Raises EgressError after repeated refusals; an unreachable server is retried for ever."""
        retrying = AsyncRetrying(
            retry=retry_if_exception(RetryPolicy()),
            wait=wait_exponential(MIN_WAIT, MAX_WAIT) + wait_random(0, JITTER),
            reraise=True,
        )
        return await retrying(self._enter, subscribe)


class RetryPolicy:
    """Whether to retry after an error: always if the server is unreachable, a limited number of times if it refuses."""

    def __init__(self) -> None:
        self._refusals = 0

    def __call__(self, error: BaseException) -> bool:
        """True: try again."""
        self._refusals = 0 if type(error) is EgressError else self._refusals + 1
        return isinstance(error, EgressError) and self._refusals < MAX_REFUSALS


@dataclass(frozen=True)
class PublicationEnd:
    """Why a publication ended. final: on purpose, so it must not be rejoined."""

    final: bool
    why: str


class Publication:
    """One membership of a room with its peer connection. over: resolved once it has ended."""

    def __init__(self, ice_servers: Sequence[RTCIceServer]) -> None:
        self.over: asyncio.Future[PublicationEnd] = asyncio.get_running_loop().create_future()
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=list(ice_servers)))
        self._peer.on("connectionstatechange", self._on_connection_state)
        self._connected_sides: set[str] = set()
        self._connected: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._tracks: Tracks | None = None
        self._member: RoomMember | None = None
        self._ending: asyncio.Task[None] | None = None

    async def begin(self, room: Room, display: str, tracks: Tracks) -> None:
        """Publish these tracks; returns once connected. Raises EgressError; end() must then still be called."""
        self._tracks = tracks
        for track in (tracks.audio, tracks.video):
            if track:
                self._peer.addTransceiver(track, direction="sendonly")
        self._member = member = await room.enter(display, self._on_message)
        await self._peer.setLocalDescription(await self._peer.createOffer())
        message = await member.handle.ask({"request": "publish", "display": display}, self._peer.localDescription)
        await self._accept(message)
        await self._connect()

    async def end(self) -> None:
        """Leave and release everything; may be called again, also after a cancelled call."""
        if self._ending is None:
            # aiortc cannot resume a close() that was cancelled half-way.
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
            raise EgressError("the meeting server accepted the offer without an answer")
        try:
            await self._peer.setRemoteDescription(message.description)
        except Exception as error:
            # aiortc documents no exception type for an invalid answer.
            raise EgressError("the meeting server's answer cannot be used: it may have no codec in common") from error

    async def _connect(self) -> None:
        """Wait until connected."""
        try:
            async with asyncio.timeout(MEDIA_TIMEOUT):
                connected = await self._connected
        except TimeoutError:
            connected = False
        if not connected:
            raise EgressError(
                "the meeting server was reached, but no media can flow: the relay must reach its UDP ports, or TURN"
            )

    def _on_message(self, message: JanusMessage) -> None:
        match message.kind:
            case "webrtcup":
                self._mark_connected("remote")
            case "event":
                self._on_room_event(message.data)
            case "hangup" | "detached" if not self.over.done():
                self._set_ended(False, "the meeting server ended the connection")
            case kind if kind == GONE:
                self._set_ended(False, "the meeting server went away")

    def _on_room_event(self, data: dict[str, Any]) -> None:
        match data:
            case {"leaving": "ok", "reason": "kicked"} | {"unpublished": "ok", "reason": "kicked"}:
                self._set_ended(True, "somebody who runs the meeting has put this video out")
            case {"videoroom": "destroyed"}:
                self._set_ended(True, "the meeting was closed")

    def _on_connection_state(self) -> None:
        match self._peer.connectionState:
            case "connected":
                self._mark_connected("local")
            case "failed" | "closed":
                self._set_ended(False, "the connection to the meeting was lost")

    def _mark_connected(self, side: str) -> None:
        """This side is connected. Both must be: Janus lists a publisher only once its own side is connected."""
        self._connected_sides.add(side)
        if self._connected_sides == {"local", "remote"} and not self._connected.done():
            self._connected.set_result(True)

    def _set_ended(self, final: bool, why: str) -> None:
        """Only the first reason is kept."""
        if not self.over.done():
            self.over.set_result(PublicationEnd(final, why))
        if not self._connected.done():
            self._connected.set_result(False)
