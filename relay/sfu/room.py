"""A Janus VideoRoom as one comes into it, be it to publish or to watch. Knows nothing of media."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from relay.errors import UnknownRoomError
from relay.sfu.signalling import Handle, JanusMessage, JanusSession, accepted

PLUGIN: Final = "janus.plugin.videoroom"
WRONG_TYPE: Final = 430
LONGEST_NUMBER: Final = 18  # digits that fit 64 bits


@dataclass(frozen=True)
class Participant:
    """Somebody who sends video into the room. feed: what he is subscribed to by; a new one each time he comes in."""

    feed: int | str
    display: str

    @classmethod
    def read(cls, data: dict[str, Any]) -> list[Self]:
        """All that Janus lists in what it says of a room."""
        listed: Iterable[dict[str, Any]] = data.get("publishers", [])
        return [cls(one["id"], str(one.get("display", ""))) for one in listed if _sends_video(one)]


@dataclass(frozen=True)
class Room:
    """address: of its Janus, ws:// or wss://. name: as Janus knows it. pin: if it asks for one."""

    address: str
    name: str
    pin: str | None = None

    async def enter(self, display: str, hear: Callable[[JanusMessage], None]) -> "RoomMember":
        """Come in under this name, without publishing yet. hear: as for JanusSession.attach(). Raises EgressError."""
        session = await JanusSession.open(self.address)
        try:
            handle = await session.attach(PLUGIN, hear)
            message = await self._join(handle, display)
        except BaseException:
            await session.close()
            raise
        return RoomMember(self, session, handle, message.data)

    def credentials(self) -> dict[str, str]:
        """What a room with a pin wants to see of everybody who joins."""
        return {} if self.pin is None else {"pin": self.pin}

    async def _join(self, handle: Handle, display: str) -> JanusMessage:
        """Janus counts its rooms by numbers, or, if it was told to, names them by words: digits may be either."""
        request = {"request": "join", "ptype": "publisher", "display": display, **self.credentials()}
        digits = self.name.isascii() and self.name.isdecimal() and len(self.name) <= LONGEST_NUMBER
        for name in (int(self.name), self.name) if digits else (self.name,):
            message = await handle.send({**request, "room": name})
            if message.data.get("error_code") != WRONG_TYPE:
                return accepted(message)
        raise UnknownRoomError("the meeting server has no room of such a name: its rooms are numbered")


class RoomMember:
    """A place in a room, from coming in until leave(). others: who was sending video at that moment."""

    def __init__(self, room: Room, session: JanusSession, handle: Handle, joined: dict[str, Any]) -> None:
        self.handle = handle
        self.others = Participant.read(joined)
        self._room, self._session, self._name = room, session, joined["room"]

    async def watch(self, who: Participant, hear: Callable[[JanusMessage], None]) -> tuple[Handle, JanusMessage]:
        """Subscribe to his feed: a handle for that, and what Janus offers. Raises EgressError."""
        handle = await self._session.attach(PLUGIN, hear)
        request = {"request": "join", "ptype": "subscriber", "room": self._name, "streams": [{"feed": who.feed}]}
        return handle, await handle.ask({**request, **self._room.credentials()})

    async def leave(self) -> None:
        """Get up; may be called again."""
        await self._session.close()


def _sends_video(publisher: dict[str, Any]) -> bool:
    streams = publisher.get("streams", [])
    return any(one.get("type") == "video" and not one.get("disabled") for one in streams)
