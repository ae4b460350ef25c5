"""WHIP (RFC 9725) from the client's side: publishes a corrected track to any endpoint, and again when it was lost.

Knows nothing of who serves the endpoint or of where the tracks come from.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final

import aiohttp
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_before_delay, stop_never
from tenacity.stop import stop_base
from tenacity.wait import wait_random_exponential
from yarl import URL

from relay.errors import EgressError, UnknownRoomError, WrongPinError
from relay.sfu.egress import MeetingEvent, MeetingState, Tracks

SDP: Final = "application/sdp"
PATIENCE: Final = 10.0  # seconds for each answer, and from there to the connection that carries the media
FAREWELL: Final = 2.0  # seconds for the last word
AT_FIRST: Final = 10.0  # seconds; somebody waits to hear that he is in
FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0  # seconds between two attempts, unless the endpoint names others
LONGEST_ASKED: Final = 300.0  # seconds that an endpoint may ask to be left alone
MOST_HOPS: Final = 5  # redirections
LARGEST: Final = 65536  # bytes of an answer

log = logging.getLogger(__name__)


class LaterError(EgressError):
    """It may work later. after: seconds that the endpoint asked for."""

    def __init__(self, message: str, after: float = 0) -> None:
        super().__init__(message)
        self.after = after


class WhipEgress:
    """One person's way to one WHIP endpoint.

    address: http:// or https://. token: for Authorization, if the endpoint asks for one. ice_servers: for the relay's
    own side.
    """

    def __init__(self, address: str, token: str | None = None, ice_servers: Sequence[RTCIceServer] = ()) -> None:
        self._endpoint, self._ice_servers = Endpoint(address, token), ice_servers
        self._publication: Publication | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def publish(self, subscribe: Callable[[], Tracks], tell: Callable[[MeetingEvent], None]) -> None:
        """As Egress.publish()."""
        publication = await self._begin(subscribe, stop_before_delay(AT_FIRST))
        self._keeping = asyncio.create_task(self._keep(publication, subscribe, tell), name="whip")

    async def close(self) -> None:
        """As Egress.close()."""
        if self._keeping:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        if self._publication:
            await self._publication.end()
        await self._endpoint.close()

    async def _keep(
        self, publication: "Publication", subscribe: Callable[[], Tracks], tell: Callable[[MeetingEvent], None]
    ) -> None:
        """Publish again as often as the connection breaks, until the endpoint says no."""
        while True:
            await publication.over.wait()
            await publication.end()
            tell(MeetingEvent(MeetingState.LOST, "the connection to the meeting broke off"))
            try:
                publication = await self._begin(subscribe, stop_never)
            except EgressError as error:
                tell(MeetingEvent(MeetingState.ENDED, str(error)))
                return
            tell(MeetingEvent(MeetingState.JOINED))

    async def _begin(self, subscribe: Callable[[], Tracks], stop: stop_base) -> "Publication":
        """Be published. Raises EgressError where the answer is no, or LaterError when it is time to stop."""
        retrying = AsyncRetrying(retry=retry_if_exception_type(LaterError), wait=wait_as_asked, stop=stop, reraise=True)
        return await retrying(self._try, subscribe)

    async def _try(self, subscribe: Callable[[], Tracks]) -> "Publication":
        self._publication = publication = Publication(self._endpoint, self._ice_servers, subscribe())
        try:
            await publication.begin()
        except BaseException:
            await publication.end()
            raise
        return publication


class Publication:
    """One WHIP session. over: set once its connection has broken. tracks: its own; it stops them."""

    def __init__(self, endpoint: "Endpoint", ice_servers: Sequence[RTCIceServer], tracks: Tracks) -> None:
        self.over = asyncio.Event()
        self._endpoint, self._tracks = endpoint, tracks
        self._resource: URL | None = None
        self._settled = asyncio.Event()
        self._ending: asyncio.Task[None] | None = None
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=list(ice_servers)))
        self._peer.on("connectionstatechange", self._follow_connection)

    async def begin(self) -> None:
        """Publish; returns when the media can flow. Raises EgressError; end() is then still due."""
        for track in (self._tracks.audio, self._tracks.video):
            if track:
                self._peer.addTransceiver(track, direction="sendonly")
        await self._peer.setLocalDescription(await self._peer.createOffer())
        answer, self._resource = await self._endpoint.post(self._peer.localDescription.sdp)
        try:
            await self._peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        except Exception as error:
            # aiortc promises no error of its own for what a peer may write into an answer.
            raise EgressError("the WHIP endpoint's answer cannot be used: it may have no codec in common") from error
        await self._connect()

    async def end(self) -> None:
        """Take leave, and hold nothing any more; may be called again.

        A task of its own: a connection of aiortc whose close() is cancelled half way can never be closed again.
        """
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(), name="end of a WHIP session")
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        resource, self._resource = self._resource, None
        if resource:
            await self._endpoint.delete(resource)
        await self._peer.close()
        for track in (self._tracks.audio, self._tracks.video):
            if track:
                track.stop()

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._settled.wait()
        except TimeoutError:
            self.over.set()
        if self.over.is_set():
            raise LaterError(
                "the WHIP endpoint answers, but no media can flow: its UDP ports, or TURN, must be open to the relay"
            )

    def _follow_connection(self) -> None:
        match self._peer.connectionState:
            case "connected":
                self._settled.set()
            case "failed" | "closed":
                self.over.set()
                self._settled.set()


class Endpoint:
    """The HTTP side: what is posted to a WHIP endpoint, and deleted again. token: goes along with every request, also
    to where the endpoint redirects (RFC 9725, 4.5), but never from https to http.
    """

    def __init__(self, address: str, token: str | None) -> None:
        self._address = URL(address)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http: aiohttp.ClientSession | None = None

    async def post(self, offer: str) -> tuple[str, URL | None]:
        """The answer, and the address of what was opened, where it is told. Raises EgressError."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._post(offer)
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            log.debug("no answer from the WHIP endpoint: %s", type(error).__name__)
            raise LaterError("the WHIP endpoint cannot be reached; ask who runs it whether it is up") from error

    async def delete(self, resource: URL) -> None:
        """End what was opened; where nobody hears it, it will end by itself."""
        try:
            async with (
                asyncio.timeout(FAREWELL),
                self._client().delete(resource, headers=self._headers, allow_redirects=False),
            ):
                pass
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            log.debug("no farewell from the WHIP endpoint: %s", type(error).__name__)

    async def close(self) -> None:
        """Hold nothing any more; may be called again."""
        if self._http:
            await self._http.close()

    def _client(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession()
        return self._http

    async def _post(self, offer: str) -> tuple[str, URL | None]:
        address, headers = self._address, {**self._headers, "Content-Type": SDP, "Accept": SDP}
        for _ in range(MOST_HOPS):
            request = self._client().post(address, data=offer.encode(), headers=headers, allow_redirects=False)
            async with request as response:
                if response.status not in {HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT}:
                    return await _read(response)
                address = _onwards(address, response)
        raise EgressError(f"the WHIP endpoint redirects more than {MOST_HOPS} times")


def wait_as_asked(state: RetryCallState) -> float:
    """Seconds until the next attempt: more with every one, and no less than the endpoint asked for."""
    error = state.outcome.exception() if state.outcome else None
    asked = min(error.after, LONGEST_ASKED) if isinstance(error, LaterError) else 0.0
    return max(asked, wait_random_exponential(FIRST_WAIT, LONGEST_WAIT, min=FIRST_WAIT)(state))


async def _read(response: aiohttp.ClientResponse) -> tuple[str, URL | None]:
    """The answer in a response, and the address of what was opened. Raises EgressError."""
    _check_status(response)
    body = await response.content.read(LARGEST + 1)
    while len(body) <= LARGEST and (more := await response.content.read(LARGEST + 1 - len(body))):
        body += more
    if response.content_type != SDP or len(body) > LARGEST:
        raise EgressError("the WHIP endpoint answers with something that is no SDP")
    location = response.headers.get("Location")
    return body.decode(errors="replace"), response.url.join(URL(location)) if location else None


def _check_status(response: aiohttp.ClientResponse) -> None:
    match response.status:
        case HTTPStatus.CREATED:
            return
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            raise WrongPinError("the WHIP endpoint does not accept the token; ask who runs it for another one")
        case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
            raise UnknownRoomError("there is no WHIP endpoint at this address (any more)")
        case status if status >= 500 or status == HTTPStatus.TOO_MANY_REQUESTS:
            raise LaterError(f"the WHIP endpoint has no room now (HTTP {status}); try again later", _after(response))
        case status:
            raise EgressError(f"the WHIP endpoint refuses the offer (HTTP {status})")


def _after(response: aiohttp.ClientResponse) -> float:
    """Seconds to wait; a date, which Retry-After may be as well, is left alone."""
    word = response.headers.get("Retry-After", "")
    return float(word) if word.isascii() and word.isdecimal() else 0.0


def _onwards(address: URL, response: aiohttp.ClientResponse) -> URL:
    target = address.join(URL(response.headers.get("Location", "")))
    if target.scheme not in {"http", "https"} or (address.scheme, target.scheme) == ("https", "http"):
        raise EgressError("the WHIP endpoint redirects to where the relay must not go")
    return target
