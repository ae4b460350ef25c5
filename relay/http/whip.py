"""WHIP (RFC 9725): sessions of clients that only send, such as OBS and GStreamer; they are watched by WHEP.

Knows nothing of media; docs/api.md and /openapi.json describe the endpoints.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from pydantic import ValidationError

from relay.config.correction import Correction
from relay.config.reading import describe
from relay.config.serve import Serve
from relay.errors import InvalidSettingError
from relay.http import sdp_exchange
from relay.http.access.gate import has_identity, identity_of
from relay.session import offer
from relay.session.registry import SessionRequest, Sessions
from relay.session.session import Session
from relay.session.turn import ice_servers

STAGE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Whip:
    """The handlers of /whip."""

    def __init__(self, settings: Serve, sessions: Sessions) -> None:
        self._settings, self._sessions = settings, sessions

    def table(self) -> list[web.RouteDef]:
        """Every endpoint."""
        return [
            web.post("/whip", self.publish),
            web.get("/whip", self.answer_get, allow_head=False),
            web.options("/whip", self.options),
            web.patch("/whip/{id}", self.add_candidates),
            web.delete("/whip/{id}", self.stop),
            web.get("/whip/{id}", self.read, allow_head=False),
            web.options("/whip/{id}", sdp_exchange.resource_options),
        ]

    async def publish(self, request: web.Request) -> web.Response:
        """Open a session that sends nothing back: offer in, answer out. The query may contain settings."""
        identity, stage = identity_of(request), read_stage(request.query)
        identity.require("session", stage or None)
        changes = read_settings(request.query)
        sdp = await sdp_exchange.read(request, sdp_exchange.SDP)
        offer.check_single(sdp)
        session_request = SessionRequest(offer.make_active(sdp), changes, "none", owner=identity.owner, stage=stage)
        opened = await self._sessions.open(session_request)
        session = self._sessions.find(opened.name)
        servers = ice_servers(self._settings, identity.owner)
        response = sdp_exchange.created(opened.answer, f"/whip/{opened.name}", session.trickle.tag, servers)
        response.headers.add("Link", f'</whep/{session.stage}>; rel="alternate"; title="WHEP"')
        return response

    async def options(self, request: web.Request) -> web.Response:
        """What may be posted; with a token, also the ICE servers."""
        servers = ice_servers(self._settings, identity_of(request).owner) if has_identity(request) else []
        return sdp_exchange.endpoint_options(servers)

    async def answer_get(self, request: web.Request) -> web.Response:
        """Empty (RFC 9725, 4.1)."""
        identity_of(request)
        return sdp_exchange.empty_answer()

    async def read(self, request: web.Request) -> web.Response:
        """Empty; 404 if there is no such session."""
        self._find(request)
        return sdp_exchange.empty_answer()

    async def add_candidates(self, request: web.Request) -> web.Response:
        """Candidates that the client found after its offer."""
        return await sdp_exchange.add_candidates(request, self._find(request).trickle)

    async def stop(self, request: web.Request) -> web.Response:
        """End the session and its viewers; responds once all its resources are released."""
        await self._sessions.close(self._find(request).name)
        return web.Response(status=204)

    def _find(self, request: web.Request) -> Session:
        session = self._sessions.find(request.match_info["id"])
        identity_of(request).require_owner(session.owner)
        return session


def read_settings(query: Mapping[str, str]) -> dict[str, Any]:
    """The settings in a query, as ?strength=80&pitch=6. Raises InvalidSettingError."""
    named = {name: value for name, value in query.items() if name != "stage"}
    try:
        return Correction.model_validate_strings(named).model_dump(exclude_unset=True)
    except ValidationError as error:
        raise InvalidSettingError(describe(error)) from error


def read_stage(query: Mapping[str, str]) -> str:
    """The stage in a query, the name to be watched by; empty if not given. Raises InvalidSettingError."""
    stage = query.get("stage", "")
    if "stage" in query and not STAGE.fullmatch(stage):
        raise InvalidSettingError("stage: is not right: 1 to 64 letters, digits, _ and -")
    return stage
