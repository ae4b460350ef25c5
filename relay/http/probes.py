"""What machines that watch over the relay ask: is it there, can it take one more, what has it done.

Outside authentication, as no answer says anything about anybody; /metrics can be kept on a port of its own.
"""

from collections.abc import Callable
from typing import Final

from aiohttp import hdrs, web

from relay.http.bodies import Condition, Readiness
from relay.http.exposition import Exposition

FRESH: Final = {hdrs.CACHE_CONTROL: "no-store"}


class Probes:
    """The handlers. conditions: of being ready, by name."""

    def __init__(self, conditions: Callable[[], dict[str, Condition]], exposition: Exposition) -> None:
        self._conditions, self._exposition = conditions, exposition

    def health(self) -> list[web.RouteDef]:
        """Whether it is there, and whether it is ready."""
        return [
            web.get("/healthz", self.answer, allow_head=False),
            web.get("/readyz", self.tell_readiness, allow_head=False),
        ]

    def metrics(self) -> list[web.RouteDef]:
        """What it has done."""
        return [web.get("/metrics", self.expose, allow_head=False)]

    async def answer(self, _: web.Request) -> web.Response:
        """The process answers; more is not asked."""
        return web.json_response({"alive": True}, headers=FRESH)

    async def tell_readiness(self, _: web.Request) -> web.Response:
        """200 where a new session would be let in, 503 where not; each condition with a sentence."""
        conditions = self._conditions()
        ready = all(condition.met for condition in conditions.values())
        body = Readiness(ready=ready, conditions=conditions).model_dump_json()
        return web.Response(text=body, content_type="application/json", status=200 if ready else 503, headers=FRESH)

    async def expose(self, request: web.Request) -> web.Response:
        """The figures for Prometheus."""
        text, kind = await self._exposition.render(request.headers.get(hdrs.ACCEPT, ""))
        return web.Response(body=text, headers={**FRESH, hdrs.CONTENT_TYPE: kind})
