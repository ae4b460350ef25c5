"""A participant's own feed out of a Janus VideoRoom, as tracks; again each time he comes back.

Knows nothing of what becomes of them.
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

WATCHER: Final = "Eyeline"  # what a room shows that lists those who only watch
PATIENCE: Final = 10.0  # seconds until the media flow
FIRST_WAIT, LONGEST_WAIT, SPREAD = 0.2, 2.0, 0.2  # seconds between two attempts


@dataclass(frozen=True)
class Wanted:
    """Whom to subscribe to: by his feed's id, or by his name. Who is found by his id is known by his name later on."""

    feed: int | str | None = None
    display: str | None = None

    def among(self, present: Sequence[Participant]) -> Participant | None:
        """Him, if he is there."""
        named = (one for one in present if self.display is not None and one.display == self.display)
        return next((one for one in present if one.feed == self.feed), next(named, None))


class Subscription:
    """The feed of one participant of a room.

    open() once, then next() as often as wanted, close() at the end. address: of Janus's WebSocket API. ice_servers: for
    the relay's own side.
    """

    def __init__(
        self, address: str, room: str, pin: str | None, wanted: Wanted, ice_servers: Sequence[RTCIceServer] = ()
    ) -> None:
        self._room, self._wanted, self._ice_servers = Room(address, room, pin), wanted, ice_servers
        self._member: RoomMember | None = None
        self._present: list[Participant] = []
        self._changed, self._lost = asyncio.Event(), False
        self._reception: FeedConnection | None = None

    async def open(self) -> Participant:
        """Come into the room and find him. Raises EgressError, UnknownFeedError; close() is then still due."""
        await self._enter()
        who = self._wanted.among(self._present)
        if who is None:
            names = ", ".join(repr(one.display) for one in self._present)
            raise UnknownFeedError(
                f"the room has no such participant who sends video; there is {names}"
                if names
                else "nobody sends video in this room"
            )
        self._wanted = Wanted(who.feed, who.display or None)
        return who

    async def next(self) -> Tracks:
        """His tracks. Waits until he sends video, and the room is there, for as long as it takes. The tracks end when
        he leaves, when the room does, and with the next call.
        """
        await self._hang_up()
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(EgressError),
            wait=wait_exponential(FIRST_WAIT, LONGEST_WAIT) + wait_random(0, SPREAD),
            reraise=True,
        )
        return await retrying(self._receive)

    async def close(self) -> None:
        """Leave the room and hold nothing any more; may be called at any time, and again."""
        await self._hang_up()
        await self._leave()

    async def _enter(self) -> RoomMember:
        await self._leave()
        self._present, self._lost = [], False
        self._member = await self._room.enter(WATCHER, self._hear)
        self._see(self._member.others)
        return self._member

    async def _leave(self) -> None:
        if self._member:
            await self._member.leave()
            self._member = None

    async def _receive(self) -> Tracks:
        """Raises EgressError where it is worth another try."""
        member = await self._enter() if self._member is None or self._lost else self._member
        who = await self._wait_for_him()
        self._reception = FeedConnection(who, self._ice_servers)
        try:
            return await self._reception.begin(member)
        except BaseException:
            # He may have left, or his connection may be about to come: whoever comes in anew is told what is true.
            self._lost = True
            await self._hang_up()
            raise

    async def _wait_for_him(self) -> Participant:
        while not self._lost:
            if who := self._wanted.among(self._present):
                return who
            self._changed.clear()
            await self._changed.wait()
        raise EgressError("the meeting server went away")

    async def _hang_up(self) -> None:
        if self._reception:
            await self._reception.end()
            self._reception = None

    def _hear(self, message: JanusMessage) -> None:
        if message.kind in {GONE, "detached"}:
            self._lost = True
            for one in self._present:
                self._miss(one.feed)
        elif message.kind == "event":
            self._see(Participant.read(message.data))
            for word in ("unpublished", "leaving", "kicked"):
                self._miss(message.data.get(word))
            if message.data.get("leaving") == "ok" or message.data.get("videoroom") == "destroyed":
                self._lost = True
        self._changed.set()

    def _see(self, arrived: Sequence[Participant]) -> None:
        """They send video, be it for the first time or with something about it changed."""
        feeds = {one.feed for one in arrived}
        self._present = [*(one for one in self._present if one.feed not in feeds), *arrived]

    def _miss(self, feed: object) -> None:
        """He sends no video any more."""
        self._present = [one for one in self._present if one.feed != feed]
        if self._reception and self._reception.who.feed == feed:
            self._reception.stop()


class FeedConnection:
    """A connection that carries one feed: from begin() to end(), or to the tracks' end after stop()."""

    def __init__(self, who: Participant, ice_servers: Sequence[RTCIceServer]) -> None:
        self.who = who
        self._over = asyncio.Event()
        self._connected: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._handle: Handle | None = None
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=list(ice_servers)))
        self._peer.on("connectionstatechange", self._follow_connection)
        self._ending = asyncio.create_task(self._close_when_over(), name=f"feed {who.feed}")

    async def begin(self, member: RoomMember) -> Tracks:
        """Subscribe. Raises EgressError; end() is then still due."""
        handle, message = await member.watch(self.who, self._hear)
        self._handle = handle
        if message.description is None:
            raise EgressError("the meeting server gives nothing of this participant")
        try:
            await self._peer.setRemoteDescription(message.description)
            await self._peer.setLocalDescription(await self._peer.createAnswer())
        except Exception as error:
            # aiortc promises no error of its own for what a peer may write into an offer.
            raise EgressError("this participant's video cannot be received: the relay knows VP8 and H264") from error
        await handle.ask({"request": "start"}, self._peer.localDescription)
        await self._connect()
        received = {one.kind: one.receiver.track for one in reversed(self._peer.getTransceivers())}
        if received.get("video") is None:
            raise UnknownFeedError("this participant sends no video any more")
        return Tracks(received["video"], received.get("audio"))

    def stop(self) -> None:
        """Let the tracks end."""
        self._over.set()
        if not self._connected.done():
            self._connected.set_result(False)

    async def end(self) -> None:
        """Hold nothing any more; may be called again."""
        self.stop()
        await asyncio.wait([self._ending])

    async def _connect(self) -> None:
        """Wait until the media can flow: of a connection that never came about the tracks would never end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                if await self._connected:
                    return
        raise EgressError("no media come of this participant: the relay needs the meeting server's UDP ports, or TURN")

    async def _close_when_over(self) -> None:
        await self._over.wait()
        await self._peer.close()
        if self._handle:
            await self._handle.detach()

    def _hear(self, message: JanusMessage) -> None:
        if message.kind in {GONE, "hangup", "detached"}:
            self.stop()

    def _follow_connection(self) -> None:
        match self._peer.connectionState:
            case "connected" if not self._connected.done():
                self._connected.set_result(True)
            case "failed" | "closed":
                self.stop()
