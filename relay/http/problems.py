"""The errors that become RFC 9457 problems, and the middleware that does it. Knows no endpoint."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web

from relay.errors import (
    BusyError,
    DrainingError,
    EgressError,
    EyelineError,
    ForbiddenError,
    IceRestartError,
    InvalidSettingError,
    KeysError,
    MalformedError,
    NameTakenError,
    NoPreconditionError,
    NoVideoError,
    PreconditionError,
    RequestError,
    RoomFullError,
    TargetError,
    TooLargeError,
    TooManyRequestsError,
    TooManyTracksError,
    UnauthorizedError,
    UnknownFeedError,
    UnknownRoomError,
    UnknownSessionError,
    UnsupportedCodecError,
    UnsupportedMediaTypeError,
    WrongPinError,
)
from relay.http.bodies import Problem

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PROBLEMS: Final[tuple[type[RequestError], ...]] = (
    MalformedError,
    NoVideoError,
    UnauthorizedError,
    ForbiddenError,
    TargetError,
    WrongPinError,
    UnknownSessionError,
    RoomFullError,
    NameTakenError,
    PreconditionError,
    TooLargeError,
    UnsupportedMediaTypeError,
    UnsupportedCodecError,
    TooManyTracksError,
    IceRestartError,
    InvalidSettingError,
    UnknownRoomError,
    UnknownFeedError,
    NoPreconditionError,
    TooManyRequestsError,
    EgressError,
    BusyError,
    DrainingError,
    KeysError,
)

log = logging.getLogger(__name__)


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error of a handler into a problem, so that no other error response reaches the client."""
    try:
        return await handler(request)
    except RequestError as error:
        return _respond(error.status, error.code, str(error), _error_headers(error))
    except web.HTTPRequestEntityTooLarge:
        limit = request.client_max_size
        return _respond(TooLargeError.status, TooLargeError.code, f"the body is over {limit} bytes", {})
    except web.HTTPError as error:
        code = HTTPStatus(error.status).name.lower()
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _respond(HTTPStatus(error.status), code, f"{request.method} {request.path}: {error.reason}", allow)
    except EyelineError as error:
        log.error("%s %s: %s", request.method, _endpoint(request), error)
        return _respond(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", str(error), {})
    except Exception:
        log.exception("%s %s failed", request.method, _endpoint(request))
        detail = "internal error of the relay; see its log"
        return _respond(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail, {})


def _endpoint(request: web.Request) -> str:
    """The path without names, which must not be logged."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "(no endpoint)"


def _error_headers(error: RequestError) -> dict[str, str]:
    if isinstance(error, BusyError | TooManyRequestsError):
        return {"Retry-After": str(error.retry_after_s)}
    return _challenge(error)


def _challenge(error: RequestError) -> dict[str, str]:
    """The required kind of token, and what is wrong with the given one (RFC 6750, 3)."""
    if isinstance(error, UnauthorizedError):
        wrong = f', error="invalid_token", error_description="{error}"' if error.told else ""
        return {"WWW-Authenticate": f'Bearer realm="eyeline"{wrong}'}
    if isinstance(error, ForbiddenError):
        return {"WWW-Authenticate": 'Bearer realm="eyeline", error="insufficient_scope"'}
    return {}


def _respond(status: HTTPStatus, code: str, detail: str, headers: dict[str, str]) -> web.Response:
    problem = Problem(status=status, code=code, title=status.phrase, detail=detail)
    return web.Response(
        status=status,
        text=problem.model_dump_json(),
        content_type="application/problem+json",
        headers=headers,
    )
