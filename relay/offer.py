"""Reads an SDP offer before anything is built for it, so that a wrong one costs nothing and is named plainly.

Knows nothing of connections.
"""

from aiortc.sdp import MediaDescription, SessionDescription

from relay.errors import MalformedError, NoVideoError, UnsupportedCodecError
from relay.media import codec

SENDS = ("sendrecv", "sendonly", None)  # no attribute means sendrecv (RFC 8866, 6.7)


def check(sdp: str) -> None:
    """Raises MalformedError, NoVideoError or UnsupportedCodecError where no session can come of this offer."""
    media = _parse(sdp).media
    for one in media:
        _check_transport(one)
    if len({one.rtp.muxId for one in media if one.rtp.muxId}) < len(media):
        raise MalformedError("every section of the offer needs an a=mid of its own")
    video = [one for one in media if one.kind == "video" and one.direction in SENDS]
    if not video:
        raise NoVideoError("the offer sends no video: it needs an m=video section that is sendrecv or sendonly")
    for one in (video[0], *(one for one in media if one.kind == "audio")):
        if not codec.has_common(one):
            known = "VP8 and H264 (packetization-mode 1)" if one.kind == "video" else "Opus, G722, PCMU and PCMA"
            raise UnsupportedCodecError(f"no {one.kind} codec in common: the relay knows {known}")


def _parse(sdp: str) -> SessionDescription:
    if not sdp.lstrip().startswith("v=0"):
        raise MalformedError("the offer is not SDP: it does not begin with v=0")
    try:
        return SessionDescription.parse(sdp)
    except Exception as error:
        # The parser promises no error of its own: it asserts, indexes and converts whatever it is given.
        raise MalformedError("the offer is not SDP that the relay can read") from error


def _check_transport(media: MediaDescription) -> None:
    """What every section of a WebRTC offer has (RFC 8829, 5.2.1)."""
    name = f"the offer's m={media.kind} section"
    if media.kind not in {"audio", "video", "application"}:
        raise MalformedError(f"{name} is neither audio, video nor a data channel")
    if media.ice is None or not (media.ice.usernameFragment and media.ice.password):
        raise MalformedError(f"{name} has no ice-ufrag and ice-pwd")
    if media.dtls is None or not media.dtls.fingerprints:
        raise MalformedError(f"{name} has no DTLS fingerprint and setup")
    if media.kind != "application" and not media.rtcp_mux:
        raise MalformedError(f"{name} does not offer rtcp-mux")
