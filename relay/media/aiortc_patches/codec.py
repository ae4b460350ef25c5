"""Settings of aiortc and aioice that are not public API: module constants and private functions.

| what | where | setting | if the name is gone |
|---|---|---|---|
| start and maximum bitrate | set_bitrates, hint_start_bitrate | --start-bitrate, --max-bitrate | aiortc's |
| vanished peers are noticed | set_consent | --vanish-timeout | after half a minute |
| a frame is released with its own last packet | release_at_marker | --release-on-marker | one frame later |
| sent packets are kept for longer | keep_packets | --packet-history | 128 of them |
| codec threads by the container's cores | cap_codec_threads | --codec-threads | by the machine's |
| RTP timestamps of decoded frames | stamps | - | frames are matched by time |
| lost packets are asked for again, then a keyframe | rescue.py, gaps.py | --rescue | once |
| minimum interval of keyframes | keyframes.py | --keyframe-interval | on every request |
| bounded queues; a decoder's thread ends at once | queues.py | --bounded-queues | no bound |

No other module touches such names. docs/networks.md gives the measured effect of each.

Both libraries read these constants each time they need them, so setting them once, before the first session, is enough;
they apply to the whole process. Where a newer version no longer has a name, a warning is logged and that version's own
behaviour applies. Tests fail when a name is gone.
"""

import logging
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

import av
from aioice import ice, stun
from aiortc import RTCRtpReceiver, rtcrtpreceiver, rtcrtpsender
from aiortc.codecs import CODECS, h264, vpx
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtcpeerconnection import find_common_codecs
from aiortc.rtp import RtpPacket
from aiortc.sdp import MediaDescription, SessionDescription

# The constants relied on, by module.
CONSTANTS: Final[dict[ModuleType, tuple[str, ...]]] = {
    vpx: ("DEFAULT_BITRATE", "MIN_BITRATE", "MAX_BITRATE"),
    h264: ("DEFAULT_BITRATE", "MIN_BITRATE", "MAX_BITRATE"),
    ice: ("CONSENT_INTERVAL", "CONSENT_FAILURES"),
    stun: ("RETRY_RTO",),
    rtcrtpsender: ("RTP_HISTORY_SIZE",),
    rtcrtpreceiver: ("RTP_HISTORY_SIZE",),
}
THREADS: Final = "number_of_threads"
_original_thread_count: Final[Callable[[int, int], int] | None] = getattr(vpx, THREADS, None)
DECODERS: Final[tuple[Any, ...]] = (vpx.Vp8Decoder, h264.H264Decoder)
_original_decoder_inits: Final[dict[Any, Any]] = {decoder: decoder.__init__ for decoder in DECODERS}
RTX: Final = "rtx"
JITTER: Final = ("_remove_frame", "remove", "capacity")
_original_remove_frame: Final[Callable[[JitterBuffer, int], JitterFrame | None]] = getattr(
    JitterBuffer, JITTER[0], lambda *_: None
)
# Seconds for which aiortc's receiver buffers received audio: four frames of 20 ms. It does not buffer video.
AUDIO_HELD: Final = 0.08
STAMP_MAPPER: Final = "_RTCRtpReceiver__timestamp_mapper"

log = logging.getLogger(__name__)


def set_bitrates(start: int, highest: int) -> None:
    """Set the start and maximum bitrate of the relay's encoders [kbit/s].

    aiortc starts VP8 at 500 and H264 at 1,000, too little for sharp first frames at 720p, and every later
    change over 10 % costs a keyframe. A start above the maximum is lowered to it.
    """
    for module in (vpx, h264):
        _set(module, "MAX_BITRATE", 1000 * highest)
        _set(module, "DEFAULT_BITRATE", 1000 * min(start, highest))
        _set(module, "MIN_BITRATE", min(getattr(module, "MIN_BITRATE", 0), 1000 * highest))


def set_consent(timeout: float) -> None:
    """Detect a vanished peer within this many seconds (consent freshness, RFC 7675).

    A peer counts as gone when several STUN checks in a row are unanswered. aioice waits up to 1.2 intervals,
    sends one check and waits RETRY_RTO (0.5 s) for its answer; six failures at its interval of 5 s take half a minute.
    As many checks as fit are used, up to six, so that a lossy network does not look like an absent peer.
    """
    rto = float(getattr(stun, "RETRY_RTO", 0.5))
    failures = max(1, min(6, int(timeout / (1.5 * rto))))
    _set(ice, "CONSENT_FAILURES", failures)
    _set(ice, "CONSENT_INTERVAL", max(0.05, (timeout / failures - rto) / 1.2))


def keep_packets(count: int) -> None:
    """Keep this many sent packets of each stream for retransmission (RFC 4588), and request as many from senders.

    aiortc keeps 128: half a second of 2.5 Mbit/s, less than a keyframe and two round trips on a bad network.
    """
    for module in (rtcrtpsender, rtcrtpreceiver):
        _set(module, "RTP_HISTORY_SIZE", count)


def cap_codec_threads(threads: int) -> None:
    """Limit the threads of each VP8 encoder and each decoder; 0: as aiortc and FFmpeg choose them.

    They count the machine's cores, of which a container may be allowed few: up to 8 threads for an encoder, 16 for a
    decoder, in each session.
    """
    if _original_thread_count is None:
        log.warning("%s has no %s any more: VP8 encoders use threads by the machine's cores", vpx.__name__, THREADS)
    else:
        original = _original_thread_count
        capped = (lambda pixels, cores: original(pixels, min(cores, threads))) if threads else original
        setattr(vpx, THREADS, capped)
    for decoder in DECODERS:
        decoder.__init__ = _capped_decoder(decoder, threads)


def _capped_decoder(decoder: Any, threads: int) -> Callable[[Any], None]:
    original = _original_decoder_inits[decoder]

    def make(made: Any) -> None:
        original(made)
        if hasattr(made, "codec"):
            made.codec.thread_count = threads
        else:
            log.warning("aiortc's %s has no codec any more: it uses threads by the machine's cores", decoder.__name__)

    return make if threads else original


def release_at_marker(wanted: bool = True) -> None:
    """Pass a received video frame to its decoder with its last packet or, as aiortc does, with the next frame's first.

    The last packet of a frame carries the marker bit (RFC 7741, 4.1; RFC 6184, 5.1). aiortc ignores it and takes a
    frame as complete when the first packet of the next one arrives: one frame interval later.
    """
    if not all(hasattr(JitterBuffer, name) for name in JITTER):
        log.warning("aiortc's JitterBuffer has no %s any more: frames wait for the next one", " or ".join(JITTER))
        return
    setattr(JitterBuffer, JITTER[0], _remove_marked if wanted else _original_remove_frame)


def _remove_marked(buffer: JitterBuffer, number: int) -> JitterFrame | None:
    """Remove the first complete frame from the buffer; None where there is none. number: of the last packet."""
    frame = _original_remove_frame(buffer, number)
    while frame is not None and not frame.data:  # padding that arrived after its frame, which has been released
        frame = _original_remove_frame(buffer, number)
    if frame is not None or not buffer._is_video or buffer._origin is None:
        return frame
    packets: list[RtpPacket] = []
    for count in range(buffer.capacity):
        packet = buffer._packets[(buffer._origin + count) % buffer.capacity]
        if packet is None:
            return None
        packets.append(packet)
        if packet.marker:
            # None of them is of a later frame, or aiortc's own rule would have released the first frame.
            buffer.remove(len(packets))
            return JitterFrame(b"".join(one._data for one in packets), packet.timestamp)  # type: ignore[attr-defined]
    return None


def stamps(receiver: RTCRtpReceiver) -> Callable[[av.VideoFrame], int]:
    """A function that gives the RTP timestamp (RFC 3550, 5.1) of a frame that this receiver decoded, 0..2**32-1.

    aiortc counts from the first frame it received; the timestamp of that frame is private. Where a newer version has
    no such attribute, every timestamp is 0, and the sender has to match frames by time.
    """
    mapper: Any = getattr(receiver, STAMP_MAPPER, None)
    if not hasattr(mapper, "_origin"):
        log.warning(
            "aiortc's receiver has no %s with an _origin any more: frames are matched by time only", STAMP_MAPPER
        )
        return lambda _: 0

    def stamp(frame: av.VideoFrame) -> int:
        origin = mapper._origin
        return 0 if origin is None or frame.pts is None else int(origin + frame.pts) % (1 << 32)

    return stamp


def has_common(media: MediaDescription) -> bool:
    """Whether aiortc supports one of the codecs that this section of an offer lists."""
    return bool(find_common_codecs(CODECS[media.kind], media.rtp.codecs))


def hint_start_bitrate(answer: str, kilobits: int) -> str:
    """The SDP answer with x-google-start-bitrate in the fmtp line of each video codec; adds missing lines.

    Without it Chromium starts at 300 kbit/s and downscales the video for most of a minute. Other
    browsers ignore unknown parameters (RFC 8866, 6.15).
    """
    description = SessionDescription.parse(answer)
    for media in description.media:
        for codec in media.rtp.codecs:
            if media.kind == "video" and codec.name.lower() != RTX:
                codec.parameters["x-google-start-bitrate"] = kilobits
    return str(description)


def _set(module: ModuleType, name: str, value: float) -> None:
    if not hasattr(module, name):
        log.warning("%s has no %s any more: not changed", module.__name__, name)
        return
    setattr(module, name, value)
