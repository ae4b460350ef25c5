"""A session's data channels: messages to its client, field packets to a client that warps by itself.

Knows nothing of what they contain.
"""

from collections.abc import Callable
from typing import Final

from aiortc import RTCDataChannel, RTCPeerConnection

CHANNEL: Final = "eyeline"
FIELDS: Final = "fields"  # the channel of docs/protocol.md
MAX_BUFFERED: Final = 65536  # bytes waiting in the data channel; beyond that messages are dropped
MAX_BUFFERED_FIELDS: Final = 16384  # the same for field packets, which are useless once the next one is there


class Channels:
    """The two channels that a client may open; others are ignored."""

    def __init__(self, peer: RTCPeerConnection) -> None:
        self._peer = peer
        self._messages: RTCDataChannel | None = None
        self._fields: RTCDataChannel | None = None

    def listen(self, receive: Callable[[str | bytes], None], opened: Callable[[], None]) -> None:
        """Accept channels from now on. receive: called with each message; opened: once messages can be sent."""

        def accept(channel: RTCDataChannel) -> None:
            if channel.label == CHANNEL:
                self._messages = channel
                channel.on("message", receive)
                opened()
            elif channel.label == FIELDS:
                self._fields = channel

        self._peer.on("datachannel", accept)

    def send(self, text: str) -> None:
        """Send a message, unless there is no open channel or its peer reads too slowly."""
        self._send(self._messages, text, MAX_BUFFERED)

    def send_packet(self, packet: bytes) -> None:
        """Send a field packet, likewise."""
        self._send(self._fields, packet, MAX_BUFFERED_FIELDS)

    def _send(self, channel: RTCDataChannel | None, message: str | bytes, max_buffered: int) -> None:
        if channel is None or channel.readyState != "open" or channel.bufferedAmount > max_buffered:
            return
        if self._peer.connectionState == "connected":  # a channel stays open a little longer than its transport
            channel.send(message)
