"""The gate before the API: who is asking, and whether he asks too often. Knows no endpoint beyond those open to all.

Tokens come as `Authorization: Bearer` (RFC 6750, 2.1) and in no other way: what stands in an address ends up in logs.
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
# A beacon carries no header; a session's name is enough to end it, and is told to nobody but who opened it.
OPEN: Final = re.compile(r"/api/(config|guest|sessions/[^/]+/close)")
IDENTITY: Final = web.RequestKey("guest", Identity)


def identity_of(request: web.Request) -> Identity:
    """Who makes this request. Raises UnauthorizedError where he came without a token to where none is needed."""
    identity: Identity | None = request.get(IDENTITY)
    if identity is None:
        raise UnauthorizedError("a token is needed: Authorization: Bearer TOKEN")
    return identity


def known(request: web.Request) -> bool:
    """Whether guest_of has an answer."""
    return IDENTITY in request


def check_exposure(settings: Serve) -> None:
    """Raises ConfigError where other machines could use the relay and nobody would be asked for a token."""
    if settings.asks or settings.insecure or is_loopback(settings.host):
        return
    raise ConfigError(
        f"host: {settings.host} can be reached by other machines, and nobody would be asked for a token: set "
        "EYELINE_TOKEN_KEY (openssl rand -hex 32 makes one) or --token-jwks, or say --insecure if all may use the relay"
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_same_origin(request: web.Request) -> None:
    """Raises ForbiddenError unless a page of this very relay asks, by what its browser says of it."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin", "")
    if site == "same-origin" or (site is None and origin.partition("://")[2] == request.host):
        return
    raise ForbiddenError("only the relay's own page gets a token here")


class Gate:
    """Lets a request in, or says why not. Raises ConfigError where a rate cannot be read."""

    def __init__(self, settings: Serve) -> None:
        self._tokens = Tokens(settings) if settings.asks else None
        self._proxies = [ipaddress.ip_network(one) for one in settings.trusted_proxies]
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._rates = {name: _rate(settings, name) for name in RATES}

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A middleware. Behind it guest_of says who is asking."""
        if not GUARDED.match(request.rel_url.raw_path):  # as the router sees it
            return await handler(request)
        # Before a token is looked at: that costs more than counting.
        await self._count(request, "address", self.address(request))
        identity = await self._identify(request)
        if identity:
            request[IDENTITY] = identity
        if identity and identity.owner:
            await self._count(request, "token", identity.owner)
        return await handler(request)

    def address(self, request: web.Request) -> str:
        """Whom the request comes from: as trusted proxies tell it, the last one first. Of IPv6 the network, a /64."""
        told = [one.strip() for one in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")]
        here = _parse(request.remote or "")
        for word in reversed(told):
            before = _parse(word)
            if here is None or before is None or not any(here in network for network in self._proxies):
                break
            here = before
        if isinstance(here, ipaddress.IPv6Address):
            return str(ipaddress.ip_network((here, 64), strict=False))
        return str(here)

    async def _identify(self, request: web.Request) -> Identity | None:
        """Nobody only where nobody has to be known."""
        if self._tokens is None:
            return ANONYMOUS
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await self._tokens.read(token.strip())
        if request.method == "OPTIONS" or OPEN.fullmatch(request.rel_url.raw_path):
            return None
        raise UnauthorizedError("a token is needed: Authorization: Bearer TOKEN")

    async def _count(self, request: web.Request, kind: str, who: str) -> None:
        """Raises TooManyRequestsError. Whatever is posted opens something, but for the word that closes it."""
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
