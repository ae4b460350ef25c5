"""One person: states, connection, pipeline, data channel, one TaskGroup, and the end of all of them.

Knows nothing of HTTP, of other sessions, or of how a face is found.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, Protocol

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)

from relay.config.correction import Correction
from relay.config.lines import ReturnMode
from relay.config.serve import Serve
from relay.gaze.face import Faces
from relay.media.aiortc_patches import codec
from relay.media.fan import Fan
from relay.media.pipeline import Listeners, Pipeline
from relay.media.stages import Executors, Stages
from relay.media.trace import Note, Recent
from relay.metrics import NULL_OBSERVER, Frames, Meter, Observer, Statistics
from relay.session.data_channel import Control
from relay.session.offer import offer_errors, settle_directions
from relay.session.tracks import PersonTracks
from relay.session.trickle import Trickle
from relay.session.turn import ice_servers, warn_without_relay
from relay.session.viewers import Viewers
from relay.sfu.egress import Egress, MeetingEvent, MeetingState, Tracks

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


class PersonStages(Stages[Faces, Any], Protocol):
    """The stages of one person, with the correction they apply."""

    correction: Correction


class Session:
    """From an offer to the last released byte. eyes are the session's own: it closes them.

    open() once, then run() until it returns; end() at any time. clock: monotonic seconds. returns: what goes back to
    the peer. egress: the meeting that gets the corrected track, if any. owner: who may touch the session; empty where
    nobody is asked who he is. stage: the name by which others watch it; one that cannot be guessed where it is empty.
    note: hears of every stage's work. observer: hears every figure.
    """

    def __init__(
        self,
        name: str,
        stages: PersonStages,
        *,
        settings: Serve,
        executors: Executors,
        clock: Callable[[], float],
        returns: ReturnMode = "video",
        egress: Egress | None = None,
        owner: str = "",
        stage: str = "",
        note: Callable[[Note], None] = lambda _: None,
        observer: Observer = NULL_OBSERVER,
    ) -> None:
        self.name, self.owner, self.stage = name, owner, stage or secrets.token_urlsafe(16)
        self._state = State.OPENING
        self._stages, self._settings, self._executors, self._clock = stages, settings, executors, clock
        self._meter = Meter(settings.pipeline, clock(), returns, observer)
        self._recent, self._note = Recent(), note
        listeners = Listeners[Faces](self._see, self._take_note, self._send_packet if returns == "field" else None)
        self._pipeline: Pipeline[Faces, Any] = Pipeline(
            stages, executors, lines=settings.lines, meter=self._meter, clock=clock, listeners=listeners
        )
        self._tracks = PersonTracks(self._pipeline, clock)
        self._returns, self._egress = returns, egress
        self._control = Control(stages, self._send, settings.max_message_bytes, clock)
        self._channel: RTCDataChannel | None = None
        self._fields: RTCDataChannel | None = None
        self._faces = 0
        self._arrived, self._arrived_at = 0, clock()
        self._connected, self._over = asyncio.Event(), asyncio.Event()
        relay_side = settings.for_relay
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=ice_servers(relay_side, f"relay-{name[:6]}")))
        self._peer.on("connectionstatechange", self._follow_connection)
        self._peer.on("datachannel", self._adopt_channel)
        self.trickle = Trickle(self._peer)
        self.viewers = Viewers(
            self.subscribe, most=settings.max_viewers, ice_servers=lambda: ice_servers(relay_side, owner or name)
        )

    @property
    def state(self) -> State:
        """Where the session is in its life."""
        return self._state

    @property
    def frames(self) -> Frames:
        """Counts until now."""
        return self._meter.frames(self._pipeline.dropped)

    def statistics(self) -> Statistics:
        """What it has done until now."""
        return self._meter.report(self._clock(), dropped=self._pipeline.dropped, faces=self._faces)

    async def open(self, offer: str) -> str:
        """Answer a checked offer, with all candidates, and be in the meeting, if there is one.

        Raises MalformedError, EgressError; release() is then still due.
        """
        with offer_errors():
            await self._peer.setRemoteDescription(RTCSessionDescription(settle_directions(offer), "offer"))
        self._return_tracks(self._peer.getTransceivers())
        with offer_errors():
            answer = await self._peer.createAnswer()
        with offer_errors(ValueError):  # it repeats what the offer says; what else fails is not the offer's fault
            await self._peer.setLocalDescription(answer)
        warn_without_relay(self._settings.for_relay, self._peer.localDescription.sdp, f"session {self.name[:6]}")
        if self._egress:
            await self._egress.publish(self.subscribe, self._hear_of_meeting)
        self._enter(State.CONNECTING)
        return codec.hint_start_bitrate(self._peer.localDescription.sdp, self._settings.start_bitrate)

    def subscribe(self) -> Tracks:
        """Corrected video, and sound in step with it, for one more taker. Raises NoVideoError where none is made."""
        return self._tracks.subscribe()

    def tell(self, kind: str, **content: object) -> None:
        """Send the client a message of this type, if it listens."""
        self._control.say(kind, **content)

    async def run(self) -> None:
        """Carry frames until the peer is gone or end() was called, then release everything."""
        try:
            async with asyncio.TaskGroup() as group:
                lines = (*self._tracks.lines(), self._await_peer(), self._report(), self._trace())
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
        self._tracks.close()
        # 2. The connections: their tasks, sockets, encoders and decoder threads.
        if self._egress:
            await self._egress.close()
        await self.viewers.close_all()
        try:
            await self._peer.close()
        except Exception:
            # What an offer has left half built may not come down whole; the rest is still to be released.
            log.exception("session %s: its connection did not close", self.name[:6])
        # 3. Stages still running in a thread; only then what they use.
        await self._pipeline.settle()
        await asyncio.get_running_loop().run_in_executor(self._executors.landmarks, self._stages.close)
        self._enter(State.CLOSED)

    def _return_tracks(self, transceivers: list[RTCRtpTransceiver]) -> None:
        """Take the first video and the first audio, and give them back if that is wanted; refuse all others.

        Where fields go back there is no corrected video, and the sound, which then needs no delay, stays where it is.
        """
        offered = [one for one in transceivers if one.receiver.track is not None]
        for one in transceivers:
            one.direction = "inactive"
        for one in [one for one in offered if one.kind == "video"][:1]:
            stamp = codec.stamps(one.receiver)
            self._tracks.add_video(one.receiver.track, stamp, lambda: self.end("its video ended"))
            one.direction = "recvonly"
            if self._returns != "field":
                self._return(one, self._tracks.corrected_video())
        if self._returns == "field":
            return
        for one in [one for one in offered if one.kind == "audio"][:1]:
            self._return(one, self._tracks.add_audio(one.receiver.track))

    def _return(self, transceiver: RTCRtpTransceiver, fan: Fan) -> None:
        transceiver.direction = "recvonly"
        if self._returns == "video":
            transceiver.sender.replaceTrack(fan.branch())
            transceiver.direction = "sendrecv"

    def _hear_of_meeting(self, event: MeetingEvent) -> None:
        log.info("session %s: meeting %s %s", self.name[:6], event.state, event.detail)
        self.tell("meeting", state=event.state, detail=event.detail)
        if event.state is MeetingState.ENDED and self._returns == "none":
            self.end("the meeting has put it out")

    async def _await_peer(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._connected.wait()
        except TimeoutError:
            self.end("the peer never connected")

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(1)
            statistics = self.statistics()
            self._send(statistics.to_json())
            self._mind_silence(statistics.frames.arrived)

    def _mind_silence(self, arrived: int) -> None:
        now = self._clock()
        if arrived != self._arrived:
            self._arrived, self._arrived_at = arrived, now
        elif now - self._arrived_at >= self._settings.idle_timeout:
            self.end(f"no video has come for {self._settings.idle_timeout:g} seconds")

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
            self._control.announce()
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
