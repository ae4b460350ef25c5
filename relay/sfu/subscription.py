"""Receives a participant's feed from a Janus VideoRoom as tracks, again each time they return.

Knows nothing of how the tracks are used.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential, wait_random

from relay.errors import EgressError, UnknownFeedError
from relay.sfu.egress import Tracks
from relay.sfu.room import Participant, Room, RoomMember
from relay.sfu.signalling import GONE, Handle, JanusMessage

SUBSCRIBER_NAME: Final = "Eyeline"  # display name, for rooms that list subscribers
MEDIA_TIMEOUT: Final = 10.0  # seconds until connected
MIN_WAIT, MAX_WAIT, JITTER = 0.2, 2.0, 0.2  # seconds between two attempts


@dataclass(frozen=True)
class ParticipantSelector:
    """Selects a participant by feed id or by display name; the id has precedence."""

    feed: int | str | None = None
    display: str | None = None

    def find(self, participants: Sequence[Participant]) -> Participant | None:
        """The participant, if present."""
        named = (one for one in participants if self.display is not None and one.display == self.display)
        return next((one for one in participants if one.feed == self.feed), next(named, None))


class Subscription:
    """The feed of one participant of a room.

    Call open() once, then next() any number of times, then close(). address: of Janus's WebSocket API. ice_servers:
    for the relay's own side.
    """

    def __init__(
        self,
        address: str,
        room: str,
        pin: str | None,
        selector: ParticipantSelector,
        ice_servers: Sequence[RTCIceServer] = (),
    ) -> None:
        self._room, self._selector, self._ice_servers = Room(address, room, pin), selector, ice_servers
        self._member: RoomMember | None = None
        self._publishers: list[Participant] = []
        self._changed, self._lost = asyncio.Event(), False
        self._connection: FeedConnection | None = None

    async def open(self) -> Participant:
        """Join the room and find the participant, from then on also by name. Raises EgressError,
        UnknownFeedError; close() must then still be called.
        """
        await self._enter()
        participant = self._selector.find(self._publishers)
        if participant is None:
            names = ", ".join(repr(one.display) for one in self._publishers)
            raise UnknownFeedError(
                f"the room has no such participant who sends video; there is {names}"
                if names
                else "nobody sends video in this room"
            )
        self._selector = ParticipantSelector(participant.feed, participant.display or None)
        return participant

    async def next(self) -> Tracks:
        """The participant's tracks. Waits without a limit until they send video and the room can be joined. The tracks
        end when the participant leaves, when the connection to the room is lost, and at the next call.
        """
        await self._close_connection()
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(EgressError),
            wait=wait_exponential(MIN_WAIT, MAX_WAIT) + wait_random(0, JITTER),
            reraise=True,
        )
        return await retrying(self._receive)

    async def close(self) -> None:
        """Leave the room and release everything; may be called at any time and more than once."""
        await self._close_connection()
        await self._leave()

    async def _enter(self) -> RoomMember:
        await self._leave()
        self._publishers, self._lost = [], False
        self._member = await self._room.enter(SUBSCRIBER_NAME, self._on_message)
        self._add_publishers(self._member.others)
        return self._member

    async def _leave(self) -> None:
        if self._member:
            await self._member.leave()
            self._member = None

    async def _receive(self) -> Tracks:
        """Raises EgressError if a retry may succeed."""
        member = await self._enter() if self._member is None or self._lost else self._member
        participant = await self._wait_for_participant()
        self._connection = FeedConnection(participant, self._ice_servers)
        try:
            return await self._connection.begin(member)
        except BaseException:
            # They may have left, or be reconnecting: a new join lists the publishers as they are now.
            self._lost = True
            await self._close_connection()
            raise

    async def _wait_for_participant(self) -> Participant:
        while not self._lost:
            if participant := self._selector.find(self._publishers):
                return participant
            self._changed.clear()
            await self._changed.wait()
        raise EgressError("the meeting server went away")

    async def _close_connection(self) -> None:
        if self._connection:
            await self._connection.end()
            self._connection = None

    def _on_message(self, message: JanusMessage) -> None:
        if message.kind in {GONE, "detached"}:
            self._lost = True
            for one in self._publishers:
                self._remove_publisher(one.feed)
        elif message.kind == "event":
            self._add_publishers(Participant.read(message.data))
            for key in ("unpublished", "leaving", "kicked"):
                self._remove_publisher(message.data.get(key))
            if message.data.get("leaving") == "ok" or message.data.get("videoroom") == "destroyed":
                self._lost = True
        self._changed.set()

    def _add_publishers(self, publishers: Sequence[Participant]) -> None:
        """Add or update participants who send video."""
        feeds = {one.feed for one in publishers}
        self._publishers = [*(one for one in self._publishers if one.feed not in feeds), *publishers]

    def _remove_publisher(self, feed: object) -> None:
        """Remove a participant who no longer sends video."""
        self._publishers = [one for one in self._publishers if one.feed != feed]
        if self._connection and self._connection.participant.feed == feed:
            self._connection.stop()


class FeedConnection:
    """The peer connection of one feed, from begin() to end(); stop() ends its tracks."""

    def __init__(self, participant: Participant, ice_servers: Sequence[RTCIceServer]) -> None:
        self.participant = participant
        self._stopped = asyncio.Event()
        self._connected: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._handle: Handle | None = None
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=list(ice_servers)))
        self._peer.on("connectionstatechange", self._on_connection_state)
        self._ending = asyncio.create_task(self._close_when_over(), name=f"feed {participant.feed}")

    async def begin(self, member: RoomMember) -> Tracks:
        """Subscribe. Raises EgressError; end() must then still be called."""
        handle, message = await member.subscribe(self.participant, self._on_message)
        self._handle = handle
        if message.description is None:
            raise EgressError("the meeting server sends no offer for this participant")
        try:
            await self._peer.setRemoteDescription(message.description)
            await self._peer.setLocalDescription(await self._peer.createAnswer())
        except Exception as error:
            # aiortc documents no exception type for an invalid offer.
            raise EgressError("this participant's video cannot be received: the relay supports VP8 and H264") from error
        await handle.ask({"request": "start"}, self._peer.localDescription)
        await self._connect()
        received = {one.kind: one.receiver.track for one in reversed(self._peer.getTransceivers())}
        if received.get("video") is None:
            raise UnknownFeedError("this participant no longer sends video")
        return Tracks(received["video"], received.get("audio"))

    def stop(self) -> None:
        """End the tracks."""
        self._stopped.set()
        if not self._connected.done():
            self._connected.set_result(False)

    async def end(self) -> None:
        """Release everything; may be called again."""
        self.stop()
        await asyncio.wait([self._ending])

    async def _connect(self) -> None:
        """Wait until connected: the tracks of a connection that never connects would never end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(MEDIA_TIMEOUT):
                if await self._connected:
                    return
        raise EgressError(
            "no media arrive from this participant: the relay must reach the meeting server's UDP ports, or TURN"
        )

    async def _close_when_over(self) -> None:
        await self._stopped.wait()
        await self._peer.close()
        if self._handle:
            await self._handle.detach()

    def _on_message(self, message: JanusMessage) -> None:
        if message.kind in {GONE, "hangup", "detached"}:
            self.stop()

    def _on_connection_state(self) -> None:
        match self._peer.connectionState:
            case "connected" if not self._connected.done():
                self._connected.set_result(True)
            case "failed" | "closed":
                self.stop()
