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
    ├── UnknownSessionError     404
    ├── TooLargeError           413
    ├── UnsupportedMediaTypeError 415 neither application/sdp nor application/json
    ├── UnsupportedCodecError   422  no codec in common
    ├── InvalidSettingError     422  a setting's name, type or range (also on the data channel)
    └── BusyError               503  too many sessions; Retry-After says when to try again
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


class UnknownSessionError(RequestError):
    """No session of that name, or it has ended."""

    status = HTTPStatus.NOT_FOUND
    code = "unknown_session"


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


class InvalidSettingError(RequestError):
    """A setting with an unknown name, a wrong type or a value out of range."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid_setting"


class BusyError(RequestError):
    """The relay holds as many sessions as it may."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "busy"
    retry_after_s = 5
