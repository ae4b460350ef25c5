"""WHIP client (RFC 9725): publishes a corrected track to any endpoint, and again when the connection is lost.

Knows nothing of the server behind the endpoint or of where the tracks come from.
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
TIMEOUT: Final = 10.0  # seconds for each response, and from there until connected
DELETE_TIMEOUT: Final = 2.0  # seconds for the DELETE
FIRST_PUBLISH_TIMEOUT: Final = 10.0  # seconds of retries; the client is waiting for the result
MIN_WAIT, MAX_WAIT = 0.5, 10.0  # seconds between two attempts, unless Retry-After says more
MAX_RETRY_AFTER: Final = 300.0  # seconds
MAX_REDIRECTS: Final = 5
MAX_ANSWER_BYTES: Final = 65536  # of a response

log = logging.getLogger(__name__)


class RetryableError(EgressError):
    """A retry may succeed. retry_after: seconds of the response's Retry-After."""

    def __init__(self, message: str, retry_after: float = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class WhipEgress:
    """Publishes one person to one WHIP endpoint.

    address: http:// or https://. token: for Authorization, if the endpoint requires one. ice_servers: for the relay's
    own side.
    """

    def __init__(self, address: str, token: str | None = None, ice_servers: Sequence[RTCIceServer] = ()) -> None:
        self._endpoint, self._ice_servers = Endpoint(address, token), ice_servers
        self._publication: Publication | None = None
        self._republishing: asyncio.Task[None] | None = None

    async def publish(self, subscribe: Callable[[], Tracks], notify: Callable[[MeetingEvent], None]) -> None:
        """As Egress.publish()."""
        publication = await self._publish(subscribe, stop_before_delay(FIRST_PUBLISH_TIMEOUT))
        self._republishing = asyncio.create_task(self._republish_when_lost(publication, subscribe, notify), name="whip")

    async def close(self) -> None:
        """As Egress.close()."""
        if self._republishing:
            self._republishing.cancel()
            await asyncio.wait([self._republishing])
        if self._publication:
            await self._publication.end()
        await self._endpoint.close()

    async def _republish_when_lost(
        self, publication: "Publication", subscribe: Callable[[], Tracks], notify: Callable[[MeetingEvent], None]
    ) -> None:
        """Publish again whenever the connection is lost, until the endpoint refuses."""
        while True:
            await publication.over.wait()
            await publication.end()
            notify(MeetingEvent(MeetingState.LOST, "the connection to the meeting was lost"))
            try:
                publication = await self._publish(subscribe, stop_never)
            except EgressError as error:
                notify(MeetingEvent(MeetingState.ENDED, str(error)))
                return
            notify(MeetingEvent(MeetingState.JOINED))

    async def _publish(self, subscribe: Callable[[], Tracks], stop: stop_base) -> "Publication":
        """Publish, with retries. Raises EgressError if it is refused, RetryableError when the retries end."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(RetryableError), wait=wait_before_retry, stop=stop, reraise=True
        )
        return await retrying(self._publish_once, subscribe)

    async def _publish_once(self, subscribe: Callable[[], Tracks]) -> "Publication":
        self._publication = publication = Publication(self._endpoint, self._ice_servers, subscribe())
        try:
            await publication.begin()
        except BaseException:
            await publication.end()
            raise
        return publication


class Publication:
    """One WHIP session. over: set once its connection is lost. tracks: its own; it stops them."""

    def __init__(self, endpoint: "Endpoint", ice_servers: Sequence[RTCIceServer], tracks: Tracks) -> None:
        self.over = asyncio.Event()
        self._endpoint, self._tracks = endpoint, tracks
        self._resource: URL | None = None
        self._settled = asyncio.Event()
        self._ending: asyncio.Task[None] | None = None
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=list(ice_servers)))
        self._peer.on("connectionstatechange", self._on_connection_state)

    async def begin(self) -> None:
        """Publish; returns once connected. Raises EgressError; end() must then still be called."""
        for track in (self._tracks.audio, self._tracks.video):
            if track:
                self._peer.addTransceiver(track, direction="sendonly")
        await self._peer.setLocalDescription(await self._peer.createOffer())
        answer, self._resource = await self._endpoint.post(self._peer.localDescription.sdp)
        try:
            await self._peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        except Exception as error:
            # aiortc documents no exception type for an invalid answer.
            raise EgressError("the WHIP endpoint's answer cannot be used: it may have no codec in common") from error
        await self._connect()

    async def end(self) -> None:
        """Delete the session and release everything; may be called again.

        Runs in its own task: an aiortc connection whose close() is cancelled half-way can never be closed again.
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
            async with asyncio.timeout(TIMEOUT):
                await self._settled.wait()
        except TimeoutError:
            self.over.set()
        if self.over.is_set():
            raise RetryableError(
                "the WHIP endpoint answers, but no media can flow: the relay must reach its UDP ports, or TURN"
            )

    def _on_connection_state(self) -> None:
        match self._peer.connectionState:
            case "connected":
                self._settled.set()
            case "failed" | "closed":
                self.over.set()
                self._settled.set()


class Endpoint:
    """The HTTP requests to a WHIP endpoint. token: sent with every request, also to the target of a redirect (RFC 9725,
    4.5), but never from https to http.
    """

    def __init__(self, address: str, token: str | None) -> None:
        self._address = URL(address)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http: aiohttp.ClientSession | None = None

    async def post(self, offer: str) -> tuple[str, URL | None]:
        """Post an offer: the answer, and the URL of the new session if Location gives one. Raises EgressError."""
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._post(offer)
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            log.debug("no answer from the WHIP endpoint: %s", type(error).__name__)
            raise RetryableError(
                "the WHIP endpoint cannot be reached; ask its operator whether it is running"
            ) from error

    async def delete(self, resource: URL) -> None:
        """Delete a session; errors are ignored, as the server detects the closed connection anyway."""
        try:
            async with (
                asyncio.timeout(DELETE_TIMEOUT),
                self._client().delete(resource, headers=self._headers, allow_redirects=False),
            ):
                pass
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            log.debug("the WHIP session could not be deleted: %s", type(error).__name__)

    async def close(self) -> None:
        """Close the HTTP client; may be called again."""
        if self._http:
            await self._http.close()

    def _client(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession()
        return self._http

    async def _post(self, offer: str) -> tuple[str, URL | None]:
        address, headers = self._address, {**self._headers, "Content-Type": SDP, "Accept": SDP}
        for _ in range(MAX_REDIRECTS):
            request = self._client().post(address, data=offer.encode(), headers=headers, allow_redirects=False)
            async with request as response:
                if response.status not in {HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT}:
                    return await _read(response)
                address = _redirect_target(address, response)
        raise EgressError(f"the WHIP endpoint redirects more than {MAX_REDIRECTS} times")


def wait_before_retry(state: RetryCallState) -> float:
    """Seconds until the next attempt: growing, and no less than Retry-After."""
    error = state.outcome.exception() if state.outcome else None
    minimum = min(error.retry_after, MAX_RETRY_AFTER) if isinstance(error, RetryableError) else 0.0
    return max(minimum, wait_random_exponential(MIN_WAIT, MAX_WAIT, min=MIN_WAIT)(state))


async def _read(response: aiohttp.ClientResponse) -> tuple[str, URL | None]:
    """The answer in a response, and the URL of the new session. Raises EgressError."""
    _check_status(response)
    body = await response.content.read(MAX_ANSWER_BYTES + 1)
    while len(body) <= MAX_ANSWER_BYTES and (more := await response.content.read(MAX_ANSWER_BYTES + 1 - len(body))):
        body += more
    if response.content_type != SDP or len(body) > MAX_ANSWER_BYTES:
        raise EgressError("the WHIP endpoint's answer is not SDP, or too large")
    location = response.headers.get("Location")
    return body.decode(errors="replace"), response.url.join(URL(location)) if location else None


def _check_status(response: aiohttp.ClientResponse) -> None:
    match response.status:
        case HTTPStatus.CREATED:
            return
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            raise WrongPinError("the WHIP endpoint does not accept the token; ask its operator for another one")
        case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
            raise UnknownRoomError("there is no WHIP endpoint at this address")
        case status if status >= 500 or status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RetryableError(
                f"the WHIP endpoint is unavailable (HTTP {status}); try again later", _retry_after(response)
            )
        case status:
            raise EgressError(f"the WHIP endpoint refuses the offer (HTTP {status})")


def _retry_after(response: aiohttp.ClientResponse) -> float:
    """Seconds in Retry-After; a date, which it may contain as well, is ignored."""
    word = response.headers.get("Retry-After", "")
    return float(word) if word.isascii() and word.isdecimal() else 0.0


def _redirect_target(address: URL, response: aiohttp.ClientResponse) -> URL:
    target = address.join(URL(response.headers.get("Location", "")))
    if target.scheme not in {"http", "https"} or (address.scheme, target.scheme) == ("https", "http"):
        raise EgressError("the WHIP endpoint redirects to a URL that the relay does not follow")
    return target
