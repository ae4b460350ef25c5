"""Models of HTTP request and response bodies: plain, validated data. Knows no endpoint."""

from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, Discriminator, Field, Tag, ValidationError, WithJsonSchema, model_validator

from relay.config.correction import Correction
from relay.config.engine import Limits
from relay.config.lines import ReturnMode
from relay.config.reading import describe
from relay.errors import MalformedError

M = TypeVar("M", bound=BaseModel)

# Documented as Correction but validated later: an invalid setting is another problem than an invalid body.
Settings = Annotated[dict[str, Any], WithJsonSchema(Correction.model_json_schema())]


Address = Annotated[str, Field(min_length=1, max_length=300)]
RoomName = Annotated[int, Field(ge=0, lt=2**53)] | Annotated[str, Field(min_length=1, max_length=64)]
Pin = Annotated[str, Field(max_length=100)]
Display = Annotated[str, Field(min_length=1, max_length=100)]


class IntoJanus(BaseModel, frozen=True, extra="forbid", strict=True):
    """A room of Janus's VideoRoom. janus: name or address of one of the relay's meetings. display: name shown
    to the others.
    """

    janus: Address
    room: RoomName
    pin: Pin | None = None
    display: Display


class IntoWhip(BaseModel, frozen=True, extra="forbid", strict=True):
    """A WHIP endpoint (RFC 9725). whip: name or address of one of the relay's meetings."""

    whip: Address
    token: Annotated[str, Field(max_length=4096)] | None = None


def _publish_kind(publish: object) -> str:
    return "whip" if isinstance(publish, IntoWhip) or (isinstance(publish, dict) and "whip" in publish) else "janus"


Publish = Annotated[Annotated[IntoJanus, Tag("janus")] | Annotated[IntoWhip, Tag("whip")], Discriminator(_publish_kind)]


class Offer(BaseModel, frozen=True, extra="forbid", strict=True):
    """An offer as JSON, with the settings that differ from the relay's defaults.

    returns: what the relay sends back; field: no video, but where to move the pixels (docs/protocol.md); none: nothing,
    the corrected track is sent elsewhere. publish: the meeting that the relay publishes the corrected track to.
    """

    type: Literal["offer"]
    sdp: str
    settings: Settings = {}
    returns: ReturnMode = "video"
    publish: Publish | None = None


class TapOrder(BaseModel, frozen=True, extra="forbid", strict=True):
    """The participant of a Janus room to tap, by feed id or by display name."""

    janus: Address
    room: RoomName
    pin: Pin | None = None
    feed: RoomName | None = None
    display: Display | None = None
    settings: Settings = {}

    @model_validator(mode="after")
    def _check_one_name(self) -> Self:
        if (self.feed is None) == (self.display is None):
            raise ValueError("exactly one of feed and display is required")
        return self


class TapAnswer(BaseModel, frozen=True):
    """A started tap. id: unguessable name of the tap; display: the name under which the room sees its video."""

    id: str
    display: str


class Answer(BaseModel, frozen=True):
    """The answer to an offer sent as JSON. id: unguessable name of the session."""

    id: str
    type: Literal["answer"] = "answer"
    sdp: str


class IceServer(BaseModel, frozen=True):
    """As in RTCPeerConnection's configuration."""

    urls: str


class TurnServer(IceServer, frozen=True):
    """A TURN server with temporary credentials: clients request new ones before they connect again."""

    username: str
    credential: str


class Ticket(BaseModel, frozen=True):
    """A token for a guest. expires_in: lifetime in seconds. room: the only room it is valid for, if limited to one."""

    token: str
    expires_in: int
    room: str | None = None


class Room(BaseModel, frozen=True):
    """The room of the room page. janus: its address for browsers; meeting: its name among the relay's meetings."""

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
    meetings: list[str] = Field([], description="names of the meeting servers that publish and taps may use")
    guests: bool = Field(
        False, description="a token is required, and POST /api/guest gives one to the relay's own page"
    )
    room: Room | None = Field(None, description="the room of the room page")


class Condition(BaseModel, frozen=True):
    """A condition for admitting a new session. detail: a sentence, usually why it is not met."""

    met: bool
    detail: str


class Readiness(BaseModel, frozen=True):
    """Whether a new session would be admitted; each condition by name: models, capacity, staying."""

    ready: bool
    conditions: dict[str, Condition]


class Problem(BaseModel, frozen=True):
    """A problem (RFC 9457). code: stable, for programs; detail: a sentence for people."""

    status: int
    code: str
    title: str
    detail: str


def parse(kind: type[M], body: str | bytes) -> M:
    """Validate a request's JSON. Raises MalformedError that names the first error."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        not_json = error.errors()[0]["type"] == "json_invalid"
        raise MalformedError("the body is not JSON" if not_json else describe(error)) from error
