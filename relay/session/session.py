"""One person's session: states, connection, pipeline, data channel, one TaskGroup, and their release.

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
from relay.media.trace import Note, RecentNotes
from relay.metrics import NULL_OBSERVER, Frames, Meter, Observer, Statistics
from relay.session.channels import Channels
from relay.session.data_channel import Control
from relay.session.offer import add_directions, offer_errors
from relay.session.tracks import PersonTracks
from relay.session.trickle import Trickle
from relay.session.turn import ice_servers, warn_without_relay
from relay.session.viewers import Viewers
from relay.sfu.egress import Egress, MeetingEvent, MeetingState, Tracks

CONNECT_TIMEOUT: Final = 15.0  # seconds from the answer to the connection
TRACE_EVERY: Final = 0.2  # seconds

log = logging.getLogger(__name__)


class State(StrEnum):
    """The state of a session."""

    OPENING = "opening"  # the offer is being answered
    CONNECTING = "connecting"  # answered; ICE and DTLS are under way
    LIVE = "live"  # connected
    CLOSING = "closing"  # its resources are being released
    CLOSED = "closed"  # everything is released


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
    """A session from its offer to its release. It owns its stages and closes them.

    open() once, then run() until it returns; end() at any time. clock: monotonic seconds. returns: what is sent back to
    the peer. egress: the meeting that gets the corrected track, if any. owner: who may control the session; empty
    without tokens. stage: the name under which others watch it; random where it is empty. note: called with every
    stage's work. observer: receives every measurement.
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
        self._recent, self._note = RecentNotes(), note
        relay_side = settings.for_relay
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=ice_servers(relay_side, f"relay-{name[:6]}")))
        self._peer.on("connectionstatechange", self._on_connection_state)
        self._channels = Channels(self._peer)
        self._control = Control(stages, self._channels.send, settings.max_message_bytes, clock)
        self._channels.listen(self._control.receive, self._control.send_settings)
        send_packet = self._channels.send_packet if returns == "field" else None
        listeners = Listeners[Faces](self._on_faces, self._record, send_packet)
        self._pipeline: Pipeline[Faces, Any] = Pipeline(
            stages, executors, lines=settings.lines, meter=self._meter, clock=clock, listeners=listeners
        )
        self._tracks = PersonTracks(self._pipeline, clock)
        self._returns, self._egress = returns, egress
        self._faces = 0
        self._arrived, self._arrived_at = 0, clock()
        self._connected, self._ended = asyncio.Event(), asyncio.Event()
        self.trickle = Trickle(self._peer)
        self.viewers = Viewers(
            self.subscribe, most=settings.max_viewers, ice_servers=lambda: ice_servers(relay_side, owner or name)
        )

    @property
    def state(self) -> State:
        """The current state."""
        return self._state

    @property
    def frames(self) -> Frames:
        """The frame counts so far."""
        return self._meter.frames(self._pipeline.dropped)

    def statistics(self) -> Statistics:
        """The statistics so far."""
        return self._meter.report(self._clock(), dropped=self._pipeline.dropped, faces=self._faces)

    async def open(self, offer: str) -> str:
        """Answer a checked offer, with all candidates, and join the meeting, if there is one.

        Raises MalformedError, EgressError; call release() then, too.
        """
        with offer_errors():
            await self._peer.setRemoteDescription(RTCSessionDescription(add_directions(offer), "offer"))
        self._return_tracks(self._peer.getTransceivers())
        with offer_errors():
            answer = await self._peer.createAnswer()
        with offer_errors(ValueError):  # for values taken from the offer; other errors are not the offer's fault
            await self._peer.setLocalDescription(answer)
        warn_without_relay(self._settings.for_relay, self._peer.localDescription.sdp, f"session {self.name[:6]}")
        if self._egress:
            await self._egress.publish(self.subscribe, self._on_meeting_event)
        self._set_state(State.CONNECTING)
        return codec.hint_start_bitrate(self._peer.localDescription.sdp, self._settings.start_bitrate)

    def subscribe(self) -> Tracks:
        """Corrected video and synchronised audio for one more consumer. Raises NoVideoError where there is no video."""
        return self._tracks.subscribe()

    def notify(self, kind: str, **content: object) -> None:
        """Send the client a message of this type, if it has a data channel."""
        self._control.send_message(kind, **content)

    async def run(self) -> None:
        """Process frames until the peer is gone or end() was called, then release everything."""
        try:
            async with asyncio.TaskGroup() as group:
                lines = (*self._tracks.lines(), self._await_connection(), self._report(), self._trace())
                tasks = [group.create_task(line) for line in lines]
                await self._ended.wait()
                for task in tasks:
                    task.cancel()
        finally:
            await self.release()

    def end(self, reason: str) -> None:
        """Make run() return. Only the first reason is logged."""
        if not self._ended.is_set():
            log.info("session %s ends: %s", self.name[:6], reason)
            self._ended.set()

    async def release(self) -> None:
        """Release all resources."""
        self._set_state(State.CLOSING)
        # 1. No more frames in or out.
        self._tracks.close()
        # 2. The connections: their tasks, sockets, encoders and decoder threads.
        if self._egress:
            await self._egress.close()
        await self.viewers.close_all()
        try:
            await self._peer.close()
        except Exception:
            # A connection set up only in part may fail to close; the rest is still to be released.
            log.exception("session %s: its connection did not close", self.name[:6])
        # 3. Stages still running in a thread; only then their resources.
        await self._pipeline.wait_idle()
        await asyncio.get_running_loop().run_in_executor(self._executors.landmarks, self._stages.close)
        self._set_state(State.CLOSED)

    def _return_tracks(self, transceivers: list[RTCRtpTransceiver]) -> None:
        """Accept the first video and the first audio, and return them if requested; refuse all others.

        Where fields are returned there is no corrected video; the audio needs no delay and stays with the client.
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

    def _on_meeting_event(self, event: MeetingEvent) -> None:
        log.info("session %s: meeting %s %s", self.name[:6], event.state, event.detail)
        self.notify("meeting", state=event.state, detail=event.detail)
        if event.state is MeetingState.ENDED and self._returns == "none":
            self.end("the meeting has removed it")

    async def _await_connection(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self._connected.wait()
        except TimeoutError:
            self.end("the peer never connected")

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(1)
            statistics = self.statistics()
            self._channels.send(statistics.to_json())
            self._check_idle(statistics.frames.arrived)

    def _check_idle(self, arrived: int) -> None:
        now = self._clock()
        if arrived != self._arrived:
            self._arrived, self._arrived_at = arrived, now
        elif now - self._arrived_at >= self._settings.idle_timeout:
            self.end(f"no video has arrived for {self._settings.idle_timeout:g} seconds")

    async def _trace(self) -> None:
        while True:
            await asyncio.sleep(TRACE_EVERY)
            if self._control.tracing:
                self._control.send_message("trace", **self._recent.take(self._clock()))

    def _on_connection_state(self) -> None:
        if self._state is State.CLOSING:
            return
        match self._peer.connectionState:
            case "connected" if self._state is State.CONNECTING:
                self._set_state(State.LIVE)
                self._connected.set()
            case "failed" | "closed":
                self.end("the connection ended" if self._connected.is_set() else "the connection was never established")

    def _on_faces(self, faces: Faces) -> None:
        self._faces = len(faces.faces)
        self._control.observe(faces)

    def _record(self, note: Note) -> None:
        self._note(note)
        if self._control.tracing:
            self._recent(note)

    def _set_state(self, state: State) -> None:
        """Change the state; nothing else does."""
        if state not in NEXT[self._state]:
            raise RuntimeError(f"a session cannot go from {self._state} to {state}")
        log.debug("session %s: %s -> %s", self.name[:6], self._state, state)
        self._state = state
