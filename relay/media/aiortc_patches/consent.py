"""Consent checks (RFC 7675) that tell a slow peer from one that is gone.

aioice asks once per check and takes an answer that comes later than 0.5 s for none; after a few of those in a row it
closes the connection. On a starved machine answers are late while media keep arriving. So a check without an answer
counts as failed only where nothing at all has arrived from the peer meanwhile, or where no answer has come for 30 s,
after which consent expires (RFC 7675, 5.1). Touches aioice's inner functions, as relay/media/aiortc_patches/codec.py
does.
"""

import asyncio
import logging
from typing import Any, Final

from aioice import ice, stun

EXPIRY: Final = 30.0  # seconds; RFC 7675, 5.1
METHODS: Final = ("datagram_received", "request")
ARRIVALS: Final = "_eyeline_arrivals"
ANSWERED: Final = "_eyeline_answered"

_as_made: Final = {name: getattr(getattr(ice, "StunProtocol", None), name, None) for name in METHODS}

log = logging.getLogger(__name__)


def keep_slow_peers(on: bool = True) -> None:
    """Count whatever arrives as a sign of life between consent checks; False: aioice's own way."""
    missing = [name for name, method in _as_made.items() if method is None]
    if missing:
        log.warning("aioice's StunProtocol has no %s any more: late answers count as none", " and ".join(missing))
        return
    patched = {"datagram_received": _datagram_received, "request": _request}
    for name in METHODS:
        setattr(ice.StunProtocol, name, patched[name] if on else _as_made[name])


def _datagram_received(protocol: Any, data: bytes | str, addr: tuple[Any, ...]) -> None:
    setattr(protocol, ARRIVALS, getattr(protocol, ARRIVALS, 0) + 1)
    received: Any = _as_made["datagram_received"]
    received(protocol, data, addr)


async def _request(
    protocol: Any,
    request: stun.Message,
    addr: tuple[str, int],
    integrity_key: bytes | None = None,
    retransmissions: int | None = None,
) -> Any:
    """A STUN transaction. One that is not to be repeated is a consent check."""
    run: Any = _as_made["request"]
    before, now = getattr(protocol, ARRIVALS, 0), asyncio.get_running_loop().time
    if not hasattr(protocol, ANSWERED):
        setattr(protocol, ANSWERED, now())
    try:
        answer = await run(protocol, request, addr, integrity_key, retransmissions)
    except stun.TransactionTimeout:
        arrived = getattr(protocol, ARRIVALS, 0) != before
        if retransmissions != 0 or not arrived or now() - getattr(protocol, ANSWERED) > EXPIRY:
            raise
        return None  # the check's outcome is all that its caller looks at
    setattr(protocol, ANSWERED, now())
    return answer
