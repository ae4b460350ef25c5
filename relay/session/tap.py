"""A tap, for participants whose client cannot be changed: receives their feed, corrects it, publishes it beside it.

Knows nothing of HTTP or of other taps, and of the meeting only Subscription and Egress.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from relay.config.serve import Serve
from relay.errors import EgressError
from relay.gaze.face import Faces
from relay.media.pipeline import Listeners, Pipeline
from relay.media.stages import Executors
from relay.media.trace import Note
from relay.metrics import NULL_OBSERVER, Frames, Meter, Observer, Statistics
from relay.session.session import PersonStages, State
from relay.session.tracks import PersonTracks
from relay.sfu.egress import Egress, MeetingEvent, MeetingState, Tracks
from relay.sfu.subscription import Subscription

VIDEO_TIMEOUT: Final = 10.0  # seconds until the first video of a participant who is in the room
SUFFIX: Final = " (eye contact)"  # appended to the participant's name
RETRY_INTERVAL: Final = 0.5  # seconds

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TapRequest:
    """A client's request. subscription: to the participant; the tap closes it. make_egress: creates the egress to the
    same room under a display name. changes: settings other than the relay's defaults. owner: the token's subject.
    """

    subscription: Subscription
    make_egress: Callable[[str], Egress]
    changes: Mapping[str, Any] = field(default_factory=dict)
    owner: str = ""


class Tap:
    """A tap from finding the participant to its release.

    open() once, then run() until it returns; end() at any time. make_stages: creates new stages each time the
    participant joins; called in a thread. clock: monotonic seconds. note, observer: as for a session.
    """

    def __init__(
        self,
        name: str,
        request: TapRequest,
        make_stages: Callable[[], PersonStages],
        *,
        settings: Serve,
        executors: Executors,
        clock: Callable[[], float],
        note: Callable[[Note], None] = lambda _: None,
        observer: Observer = NULL_OBSERVER,
    ) -> None:
        self.name, self.owner, self.stage = name, request.owner, secrets.token_urlsafe(16)
        self._subscription, self._make_egress = request.subscription, request.make_egress
        self._make_stages = make_stages
        self._settings, self._executors, self._clock, self._note = settings, executors, clock, note
        self._meter = Meter(settings.pipeline, clock(), observer=observer)
        self._display = ""
        self._connection: TapConnection | None = None
        self._dropped = self._faces = 0
        self._ended, self._released = asyncio.Event(), False

    @property
    def state(self) -> State:
        """The current state; CONNECTING: the participant has left, and the tap waits for their return."""
        if self._released:
            return State.CLOSED
        if self._ended.is_set():
            return State.CLOSING
        return State.LIVE if self._connection else State.CONNECTING

    @property
    def frames(self) -> Frames:
        """The frame counts so far."""
        return self._meter.frames(self._all_dropped)

    def statistics(self) -> Statistics:
        """The statistics so far, over all connections."""
        return self._meter.report(self._clock(), dropped=self._all_dropped, faces=self._faces)

    async def open(self) -> str:
        """Find the participant and publish the corrected feed; returns its display name. Raises EgressError and its
        subclasses; call release() then, too.
        """
        self._display = (await self._subscription.open()).display + SUFFIX
        try:
            async with asyncio.timeout(VIDEO_TIMEOUT):
                tracks = await self._subscription.next()
        except TimeoutError as error:
            raise EgressError("the participant is in the room, but no video arrives") from error
        await self._connect(tracks)
        return self._display

    async def run(self) -> None:
        """Correct the feed until the participant stays away or end() was called, then release everything."""
        going = asyncio.create_task(self._run_connections(), name=f"tap {self.name[:6]}")
        over = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait([going, over], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (going, over):
                task.cancel()
            await asyncio.wait([going, over])
            await self.release()
        if not going.cancelled() and (error := going.exception()):
            raise error

    def end(self, reason: str) -> None:
        """Make run() return. Only the first reason is logged."""
        if not self._ended.is_set():
            log.info("tap %s ends: %s", self.name[:6], reason)
            self._ended.set()

    def notify(self, kind: str, **content: object) -> None:
        """No effect: a tap has no data channel."""

    async def release(self) -> None:
        """Release all resources."""
        self._ended.set()
        await self._disconnect()
        await self._subscription.close()
        self._released = True

    @property
    def _all_dropped(self) -> int:
        return self._dropped + (self._connection.dropped if self._connection else 0)

    async def _run_connections(self) -> None:
        while self._connection:
            await self._connection.run()
            await self._disconnect()
            await self._wait_for_return()

    async def _wait_for_return(self) -> None:
        """Connect again as soon as participant and room are there; end the tap where that takes too long."""
        try:
            async with asyncio.timeout(self._settings.tap_patience):
                while not self._connection:
                    tracks = await self._subscription.next()
                    try:
                        await self._connect(tracks)
                    except EgressError as error:
                        log.info("tap %s: %s", self.name[:6], error)
                        await asyncio.sleep(RETRY_INTERVAL)
        except TimeoutError:
            self.end("the participant has left")

    async def _connect(self, tracks: Tracks) -> None:
        """Connect to the participant's tracks. Raises EgressError, ModelError."""
        stages = await asyncio.get_running_loop().run_in_executor(self._executors.landmarks, self._make_stages)
        pipeline: Pipeline[Faces, Any] = Pipeline(
            stages,
            self._executors,
            lines=self._settings.lines,
            meter=self._meter,
            clock=self._clock,
            listeners=Listeners(self._on_faces, self._note),
        )
        connection = TapConnection(
            tracks, stages, pipeline, self._make_egress(self._display), self._executors, self._clock
        )
        try:
            await connection.begin(self._on_meeting_event)
        except BaseException:
            await connection.release()
            raise
        self._connection = connection

    async def _disconnect(self) -> None:
        if self._connection:
            await self._connection.release()
            self._dropped += self._connection.dropped
            self._connection, self._faces = None, 0

    def _on_faces(self, faces: Faces) -> None:
        self._faces = len(faces.faces)

    def _on_meeting_event(self, event: MeetingEvent) -> None:
        log.info("tap %s: meeting %s %s", self.name[:6], event.state, event.detail)
        if event.state is MeetingState.ENDED:
            self.end("the meeting has removed it")


class TapConnection:
    """One connection, from the participant's joining to their leaving: their tracks, corrected and published."""

    def __init__(
        self,
        tracks: Tracks,
        stages: PersonStages,
        pipeline: Pipeline[Faces, Any],
        egress: Egress,
        executors: Executors,
        clock: Callable[[], float],
    ) -> None:
        self._stages, self._pipeline, self._egress, self._executors = stages, pipeline, egress, executors
        self._left = asyncio.Event()
        self._releasing: asyncio.Task[None] | None = None
        self._tracks = PersonTracks(pipeline, clock)
        self._tracks.add_video(tracks.video, lambda _: 0, self._left.set)
        self._tracks.corrected_video()
        if tracks.audio:
            self._tracks.add_audio(tracks.audio)

    @property
    def dropped(self) -> int:
        """Frames replaced by a newer one before they were shown or sent."""
        return self._pipeline.dropped

    async def begin(self, notify: Callable[[MeetingEvent], None]) -> None:
        """Publish. Raises EgressError; call release() then, too."""
        await self._egress.publish(self._tracks.subscribe, notify)

    async def run(self) -> None:
        """Process frames until the participant's video ends."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(line) for line in self._tracks.lines()]
            await self._left.wait()
            for task in tasks:
                task.cancel()

    async def release(self) -> None:
        """Release all resources; may be called again, even after a cancelled call."""
        if self._releasing is None:
            self._releasing = asyncio.create_task(self._release(), name="tap release")
        await asyncio.shield(self._releasing)

    async def _release(self) -> None:
        # 1. No more frames in or out. 2. The connection. 3. Stages still running in a thread; then their resources.
        self._tracks.close()
        await self._egress.close()
        await self._pipeline.wait_idle()
        await asyncio.get_running_loop().run_in_executor(self._executors.landmarks, self._stages.close)
