"""From what a client asks for to the way into a meeting, if the relay may call that meeting and he may enter it.

Nothing is called here. What is not in the settings is refused before anything is sent anywhere.
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
from relay.sfu.subscription import Subscription, Wanted
from relay.sfu.whip import WhipEgress

JANUS: Final = {"ws", "wss"}  # schemes of its addresses
WHIP: Final = {"http", "https"}


def egress_for(publish: IntoJanus | IntoWhip, settings: Serve, identity: Identity = ANONYMOUS) -> Egress:
    """The way into this meeting. Raises TargetError, ForbiddenError.

    A token that is for one room is good for this room of any Janus, and for the WHIP endpoint of this name.
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
    """A tap as ordered. Raises TargetError, ForbiddenError."""
    _, address = find_meeting(order.janus, settings, JANUS)
    room, wanted = str(order.room), Wanted(order.feed, order.display)
    identity.require("tap", room)

    def servers() -> list[RTCIceServer]:
        # Whoever is tapped may come back when the first credentials have long expired.
        return ice_servers(settings, identity.owner)

    return TapRequest(
        Subscription(address, room, order.pin, wanted, servers()),
        lambda display: JanusEgress(address, room, order.pin, display, servers()),
        order.settings,
        identity.owner,
    )


def find_meeting(asked: str, settings: Serve, schemes: Collection[str]) -> tuple[str, str]:
    """Name and address of the meeting server that is asked for by either. Raises TargetError."""
    fitting = {name: address for name, address in settings.meetings.items() if address.partition(":")[0] in schemes}
    for name, address in fitting.items():
        if asked == name or asked.rstrip("/") == address.rstrip("/"):
            return name, address
    if not fitting:
        raise TargetError(
            "this relay may call no meeting server of that kind; whoever runs it lists them in --meetings"
        )
    raise TargetError(f"the relay may not call that meeting server; it may call {', '.join(sorted(fitting))}")
