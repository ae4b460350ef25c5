import asyncio
import time
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from aioice import Candidate, Connection, ice, stun
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
    rtcrtpreceiver,
    rtcrtpsender,
)
from aiortc.codecs import h264, vpx
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket
from aiortc.sdp import SessionDescription

from relay.media.aiortc_patches import codec
from tests.deadlines import scaled
from tests.fakes import Browser, picture


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Restore every constant: they apply to the whole process."""
    before = {(module, name): getattr(module, name) for module, names in codec.CONSTANTS.items() for name in names}
    yield
    for (module, name), value in before.items():
        setattr(module, name, value)
    codec.release_at_marker(wanted=False)
    codec.cap_codec_threads(0)


@pytest.mark.parametrize(("module", "names"), codec.CONSTANTS.items())
def test_the_constants_are_still_there(module: ModuleType, names: tuple[str, ...]) -> None:
    for name in names:
        assert isinstance(getattr(module, name), (int, float)), f"{module.__name__}.{name}"


def test_encoders_read_the_bitrates_when_they_are_made() -> None:
    codec.set_bitrates(start=1800, highest=2200)
    for encoder in (vpx.Vp8Encoder(), h264.H264Encoder()):
        assert encoder.target_bitrate == 1_800_000
        encoder.target_bitrate = 9_000_000
        assert encoder.target_bitrate == 2_200_000


def test_a_start_above_the_highest_is_lowered() -> None:
    codec.set_bitrates(start=5000, highest=300)
    for encoder in (vpx.Vp8Encoder(), h264.H264Encoder()):
        assert encoder.target_bitrate == 300_000
        encoder.target_bitrate = 10_000
        assert encoder.target_bitrate <= 300_000


@pytest.mark.parametrize("timeout", [1, 2, 4, 10, 60])
def test_all_checks_fit_into_the_timeout(timeout: float) -> None:
    codec.set_consent(timeout)
    assert ice.CONSENT_FAILURES >= 1
    assert ice.CONSENT_INTERVAL > 0
    longest = ice.CONSENT_FAILURES * (1.2 * ice.CONSENT_INTERVAL + stun.RETRY_RTO)
    assert longest == pytest.approx(timeout)


def test_several_checks_in_a_row_have_to_fail_by_default() -> None:
    codec.set_consent(4)
    assert ice.CONSENT_FAILURES >= 5


async def test_a_vanished_peer_is_noticed_in_time() -> None:
    codec.set_consent(1)
    one, other = Connection(ice_controlling=True), Connection(ice_controlling=False)
    for connection in (one, other):
        await connection.gather_candidates()
    await _introduce(one, other)
    await _introduce(other, one)
    await asyncio.gather(one.connect(), other.connect())
    gone = time.monotonic()
    await other.close()
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(one.recv(), scaled(10))
    assert time.monotonic() - gone < scaled(3)
    await one.close()


async def _introduce(one: Connection, other: Connection) -> None:
    one.remote_username, one.remote_password = other.local_username, other.local_password
    candidates: list[Candidate | None] = [*other.local_candidates, None]
    for candidate in candidates:
        await one.add_remote_candidate(candidate)


def test_a_name_that_is_gone_is_left_alone(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.delattr(ice, "CONSENT_INTERVAL")
    codec.set_consent(4)
    assert not hasattr(ice, "CONSENT_INTERVAL")
    assert "CONSENT_INTERVAL" in caplog.text
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("line", "common"),
    [
        ("video 9 RTP 97\r\na=rtpmap:97 VP8/90000", True),
        ("video 9 RTP 97\r\na=rtpmap:97 AV1/90000", False),
        ("video 9 RTP 97\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 packetization-mode=1;profile-level-id=42e01f", True),
        ("video 9 RTP 97\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 packetization-mode=0", False),
        ("audio 9 RTP 111\r\na=rtpmap:111 opus/48000/2", True),
    ],
)
def test_codecs_in_common_are_recognised(line: str, *, common: bool) -> None:
    [media] = SessionDescription.parse(f"v=0\r\nm={line}\r\n").media
    assert codec.has_common(media) == common


async def test_every_video_codec_of_the_answer_is_told_where_to_start() -> None:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer.addTransceiver("audio")
    peer.addTransceiver("video")
    peer.createDataChannel("eyeline")
    before = (await peer.createOffer()).sdp
    await peer.close()
    after = codec.hint_start_bitrate(before, 2500)
    audio, video, _ = SessionDescription.parse(after).media
    for one in video.rtp.codecs:
        hinted = one.parameters.get("x-google-start-bitrate") == "2500"
        assert hinted == (one.name.lower() != "rtx"), one
    assert "a=fmtp:97 x-google-start-bitrate=2500" in after  # VP8, which has no parameters of its own
    assert not any("x-google-start-bitrate" in one.parameters for one in audio.rtp.codecs)
    without = [line for line in after.splitlines() if line != "a=fmtp:97 x-google-start-bitrate=2500"]
    assert [line.replace(";x-google-start-bitrate=2500", "") for line in without] == before.splitlines()


def packet(number: int, frame: int, *, is_last: bool = False, data: bytes | None = None) -> RtpPacket:
    """The packet of this sequence number and frame."""
    one = RtpPacket(sequence_number=number % (1 << 16), timestamp=3000 * frame, marker=int(is_last))
    one._data = f"{number} ".encode() if data is None else data  # type: ignore[attr-defined]
    return one


def buffered(*packets: RtpPacket, video: bool = True) -> list[tuple[int, bytes] | None]:
    """What comes out of a jitter buffer as each of these packets comes in: frame and content."""
    buffer = JitterBuffer(capacity=16, is_video=video)
    frames = [buffer.add(one)[1] for one in packets]
    return [(frame.timestamp // 3000, frame.data) if frame else None for frame in frames]


def test_the_names_of_the_jitter_buffer_are_still_there() -> None:
    assert all(hasattr(JitterBuffer, name) for name in codec.JITTER)


def test_a_frame_is_released_with_its_last_packet() -> None:
    codec.release_at_marker()
    frames = [
        packet(0, 0),
        packet(1, 0, is_last=True),
        packet(2, 1, is_last=True),
        packet(3, 2),
        packet(4, 2, is_last=True),
    ]
    assert buffered(*frames) == [None, (0, b"0 1 "), (1, b"2 "), None, (2, b"3 4 ")]


def test_switched_off_it_waits_for_the_next_frame_as_aiortc_does() -> None:
    codec.release_at_marker(wanted=False)
    assert buffered(packet(0, 0, is_last=True), packet(1, 1, is_last=True)) == [None, (0, b"0 ")]


def test_a_frame_that_lacks_a_packet_is_not_released_before_it_is_there() -> None:
    codec.release_at_marker()
    frames = [
        packet(0, 0, is_last=True),
        packet(1, 1),
        packet(3, 1, is_last=True),
        packet(4, 2, is_last=True),
        packet(2, 1),
    ]
    assert buffered(*frames) == [(0, b"0 "), None, None, None, (1, b"1 2 3 ")]


def test_packets_out_of_order_make_the_same_frame() -> None:
    codec.release_at_marker()
    assert buffered(packet(0, 0, is_last=True), packet(2, 1, is_last=True), packet(1, 1))[-1] == (1, b"1 2 ")


def test_padding_behind_a_frame_is_no_frame() -> None:
    codec.release_at_marker()
    frames = [packet(0, 0, is_last=True), packet(1, 0, data=b""), packet(2, 1), packet(3, 1, is_last=True)]
    assert buffered(*frames) == [(0, b"0 "), None, None, (1, b"2 3 ")]


def test_running_numbers_that_begin_anew_do_no_harm() -> None:
    codec.release_at_marker()
    numbers = range((1 << 16) - 2, (1 << 16) + 3)
    assert [found and found[0] for found in buffered(*(packet(n, i, is_last=True) for i, n in enumerate(numbers)))] == [
        *range(5)
    ]


def test_sound_waits_as_it_did() -> None:
    codec.release_at_marker()
    assert buffered(packet(0, 0, is_last=True), video=False) == [None]


def test_a_jitter_buffer_of_another_kind_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr(JitterBuffer, "remove")
    before = JitterBuffer._remove_frame
    codec.release_at_marker()
    assert JitterBuffer._remove_frame is before
    assert "frames wait" in caplog.text


async def test_a_decoded_frame_has_the_time_stamp_it_was_sent_with(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    serialize = RtpPacket.serialize

    def noted(packet: RtpPacket, *extensions: Any) -> bytes:
        sent.append(packet.timestamp)
        return serialize(packet, *extensions)

    async with Browser(audio=False, channel=False) as browser, Browser(audio=False, channel=False) as other:
        await other.peer.setRemoteDescription(RTCSessionDescription(await browser.offer(), "offer"))
        await other.peer.setLocalDescription(await other.peer.createAnswer())
        stamp = codec.stamps(other.peer.getReceivers()[0])
        monkeypatch.setattr(RtpPacket, "serialize", noted)
        await browser.accept(other.peer.localDescription.sdp)
        stamps = [stamp(frame) for frame in await other.see(5)]
    assert len(set(stamps)) == 5
    assert set(stamps) <= set(sent)


def test_a_receiver_that_keeps_its_stamps_to_itself_is_said_and_borne(caplog: pytest.LogCaptureFixture) -> None:
    stamp = codec.stamps(cast("RTCRtpReceiver", object()))
    assert stamp(picture(3)) == 0
    assert codec.STAMP_MAPPER in caplog.text


def test_a_stamp_wraps_around_as_rtp_does() -> None:
    mapper = SimpleNamespace(_origin=(1 << 32) - 3000)
    stamp = codec.stamps(cast("RTCRtpReceiver", SimpleNamespace(**{codec.STAMP_MAPPER: mapper})))
    assert [stamp(picture(number)) for number in range(3)] == [(1 << 32) - 3000, 0, 3000]


def test_a_sent_packet_is_kept_for_as_long_as_was_asked() -> None:
    codec.keep_packets(300)
    assert [vars(module)["RTP_HISTORY_SIZE"] for module in (rtcrtpsender, rtcrtpreceiver)] == [300, 300]


def test_encoders_and_decoders_take_no_more_threads_than_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multiprocessing.cpu_count", lambda: 64)
    free = threads_of_codecs(0)
    assert threads_of_codecs(6) == [3, 6, 6]
    assert threads_of_codecs(2) == [1, 2, 2]
    assert threads_of_codecs(1) == [1, 1, 1]
    assert threads_of_codecs(0) == free
    assert free[0] == 8


def threads_of_codecs(cap: int) -> list[int]:
    """Threads of a VP8 encoder of large frames and of both decoders."""
    codec.cap_codec_threads(cap)
    encoder = vpx.Vp8Encoder()
    encoder.encode(picture(0, (1920, 1088)))
    made = [encoder.codec, *(decoder().codec for decoder in codec.DECODERS)]
    return [context.thread_count for context in made if context is not None]


def test_codecs_that_keep_their_threads_to_themselves_are_said_and_borne(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Bare:
        pass

    monkeypatch.setattr(codec, "_original_thread_count", None)
    monkeypatch.setattr(codec, "DECODERS", (Bare,))
    monkeypatch.setitem(codec._original_decoder_inits, Bare, lambda _: None)
    before = vpx.number_of_threads
    codec.cap_codec_threads(2)
    Bare()
    assert vpx.number_of_threads is before
    assert codec.THREADS in caplog.text
    assert "Bare has no codec" in caplog.text


def test_what_chooses_the_threads_is_still_there() -> None:
    assert hasattr(vpx, codec.THREADS)
    assert all(hasattr(decoder(), "codec") for decoder in codec.DECODERS)


async def test_sound_is_held_back_for_as_long_as_is_allowed_for() -> None:
    async with Browser() as browser:
        receiver = next(one.receiver for one in browser.peer.getTransceivers() if one.kind == "audio")
        buffer = cast("Any", receiver)._RTCRtpReceiver__jitter_buffer
        assert 0.020 * buffer._prefetch == pytest.approx(codec.AUDIO_HELD)
