"""HTTP <-> sessions, and the page. Knows nothing of media; docs/api.md and /openapi.json describe the API."""

from importlib import metadata
from pathlib import Path
from typing import Final, cast, get_args

from aiohttp import web
from aiortc import RTCIceServer
from pydantic import BaseModel

from relay.config.lines import ReturnMode
from relay.config.serve import Serve
from relay.errors import MalformedError, UnsupportedMediaTypeError
from relay.http.access.gate import check_same_origin, has_identity, identity_of
from relay.http.access.tokens import mint_for_guest
from relay.http.bodies import Answer, IceServer, Offer, RelayConfig, Room, Ticket, TurnServer, parse
from relay.http.openapi.document import document
from relay.http.publishing import egress_for
from relay.http.sdp_exchange import read_text
from relay.session.registry import SessionRequest, Sessions
from relay.session.turn import ice_servers

SDP: Final = "application/sdp"
JSON: Final = "application/json"

# Browsers run modules only if served as JavaScript; the system's table of types may differ.
TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

PAGE_HEADERS: Final = {
    "Cache-Control": "no-cache",  # cached, but revalidated: a new relay has a new page
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Routes:
    """The handlers. page: the folder whose files are served at /."""

    def __init__(self, settings: Serve, sessions: Sessions, page: Path) -> None:
        self._settings, self._sessions, self._page = settings, sessions, page.resolve()

    def table(self) -> list[web.RouteDef]:
        """Every endpoint; the page is last, as it matches any path."""
        return [
            web.post("/api/sessions", self.open_session),
            web.get("/api/sessions/{id}", self.read_session, allow_head=False),
            web.delete("/api/sessions/{id}", self.close_session),
            web.post("/api/sessions/{id}/close", self.close_session),
            web.get("/api/config", self.read_config, allow_head=False),
            web.post("/api/guest", self.admit_guest),
            web.get("/openapi.json", self.read_openapi, allow_head=False),
            web.get("/{file:(?!api/).*}", self.read_page),
        ]

    async def open_session(self, request: web.Request) -> web.Response:
        """Open a session: offer in, answer out."""
        if request.content_type not in {SDP, JSON}:
            raise UnsupportedMediaTypeError(f"the Content-Type must be {SDP} or {JSON}")
        identity = identity_of(request)
        identity.require("session")
        body = await read_text(request)
        if request.content_type == SDP:
            returns = _returns(request.query.get("returns", "video"))
            opened = await self._sessions.open(SessionRequest(body, returns=returns, owner=identity.owner))
            answer = web.Response(status=201, text=opened.answer, content_type=SDP)
        else:
            offer = parse(Offer, body)
            egress = egress_for(offer.publish, self._settings, identity) if offer.publish else None
            opened = await self._sessions.open(
                SessionRequest(offer.sdp, offer.settings, offer.returns, egress=egress, owner=identity.owner)
            )
            answer = _json(Answer(id=opened.name, sdp=opened.answer), status=201)
        answer.headers["Location"] = f"/api/sessions/{opened.name}"
        return answer

    async def read_session(self, request: web.Request) -> web.Response:
        """The newest statistics."""
        session = self._sessions.find(request.match_info["id"])
        identity_of(request).require_owner(session.owner)
        statistics = session.statistics()
        return web.Response(text=statistics.to_json(), content_type=JSON, headers={"Cache-Control": "no-store"})

    async def close_session(self, request: web.Request) -> web.Response:
        """End a session; responds once all its resources are released.

        A beacon carries no token, so for it the unguessable name is enough.
        """
        name = request.match_info["id"]
        if has_identity(request):
            identity_of(request).require_owner(self._sessions.find(name).owner)
        await self._sessions.close(name)
        return web.Response(status=204)

    async def admit_guest(self, request: web.Request) -> web.Response:
        """A token for a visitor of the relay's own page."""
        check_same_origin(request)
        settings = self._settings
        token = mint_for_guest(settings)
        return _json(Ticket(token=token, expires_in=int(settings.guest_ttl), room=settings.guest_room))

    async def read_config(self, request: web.Request) -> web.Response:
        """What a client should know before it makes an offer. TURN servers only for identified clients."""
        settings = self._settings
        servers = ice_servers(settings, identity_of(request).owner if has_identity(request) else "")
        config = RelayConfig(
            version=metadata.version("eyeline"),
            iceServers=[_ice_server(one) for one in servers if has_identity(request) or one.username is None],
            defaults=settings.correction,
            limits=settings.limits,
            max_sessions=settings.max_sessions,
            meetings=sorted(settings.meetings),
            guests=settings.guests,
            room=_room(settings),
        )
        return _json(config)

    async def read_openapi(self, _: web.Request) -> web.Response:
        """This API as an OpenAPI document."""
        return web.json_response(document())

    async def read_page(self, request: web.Request) -> web.StreamResponse:
        """A file of the page; / is index.html."""
        path = (self._page / (request.match_info["file"] or "index.html")).resolve()
        if not path.is_relative_to(self._page) or not path.is_file():
            raise web.HTTPNotFound
        kind = {"Content-Type": f"{TYPES[path.suffix]}; charset=utf-8"} if path.suffix in TYPES else {}
        policy = _room_policy(self._settings) if path.name == "room.html" else {}
        return web.FileResponse(path, headers={**PAGE_HEADERS, **policy, **kind})


def _room(settings: Serve) -> Room | None:
    if settings.room_janus is None:
        return None
    meeting = settings.room_meeting or next(iter(settings.meetings), None)
    return Room(janus=settings.room_janus, room=settings.room, pin=settings.room_pin, meeting=meeting)


def _room_policy(settings: Serve) -> dict[str, str]:
    """The Content-Security-Policy of the room page, which may also connect to its Janus."""
    name, address = "Content-Security-Policy", settings.room_janus or ""
    if not address.startswith("ws"):
        return {}
    origin = "/".join(address.split("/")[:3])
    return {name: f"{PAGE_HEADERS[name]}; connect-src 'self' {origin}"}


def _returns(requested: str) -> ReturnMode:
    for mode in get_args(ReturnMode):
        if requested == mode:
            return cast("ReturnMode", mode)
    raise MalformedError(f"returns: {requested!r} is not right: it is one of {', '.join(get_args(ReturnMode))}")


def _ice_server(server: RTCIceServer) -> IceServer:
    url = str(server.urls)
    if server.username is None:
        return IceServer(urls=url)
    return TurnServer(urls=url, username=server.username, credential=str(server.credential))


def _json(model: BaseModel, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        text=model.model_dump_json(),
        content_type=JSON,
        headers={"Cache-Control": "no-store"},
    )
