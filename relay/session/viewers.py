"""Who watches a session: a connection each, all of the one corrected picture. Knows nothing of HTTP or of gaze."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCRtpTransceiver, RTCSessionDescription

from relay.errors import BusyError, UnknownSessionError
from relay.session import offer
from relay.session.trickle import Trickle
from relay.sfu.egress import Tracks

PATIENCE: Final = 15.0  # seconds from the answer to the connection; then the viewer will not come

log = logging.getLogger(__name__)


class Viewer:
    """One viewer, from the offer to the last released byte. tracks: the viewer's own; it stops them.

    open() once, then run() until it returns; end() at any time.
    """

    def __init__(self, name: str, tracks: Tracks, ice_servers: Sequence[RTCIceServer]) -> None:
        self.name = name
        self._tracks = tracks
        self._settled, self._over = asyncio.Event(), asyncio.Event()
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=list(ice_servers)))
        self._peer.on("connectionstatechange", self._follow_connection)
        self.trickle = Trickle(self._peer)

    async def open(self, sdp: str) -> str:
        """Answer a checked offer, with all candidates. Raises MalformedError; release() is then still due."""
        with offer.offer_errors():
            whole = offer.settle_directions(offer.make_active(sdp))
            await self._peer.setRemoteDescription(RTCSessionDescription(whole, "offer"))
        self._send_tracks(self._peer.getTransceivers())
        with offer.offer_errors():
            answer = await self._peer.createAnswer()
        with offer.offer_errors(ValueError):  # it repeats what the offer says; what else fails is not the offer's fault
            await self._peer.setLocalDescription(answer)
        return str(self._peer.localDescription.sdp)

    async def run(self) -> None:
        """Send until the viewer is gone, the picture ends or end() was called, then release everything."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._settled.wait()
            if not self._settled.is_set():
                self.end("it never connected")
            await self._over.wait()
        finally:
            await self.release()

    def end(self, reason: str) -> None:
        """Make run() come to its end. Only the first reason counts."""
        if not self._over.is_set():
            log.info("viewer %s goes: %s", self.name[:6], reason)
            self._over.set()
            self._settled.set()

    async def release(self) -> None:
        """Give back everything that is held."""
        self._over.set()
        for track in (self._tracks.video, self._tracks.audio):
            if track is not None:
                track.stop()
        try:
            await self._peer.close()
        except Exception:
            # What an offer has left half built may not come down whole.
            log.exception("viewer %s: its connection did not close", self.name[:6])

    def _send_tracks(self, transceivers: list[RTCRtpTransceiver]) -> None:
        """Video and, where there is sound and it is wanted, sound; all else is refused."""
        for one in transceivers:
            one.direction = "inactive"
        for track in (self._tracks.video, self._tracks.audio):
            if track is None:
                continue
            takers = [one for one in transceivers if one.kind == track.kind]
            for one in takers:
                one.sender.replaceTrack(track)
                one.direction = "sendonly"
            if not takers:
                track.stop()
        self._tracks.video.on("ended", lambda: self.end("there is no more to see"))

    def _follow_connection(self) -> None:
        match self._peer.connectionState:
            case "connected":
                self._settled.set()
            case "failed" | "closed":
                self.end("its connection ended")


@dataclass(frozen=True)
class Admitted:
    """A new viewer, and the SDP answer to its offer."""

    viewer: Viewer
    answer: str


class Viewers:
    """All viewers of one session, and the tasks that run them. subscribe: gives the tracks for one more; may raise
    RequestError. most: so many at the same time. ice_servers: of the relay's side.
    """

    def __init__(
        self, subscribe: Callable[[], Tracks], *, most: int, ice_servers: Callable[[], Sequence[RTCIceServer]]
    ) -> None:
        self._subscribe, self._most, self._ice_servers = subscribe, most, ice_servers
        self._running: dict[str, tuple[Viewer, asyncio.Task[None]]] = {}
        self._opening = 0
        self._closed = False

    def __len__(self) -> int:
        return self._opening + len(self._running)

    async def open(self, sdp: str) -> Admitted:
        """One more viewer. Raises RequestError."""
        if len(self) >= self._most:
            raise BusyError(f"the session has {len(self)} viewers, as many as it may; try again later")
        offer.check_single(sdp)
        offer.check_watching(sdp)
        self._opening += 1
        try:
            return await self._start(sdp)
        finally:
            self._opening -= 1

    def find(self, name: str) -> Viewer:
        """The viewer of this name. Raises UnknownSessionError."""
        if name not in self._running:
            raise UnknownSessionError("there is no viewer of that name; it may have gone")
        return self._running[name][0]

    async def close(self, name: str) -> None:
        """Send a viewer away and wait until it holds nothing. Raises UnknownSessionError."""
        self.find(name).end("closed by its client")
        await asyncio.wait([self._running[name][1]])

    async def close_all(self) -> None:
        """Send all away, wait for them, and let no more in."""
        self._closed = True
        running = list(self._running.values())
        for viewer, _ in running:
            viewer.end("its session ended")
        if running:
            await asyncio.wait([task for _, task in running])

    async def _start(self, sdp: str) -> Admitted:
        viewer = Viewer(secrets.token_urlsafe(16), self._subscribe(), self._ice_servers())
        try:
            answer = await viewer.open(sdp)
            if self._closed:
                raise UnknownSessionError("the session has just ended")
        except BaseException:
            await viewer.release()
            raise
        task = asyncio.create_task(self._run(viewer), name=f"viewer {viewer.name[:6]}")
        self._running[viewer.name] = viewer, task
        log.info("viewer %s comes", viewer.name[:6])
        return Admitted(viewer, answer)

    async def _run(self, viewer: Viewer) -> None:
        try:
            await viewer.run()
        except Exception:
            log.exception("viewer %s broke down", viewer.name[:6])
        finally:
            del self._running[viewer.name]
