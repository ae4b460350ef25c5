"""What is said over the data channel: reading a client's messages, acting on them, answering.

Knows nothing of how messages travel: text comes in by receive(), text goes out by the function it is given.
docs/api.md describes the messages.
"""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from relay.config.correction import Correction
from relay.config.reading import describe
from relay.errors import InvalidSettingError, MalformedError, RequestError, TooLargeError, UnknownTypeError
from relay.gaze.calibration import Calibrated, CalibrationError, Looked, Rejected, TwoLook
from relay.gaze.face import Faces


def _name_settings(schema: dict[str, Any]) -> None:
    """Say in the JSON schema what `changed` accepts beside the type."""
    for name, setting in Correction.model_json_schema()["properties"].items():
        setting.pop("default")  # what is not named stays as it is
        schema["properties"][name] = setting
    schema["additionalProperties"] = False


class Change(BaseModel, frozen=True, extra="allow", json_schema_extra=_name_settings):
    """Changes the settings that are named."""

    type: Literal["settings"]


class Calibrate(BaseModel, frozen=True, extra="forbid"):
    """Begins a look of the two-look calibration, or forgets it."""

    type: Literal["calibrate"]
    look: Literal["lens", "face", "cancel"]


class Ping(BaseModel, frozen=True, extra="forbid", strict=True):
    """Asks for a pong with the same t."""

    type: Literal["ping"]
    t: Annotated[float, Field(allow_inf_nan=False)]


class Watch(BaseModel, frozen=True, extra="forbid", strict=True):
    """Asks for the trace of the lines, or for its end."""

    type: Literal["trace"]
    enabled: bool


Message = Change | Calibrate | Ping | Watch
MESSAGES: Final[TypeAdapter[Message]] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


class Adjustable(Protocol):
    """Has a correction that can be replaced at any time."""

    correction: Correction


def changed(correction: Correction, changes: Mapping[str, Any]) -> Correction:
    """The correction with these settings changed. Raises InvalidSettingError."""
    try:
        return Correction.model_validate({**correction.model_dump(), **changes}, strict=True)
    except ValidationError as error:
        raise InvalidSettingError(describe(error)) from error


def read(text: str | bytes, limit: int) -> Message:
    """The message in this text of at most limit bytes. Raises TooLargeError, MalformedError, UnknownTypeError."""
    if isinstance(text, bytes):
        raise MalformedError("a message is JSON text, this one is binary")
    if len(text.encode()) > limit:
        raise TooLargeError(f"a message has at most {limit} bytes")
    try:
        return MESSAGES.validate_json(text)
    except ValidationError as error:
        raise _explained(error) from error


def _explained(error: ValidationError) -> RequestError:
    kind = error.errors()[0]["type"]
    if kind == "json_invalid":
        return MalformedError("the message is not JSON")
    if kind == "union_tag_invalid":
        return UnknownTypeError("the message's type is none of settings, calibrate, ping and trace")
    if kind in {"union_tag_not_found", "model_attributes_type", "dict_type"}:
        return MalformedError('a message is a JSON object with a "type"')
    return MalformedError(describe(error))


class Control:
    """One person's side of the conversation.

    send: takes a message's text; it may drop it. clock: monotonic seconds. watched: whether the client asks for traces.
    """

    def __init__(self, stages: Adjustable, send: Callable[[str], None], limit: int, clock: Callable[[], float]) -> None:
        self._stages, self._send, self._limit, self._clock = stages, send, limit, clock
        self._two_look = TwoLook()
        self.watched = False

    def announce(self) -> None:
        """Say which settings are in force."""
        self.say("settings", **self._stages.correction.model_dump())

    def receive(self, text: str | bytes) -> None:
        """Act on a message. One that cannot be read or obeyed is answered by an error message."""
        try:
            self._obey(read(text, self._limit))
        except RequestError as error:
            self.say("error", code=error.code, message=str(error))

    def see(self, faces: Faces) -> None:
        """Let a calibration under way look at what the landmark line found."""
        match self._two_look.observe(faces, self._clock()):
            case Looked(look):
                self.say("calibration", state="looked", look=look)
            case Rejected(look, code, message):
                self.say("calibration", state="rejected", look=look, code=code, message=message)
            case Calibrated(pitch, yaw):
                self._stages.correction = changed(self._stages.correction, {"pitch": pitch, "yaw": yaw})
                self.say("calibration", state="done", pitch=pitch, yaw=yaw)
                self.announce()

    def _obey(self, message: Message) -> None:
        match message:
            case Change():
                self._stages.correction = changed(self._stages.correction, message.model_extra or {})
                self.announce()
            case Calibrate(look=look):
                self._calibrate(look)
            case Ping(t=t):
                self.say("pong", t=t)
            case Watch(enabled=enabled):
                self.watched = enabled

    def _calibrate(self, look: Literal["lens", "face", "cancel"]) -> None:
        if look == "cancel":
            self._two_look.cancel()
            return
        try:
            self._two_look.begin(look, self._clock())
        except CalibrationError as error:
            self.say("calibration", state="rejected", look=look, code=error.code, message=str(error))
        else:
            self.say("calibration", state="looking", look=look)

    def say(self, kind: str, **content: object) -> None:
        """Send a message of this type."""
        self._send(json.dumps({"type": kind, **content}))
