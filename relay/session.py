"""One person: states, connection, pipeline, data channel, one TaskGroup, and the end of all of them.

Knows nothing of HTTP, of other sessions, or of how a face is found.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any, Final, Protocol

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)

from relay.config import Correction, ReturnMode, Serve
from relay.control import Control
from relay.errors import MalformedError, NoVideoError
from relay.gaze.face import Faces
from relay.media import codec
from relay.media.fan import Fan
from relay.media.pipeline import Ears, Pipeline
from relay.media.stages import Hands, Stages
from relay.media.trace import Note, Recent
from relay.media.track import CorrectedTrack, DelayedTrack, Stamper, ingest
from relay.metrics import Meter, Statistics
from relay.sfu.egress import Egress, News, Presence, Tracks

CHANNEL: Final = "eyeline"
FIELDS: Final = "fields"  # the channel of docs/protocol.md
PATIENCE: Final = 15.0  # seconds from the answer to the connection; then the peer will not come
MOST_UNSENT: Final = 65536  # bytes waiting in the data channel; a peer that reads so slowly misses messages
MOST_UNSENT_FIELDS: Final = 16384  # the same, of packets that are of no use once the next one is there
TRACE_EVERY: Final = 0.2  # seconds

log = logging.getLogger(__name__)


class State(StrEnum):
    """Where a session is in its life."""

    OPENING = "opening"  # the offer is being answered
    CONNECTING = "connecting"  # answered; ICE and DTLS are under way
    LIVE = "live"  # connected
    CLOSING = "closing"  # what it holds is being released
    CLOSED = "closed"  # it holds nothing


NEXT: Final = {
    State.OPENING: {State.CONNECTING, State.CLOSING},
    State.CONNECTING: {State.LIVE, State.CLOSING},
    State.LIVE: {State.CLOSING},
    State.CLOSING: {State.CLOSED},
    State.CLOSED: set[State](),
}


class Eyes(Stages[Faces, Any], Protocol):
    """The stages of one person, with the correction they apply."""

    correction: Correction


class Session:
    """From an offer to the last released byte. eyes are the session's own: it closes them.

    open() once, then run() until it returns; end() at any time. clock: monotonic seconds. returns: what goes back to
    the peer. egress: the meeting that gets the corrected track, if any. owner: who may touch the session; empty where
    nobody is asked who he is. note: hears of every stage's work.
    """

    def __init__(
        self,
        name: str,
        eyes: Eyes,
        *,
        settings: Serve,
        hands: Hands,
        clock: Callable[[], float],
        returns: ReturnMode = "video",
        egress: Egress | None = None,
        owner: str = "",
        note: Callable[[Note], None] = lambda _: None,
    ) -> None:
        self.name, self.owner = name, owner
        self._state = State.OPENING
        self._eyes, self._settings, self._hands, self._clock = eyes, settings, hands, clock
        self._meter = Meter(settings.pipeline, clock(), returns)
        self._recent, self._note = Recent(), note
        ears = Ears[Faces](self._see, self._take_note, self._send_packet if returns == "field" else None)
        self._pipeline: Pipeline[Faces, Any] = Pipeline(
            eyes, hands, lines=settings.lines, meter=self._meter, clock=clock, ears=ears
        )
        self._returns, self._egress = returns, egress
        self._fans: dict[str, Fan] = {}
        self._control = Control(eyes, self._send, settings.max_message_bytes, clock)
        self._channel: RTCDataChannel | None = None
        self._fields: RTCDataChannel | None = None
        self._faces = 0
        self._lines: list[Coroutine[Any, Any, None]] = []
        self._connected, self._over = asyncio.Event(), asyncio.Event()
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=_ice_servers(settings.ice_servers)))
        self._peer.on("connectionstatechange", self._follow_connection)
        self._peer.on("datachannel", self._adopt_channel)

    @property
    def state(self) -> State:
        """Where the session is in its life."""
        return self._state

    def statistics(self) -> Statistics:
        """What it has done until now."""
        return self._meter.report(self._clock(), dropped=self._pipeline.dropped, faces=self._faces)

    async def open(self, offer: str) -> str:
        """Answer a checked offer, with all candidates, and be in the meeting, if there is one.

        Raises MalformedError, EgressError; release() is then still due.
        """
        try:
            await self._peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        except Exception as error:
            # aiortc promises no error of its own for what a peer may write into an offer.
            raise MalformedError(f"the offer cannot be used: {error}") from error
        self._return_tracks(self._peer.getTransceivers())
        await self._peer.setLocalDescription(await self._peer.createAnswer())
        if self._egress:
            await self._egress.publish(self.subscribe, self._hear_of_meeting)
        self._enter(State.CONNECTING)
        return codec.hint_start_bitrate(self._peer.localDescription.sdp, self._settings.start_bitrate)

    def subscribe(self) -> Tracks:
        """Corrected video, and sound in step with it, for one more taker. Raises NoVideoError where none is made."""
        if "video" not in self._fans:
            raise NoVideoError("this session makes no corrected video: its client warps by itself")
        sound = self._fans.get("audio")
        return Tracks(self._fans["video"].branch(), sound.branch() if sound else None)

    def tell(self, kind: str, **content: object) -> None:
        """Send the client a message of this type, if it listens."""
        self._control.say(kind, **content)

    async def run(self) -> None:
        """Carry frames until the peer is gone or end() was called, then release everything."""
        try:
            async with asyncio.TaskGroup() as group:
                lines = (*self._pipeline.lines(), *self._lines, self._await_peer(), self._report(), self._trace())
                tasks = [group.create_task(line) for line in lines]
                await self._over.wait()
                for task in tasks:
                    task.cancel()
        finally:
            await self.release()

    def end(self, reason: str) -> None:
        """Make run() come to its end. Only the first reason counts."""
        if not self._over.is_set():
            log.info("session %s ends: %s", self.name[:6], reason)
            self._over.set()

    async def release(self) -> None:
        """Give back everything that is held."""
        self._enter(State.CLOSING)
        # 1. No more frames in or out.
        self._pipeline.close()
        for line in self._lines:
            line.close()
        for fan in self._fans.values():
            fan.close()
        # 2. The connections: their tasks, sockets, encoders and decoder threads.
        if self._egress:
            await self._egress.close()
        await self._peer.close()
        # 3. Stages still running in a thread; only then what they use.
        await self._pipeline.settle()
        await asyncio.get_running_loop().run_in_executor(self._hands.landmarks, self._eyes.close)
        self._enter(State.CLOSED)

    def _return_tracks(self, transceivers: list[RTCRtpTransceiver]) -> None:
        """Take the first video and the first audio, and give them back if that is wanted; refuse all others.

        Where fields go back there is no corrected video, and the sound, which then needs no delay, stays where it is.
        """
        offered = [one for one in transceivers if one.receiver.track is not None]
        for one in transceivers:
            one.direction = "inactive"
        for one in [one for one in offered if one.kind == "video"][:1]:
            self._lines.append(self._carry(one.receiver.track, codec.stamps(one.receiver)))
            self._return(one, CorrectedTrack(self._pipeline))
        if self._returns == "field":
            return
        for one in [one for one in offered if one.kind == "audio"][:1]:
            track = DelayedTrack(one.receiver.track, lambda: self._pipeline.delay, self._clock)
            self._lines.append(track.ingest())
            self._return(one, track)

    def _return(self, transceiver: RTCRtpTransceiver, made: MediaStreamTrack) -> None:
        transceiver.direction = "recvonly"
        if self._returns == "field":
            return
        self._fans[made.kind] = fan = Fan(made)
        self._lines.append(fan.run())
        if self._returns == "video":
            transceiver.sender.replaceTrack(fan.branch())
            transceiver.direction = "sendrecv"

    def _hear_of_meeting(self, news: News) -> None:
        log.info("session %s: meeting %s %s", self.name[:6], news.presence, news.detail)
        self.tell("meeting", state=news.presence, detail=news.detail)
        if news.presence is Presence.ENDED and self._returns == "none":
            self.end("the meeting has put it out")

    async def _carry(self, source: MediaStreamTrack, stamp: Stamper) -> None:
        await ingest(source, self._pipeline, stamp)
        self.end("its video ended")

    async def _await_peer(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._connected.wait()
        except TimeoutError:
            self.end("the peer never connected")

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._send(self.statistics().to_json())

    async def _trace(self) -> None:
        while True:
            await asyncio.sleep(TRACE_EVERY)
            if self._control.watched:
                self._control.say("trace", **self._recent.take(self._clock()))

    def _follow_connection(self) -> None:
        if self._state is State.CLOSING:
            return
        match self._peer.connectionState:
            case "connected" if self._state is State.CONNECTING:
                self._enter(State.LIVE)
                self._connected.set()
            case "failed" | "closed":
                self.end("the connection ended" if self._connected.is_set() else "no connection came about")

    def _adopt_channel(self, channel: RTCDataChannel) -> None:
        if channel.label == CHANNEL:
            self._channel = channel
            channel.on("message", self._control.receive)
            self._control.greet()
        elif channel.label == FIELDS:
            self._fields = channel

    def _see(self, faces: Faces) -> None:
        self._faces = len(faces.faces)
        self._control.see(faces)

    def _take_note(self, note: Note) -> None:
        self._note(note)
        if self._control.watched:
            self._recent(note)

    def _send(self, text: str) -> None:
        self._put(self._channel, text, MOST_UNSENT)

    def _send_packet(self, packet: bytes) -> None:
        self._put(self._fields, packet, MOST_UNSENT_FIELDS)

    def _put(self, channel: RTCDataChannel | None, message: str | bytes, most_unsent: int) -> None:
        """Send it, unless the channel is not there or its peer reads too slowly."""
        if channel is None or channel.readyState != "open" or channel.bufferedAmount > most_unsent:
            return
        if self._peer.connectionState == "connected":  # a channel looks open a little longer than its transport
            channel.send(message)

    def _enter(self, state: State) -> None:
        """The only place where the state changes."""
        if state not in NEXT[self._state]:
            raise RuntimeError(f"a session cannot go from {self._state} to {state}")
        log.debug("session %s: %s -> %s", self.name[:6], self._state, state)
        self._state = state


def _ice_servers(urls: list[str]) -> list[RTCIceServer]:
    """Never None, which for aiortc means Google's STUN server."""
    return [RTCIceServer(urls)] if urls else []
