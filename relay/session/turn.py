"""The STUN and TURN servers that a peer may use, with credentials that expire.

The TURN server shares a secret with the relay, without requests to it: a user name contains its expiry, the password
is its HMAC (draft-uberti-behave-turn-rest; coturn: use-auth-secret). Knows nothing of sessions and requests.
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

ANONYMOUS: Final = "anybody"  # the name used without tokens

log = logging.getLogger(__name__)


def ice_servers(settings: Serve, name: str, now: Callable[[], float] = time.time) -> list[RTCIceServer]:
    """The servers in the order in which to try them. aiortc uses the first of each kind.

    name: the owner of the credentials; the TURN server can limit by it and logs it. now: seconds since 1970. The list
    may be empty, but is never None, which for aiortc means Google's STUN server.
    """
    plain = [RTCIceServer(url) for url in settings.ice_servers]
    if not settings.turn_urls or settings.turn_secret is None:
        return plain
    username, password = credentials(
        settings.turn_secret.get_secret_value(), name or ANONYMOUS, int(now() + settings.turn_ttl)
    )
    return [*plain, *(RTCIceServer(url, username, password) for url in settings.turn_urls)]


def credentials(secret: str, name: str, expires: int) -> tuple[str, str]:
    """User name and password for this name, valid until `expires`, in seconds since 1970."""
    username = f"{expires}:{name}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


def links(servers: Sequence[RTCIceServer]) -> list[str]:
    """The servers as Link header values (RFC 9725, 4.6)."""
    return [_link(server) for server in servers]


def warn_without_relay(settings: Serve, sdp: str, whose: str) -> None:
    """Warn where TURN is set but gave this description no candidate: aiortc and aioice do not report it."""
    if settings.turn_urls and " typ relay" not in sdp:
        log.warning(
            "%s has no candidate from TURN: %s cannot be reached, or its secret differs from turn_secret",
            whose,
            settings.turn_urls[0],
        )


def _link(server: RTCIceServer) -> str:
    link = f'<{server.urls}>; rel="ice-server"'
    if server.username is None:
        return link
    return f'{link}; username="{server.username}"; credential="{server.credential}"; credential-type="password"'
