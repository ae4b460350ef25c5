"""The data channel's protocol: parses a client's messages, handles them, answers.

Knows nothing of the transport: text comes in through receive() and is sent by a given function.
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
    """Add to the JSON schema the settings that `changed` accepts beside the type."""
    for name, setting in Correction.model_json_schema()["properties"].items():
        setting.pop("default")  # settings not named stay unchanged
        schema["properties"][name] = setting
    schema["additionalProperties"] = False


class Change(BaseModel, frozen=True, extra="allow", json_schema_extra=_name_settings):
    """Changes the named settings."""

    type: Literal["settings"]


class Calibrate(BaseModel, frozen=True, extra="forbid"):
    """Begins a look of the two-look calibration, or cancels it."""

    type: Literal["calibrate"]
    look: Literal["lens", "face", "cancel"]


class Ping(BaseModel, frozen=True, extra="forbid", strict=True):
    """Asks for a pong with the same t."""

    type: Literal["ping"]
    t: Annotated[float, Field(allow_inf_nan=False)]


class Watch(BaseModel, frozen=True, extra="forbid", strict=True):
    """Switches the trace of the lines on or off."""

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
    """Handles the messages of one client.

    send: sends a message's text; may drop it. clock: monotonic seconds. tracing: whether the client wants traces.
    """

    def __init__(self, stages: Adjustable, send: Callable[[str], None], limit: int, clock: Callable[[], float]) -> None:
        self._stages, self._send, self._limit, self._clock = stages, send, limit, clock
        self._two_look = TwoLook()
        self.tracing = False

    def send_settings(self) -> None:
        """Send the current settings."""
        self.send_message("settings", **self._stages.correction.model_dump())

    def receive(self, text: str | bytes) -> None:
        """Handle a message. One that cannot be parsed or applied is answered by an error message."""
        try:
            self._handle(read(text, self._limit))
        except RequestError as error:
            self.send_message("error", code=error.code, message=str(error))

    def observe(self, faces: Faces) -> None:
        """Pass the landmark line's result to a running calibration."""
        match self._two_look.observe(faces, self._clock()):
            case Looked(look):
                self.send_message("calibration", state="looked", look=look)
            case Rejected(look, code, message):
                self.send_message("calibration", state="rejected", look=look, code=code, message=message)
            case Calibrated(pitch, yaw):
                self._stages.correction = changed(self._stages.correction, {"pitch": pitch, "yaw": yaw})
                self.send_message("calibration", state="done", pitch=pitch, yaw=yaw)
                self.send_settings()

    def _handle(self, message: Message) -> None:
        match message:
            case Change():
                self._stages.correction = changed(self._stages.correction, message.model_extra or {})
                self.send_settings()
            case Calibrate(look=look):
                self._calibrate(look)
            case Ping(t=t):
                self.send_message("pong", t=t)
            case Watch(enabled=enabled):
                self.tracing = enabled

    def _calibrate(self, look: Literal["lens", "face", "cancel"]) -> None:
        if look == "cancel":
            self._two_look.cancel()
            return
        try:
            self._two_look.begin(look, self._clock())
        except CalibrationError as error:
            self.send_message("calibration", state="rejected", look=look, code=error.code, message=str(error))
        else:
            self.send_message("calibration", state="looking", look=look)

    def send_message(self, kind: str, **content: object) -> None:
        """Send a message of this type."""
        self._send(json.dumps({"type": kind, **content}))
