"""What travels in the bodies of HTTP requests and answers. Plain, validated data; knows no endpoint."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, WithJsonSchema

from relay.config import Correction, Limits, ReturnMode

# Described as what they are, but validated later: a wrong setting is another problem than a wrong body.
Settings = Annotated[dict[str, Any], WithJsonSchema(Correction.model_json_schema())]


class Offer(BaseModel, frozen=True, extra="forbid", strict=True):
    """An offer as JSON, with the settings that are to differ from the relay's defaults.

    returns: what is to come back; field: no picture, but where to move the pixels (docs/protocol.md); none: nothing,
    the corrected track goes elsewhere.
    """

    type: Literal["offer"]
    sdp: str
    settings: Settings = {}
    returns: ReturnMode = "video"


class Answer(BaseModel, frozen=True):
    """The answer to an offer sent as JSON. id names the session and cannot be guessed."""

    id: str
    type: Literal["answer"] = "answer"
    sdp: str


class IceServer(BaseModel, frozen=True):
    """As RTCPeerConnection takes it."""

    urls: str


class RelayConfig(BaseModel, frozen=True):
    """What a client should know before it makes an offer."""

    version: str
    iceServers: list[IceServer]  # noqa: N815 - the browser's own name, so that a page can pass it on as it is
    defaults: Correction
    limits: Limits
    max_sessions: int


class Problem(BaseModel, frozen=True):
    """RFC 9457. code is stable and for machines, detail a sentence for people."""

    status: int
    code: str
    title: str
    detail: str
