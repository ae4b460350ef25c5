"""What WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) have in common: SDP over HTTP, and trickled candidates.

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
    """The request's body. Raises MalformedError if it is not UTF-8 text."""
    try:
        return (await request.read()).decode()
    except UnicodeDecodeError as error:
        raise MalformedError("the body is not UTF-8 text") from error


def created(answer: str, path: str, tag: str, servers: Sequence[RTCIceServer]) -> web.Response:
    """The answer to an offer. path: of the new resource. tag: of its ICE session. servers: for the client."""
    headers = CIMultiDict({"Location": path, "ETag": f'"{tag}"', "Cache-Control": "no-store"})
    headers.extend(("Link", link) for link in links(servers))
    return web.Response(status=201, text=answer, content_type=SDP, headers=headers)


def empty_answer() -> web.Response:
    """The response to GET of an endpoint or resource: empty, but no error (RFC 9725, 4.1)."""
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


def endpoint_options(servers: Sequence[RTCIceServer]) -> web.Response:
    """OPTIONS of an endpoint: what may be posted, and the ICE servers for clients that need them before their offer."""
    headers = CIMultiDict({"Allow": "GET, OPTIONS, POST", "Accept-Post": SDP, "Cache-Control": "no-store"})
    headers.extend(("Link", link) for link in links(servers))
    return web.Response(status=200, headers=headers)


async def resource_options(_: web.Request) -> web.Response:
    """OPTIONS of a resource."""
    return web.Response(
        status=200, headers={"Allow": "DELETE, GET, OPTIONS, PATCH", "Accept-Patch": FRAGMENT, "Accept-Post": SDP}
    )


async def add_candidates(request: web.Request, trickle: Trickle) -> web.Response:
    """PATCH of a resource (RFC 9725, 4.3). Raises RequestError."""
    fragment = await read(request, FRAGMENT)
    _check_match(request, trickle.tag)
    await trickle.add(fragment)
    return web.Response(status=204)


def _check_match(request: web.Request, tag: str) -> None:
    """Raises NoPreconditionError, PreconditionError (RFC 9725, 4.3.1; RFC 9110, 13.1.1)."""
    requested = request.if_match
    if requested is None:
        raise NoPreconditionError("If-Match is required: the ETag of the answer to the offer")
    if not {ETag(tag), ETag(ANY_TAG)} & set(requested):
        raise PreconditionError("If-Match names another ICE session than the current one")
