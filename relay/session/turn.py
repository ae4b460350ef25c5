"""Which STUN and TURN servers a peer may use, with credentials that end by themselves.

The TURN server shares a secret with the relay and asks it nothing: a user name says when it expires, the password is
its HMAC (draft-uberti-behave-turn-rest; coturn: use-auth-secret). Knows nothing of sessions and requests.
"""

import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from aiortc import RTCIceServer

from relay.config.serve import Serve

ANONYMOUS: Final = "anybody"  # who asks where nobody is asked who he is

log = logging.getLogger(__name__)


def ice_servers(settings: Serve, name: str, now: Callable[[], float] = time.time) -> list[RTCIceServer]:
    """The servers in the order in which they are to be tried. aiortc takes the first of each kind.

    name: whose credentials these are; the TURN server can count by it and sees it in its log. now: seconds since 1970.
    The list may be empty, but is never None, which for aiortc means Google's STUN server.
    """
    plain = [RTCIceServer(url) for url in settings.ice_servers]
    if not settings.turn_urls or settings.turn_secret is None:
        return plain
    username, password = credentials(
        settings.turn_secret.get_secret_value(), name or ANONYMOUS, int(now() + settings.turn_ttl)
    )
    return [*plain, *(RTCIceServer(url, username, password) for url in settings.turn_urls)]


def credentials(secret: str, name: str, expires: int) -> tuple[str, str]:
    """User name and password of somebody, good until `expires`, in seconds since 1970."""
    username = f"{expires}:{name}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


def links(servers: Sequence[RTCIceServer]) -> list[str]:
    """The servers as values of Link headers (RFC 9725, 4.6)."""
    return [_link(server) for server in servers]


def warn_without_relay(settings: Serve, sdp: str, whose: str) -> None:
    """Log it where TURN is set, but gave this description no candidate: aiortc and aioice keep that to themselves."""
    if settings.turn_urls and " typ relay" not in sdp:
        log.warning(
            "%s has no candidate from TURN: %s cannot be reached, or its secret is another than turn_secret",
            whose,
            settings.turn_urls[0],
        )


def _link(server: RTCIceServer) -> str:
    link = f'<{server.urls}>; rel="ice-server"'
    if server.username is None:
        return link
    return f'{link}; username="{server.username}"; credential="{server.credential}"; credential-type="password"'
