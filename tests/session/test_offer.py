import re

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from relay.errors import MalformedError, NoVideoError, RequestError, TooManyTracksError, UnsupportedCodecError
from relay.session import offer
from tests.fakes import Browser


@pytest.fixture
async def sdp() -> str:
    """An offer of video, audio and a data channel."""
    async with Browser() as browser:
        return await browser.offer()


def section(sdp: str, kind: str) -> str:
    found = re.search(rf"m={kind} .*?(?=m=|\Z)", sdp, re.DOTALL)
    assert found
    return found[0]


def test_a_whole_offer_passes(sdp: str) -> None:
    offer.check(sdp)


@pytest.mark.parametrize("kind", ["audio", "application"])
def test_only_video_is_needed(sdp: str, kind: str) -> None:
    offer.check(sdp.replace(section(sdp, kind), ""))


@pytest.mark.parametrize("direction", ["a=sendonly\r\n", ""])
def test_sending_is_what_counts(sdp: str, direction: str) -> None:
    video = section(sdp, "video")
    offer.check(sdp.replace(video, video.replace("a=sendrecv\r\n", direction)))


@pytest.mark.parametrize("direction", ["recvonly", "inactive"])
def test_video_that_is_not_sent_is_no_video(sdp: str, direction: str) -> None:
    video = section(sdp, "video")
    with pytest.raises(NoVideoError):
        offer.check(sdp.replace(video, video.replace("sendrecv", direction)))


def test_an_offer_of_audio_alone_has_no_video(sdp: str) -> None:
    with pytest.raises(NoVideoError):
        offer.check(sdp.replace(section(sdp, "video"), ""))


@pytest.mark.parametrize(
    ("kind", "pattern", "replacement"),
    [("video", "VP8|H264", "AV1"), ("video", "packetization-mode=1|VP8", "x=0"), ("audio", "opus|G722|PCM.", "ac3")],
)
def test_codecs_must_have_one_in_common(sdp: str, kind: str, pattern: str, replacement: str) -> None:
    media = section(sdp, kind)
    with pytest.raises(UnsupportedCodecError, match=f"no {kind} codec"):
        offer.check(sdp.replace(media, re.sub(pattern, replacement, media)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        '{"type": "offer"}',
        "v=0",
        "v=0\r\nm=video",
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 300\r\n",
        "v=0\r\na=fingerprint:x\r\n",
        "v=0\r\nm=image 9 UDPTL t38\r\n",
        "\x00\x01\x02",
    ],
)
def test_what_is_not_sdp_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError):
        offer.check(text)


@pytest.mark.parametrize("line", ["a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:", "a=rtcp-mux"])
def test_what_every_section_needs_is_missed(sdp: str, line: str) -> None:
    with pytest.raises(MalformedError):
        offer.check(re.sub(rf"{line}.*\r\n", "", sdp))


@pytest.mark.parametrize("line", ["", "a=mid:0\r\n"])
def test_sections_need_names_of_their_own(sdp: str, line: str) -> None:
    with pytest.raises(MalformedError, match="a=mid"):
        offer.check(re.sub(r"a=mid:.*\r\n", line, sdp))


def test_every_truncated_offer_is_a_clean_error_or_none(sdp: str) -> None:
    outcomes = set()
    for length in range(0, len(sdp), 37):
        try:
            offer.check(sdp[:length])
        except RequestError as error:
            outcomes.add(error.code)
    assert outcomes >= {"malformed"}


def test_a_packetization_mode_without_a_value_is_malformed(sdp: str) -> None:
    with pytest.raises(MalformedError, match="cannot be used"):
        offer.check(sdp.replace("packetization-mode=1", "packetization-mode"))


def test_all_data_channels_share_one_section(sdp: str) -> None:
    again = section(sdp, "application").replace("a=mid:2", "a=mid:3")
    with pytest.raises(MalformedError, match="m=application"):
        offer.check(sdp + again)


def test_a_bundle_is_carried_by_a_section_that_is_there(sdp: str) -> None:
    offer.check(sdp.replace("BUNDLE 0 1 2", "BUNDLE 0 1 7"))
    with pytest.raises(MalformedError, match="BUNDLE"):
        offer.check(sdp.replace("BUNDLE 0 1 2", "BUNDLE 7 1 2"))


def test_a_section_without_a_direction_gets_that_of_the_whole(sdp: str) -> None:
    bare = sdp.replace("a=sendrecv\r\n", "")
    assert offer.add_directions(bare).count("\r\na=sendrecv\r\n") == 3
    whole = bare.replace("t=0 0\r\n", "t=0 0\r\na=sendonly\r\n")
    assert offer.add_directions(whole).count("\r\na=sendonly\r\n") == 4
    for text in (offer.add_directions(bare), offer.add_directions(whole)):
        offer.check(text)


async def test_a_session_comes_of_an_offer_without_directions(sdp: str) -> None:
    """aiortc alone does not apply the default sendrecv."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        bare = sdp.replace("a=sendrecv\r\n", "")
        with offer.offer_errors():
            await peer.setRemoteDescription(RTCSessionDescription(offer.add_directions(bare), "offer"))
            await peer.setLocalDescription(await peer.createAnswer())
    finally:
        await peer.close()


def test_what_breaks_over_an_offer_is_the_offers_fault() -> None:
    with pytest.raises(MalformedError, match="cannot be used: 'oh'"), offer.offer_errors():
        raise KeyError("oh")


def test_what_is_not_the_offers_fault_stays_what_it_is() -> None:
    with pytest.raises(OSError, match="no port"), offer.offer_errors(ValueError):
        raise OSError("no port")


@pytest.mark.parametrize(("direction", "watches"), [("recvonly", True), ("sendrecv", True), ("sendonly", False)])
def test_who_watches_must_receive(sdp: str, direction: str, *, watches: bool) -> None:
    video = section(sdp, "video")
    changed = sdp.replace(video, video.replace("sendrecv", direction))
    if watches:
        offer.check_watching(changed)
        return
    with pytest.raises(NoVideoError):
        offer.check_watching(changed)


def test_who_watches_needs_a_codec_in_common_too(sdp: str) -> None:
    with pytest.raises(UnsupportedCodecError):
        offer.check_watching(sdp.replace("VP8", "AV1").replace("H264", "H265"))


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_two_of_a_kind_can_be_refused(sdp: str, kind: str) -> None:
    offer.check_single(sdp)
    with pytest.raises(TooManyTracksError, match=kind):
        offer.check_single(sdp + section(sdp, kind))


def test_an_offer_that_leaves_it_open_can_be_made_to_begin_the_handshake(sdp: str) -> None:
    assert "a=setup:actpass" in sdp
    assert set(re.findall(r"a=setup:(\w+)", offer.make_active(sdp))) == {"active"}
    passive = sdp.replace("actpass", "passive")
    assert offer.make_active(passive) == passive
