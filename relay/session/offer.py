"""Validates an SDP offer before anything is created for it, so that a wrong one costs nothing and gets a clear error.

Knows nothing of connections.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from aiortc.sdp import MediaDescription, SessionDescription

from relay.errors import MalformedError, NoVideoError, TooManyTracksError, UnsupportedCodecError
from relay.media.aiortc_patches import codec

SENDS = ("sendrecv", "sendonly", None)  # no attribute means sendrecv (RFC 8866, 6.7)
DIRECTION = re.compile(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", re.MULTILINE)
RECEIVES = ("sendrecv", "recvonly", None)


def check(sdp: str) -> None:
    """Raises MalformedError, NoVideoError or UnsupportedCodecError where this offer cannot start a session."""
    _check(sdp, SENDS, "the offer sends no video: it needs an m=video section that is sendrecv or sendonly")


def check_watching(sdp: str) -> None:
    """The same for a viewer's offer."""
    _check(sdp, RECEIVES, "the offer asks for no video: it needs an m=video section that is recvonly or sendrecv")


def check_single(sdp: str) -> None:
    """Raises MalformedError, or TooManyTracksError where there is more than one video or audio (RFC 9725, 4.4.2)."""
    kinds = [one.kind for one in _parse(sdp).media]
    for kind in ("video", "audio"):
        if kinds.count(kind) > 1:
            raise TooManyTracksError(f"the offer has {kinds.count(kind)} m={kind} sections; one is taken, or none")


def make_active(sdp: str) -> str:
    """The offer with its side as DTLS client, where it leaves the role open (RFC 8842, 5.3).

    Else aiortc would be the client, with ciphers for ECDSA certificates only; GStreamer's certificate is RSA.
    """
    return sdp.replace("a=setup:actpass", "a=setup:active")


def add_directions(sdp: str) -> str:
    """The offer with a direction in every section: none means sendrecv (RFC 8866, 6.7), which aiortc does not apply."""
    head, *sections = re.split(r"^(?=m=)", sdp, flags=re.MULTILINE)
    whole = DIRECTION.search(head)
    line = whole[0].rstrip() if whole else "a=sendrecv"
    return head + "".join(one if DIRECTION.search(one) else f"{one.rstrip()}\r\n{line}\r\n" for one in sections)


@contextmanager
def offer_errors(errors: type[Exception] = Exception) -> Iterator[None]:
    """Turns errors in this context into MalformedError: aiortc documents no error of its own for a wrong offer.

    errors: the types to convert.
    """
    try:
        yield
    except errors as error:
        raise MalformedError(f"the offer cannot be used: {error}") from error


def _check(sdp: str, directions: tuple[str | None, ...], without: str) -> None:
    """directions: one of these is needed for a video. without: the error message where there is none."""
    whole = _parse(sdp)
    for one in whole.media:
        _check_transport(one)
    if len({one.rtp.muxId for one in whole.media if one.rtp.muxId}) < len(whole.media):
        raise MalformedError("every section of the offer needs an a=mid of its own")
    if sum(one.kind == "application" for one in whole.media) > 1:
        raise MalformedError("the offer has several m=application sections; one carries all data channels (RFC 8831)")
    video = [one for one in whole.media if one.kind == "video" and one.direction in directions]
    if not video:
        raise NoVideoError(without)
    _check_codecs(video[0], whole.media)
    _check_bundle(whole)


def _check_codecs(video: MediaDescription, media: list[MediaDescription]) -> None:
    for one in (video, *(one for one in media if one.kind == "audio")):
        with offer_errors():
            has_common = codec.has_common(one)
        if not has_common:
            known = "VP8 and H264 (packetization-mode 1)" if one.kind == "video" else "Opus, G722, PCMU and PCMA"
            raise UnsupportedCodecError(f"no {one.kind} codec in common: the relay knows {known}")


def _check_bundle(sdp: SessionDescription) -> None:
    """The first section named carries the others (RFC 8843, 7.2)."""
    names = {one.rtp.muxId for one in sdp.media}
    for group in sdp.group:
        if group.semantic == "BUNDLE" and names & set(group.items) and group.items[0] not in names:
            raise MalformedError("a=group:BUNDLE begins with a section that the offer does not have")


def _parse(sdp: str) -> SessionDescription:
    if not sdp.lstrip().startswith("v=0"):
        raise MalformedError("the offer is not SDP: it does not begin with v=0")
    try:
        return SessionDescription.parse(sdp)
    except Exception as error:
        # The parser has no error type of its own: it asserts, indexes and converts without validation.
        raise MalformedError("the offer is not SDP that the relay can read") from error


def _check_transport(media: MediaDescription) -> None:
    """Check what every section of a WebRTC offer needs (RFC 8829, 5.2.1)."""
    name = f"the offer's m={media.kind} section"
    if media.kind not in {"audio", "video", "application"}:
        raise MalformedError(f"{name} is neither audio, video nor a data channel")
    if media.ice is None or not (media.ice.usernameFragment and media.ice.password):
        raise MalformedError(f"{name} has no ice-ufrag and ice-pwd")
    if media.dtls is None or not media.dtls.fingerprints:
        raise MalformedError(f"{name} has no DTLS fingerprint and setup")
    if media.kind != "application" and not media.rtcp_mux:
        raise MalformedError(f"{name} does not offer rtcp-mux")
