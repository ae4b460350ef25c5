"""Every error a user can cause, with the status and code it has over HTTP.

EyelineError
├── ConfigError                 a setting or flag is wrong
├── ModelError                  the landmark model or the network's weights are missing or not the expected ones
│   └── NotFiniteError          the network gave something that is no number
├── MediaError                  a file cannot be read or written
└── RequestError                something a client sent (RFC 9457 problem: status, code, detail)
    ├── MalformedError          400  not SDP, not JSON, a field missing
    │   ├── NoVideoError        400  an offer without a video track to send
    │   └── UnknownTypeError    -    a data channel message of an unknown type
    ├── UnauthorizedError       401  no token, or one that is not valid (any more)
    ├── ForbiddenError          403  a valid token without the right to this
    ├── UnknownSessionError     404
    ├── NameTakenError          409  a stage's name that is somebody else's now
    ├── PreconditionError       412  If-Match names another ICE session than the present one
    ├── TooLargeError           413
    ├── UnsupportedMediaTypeError 415 neither application/sdp nor application/json
    ├── UnsupportedCodecError   422  no codec in common
    ├── TooManyTracksError      422  more than one video or one sound, where one of each is taken
    ├── IceRestartError         422  a fragment for another ICE session
    ├── InvalidSettingError     422  a setting's name, type or range (also on the data channel)
    ├── NoPreconditionError     428  no If-Match where one is needed
    ├── TooManyRequestsError    429  too often; Retry-After says when to try again
    ├── BusyError               503  too many sessions, or too little left of the machine; Retry-After likewise
    │   ├── DrainingError       503  the relay is about to stop
    │   └── KeysError           503  who signs the tokens does not say with which keys
    └── EgressError             502  the meeting cannot be reached, or answers what it should not
        ├── TargetError         403  a meeting server that the relay may not call
        ├── WrongPinError       403  the room asks for another pin
        ├── UnknownRoomError    422  the meeting server has no such room
        ├── UnknownFeedError    422  the room has no such participant
        └── RoomFullError       409  the room takes no more publishers
"""

from http import HTTPStatus


class EyelineError(Exception):
    """Base of all errors with a sentence meant for people."""


class ConfigError(EyelineError):
    """A setting is wrong: names the key, the value and what would be right."""


class ModelError(EyelineError):
    """A model file is missing or does not have the expected content."""


class NotFiniteError(ModelError):
    """The network gave infinity, or something that is no number at all."""


class MediaError(EyelineError):
    """A media file cannot be read or written."""


class RequestError(EyelineError):
    """A request that cannot be served. `code` is stable and machine-readable, the message is for people."""

    status = HTTPStatus.BAD_REQUEST
    code = "bad_request"


class MalformedError(RequestError):
    """The body is not what the endpoint takes."""

    code = "malformed"


class NoVideoError(MalformedError):
    """The offer sends no video."""

    code = "no_video"


class UnknownTypeError(MalformedError):
    """A data channel message of a type that does not exist."""

    code = "unknown_type"


class UnauthorizedError(RequestError):
    """No token, or one that has expired, is signed by somebody else or does not say what it must."""

    status = HTTPStatus.UNAUTHORIZED
    code = "unauthorized"

    def __init__(self, message: str, *, told: bool = False) -> None:
        """told: a token came with the request, and is what is wrong (RFC 6750, 3.1)."""
        super().__init__(message)
        self.told = told


class ForbiddenError(RequestError):
    """The token is valid, but does not give the right to this."""

    status = HTTPStatus.FORBIDDEN
    code = "forbidden"


class UnknownSessionError(RequestError):
    """No session of that name, or it has ended."""

    status = HTTPStatus.NOT_FOUND
    code = "unknown_session"


class NameTakenError(RequestError):
    """Somebody else's session is watched by this name now."""

    status = HTTPStatus.CONFLICT
    code = "name_taken"


class PreconditionError(RequestError):
    """If-Match names another ICE session than the present one."""

    status = HTTPStatus.PRECONDITION_FAILED
    code = "precondition_failed"


class NoPreconditionError(RequestError):
    """There is no If-Match, and the ICE session could be another one."""

    status = HTTPStatus.PRECONDITION_REQUIRED
    code = "precondition_required"


class TooLargeError(RequestError):
    """The body or message is over its limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too_large"


class UnsupportedMediaTypeError(RequestError):
    """The Content-Type is neither application/sdp nor application/json."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"


class UnsupportedCodecError(RequestError):
    """The offer has no video codec that the relay knows (VP8, H264)."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "unsupported_codec"


class TooManyTracksError(RequestError):
    """The offer has more than one video, or more than one sound."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "too_many_tracks"


class IceRestartError(RequestError):
    """ICE cannot be restarted."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "no_ice_restart"


class InvalidSettingError(RequestError):
    """A setting with an unknown name, a wrong type or a value out of range."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid_setting"


class TooManyRequestsError(RequestError):
    """More requests than one address or token may make."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BusyError(RequestError):
    """The relay holds as many sessions as it may, or too little is left of the machine. short: of what, in a word."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "busy"
    retry_after_s = 5

    def __init__(self, message: str, short: str = "sessions") -> None:
        super().__init__(message)
        self.short = short


class DrainingError(BusyError):
    """The relay is about to stop and takes no new sessions."""

    code = "draining"


class KeysError(BusyError):
    """A token cannot be checked now: the keys of who signs them cannot be had."""

    code = "keys_unreachable"


class EgressError(RequestError):
    """The meeting cannot be reached, or answers something that the relay does not understand."""

    status = HTTPStatus.BAD_GATEWAY
    code = "meeting_unreachable"


class TargetError(EgressError):
    """The relay's settings do not list this meeting server."""

    status = HTTPStatus.FORBIDDEN
    code = "target_not_allowed"


class WrongPinError(EgressError):
    """The room asks for a pin, and this is not it."""

    status = HTTPStatus.FORBIDDEN
    code = "wrong_pin"


class UnknownRoomError(EgressError):
    """The meeting server has no room of that name."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "unknown_room"


class UnknownFeedError(EgressError):
    """The room has no participant of that name who sends video."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "unknown_feed"


class RoomFullError(EgressError):
    """The room takes no more publishers."""

    status = HTTPStatus.CONFLICT
    code = "room_full"
