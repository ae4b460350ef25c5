import asyncio
import base64
import hashlib
import hmac
import logging

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from relay.config.serve import Serve
from relay.session.turn import credentials, ice_servers, links, warn_without_relay
from tests.deadlines import scaled
from tests.fakes import Clip
from tests.servers.coturn import RunningCoturn

SECRET = "what only both know"  # noqa: S105


def served(*urls: str, secret: str = SECRET) -> Serve:
    listed = ",".join(f'"{url}"' for url in urls)
    flags = ["--turn-urls", f"[{listed}]", "--turn-secret", secret, "--turn-ttl", "600"] if urls else []
    return Serve.read(flags, "test")


def test_no_server_is_asked_unless_one_is_named() -> None:
    assert ice_servers(served(), "anna") == []


def test_stun_servers_need_no_credentials() -> None:
    settings = Serve.read(["--ice-servers", '["stun:one:3478", "stun:two:3478"]'], "test")
    assert [(one.urls, one.username) for one in ice_servers(settings, "anna")] == [
        ("stun:one:3478", None),
        ("stun:two:3478", None),
    ]


def test_credentials_end_by_themselves_and_say_whose_they_are() -> None:
    [server] = ice_servers(served("turn:host:3478"), "anna", now=lambda: 1000.9)
    assert (server.urls, server.username) == ("turn:host:3478", "1600:anna")
    digest = hmac.new(SECRET.encode(), b"1600:anna", hashlib.sha1).digest()
    assert base64.b64decode(str(server.credential)) == digest


def test_who_is_asked_for_no_name_has_one_for_the_turn_server() -> None:
    [server] = ice_servers(served("turn:host:3478"), "", now=lambda: 1000)
    assert server.username == "1600:anybody"


def test_the_digest_is_that_of_the_standard_example() -> None:
    """Made with: printf 1433895918:anna | openssl dgst -sha1 -hmac "what only both know" -binary | base64."""
    assert credentials(SECRET, "anna", 1433895918) == ("1433895918:anna", "WHecY5WR3cZUFPvWZmwi7RP0UnY=")


def test_links_carry_the_credentials() -> None:
    settings = Serve.read(
        ["--ice-servers", '["stun:one:3478"]', "--turn-urls", '["turn:two:3478"]', "--turn-secret", SECRET], "test"
    )
    stun, turn = links(ice_servers(settings, "anna", now=lambda: 0))
    assert stun == '<stun:one:3478>; rel="ice-server"'
    assert turn.startswith('<turn:two:3478>; rel="ice-server"; username="43200:anna"; credential="')
    assert turn.endswith('"; credential-type="password"')


async def gathered(settings: Serve) -> str:
    """An offer with all candidates that these settings give."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=ice_servers(settings, "anna")))
    try:
        peer.addTrack(Clip())
        await peer.setLocalDescription(await peer.createOffer())
        return str(peer.localDescription.sdp)
    finally:
        await peer.close()


async def test_a_real_turn_server_relays_for_who_has_credentials() -> None:
    with RunningCoturn(SECRET) as coturn:
        assert " typ relay" in await gathered(served(*coturn.urls))


async def test_a_wrong_secret_leaves_the_other_candidates_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with RunningCoturn(SECRET) as coturn:
        settings = served(*coturn.urls, secret="another")  # noqa: S106
        sdp = await gathered(settings)
    assert " typ host" in sdp
    with caplog.at_level(logging.WARNING, "relay"):
        warn_without_relay(settings, sdp, "session abc")
    [record] = caplog.records
    assert coturn.urls[0] in record.message
    assert "turn_secret" in record.message
    assert "another" not in record.message.replace("is another than", "")


@pytest.mark.parametrize("sdp", ["a=candidate:1 1 udp 1 10.0.0.1 1 typ relay raddr 10.0.0.2 rport 2\r\n"])
def test_nothing_is_told_where_turn_works_or_is_not_wanted(sdp: str, caplog: pytest.LogCaptureFixture) -> None:
    warn_without_relay(served("turn:host:3478"), sdp, "session abc")
    warn_without_relay(served(), "", "session abc")
    assert not caplog.records


async def test_media_go_through_the_turn_server_where_there_is_no_other_way() -> None:
    """Each end knows of the other what the TURN server relays for it, and nothing else."""
    with RunningCoturn(SECRET) as coturn:
        configuration = RTCConfiguration(iceServers=ice_servers(served(*coturn.urls), "anna"))
        one, other = RTCPeerConnection(configuration), RTCPeerConnection(configuration)
        arrived = asyncio.get_running_loop().create_future()
        other.on("track", arrived.set_result)
        try:
            one.addTrack(Clip())
            await one.setLocalDescription(await one.createOffer())
            await other.setRemoteDescription(relayed_only(one.localDescription))
            await other.setLocalDescription(await other.createAnswer())
            await one.setRemoteDescription(relayed_only(other.localDescription))
            async with asyncio.timeout(scaled(20)):
                assert await (await arrived).recv()
        finally:
            await one.close()
            await other.close()


def relayed_only(description: RTCSessionDescription) -> RTCSessionDescription:
    lines = description.sdp.splitlines(keepends=True)
    kept = [line for line in lines if "a=candidate" not in line or " typ relay" in line]
    assert len(kept) < len(lines)
    return RTCSessionDescription("".join(kept), description.type)
