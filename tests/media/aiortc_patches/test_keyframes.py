"""Which frame is a keyframe, and how often one is made."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender
from aiortc.codecs import depayload, get_encoder
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from relay.media.aiortc_patches import keyframes
from tests.fakes import Clock, picture

CODECS = [
    RTCRtpCodecParameters("video/VP8", 90000, payloadType=97),
    RTCRtpCodecParameters(
        "video/H264", 90000, payloadType=99, parameters={"packetization-mode": "1", "profile-level-id": "42e01f"}
    ),
]
WANTED = "_RTCRtpSender__force_keyframe"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    keyframes.limit_keyframes(0)


@pytest.fixture
async def sender() -> AsyncIterator[RTCRtpSender]:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    yield peer.addTransceiver("video").sender
    await peer.close()


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_a_keyframe_is_known_by_its_first_packet(codec: RTCRtpCodecParameters) -> None:
    encoder = get_encoder(codec)
    for number in range(6):
        payloads, _ = encoder.encode(picture(number, (320, 240)), force_keyframe=number == 4)
        packets = [depayload(codec, payload) for payload in payloads]
        assert keyframes.is_keyframe(packets[0]) == (number in {0, 4})
        assert keyframes.is_keyframe(b"".join(packets)) == (number in {0, 4})


@pytest.mark.parametrize("data", [b"", b"\0\0\0\1", b"\x11\x00\x00\x9d\x01\x2a", b"\x00\x00\x00\x01\x41\x9a"])
def test_nothing_else_is_one(data: bytes) -> None:
    assert not keyframes.is_keyframe(data)


def test_the_name_is_still_there() -> None:
    assert hasattr(RTCRtpSender, keyframes.SEND)


async def test_who_asks_too_often_gets_one_as_soon_as_it_may_be(
    sender: RTCRtpSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, waiting = Clock(), list[tuple[float, Callable[[], None]]]()
    monkeypatch.setattr("relay.media.aiortc_patches.keyframes.time.monotonic", clock)
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "call_later", lambda wait, call, *given: waiting.append((wait, partial(call, *given))))

    def made() -> bool:
        before = bool(getattr(sender, WANTED))
        setattr(sender, WANTED, False)
        return before

    keyframes.limit_keyframes(0.5)
    made()
    sender._send_keyframe()
    assert made()
    for _ in range(4):
        clock.now += 0.1
        sender._send_keyframe()
        assert not made()
    [(wait, again)] = waiting
    assert wait == pytest.approx(0.4, abs=0.01)
    clock.now += wait - 0.3
    again()
    assert made()
    sender._send_keyframe()
    assert not made()
    assert len(waiting) == 2


async def test_without_a_limit_everybody_gets_one_at_once(sender: RTCRtpSender) -> None:
    keyframes.limit_keyframes(0)
    for _ in range(3):
        setattr(sender, WANTED, False)
        sender._send_keyframe()
        assert getattr(sender, WANTED)


def test_a_sender_of_another_kind_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keyframes, "_original_send", None)
    before = RTCRtpSender._send_keyframe
    keyframes.limit_keyframes(0.5)
    assert RTCRtpSender._send_keyframe is before
    assert keyframes.SEND in caplog.text
