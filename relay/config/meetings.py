"""Meeting servers that corrected tracks may be published to."""

from typing import Annotated

from pydantic import BaseModel, Field

RoomAddress = Annotated[str, Field(pattern=r"^(wss?://[^/\s;,']+)?(/[^\s;,']*)?$", min_length=1)]
MeetingUrl = Annotated[str, Field(pattern=r"^(wss?|https?)://[^/]+")]


class Meetings(BaseModel, frozen=True):
    """Meeting servers that corrected tracks may be published to, and the room page."""

    meetings: dict[str, MeetingUrl] = Field(
        {},
        description="meeting servers that the relay may connect to, as JSON, name to address: "
        '{"janus": "ws://localhost:8188"}; no others are allowed',
    )
    tap_patience: float = Field(
        30, ge=0, le=3600, description="how long a tap waits for a participant who has left to return [seconds]"
    )
    room_janus: RoomAddress | None = Field(
        None,
        description="WebSocket address of the room page's Janus as browsers reach it: wss://..., or a path on the "
        "relay's own address, such as /janus",
    )
    room: str | None = Field(None, min_length=1, description="room that the room page joins automatically")
    room_pin: str | None = Field(
        None, min_length=1, description="that room's PIN; it is given to everybody who opens the room page"
    )
    room_meeting: str | None = Field(
        None, description="name in meetings of the room page's Janus; default: the first one"
    )
