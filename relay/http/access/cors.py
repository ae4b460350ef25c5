"""Which other sites' pages may use this relay (CORS, https://fetch.spec.whatwg.org). Knows no endpoint.

No cookies are used: if tokens are required, each page needs its own.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import aiohttp_cors
from aiohttp import web
from aiohttp_cors.urldispatcher_router_adapter import ResourcesUrlDispatcherRouterAdapter

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

EXPOSED: Final = ("Location", "Link", "ETag", "Retry-After", "Accept-Patch", "Accept-Post", "WWW-Authenticate")
ALLOWED: Final = ("Authorization", "Content-Type", "If-Match")
PREFLIGHT_MAX_AGE: Final = 600  # seconds; Chromium caches for at most two hours, Safari ten minutes


def allow(app: web.Application, origins: Iterable[str]) -> None:
    """Allow these origins, * for any, on every endpoint added to the application so far."""
    options = aiohttp_cors.ResourceOptions(
        expose_headers=EXPOSED, allow_headers=ALLOWED, max_age=PREFLIGHT_MAX_AGE, allow_credentials=False
    )
    defaults = dict.fromkeys(origins, options)
    if not defaults:
        return
    adapter = _Adapter(app.router, defaults)
    config = aiohttp_cors.CorsConfig(app, defaults=defaults, router_adapter=adapter)
    for route in [route for route in app.router.routes() if route.method != "OPTIONS"]:
        config.add(route)
    app.middlewares.append(adapter.handle)
    app.on_response_prepare.append(_vary)


class _Adapter(ResourcesUrlDispatcherRouterAdapter):
    """Answers preflights, which have a header of their own, and leaves other OPTIONS requests to the endpoint."""

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
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Middleware that answers preflights."""
        known = request.match_info.http_exception is None
        if known and self._preflight and self.is_preflight_request(request):
            return await self._preflight(request)
        return await handler(request)


async def _vary(_: web.Request, response: web.StreamResponse) -> None:
    """A cached response is valid for one origin only."""
    response.headers.add("Vary", "Origin")
