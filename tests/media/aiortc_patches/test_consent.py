"""Who is slow keeps the connection, who is gone does not."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from aioice import Candidate, ice, stun

from relay.media.aiortc_patches import consent

ADDRESS = ("192.0.2.1", 1)
REQUEST = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)


class Receiver:
    """Takes what is no STUN."""

    def __init__(self) -> None:
        self.received: list[bytes] = []

    def data_received(self, data: bytes, component: int) -> None:
        self.received.append(data)


@pytest.fixture
def protocol(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One that sends into the void. outcome: what becomes of a request; media: whether data arrive meanwhile."""

    async def run(one: Any, *_: object) -> object:
        if one.media:
            one.datagram_received(b"\x80media", ADDRESS)
        if one.outcome is None:
            raise stun.TransactionTimeout
        return one.outcome

    monkeypatch.setitem(consent._as_made, "request", run)
    consent.keep_slow_peers()
    made: Any = ice.StunProtocol.__new__(ice.StunProtocol)
    made.receiver, made.outcome, made.media = Receiver(), None, False
    made.local_candidate = Candidate("1", 1, "udp", 1, "192.0.2.2", 1, "host")
    yield made
    monkeypatch.undo()
    consent.keep_slow_peers(False)


async def check(protocol: Any, retransmissions: int | None = 0) -> Any:
    return await protocol.request(REQUEST, ADDRESS, integrity_key=b"key", retransmissions=retransmissions)


async def test_a_late_answer_is_no_failure_while_media_arrive(protocol: Any) -> None:
    protocol.media = True
    assert await check(protocol) is None
    assert protocol.receiver.received == [b"\x80media"]


async def test_silence_is_a_failure(protocol: Any) -> None:
    protocol.media = True
    await check(protocol)
    protocol.media = False
    with pytest.raises(stun.TransactionTimeout):
        await check(protocol)


async def test_consent_expires_without_an_answer(protocol: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    protocol.outcome = ("answer", ADDRESS)
    assert await check(protocol) == protocol.outcome
    protocol.outcome, protocol.media = None, True
    assert await check(protocol) is None
    monkeypatch.setattr(consent, "EXPIRY", -1.0)
    with pytest.raises(stun.TransactionTimeout):
        await check(protocol)


async def test_other_transactions_are_left_alone(protocol: Any) -> None:
    protocol.media = True
    with pytest.raises(stun.TransactionTimeout):
        await check(protocol, retransmissions=None)


def test_a_name_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setitem(consent._as_made, "request", None)
    with caplog.at_level(logging.WARNING):
        consent.keep_slow_peers()
    assert "StunProtocol has no request" in caplog.text
