"""One table from errors to RFC 9457 problems, and the middleware that applies it. Knows no endpoint."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web

from relay.bodies import Problem
from relay.errors import (
    BusyError,
    DrainingError,
    EgressError,
    EyelineError,
    ForbiddenError,
    InvalidSettingError,
    MalformedError,
    NoVideoError,
    RequestError,
    RoomFullError,
    TargetError,
    TooLargeError,
    TooManyRequestsError,
    UnauthorizedError,
    UnknownFeedError,
    UnknownRoomError,
    UnknownSessionError,
    UnsupportedCodecError,
    UnsupportedMediaTypeError,
    WrongPinError,
)

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
    TooLargeError,
    UnsupportedMediaTypeError,
    UnsupportedCodecError,
    InvalidSettingError,
    UnknownRoomError,
    UnknownFeedError,
    TooManyRequestsError,
    EgressError,
    BusyError,
    DrainingError,
)

log = logging.getLogger(__name__)


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error of a handler into a problem; nothing else ever reaches the client."""
    try:
        return await handler(request)
    except RequestError as error:
        return _respond(error.status, error.code, str(error), _hints(error))
    except web.HTTPRequestEntityTooLarge:
        limit = request.client_max_size
        return _respond(TooLargeError.status, TooLargeError.code, f"the body is over {limit} bytes", {})
    except web.HTTPError as error:
        code = HTTPStatus(error.status).name.lower()
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _respond(HTTPStatus(error.status), code, f"{request.method} {request.path}: {error.reason}", allow)
    except EyelineError as error:
        log.error("%s %s: %s", request.method, request.path, error)
        return _respond(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", str(error), {})
    except Exception:
        log.exception("%s %s broke down", request.method, request.path)
        detail = "the relay made a mistake; its log says which"
        return _respond(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail, {})


def _hints(error: RequestError) -> dict[str, str]:
    if isinstance(error, BusyError | TooManyRequestsError):
        return {"Retry-After": str(error.retry_after_s)}
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, UnauthorizedError) else {}  # RFC 6750, 3


def _respond(status: HTTPStatus, code: str, detail: str, headers: dict[str, str]) -> web.Response:
    problem = Problem(status=status, code=code, title=status.phrase, detail=detail)
    return web.Response(
        status=status,
        text=problem.model_dump_json(),
        content_type="application/problem+json",
        headers=headers,
    )
