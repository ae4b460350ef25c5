"""Every error a user can cause, with the status and code it has over HTTP.

EyelineError
├── ConfigError                 a setting or flag is wrong
├── ModelError                  the landmark model or the network's weights are missing or not the expected ones
│   └── NotFiniteError          the network's output is not finite
├── MediaError                  a file cannot be read or written
└── RequestError                a client's request (RFC 9457 problem: status, code, detail)
    ├── MalformedError          400  not SDP, not JSON, a field missing
    │   ├── NoVideoError        400  an offer without a video track to send
    │   └── UnknownTypeError    -    a data channel message of an unknown type
    ├── UnauthorizedError       401  no token, or one that is not valid (any more)
    ├── ForbiddenError          403  a valid token without the right to this
    ├── UnknownSessionError     404
    ├── NameTakenError          409  a stage's name that another session uses
    ├── PreconditionError       412  If-Match names another ICE session than the present one
    ├── TooLargeError           413
    ├── UnsupportedMediaTypeError 415 neither application/sdp nor application/json
    ├── UnsupportedCodecError   422  no codec in common
    ├── TooManyTracksError      422  more than one video or audio, where one of each is accepted
    ├── IceRestartError         422  a fragment for another ICE session
    ├── InvalidSettingError     422  a setting's name, type or range (also on the data channel)
    ├── NoPreconditionError     428  no If-Match where one is needed
    ├── TooManyRequestsError    429  too often; Retry-After says when to try again
    ├── BusyError               503  too many sessions, or too little capacity; Retry-After likewise
    │   ├── DrainingError       503  the relay is about to stop
    │   └── KeysError           503  the token issuer's keys cannot be fetched
    └── EgressError             502  the meeting cannot be reached, or its answer is invalid
        ├── TargetError         403  a meeting server that the relay may not call
        ├── WrongPinError       403  the room asks for another pin
        ├── UnknownRoomError    422  the meeting server has no such room
        ├── UnknownFeedError    422  the room has no such participant
        └── RoomFullError       409  the room takes no more publishers
"""

from http import HTTPStatus


class EyelineError(Exception):
    """Base of all errors with a message for people."""


class ConfigError(EyelineError):
    """A setting is wrong: names the key, the value and what would be right."""


class ModelError(EyelineError):
    """A model file is missing or does not have the expected content."""


class NotFiniteError(ModelError):
    """The network's output contains infinity or NaN."""


class MediaError(EyelineError):
    """A media file cannot be read or written."""


class RequestError(EyelineError):
    """A request that cannot be served. `code` is stable and machine-readable, the message is for people."""

    status = HTTPStatus.BAD_REQUEST
    code = "bad_request"


class MalformedError(RequestError):
    """The body is not what the endpoint accepts."""

    code = "malformed"


class NoVideoError(MalformedError):
    """The offer sends no video."""

    code = "no_video"


class UnknownTypeError(MalformedError):
    """A data channel message of a type that does not exist."""

    code = "unknown_type"


class UnauthorizedError(RequestError):
    """No token, or one that has expired, has a wrong signature or lacks a required claim."""

    status = HTTPStatus.UNAUTHORIZED
    code = "unauthorized"

    def __init__(self, message: str, *, told: bool = False) -> None:
        """told: the request contained a token, and it is invalid (RFC 6750, 3.1)."""
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
    """Another owner's session uses this stage name."""

    status = HTTPStatus.CONFLICT
    code = "name_taken"


class PreconditionError(RequestError):
    """If-Match names another ICE session than the present one."""

    status = HTTPStatus.PRECONDITION_FAILED
    code = "precondition_failed"


class NoPreconditionError(RequestError):
    """If-Match is missing, so the ICE session is not known to be the present one."""

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
    """The offer has no codec that the relay supports (video: VP8, H264)."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "unsupported_codec"


class TooManyTracksError(RequestError):
    """The offer has more than one video or more than one audio section."""

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
    """The relay has as many sessions as it may, or too little capacity is left. short: what is short, in a word."""

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
    """A token cannot be checked now: the issuer's keys cannot be fetched."""

    code = "keys_unreachable"


class EgressError(RequestError):
    """The meeting cannot be reached, or the relay does not understand its answer."""

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
