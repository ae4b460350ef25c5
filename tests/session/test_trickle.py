"""ICE candidates sent after the offer."""

from contextlib import suppress

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import IceRestartError, MalformedError
from relay.session import trickle
from relay.session.trickle import Fragment, Trickle
from tests.exchanging import Watcher, without_candidates
from tests.fakes import until

# The example of RFC 9725, with candidates of kinds that are ignored.
EXAMPLE = """a=group:BUNDLE 0 1
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:0
a=ice-ufrag:EsAw
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1
a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host generation 0 ufrag EsAw network-id 2
a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0 ufrag EsAw network-id 1
a=candidate:1 2 udp 2122194687 198.51.100.2 61766 typ host
a=candidate:1 1 udp 2122194687 example.org 61766 typ host
a=candidate:1 1 udp 2122194687 198.51.100.2 0 typ host
a=candidate:1 1 udp 2122194687 224.0.0.251 5353 typ host
a=candidate:1 1 udp 2122194687 0a1b2c3d.local 61766 typ host
a=end-of-candidates
""".replace("\n", "\r\n")

WORDS = st.sampled_from(
    ["a=candidate:", "a=candidate:1 1 udp 1 192.0.2.1 9 typ host", "a=mid:0", "a=ice-ufrag:x", "m=video 9 x 0", "a="]
)


def test_a_fragment_says_which_candidates_can_be_used() -> None:
    fragment = Fragment.parse(EXAMPLE)
    assert [(one.ip, one.port, one.sdpMid) for one in fragment.candidates] == [
        ("192.0.2.1", 61764, "0"),
        ("198.51.100.2", 61765, "0"),
        ("0a1b2c3d.local", 61766, "0"),
    ]
    assert (set(fragment.usernames), fragment.complete) == ({"EsAw"}, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "a=group:BUNDLE 0",
        "a=candidate:1 1 udp 1 192.0.2.1 9 typ host",
        "m=video 9 x 0\r\na=mid:0\r\na=candidate:1 1 udp",
        "m=video 9 x 0\r\na=mid:0\r\na=candidate:1 one udp 1 192.0.2.1 9 typ host",
    ],
)
def test_what_is_no_fragment_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        Fragment.parse(text)


@given(st.lists(WORDS | st.text(max_size=40), max_size=12).map("\n".join))
def test_nothing_that_one_may_write_breaks_it(text: str) -> None:
    with suppress(MalformedError):
        Fragment.parse(text)


async def test_a_connection_comes_about_by_trickled_candidates_alone() -> None:
    async with Watcher() as watcher:
        offer, fragment = without_candidates(await watcher.offer())
        assert "a=candidate" not in offer
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        try:
            await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            late = Trickle(peer)
            await peer.setLocalDescription(await peer.createAnswer())
            await late.add(fragment)
            # The watcher has no address to ask, so only the peer's own checks can succeed.
            await watcher.accept(without_candidates(peer.localDescription.sdp)[0])
            await until(lambda: peer.connectionState == "connected")
        finally:
            await peer.close()


async def test_another_ice_session_is_not_begun() -> None:
    async with Watcher() as watcher:
        offer, fragment = without_candidates(await watcher.offer())
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        lines = fragment.splitlines()
        other = ["a=ice-ufrag:Othr" if line.startswith("a=ice-ufrag") else line for line in lines]
        with pytest.raises(IceRestartError):
            await Trickle(peer).add("\r\n".join(other))
        await peer.close()


async def test_too_many_candidates_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trickle, "MAX_CANDIDATES", 3)
    async with Watcher() as watcher:
        offer, _ = without_candidates(await watcher.offer())
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        late = Trickle(peer)
        for number in range(1, 6):
            await late.add(f"m=video 9 x 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.{number} 9 typ host\r\n")
        taken = peer.getTransceivers()[0].receiver.transport.transport.getRemoteCandidates()
        assert [one.ip for one in taken] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
        await peer.close()


def test_every_connection_has_a_tag_of_its_own() -> None:
    tags = {Trickle(RTCPeerConnection()).tag for _ in range(3)}
    assert len(tags) == 3
    assert all(tag.isascii() and '"' not in tag for tag in tags)
