"""Endpoints for monitoring: health, readiness and metrics.

They need no token, as no response contains personal data; /metrics can be served on a separate port.
"""

from collections.abc import Callable
from typing import Final

from aiohttp import hdrs, web

from relay.http.bodies import Condition, Readiness
from relay.http.exposition import Exposition

NO_STORE: Final = {hdrs.CACHE_CONTROL: "no-store"}


class Probes:
    """The handlers. conditions: of readiness, by name."""

    def __init__(self, conditions: Callable[[], dict[str, Condition]], exposition: Exposition) -> None:
        self._conditions, self._exposition = conditions, exposition

    def health(self) -> list[web.RouteDef]:
        """The routes of health and readiness."""
        return [
            web.get("/healthz", self.check_health, allow_head=False),
            web.get("/readyz", self.check_readiness, allow_head=False),
        ]

    def metrics(self) -> list[web.RouteDef]:
        """The route of the metrics."""
        return [web.get("/metrics", self.expose, allow_head=False)]

    async def check_health(self, _: web.Request) -> web.Response:
        """200 whenever the process responds."""
        return web.json_response({"alive": True}, headers=NO_STORE)

    async def check_readiness(self, _: web.Request) -> web.Response:
        """200 if a new session would be admitted, else 503; each condition with a sentence."""
        conditions = self._conditions()
        ready = all(condition.met for condition in conditions.values())
        body = Readiness(ready=ready, conditions=conditions).model_dump_json()
        return web.Response(text=body, content_type="application/json", status=200 if ready else 503, headers=NO_STORE)

    async def expose(self, request: web.Request) -> web.Response:
        """The metrics for Prometheus."""
        text, kind = await self._exposition.render(request.headers.get(hdrs.ACCEPT, ""))
        return web.Response(body=text, headers={**NO_STORE, hdrs.CONTENT_TYPE: kind})
