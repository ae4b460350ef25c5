"""WHEP (draft-ietf-wish-whep): the corrected video of a session for several viewers.

Knows nothing of media; docs/api.md and /openapi.json describe the endpoints.
"""

from aiohttp import web

from relay.config.serve import Serve
from relay.http import sdp_exchange
from relay.http.access.gate import has_identity, identity_of
from relay.session.registry import Sessions
from relay.session.turn import ice_servers
from relay.session.viewers import Viewers


class Whep:
    """The handlers of /whep."""

    def __init__(self, settings: Serve, sessions: Sessions) -> None:
        self._settings, self._sessions = settings, sessions

    def table(self) -> list[web.RouteDef]:
        """Every endpoint."""
        return [
            web.post("/whep/{id}", self.watch),
            web.get("/whep/{id}", self.answer_get, allow_head=False),
            web.options("/whep/{id}", self.options),
            web.patch("/whep/{id}/{viewer}", self.add_candidates),
            web.delete("/whep/{id}/{viewer}", self.leave),
            web.get("/whep/{id}/{viewer}", self.read, allow_head=False),
            web.options("/whep/{id}/{viewer}", sdp_exchange.resource_options),
        ]

    async def watch(self, request: web.Request) -> web.Response:
        """Add a viewer to the session: offer in, answer out. The viewer receives what the pipeline shows."""
        viewers = self._viewers(request)
        self._sessions.check_open()
        admitted = await viewers.open(await sdp_exchange.read(request, sdp_exchange.SDP))
        viewer, path = admitted.viewer, f"/whep/{request.match_info['id']}/{admitted.viewer.name}"
        servers = ice_servers(self._settings, identity_of(request).owner)
        return sdp_exchange.created(admitted.answer, path, viewer.trickle.tag, servers)

    async def options(self, request: web.Request) -> web.Response:
        """What may be posted; with a token, also the ICE servers."""
        servers = ice_servers(self._settings, identity_of(request).owner) if has_identity(request) else []
        return sdp_exchange.endpoint_options(servers)

    async def answer_get(self, request: web.Request) -> web.Response:
        """Empty; 404 if there is no such session."""
        self._viewers(request)
        return sdp_exchange.empty_answer()

    async def read(self, request: web.Request) -> web.Response:
        """Empty; 404 if there is no such viewer."""
        self._viewers(request).find(request.match_info["viewer"])
        return sdp_exchange.empty_answer()

    async def add_candidates(self, request: web.Request) -> web.Response:
        """Candidates that the client found after its offer."""
        viewer = self._viewers(request).find(request.match_info["viewer"])
        return await sdp_exchange.add_candidates(request, viewer.trickle)

    async def leave(self, request: web.Request) -> web.Response:
        """Remove a viewer; responds once all its resources are released."""
        await self._viewers(request).close(request.match_info["viewer"])
        return web.Response(status=204)

    def _viewers(self, request: web.Request) -> Viewers:
        """The session's viewers. Raises ForbiddenError; a token for one room allows the stage of that name only."""
        identity = identity_of(request)
        identity.require("watch")
        session = self._sessions.find_stage(request.match_info["id"])
        identity.require("watch", session.stage)
        return session.viewers
