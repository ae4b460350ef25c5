"""The viewers of a session: each has its own connection, all get the same corrected video. Knows no HTTP, no gaze."""

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

CONNECT_TIMEOUT: Final = 15.0  # seconds from the answer to the connection

log = logging.getLogger(__name__)


class Viewer:
    """One viewer, from its offer to its release. tracks: owned by the viewer; it stops them.

    open() once, then run() until it returns; end() at any time.
    """

    def __init__(self, name: str, tracks: Tracks, ice_servers: Sequence[RTCIceServer]) -> None:
        self.name = name
        self._tracks = tracks
        self._connected_or_ended, self._ended = asyncio.Event(), asyncio.Event()
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=list(ice_servers)))
        self._peer.on("connectionstatechange", self._on_connection_state)
        self.trickle = Trickle(self._peer)

    async def open(self, sdp: str) -> str:
        """Answer a checked offer, with all candidates. Raises MalformedError; call release() then, too."""
        with offer.offer_errors():
            whole = offer.add_directions(offer.make_active(sdp))
            await self._peer.setRemoteDescription(RTCSessionDescription(whole, "offer"))
        self._send_tracks(self._peer.getTransceivers())
        with offer.offer_errors():
            answer = await self._peer.createAnswer()
        with offer.offer_errors(ValueError):  # for values taken from the offer; other errors are not the offer's fault
            await self._peer.setLocalDescription(answer)
        return str(self._peer.localDescription.sdp)

    async def run(self) -> None:
        """Send until the viewer is gone, the video ends or end() was called, then release everything."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    await self._connected_or_ended.wait()
            if not self._connected_or_ended.is_set():
                self.end("it never connected")
            await self._ended.wait()
        finally:
            await self.release()

    def end(self, reason: str) -> None:
        """Make run() return. Only the first reason is logged."""
        if not self._ended.is_set():
            log.info("viewer %s ends: %s", self.name[:6], reason)
            self._ended.set()
            self._connected_or_ended.set()

    async def release(self) -> None:
        """Release all resources."""
        self._ended.set()
        for track in (self._tracks.video, self._tracks.audio):
            if track is not None:
                track.stop()
        try:
            await self._peer.close()
        except Exception:
            # A connection set up only in part may fail to close.
            log.exception("viewer %s: its connection did not close", self.name[:6])

    def _send_tracks(self, transceivers: list[RTCRtpTransceiver]) -> None:
        """Send video and, where it exists and is requested, audio; refuse everything else."""
        for one in transceivers:
            one.direction = "inactive"
        for track in (self._tracks.video, self._tracks.audio):
            if track is None:
                continue
            receiving = [one for one in transceivers if one.kind == track.kind]
            for one in receiving:
                one.sender.replaceTrack(track)
                one.direction = "sendonly"
            if not receiving:
                track.stop()
        self._tracks.video.on("ended", lambda: self.end("the video has ended"))

    def _on_connection_state(self) -> None:
        match self._peer.connectionState:
            case "connected":
                self._connected_or_ended.set()
            case "failed" | "closed":
                self.end("its connection ended")


@dataclass(frozen=True)
class Admitted:
    """A new viewer, and the SDP answer to its offer."""

    viewer: Viewer
    answer: str


class Viewers:
    """All viewers of one session, and the tasks that run them. subscribe: returns the tracks for one more; may raise
    RequestError. most: limit of viewers at the same time. ice_servers: for the relay's side.
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
        """Add a viewer. Raises RequestError."""
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
        """End a viewer and wait until it is released. Raises UnknownSessionError."""
        self.find(name).end("closed by its client")
        await asyncio.wait([self._running[name][1]])

    async def close_all(self) -> None:
        """End all viewers, wait for them, and refuse new ones."""
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
        log.info("viewer %s begins", viewer.name[:6])
        return Admitted(viewer, answer)

    async def _run(self, viewer: Viewer) -> None:
        try:
            await viewer.run()
        except Exception:
            log.exception("viewer %s broke down", viewer.name[:6])
        finally:
            del self._running[viewer.name]
