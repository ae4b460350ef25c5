"""A Janus VideoRoom: joining it to publish or to subscribe. Knows nothing of media."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from relay.errors import UnknownRoomError
from relay.sfu.signalling import Handle, JanusMessage, JanusSession, accepted

PLUGIN: Final = "janus.plugin.videoroom"
WRONG_TYPE: Final = 430
MAX_DIGITS: Final = 18  # digits that fit 64 bits


@dataclass(frozen=True)
class Participant:
    """A participant who sends video to the room. feed: id to subscribe to; a new one at each join."""

    feed: int | str
    display: str

    @classmethod
    def read(cls, data: dict[str, Any]) -> list[Self]:
        """All video publishers listed in a message of Janus."""
        listed: Iterable[dict[str, Any]] = data.get("publishers", [])
        return [cls(one["id"], str(one.get("display", ""))) for one in listed if _sends_video(one)]


@dataclass(frozen=True)
class Room:
    """address: of its Janus, ws:// or wss://. name: its id in Janus. pin: if it requires one."""

    address: str
    name: str
    pin: str | None = None

    async def enter(self, display: str, on_message: Callable[[JanusMessage], None]) -> "RoomMember":
        """Join under this name without publishing. on_message: as in JanusSession.attach(). Raises EgressError."""
        session = await JanusSession.open(self.address)
        try:
            handle = await session.attach(PLUGIN, on_message)
            message = await self._join(handle, display)
        except BaseException:
            await session.close()
            raise
        return RoomMember(self, session, handle, message.data)

    def credentials(self) -> dict[str, str]:
        """The part of a join request that authorises it."""
        return {} if self.pin is None else {"pin": self.pin}

    async def _join(self, handle: Handle, display: str) -> JanusMessage:
        """Janus identifies rooms by numbers or, with string_ids, by strings: digits may be either."""
        request = {"request": "join", "ptype": "publisher", "display": display, **self.credentials()}
        digits = self.name.isascii() and self.name.isdecimal() and len(self.name) <= MAX_DIGITS
        for name in (int(self.name), self.name) if digits else (self.name,):
            message = await handle.send({**request, "room": name})
            if message.data.get("error_code") != WRONG_TYPE:
                return accepted(message)
        raise UnknownRoomError("the meeting server has no room of that name: its rooms have numeric ids")


class RoomMember:
    """Membership of a room, from joining to leave(). others: the participants who were sending video at the join."""

    def __init__(self, room: Room, session: JanusSession, handle: Handle, joined: dict[str, Any]) -> None:
        self.handle = handle
        self.others = Participant.read(joined)
        self._room, self._session, self._name = room, session, joined["room"]

    async def subscribe(
        self, participant: Participant, on_message: Callable[[JanusMessage], None]
    ) -> tuple[Handle, JanusMessage]:
        """Subscribe to a participant's feed: the handle for it and Janus's offer. Raises EgressError."""
        handle = await self._session.attach(PLUGIN, on_message)
        request = {
            "request": "join",
            "ptype": "subscriber",
            "room": self._name,
            "streams": [{"feed": participant.feed}],
        }
        return handle, await handle.ask({**request, **self._room.credentials()})

    async def leave(self) -> None:
        """Leave the room; may be called again."""
        await self._session.close()


def _sends_video(publisher: dict[str, Any]) -> bool:
    streams = publisher.get("streams", [])
    return any(one.get("type") == "video" and not one.get("disabled") for one in streams)
