"""ICE candidates sent after the offer (RFC 8838), in SDP fragments (RFC 8840). Knows nothing of their transport."""

import asyncio
import re
import secrets
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Self

from aiortc import RTCIceCandidate, RTCPeerConnection
from aiortc.sdp import SessionDescription, candidate_from_sdp

from relay.errors import IceRestartError, MalformedError

MAX_CANDIDATES: Final = 64  # candidates of one connection: each is checked from every address of this machine
LINE: Final = re.compile(r"([a-z])=(.*)")
MDNS: Final = ".local"


@dataclass(frozen=True)
class Fragment:
    """A parsed fragment. candidates: the usable ones, each with the mid of its section. usernames: its ice-ufrags.
    complete: no more candidates will follow.
    """

    candidates: tuple[RTCIceCandidate, ...]
    usernames: frozenset[str]
    complete: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the body of a request. Raises MalformedError."""
        sections = _sections(text)
        lines = [line for section in sections for line in section]
        usernames = frozenset(_values(lines, "ice-ufrag:"))
        complete = "end-of-candidates" in lines
        given = [_parse_candidate(value, section) for section in sections for value in _values(section, "candidate:")]
        if not (given or usernames or complete):
            raise MalformedError("the fragment has no a=candidate, a=ice-ufrag or a=end-of-candidates")
        return cls(tuple(one for one in given if _usable(one)), usernames, complete)


class Trickle:
    """Adds the remote candidates of a connection. peer: must have the remote offer when add() is called.

    tag: identifies the current ICE session, as an entity tag without its quotes.
    """

    def __init__(self, peer: RTCPeerConnection) -> None:
        self.tag = secrets.token_urlsafe(8)
        self._peer, self._remaining = peer, MAX_CANDIDATES

    async def add(self, text: str) -> None:
        """Add the fragment's candidates; unusable ones are ignored. Raises MalformedError, IceRestartError where the
        fragment is for another ICE session.
        """
        fragment = Fragment.parse(text)
        if not fragment.usernames <= self._usernames():
            raise IceRestartError("ICE cannot be restarted here: end this session and open another one")
        candidates = fragment.candidates[: self._remaining]
        self._remaining -= len(candidates)
        await asyncio.gather(*(self._peer.addIceCandidate(one) for one in candidates))
        if fragment.complete and self._transports() == 1:
            await self._peer.addIceCandidate(None)

    def _usernames(self) -> set[str]:
        """The remote ice-ufrags, from the offer."""
        offer = SessionDescription.parse(self._peer.remoteDescription.sdp)
        return {media.ice.usernameFragment for media in offer.media if media.ice and media.ice.usernameFragment}

    def _transports(self) -> int:
        """The number of ICE transports: one where everything is bundled."""
        used = {one.receiver.transport for one in self._peer.getTransceivers()}
        return len(used | ({self._peer.sctp.transport} if self._peer.sctp else set()))


def _sections(text: str) -> list[list[str]]:
    """The attributes of the session and of each m= section. Raises MalformedError for invalid SDP."""
    sections: list[list[str]] = [[]]
    for line in filter(None, map(str.strip, text.splitlines())):
        found = LINE.fullmatch(line)
        if not found:
            raise MalformedError("the fragment is not SDP: each line is a letter, = and a value")
        if found[1] == "m":
            sections.append([])
        elif found[1] == "a":
            sections[-1].append(found[2])
    return sections


def _values(attributes: list[str], name: str) -> list[str]:
    return [attribute.removeprefix(name) for attribute in attributes if attribute.startswith(name)]


def _parse_candidate(value: str, section: list[str]) -> RTCIceCandidate:
    """The candidate, with the mid of its section."""
    mids = _values(section, "mid:")
    if not mids:
        raise MalformedError("a candidate is in no m= section with an a=mid")
    try:
        candidate = candidate_from_sdp(value)
    except (AssertionError, ValueError) as error:
        raise MalformedError("a candidate is not one of RFC 8839, 5.1") from error
    candidate.sdpMid = mids[0]
    return candidate


def _usable(candidate: RTCIceCandidate) -> bool:
    """Whether UDP packets can be sent to it."""
    if candidate.protocol.lower() != "udp" or candidate.component != 1 or not 0 < candidate.port < 65536:
        return False
    if candidate.ip.endswith(MDNS):
        return True
    try:
        return not ip_address(candidate.ip).is_multicast
    except ValueError:
        return False
