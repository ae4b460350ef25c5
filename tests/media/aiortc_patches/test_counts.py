import asyncio
import gc
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCRtpSender, RTCSessionDescription
from aiortc.rtcrtpreceiver import StreamStatistics

from relay.media.aiortc_patches import counts
from relay.media.aiortc_patches.counts import HOOKS, STREAMS, Network
from tests.deadlines import scaled
from tests.fakes import Browser, Clip, until


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network()
    network.begin()
    yield network
    network.end()


@asynccontextmanager
async def calling() -> AsyncIterator[tuple[Browser, RTCPeerConnection]]:
    """Two connections of this process that send each other video."""
    other = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    async with Browser(audio=False) as browser:
        await other.setRemoteDescription(RTCSessionDescription(await browser.offer(), "offer"))
        other.addTrack(Clip())
        await other.setLocalDescription(await other.createAnswer())
        await browser.accept(other.localDescription.sdp)
        await browser.see(3)
        try:
            yield browser, other
        finally:
            await other.close()


def test_every_private_name_is_still_there() -> None:
    for hook in HOOKS:
        assert hasattr(hook.owner, hook.name), f"{hook.owner.__name__}.{hook.name}"
    assert STREAMS in counts._INIT_NAMES
    assert isinstance(StreamStatistics.packets_lost, property)


async def test_bytes_and_packets_are_counted_and_stay_when_a_connection_is_closed(network: Network) -> None:
    assert not await network.read()
    async with calling():
        living = await network.read()
        assert living["bytes", "in"] > 1000
        assert living["bytes", "out"] >= living["bytes", "in"]  # both ends are of this process
        assert living["packets", "out"] >= living["packets", "in"] > 10
    after = await network.read()
    assert all(after[counter] >= living[counter] for counter in living)
    assert await network.read() == after
    async with calling():
        assert (await network.read())["bytes", "out"] > after["bytes", "out"]


async def test_what_is_asked_for_again_is_counted_at_both_ends(network: Network) -> None:
    async with calling() as (browser, other):
        before = await network.read()
        receiver, [sender] = other.getReceivers()[0], browser.peer.getSenders()
        await receiver._send_rtcp_pli(sender._ssrc)
        await receiver._send_rtcp_nack(sender._ssrc, [1, 2, 3])
        async with asyncio.timeout(scaled(20)):
            while (now := await network.read())["nacks", "in"] < before["nacks", "in"] + 3:
                await browser.see()
        assert now["keyframe_requests", "out"] - before["keyframe_requests", "out"] >= 1
        assert now["keyframe_requests", "in"] - before["keyframe_requests", "in"] >= 1
        assert now["nacks", "out"] - before["nacks", "out"] >= 3


async def test_packets_that_do_not_come_are_counted_as_lost(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    async with calling() as (browser, _):
        [pair] = browser.peer.getSenders()[0].transport.transport._connection._nominated.values()
        send, number = pair.protocol.transport.sendto, itertools.count()

        def lose(data: Any, address: Any = None) -> None:
            if next(number) % 5:
                send(data, address)

        monkeypatch.setattr(pair.protocol.transport, "sendto", lose)
        async with asyncio.timeout(scaled(20)):
            # One message may ask for several packets.
            while (now := await network.read())["lost", "in"] < 3 or now["nacks", "out"] < 1:
                await browser.see()
        assert (await network.read())["lost", "in"] >= now["lost", "in"]


async def test_how_long_ice_takes_is_told_once_a_connection() -> None:
    taken: list[float] = []
    network = Network(taken.append)
    network.begin()
    try:
        async with calling():
            await until(lambda: len(taken) == 2)
        assert all(0 < seconds < 30 for seconds in taken)
        await RTCPeerConnection(RTCConfiguration(iceServers=[])).close()
        assert len(taken) == 2
    finally:
        network.end()


async def test_it_keeps_no_connection_alive_and_leaves_nothing_behind() -> None:
    before = {(hook.owner, hook.name): getattr(hook.owner, hook.name) for hook in HOOKS}
    before |= {(RTCPeerConnection, name): getattr(RTCPeerConnection, name) for name in ("__init__", "close")}
    network = Network()
    network.begin()
    assert all(getattr(owner, name) is not method for (owner, name), method in before.items())
    RTCPeerConnection(RTCConfiguration(iceServers=[]))
    gc.collect()
    assert not list(network._connections)
    network.end()
    assert all(getattr(owner, name) is method for (owner, name), method in before.items())


async def test_a_name_that_is_gone_costs_its_figure_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr(RTCRtpSender, "_retransmit")
    monkeypatch.setattr(counts, "_INIT_NAMES", ())
    network = Network()
    network.begin()
    try:
        assert "RTCRtpSender._retransmit" in caplog.text
        assert STREAMS in caplog.text
        assert len(caplog.records) == 2
        async with calling():
            assert (await network.read())["bytes", "in"] > 0
    finally:
        network.end()
    assert RTCRtpReceiver._send_rtcp_nack.__name__ == "_send_rtcp_nack"
