"""Where corrected tracks may go."""

from typing import Annotated

from pydantic import BaseModel, Field

RoomAddress = Annotated[str, Field(pattern=r"^(wss?://[^/\s;,']+)?(/[^\s;,']*)?$", min_length=1)]
MeetingUrl = Annotated[str, Field(pattern=r"^(wss?|https?)://[^/]+")]


class Meetings(BaseModel, frozen=True):
    """Where corrected tracks may go."""

    meetings: dict[str, MeetingUrl] = Field(
        {},
        description="meeting servers that the relay may call, as JSON, name to address: "
        '{"janus": "ws://localhost:8188"}; none is called that is not listed',
    )
    tap_patience: float = Field(
        30, ge=0, le=3600, description="a tap waits this long for a participant who has left to come back [seconds]"
    )
    room_janus: RoomAddress | None = Field(
        None,
        description="WebSocket address of the room page's Janus as browsers reach it: wss://..., or a path on the "
        "relay's own address, as /janus",
    )
    room: str | None = Field(None, min_length=1, description="the room that the room page joins by itself")
    room_pin: str | None = Field(
        None, min_length=1, description="that room's PIN; everybody who opens the room page is given it"
    )
    room_meeting: str | None = Field(
        None, description="name in meetings of the room page's Janus; the first one if it is not said"
    )
