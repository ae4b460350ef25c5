from typing import Any

import pytest
from pyee.asyncio import AsyncIOEventEmitter

from relay.session.channels import CHANNEL, FIELDS, MAX_BUFFERED, MAX_BUFFERED_FIELDS, Channels


class Peer(AsyncIOEventEmitter):
    connectionState = "connected"  # noqa: N815 - aiortc's name


class Channel(AsyncIOEventEmitter):
    """A data channel that records what is sent."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label, self.readyState, self.bufferedAmount = label, "open", 0
        self.sent: list[str | bytes] = []

    def send(self, message: str | bytes) -> None:
        self.sent.append(message)


Connected = tuple[Any, Channels, Channel, Channel, list[Any]]


@pytest.fixture
def connected() -> Connected:
    peer, events = Peer(), list[Any]()
    channels = Channels(peer)  # type: ignore[arg-type]
    channels.listen(events.append, lambda: events.append("opened"))
    messages, fields = Channel(CHANNEL), Channel(FIELDS)
    for channel in (Channel("chat"), fields, messages):
        peer.emit("datachannel", channel)
    return peer, channels, messages, fields, events


def test_messages_and_packets_have_their_own_channels(connected: Connected) -> None:
    _, channels, messages, fields, events = connected
    messages.emit("message", "hello")
    assert events == ["opened", "hello"]
    channels.send("text")
    channels.send_packet(b"packet")
    assert (messages.sent, fields.sent) == (["text"], [b"packet"])


def test_nothing_is_sent_to_a_slow_reader(connected: Connected) -> None:
    _, channels, messages, fields, _ = connected
    messages.bufferedAmount, fields.bufferedAmount = MAX_BUFFERED + 1, MAX_BUFFERED_FIELDS + 1
    channels.send("text")
    channels.send_packet(b"packet")
    assert messages.sent == fields.sent == []


@pytest.mark.parametrize(("ready", "connection"), [("closing", "connected"), ("open", "closed")])
def test_nothing_is_sent_without_a_connection(connected: Connected, ready: str, connection: str) -> None:
    peer, channels, messages, _, _ = connected
    messages.readyState, peer.connectionState = ready, connection
    channels.send("text")
    assert messages.sent == []
