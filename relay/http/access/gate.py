"""Middleware in front of the API: authentication and rate limits. Knows no endpoint beyond those that need no token.

Tokens are accepted only as `Authorization: Bearer` (RFC 6750, 2.1), as URLs are written to logs.
"""

import ipaddress
import math
import re
import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from relay.config.serve import Serve
from relay.errors import ConfigError, ForbiddenError, TooManyRequestsError, UnauthorizedError
from relay.http.access.tokens import ANONYMOUS, Identity, Tokens

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

GUARDED: Final = re.compile(r"/(api|whip|whep)(/|$)")
# A beacon carries no header; the session's name, known only to its client, is enough to end it.
OPEN: Final = re.compile(r"/api/(config|guest|sessions/[^/]+/close)")
IDENTITY: Final = web.RequestKey("identity", Identity)


def identity_of(request: web.Request) -> Identity:
    """The identity of the client. Raises UnauthorizedError if it gave no token on an endpoint that needs none."""
    identity: Identity | None = request.get(IDENTITY)
    if identity is None:
        raise UnauthorizedError("a token is needed: Authorization: Bearer TOKEN")
    return identity


def has_identity(request: web.Request) -> bool:
    """Whether identity_of() returns one."""
    return IDENTITY in request


def check_exposure(settings: Serve) -> None:
    """Raises ConfigError if other machines could use the relay without a token."""
    if settings.requires_token or settings.insecure or is_loopback(settings.host):
        return
    raise ConfigError(
        f"host: {settings.host} can be reached by other machines, and no token would be required: set "
        "EYELINE_TOKEN_KEY (openssl rand -hex 32 makes one) or --token-jwks, or --insecure to allow everybody"
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach this host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_same_origin(request: web.Request) -> None:
    """Raises ForbiddenError unless, by the browser's headers, the request comes from this relay's own page."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin", "")
    if site == "same-origin" or (site is None and origin.partition("://")[2] == request.host):
        return
    raise ForbiddenError("only the relay's own page is given a token here")


class Gate:
    """Authenticates and rate-limits requests. Raises ConfigError if a rate is malformed."""

    def __init__(self, settings: Serve) -> None:
        self._tokens = Tokens(settings) if settings.requires_token else None
        self._proxies = [ipaddress.ip_network(one) for one in settings.trusted_proxies]
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._rates = {name: _rate(settings, name) for name in RATES}

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Middleware; handlers behind it may call identity_of()."""
        if not GUARDED.match(request.rel_url.raw_path):  # as the router sees it
            return await handler(request)
        # Before the token is verified, which costs more than counting.
        await self._count(request, "address", self.address(request))
        identity = await self._identify(request)
        if identity:
            request[IDENTITY] = identity
        if identity and identity.owner:
            await self._count(request, "token", identity.owner)
        return await handler(request)

    def address(self, request: web.Request) -> str:
        """The client's address, for IPv6 its /64 network; X-Forwarded-For is read backwards through trusted proxies."""
        forwarded = [one.strip() for one in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")]
        client = _parse(request.remote or "")
        for address in reversed(forwarded):
            previous = _parse(address)
            if client is None or previous is None or not any(client in network for network in self._proxies):
                break
            client = previous
        if isinstance(client, ipaddress.IPv6Address):
            return str(ipaddress.ip_network((client, 64), strict=False))
        return str(client)

    async def _identify(self, request: web.Request) -> Identity | None:
        """None only if no token is given and the endpoint needs none."""
        if self._tokens is None:
            return ANONYMOUS
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await self._tokens.read(token.strip())
        if request.method == "OPTIONS" or OPEN.fullmatch(request.rel_url.raw_path):
            return None
        raise UnauthorizedError("a token is needed: Authorization: Bearer TOKEN")

    async def _count(self, request: web.Request, kind: str, who: str) -> None:
        """Raises TooManyRequestsError. Every POST counts as an opening, except that of /close."""
        opens = request.method == "POST" and not request.rel_url.raw_path.endswith("/close")
        for what in ("requests", "openings") if opens else ("requests",):
            rate = self._rates[f"{what}_per_{kind}"]
            if not await self._limiter.hit(rate, kind, what, who):
                stats = await self._limiter.get_window_stats(rate, kind, what, who)
                raise TooManyRequestsError(
                    f"too many {what}: one {kind} has {rate}", max(1, math.ceil(stats.reset_time - time.time()))
                )


RATES: Final = ("openings_per_address", "openings_per_token", "requests_per_address", "requests_per_token")


def _rate(settings: Serve, name: str) -> RateLimitItem:
    text = getattr(settings, name)
    try:
        return parse(text)
    except ValueError as error:
        raise ConfigError(
            f"{name}: {text!r} is not right: a rate is written as in 60/minute or 5/10 seconds"
        ) from error


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed
