"""Which other sites' pages may use this relay (CORS, https://fetch.spec.whatwg.org). Knows no endpoint.

No cookies are ever involved: a page needs a token of its own, where tokens are asked for.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import aiohttp_cors
from aiohttp import web
from aiohttp_cors.urldispatcher_router_adapter import ResourcesUrlDispatcherRouterAdapter

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

EXPOSED: Final = ("Location", "Link", "ETag", "Retry-After", "Accept-Patch", "Accept-Post", "WWW-Authenticate")
ALLOWED: Final = ("Authorization", "Content-Type", "If-Match")
PREFLIGHTS_KEPT: Final = 600  # seconds; Chromium keeps none longer than two hours, Safari ten minutes


def allow(app: web.Application, origins: Iterable[str]) -> None:
    """Open every endpoint that the application has until now to pages of these origins; * stands for any."""
    options = aiohttp_cors.ResourceOptions(
        expose_headers=EXPOSED, allow_headers=ALLOWED, max_age=PREFLIGHTS_KEPT, allow_credentials=False
    )
    defaults = dict.fromkeys(origins, options)
    if not defaults:
        return
    adapter = _Adapter(app.router, defaults)
    config = aiohttp_cors.CorsConfig(app, defaults=defaults, router_adapter=adapter)
    for route in [route for route in app.router.routes() if route.method != "OPTIONS"]:
        config.add(route)
    app.middlewares.append(adapter.answer)
    app.on_response_prepare.append(_vary)


class _Adapter(ResourcesUrlDispatcherRouterAdapter):
    """Leaves an endpoint's own answer to OPTIONS alone, but for a preflight, which has a header of its own."""

    def __init__(self, router: web.UrlDispatcher, defaults: Any) -> None:
        super().__init__(router, defaults)
        self._preflight: Handler | None = None

    def add_preflight_handler(self, routing_entity: Any, handler: Handler, webview: bool = False) -> None:
        resource = getattr(routing_entity, "resource", routing_entity)
        self._preflight = handler
        if all(route.method != "OPTIONS" for route in resource):
            super().add_preflight_handler(resource, handler)

    def is_preflight_request(self, request: web.Request) -> bool:
        own = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        return own or bool(super().is_preflight_request(request))

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A middleware."""
        known = request.match_info.http_exception is None
        if known and self._preflight and self.is_preflight_request(request):
            return await self._preflight(request)
        return await handler(request)


async def _vary(_: web.Request, response: web.StreamResponse) -> None:
    """What is kept for one origin is not for another."""
    response.headers.add("Vary", "Origin")
