"""HTTP <-> taps. Knows nothing of media or of Janus; docs/api.md and /openapi.json describe the endpoints."""

from typing import Final

from aiohttp import web

from relay.config.serve import Serve
from relay.errors import UnsupportedMediaTypeError
from relay.http.access.gate import identity_of
from relay.http.bodies import TapAnswer, TapOrder, parse
from relay.http.publishing import tap_for
from relay.session.registry import Sessions
from relay.session.tap import Tap

JSON: Final = "application/json"
NO_STORE: Final = {"Cache-Control": "no-store"}


class Taps:
    """The handlers of /api/taps."""

    def __init__(self, settings: Serve, sessions: Sessions) -> None:
        self._settings, self._sessions = settings, sessions

    def table(self) -> list[web.RouteDef]:
        """Every endpoint."""
        return [
            web.post("/api/taps", self.open),
            web.get("/api/taps/{id}", self.read, allow_head=False),
            web.delete("/api/taps/{id}", self.close),
        ]

    async def open(self, request: web.Request) -> web.Response:
        """Start a tap; responds once its video is in the room."""
        if request.content_type != JSON:
            raise UnsupportedMediaTypeError(f"the Content-Type must be {JSON}")
        identity = identity_of(request)
        identity.require("tap")
        tap_request = tap_for(parse(TapOrder, await request.read()), self._settings, identity)
        opened = await self._sessions.open_tap(tap_request)
        text = TapAnswer(id=opened.name, display=opened.answer).model_dump_json()
        headers = {**NO_STORE, "Location": f"/api/taps/{opened.name}"}
        return web.Response(status=201, text=text, content_type=JSON, headers=headers)

    async def read(self, request: web.Request) -> web.Response:
        """The newest statistics."""
        return web.Response(text=self._find(request).statistics().to_json(), content_type=JSON, headers=NO_STORE)

    async def close(self, request: web.Request) -> web.Response:
        """End a tap; responds once all its resources are released."""
        await self._sessions.close(self._find(request).name)
        return web.Response(status=204)

    def _find(self, request: web.Request) -> Tap:
        tap = self._sessions.find_tap(request.match_info["id"])
        identity_of(request).require_owner(tap.owner)
        return tap
