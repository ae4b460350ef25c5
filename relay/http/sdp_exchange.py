"""What WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) have in common: SDP over HTTP, and candidates that follow.

Knows nothing of sessions and viewers.
"""

from collections.abc import Sequence
from typing import Final

from aiohttp import ETag, web
from aiortc import RTCIceServer
from multidict import CIMultiDict

from relay.errors import MalformedError, NoPreconditionError, PreconditionError, UnsupportedMediaTypeError
from relay.session.trickle import Trickle
from relay.session.turn import links

SDP: Final = "application/sdp"
FRAGMENT: Final = "application/trickle-ice-sdpfrag"
ANY_TAG: Final = "*"


async def read(request: web.Request, kind: str) -> str:
    """The request's body, which must be of this type. Raises UnsupportedMediaTypeError, MalformedError."""
    if request.content_type != kind:
        raise UnsupportedMediaTypeError(f"the Content-Type must be {kind}")
    return await read_text(request)


async def read_text(request: web.Request) -> str:
    """The request's body. Raises MalformedError where it is no text."""
    try:
        return (await request.read()).decode()
    except UnicodeDecodeError as error:
        raise MalformedError("the body is not UTF-8 text") from error


def created(answer: str, path: str, tag: str, servers: Sequence[RTCIceServer]) -> web.Response:
    """The answer to an offer. path: of what was opened. tag: of its ICE session. servers: for the client's side."""
    headers = CIMultiDict({"Location": path, "ETag": f'"{tag}"', "Cache-Control": "no-store"})
    headers.extend(("Link", link) for link in links(servers))
    return web.Response(status=201, text=answer, content_type=SDP, headers=headers)


def empty_answer() -> web.Response:
    """What GET of an endpoint or of something opened gives: nothing, but no error (RFC 9725, 4.1)."""
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


def endpoint_options(servers: Sequence[RTCIceServer]) -> web.Response:
    """What may be posted, and the ICE servers for clients that must know them before they make their offer."""
    headers = CIMultiDict({"Allow": "GET, OPTIONS, POST", "Accept-Post": SDP, "Cache-Control": "no-store"})
    headers.extend(("Link", link) for link in links(servers))
    return web.Response(status=200, headers=headers)


async def resource_options(_: web.Request) -> web.Response:
    """What can be done with something that was opened."""
    return web.Response(
        status=200, headers={"Allow": "DELETE, GET, OPTIONS, PATCH", "Accept-Patch": FRAGMENT, "Accept-Post": SDP}
    )


async def add_candidates(request: web.Request, trickle: Trickle) -> web.Response:
    """PATCH of something opened (RFC 9725, 4.3). Raises RequestError."""
    fragment = await read(request, FRAGMENT)
    _check_match(request, trickle.tag)
    await trickle.add(fragment)
    return web.Response(status=204)


def _check_match(request: web.Request, tag: str) -> None:
    """Raises NoPreconditionError, PreconditionError (RFC 9725, 4.3.1; RFC 9110, 13.1.1)."""
    asked = request.if_match
    if asked is None:
        raise NoPreconditionError("If-Match is needed: the ETag of the answer to the offer")
    if not {ETag(tag), ETag(ANY_TAG)} & set(asked):
        raise PreconditionError("If-Match names another ICE session than the present one")
