"""What travels in the bodies of HTTP requests and answers. Plain, validated data; knows no endpoint."""

from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, Discriminator, Field, Tag, ValidationError, WithJsonSchema, model_validator

from relay.config.correction import Correction
from relay.config.engine import Limits
from relay.config.lines import ReturnMode
from relay.config.reading import describe
from relay.errors import MalformedError

M = TypeVar("M", bound=BaseModel)

# Described as what they are, but validated later: a wrong setting is another problem than a wrong body.
Settings = Annotated[dict[str, Any], WithJsonSchema(Correction.model_json_schema())]


Address = Annotated[str, Field(min_length=1, max_length=300)]
RoomName = Annotated[int, Field(ge=0, lt=2**53)] | Annotated[str, Field(min_length=1, max_length=64)]
Pin = Annotated[str, Field(max_length=100)]
Display = Annotated[str, Field(min_length=1, max_length=100)]


class IntoJanus(BaseModel, frozen=True, extra="forbid", strict=True):
    """A room of Janus's VideoRoom. janus: name or address of one of the relay's meetings. display: as others see it."""

    janus: Address
    room: RoomName
    pin: Pin | None = None
    display: Display


class IntoWhip(BaseModel, frozen=True, extra="forbid", strict=True):
    """Whatever takes WHIP (RFC 9725). whip: name or address of one of the relay's meetings."""

    whip: Address
    token: Annotated[str, Field(max_length=4096)] | None = None


def _way(publish: object) -> str:
    return "whip" if isinstance(publish, IntoWhip) or (isinstance(publish, dict) and "whip" in publish) else "janus"


Publish = Annotated[Annotated[IntoJanus, Tag("janus")] | Annotated[IntoWhip, Tag("whip")], Discriminator(_way)]


class Offer(BaseModel, frozen=True, extra="forbid", strict=True):
    """An offer as JSON, with the settings that are to differ from the relay's defaults.

    returns: what is to come back; field: no picture, but where to move the pixels (docs/protocol.md); none: nothing,
    the corrected track goes elsewhere. publish: the meeting that the relay brings the corrected track into.
    """

    type: Literal["offer"]
    sdp: str
    settings: Settings = {}
    returns: ReturnMode = "video"
    publish: Publish | None = None


class TapOrder(BaseModel, frozen=True, extra="forbid", strict=True):
    """Whom to tap: a participant of a Janus room, by the id of his feed or by his display name."""

    janus: Address
    room: RoomName
    pin: Pin | None = None
    feed: RoomName | None = None
    display: Display | None = None
    settings: Settings = {}

    @model_validator(mode="after")
    def _name_one(self) -> Self:
        if (self.feed is None) == (self.display is None):
            raise ValueError("feed or display says whom to tap: exactly one of them")
        return self


class TapAnswer(BaseModel, frozen=True):
    """A tap has begun. id names it and cannot be guessed; display: the name under which the room sees its video."""

    id: str
    display: str


class Answer(BaseModel, frozen=True):
    """The answer to an offer sent as JSON. id names the session and cannot be guessed."""

    id: str
    type: Literal["answer"] = "answer"
    sdp: str


class IceServer(BaseModel, frozen=True):
    """As RTCPeerConnection takes it."""

    urls: str


class TurnServer(IceServer, frozen=True):
    """One that wants to know who uses it. Good for a while: a client asks again before it connects again."""

    username: str
    credential: str


class Ticket(BaseModel, frozen=True):
    """A token for a guest, good for so many seconds. room: the one it is for, if it is for one."""

    token: str
    expires_in: int
    room: str | None = None


class Room(BaseModel, frozen=True):
    """Where the room page goes. janus: for browsers; meeting: the same Janus among those that the relay may call."""

    janus: str
    room: str | None
    pin: str | None
    meeting: str | None


class RelayConfig(BaseModel, frozen=True):
    """What a client should know before it makes an offer."""

    version: str
    iceServers: list[TurnServer | IceServer]  # noqa: N815 - the browser's own name, so that a page can pass it on
    defaults: Correction
    limits: Limits
    max_sessions: int
    meetings: list[str] = Field([], description="names of the meeting servers that publish and taps may ask for")
    guests: bool = Field(False, description="a token is needed, and POST /api/guest gives one to the relay's own page")
    room: Room | None = Field(None, description="where the room page goes")


class Condition(BaseModel, frozen=True):
    """What has to be so for a new session to be let in. detail: a sentence, mostly why it is not."""

    met: bool
    detail: str


class Readiness(BaseModel, frozen=True):
    """Whether a new session would be let in; each condition by name: models, capacity, staying."""

    ready: bool
    conditions: dict[str, Condition]


class Problem(BaseModel, frozen=True):
    """RFC 9457. code is stable and for machines, detail a sentence for people."""

    status: int
    code: str
    title: str
    detail: str


def parse(kind: type[M], body: str | bytes) -> M:
    """A request's JSON as what it has to be. Raises MalformedError that names the first thing that is wrong."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        not_json = error.errors()[0]["type"] == "json_invalid"
        raise MalformedError("the body is not JSON" if not_json else describe(error)) from error
