"""Creates the meeting adapter for a request, if the relay may call that meeting and the client may enter it.

Nothing is connected here. A meeting that is not in the settings is refused before anything is sent.
"""

from collections.abc import Collection
from typing import Final

from aiortc import RTCIceServer

from relay.config.serve import Serve
from relay.errors import TargetError
from relay.http.access.tokens import ANONYMOUS, Identity
from relay.http.bodies import IntoJanus, IntoWhip, TapOrder
from relay.session.tap import TapRequest
from relay.session.turn import ice_servers
from relay.sfu.egress import Egress
from relay.sfu.janus import JanusEgress
from relay.sfu.subscription import ParticipantSelector, Subscription
from relay.sfu.whip import WhipEgress

JANUS: Final = {"ws", "wss"}  # schemes of Janus addresses
WHIP: Final = {"http", "https"}


def egress_for(publish: IntoJanus | IntoWhip, settings: Serve, identity: Identity = ANONYMOUS) -> Egress:
    """The adapter for this meeting. Raises TargetError, ForbiddenError.

    A token for one room is valid for this room of any Janus, and for the WHIP endpoint of this name.
    """
    servers = ice_servers(settings, identity.owner)
    match publish:
        case IntoJanus():
            _, address = find_meeting(publish.janus, settings, JANUS)
            room = str(publish.room)
            identity.require("session", room)
            return JanusEgress(address, room, publish.pin, publish.display, servers)
        case IntoWhip():
            name, address = find_meeting(publish.whip, settings, WHIP)
            identity.require("session", name)
            return WhipEgress(address, publish.token, servers)


def tap_for(order: TapOrder, settings: Serve, identity: Identity = ANONYMOUS) -> TapRequest:
    """The requested tap. Raises TargetError, ForbiddenError."""
    _, address = find_meeting(order.janus, settings, JANUS)
    room, selector = str(order.room), ParticipantSelector(order.feed, order.display)
    identity.require("tap", room)

    def servers() -> list[RTCIceServer]:
        # The participant may return after the first credentials have expired.
        return ice_servers(settings, identity.owner)

    return TapRequest(
        Subscription(address, room, order.pin, selector, servers()),
        lambda display: JanusEgress(address, room, order.pin, display, servers()),
        order.settings,
        identity.owner,
    )


def find_meeting(requested: str, settings: Serve, schemes: Collection[str]) -> tuple[str, str]:
    """Name and address of the meeting server requested by either. Raises TargetError."""
    allowed = {name: address for name, address in settings.meetings.items() if address.partition(":")[0] in schemes}
    for name, address in allowed.items():
        if requested == name or requested.rstrip("/") == address.rstrip("/"):
            return name, address
    if not allowed:
        raise TargetError("this relay may call no meeting server of that kind; its operator lists them in --meetings")
    raise TargetError(f"the relay may not call that meeting server; it may call {', '.join(sorted(allowed))}")
