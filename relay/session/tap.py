"""A participant whose client cannot be changed: his raw feed out of a room, corrected, and back in beside it.

Knows nothing of HTTP or of other taps, and of the meeting only what a Subscription and an Egress are.
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

PATIENCE: Final = 10.0  # seconds until the first video of somebody who is in the room
SUFFIX: Final = " (eye contact)"  # behind the participant's name
RETRY_AFTER: Final = 0.5  # seconds

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TapRequest:
    """What a client asks for. subscription: to the participant; the tap closes it. enter: the way back into his room
    under this name. changes: settings other than the relay's defaults. owner: who asks.
    """

    subscription: Subscription
    enter: Callable[[str], Egress]
    changes: Mapping[str, Any] = field(default_factory=dict)
    owner: str = ""


class Tap:
    """From finding the participant to the last released byte.

    open() once, then run() until it returns; end() at any time. make_eyes: new ones for each time he comes; called in a
    thread. clock: monotonic seconds. note, observer: as for a session.
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
        self._subscription, self._enter, self._make_stages = request.subscription, request.enter, make_stages
        self._settings, self._executors, self._clock, self._note = settings, executors, clock, note
        self._meter = Meter(settings.pipeline, clock(), observer=observer)
        self._display = ""
        self._connection: TapConnection | None = None
        self._dropped = self._faces = 0
        self._over, self._released = asyncio.Event(), False

    @property
    def state(self) -> State:
        """Where it is in its life; connecting means that he has left and is waited for."""
        if self._released:
            return State.CLOSED
        if self._over.is_set():
            return State.CLOSING
        return State.LIVE if self._connection else State.CONNECTING

    @property
    def frames(self) -> Frames:
        """What has become of all frames until now."""
        return self._meter.frames(self._all_dropped)

    def statistics(self) -> Statistics:
        """What it has done until now, over all his visits."""
        return self._meter.report(self._clock(), dropped=self._all_dropped, faces=self._faces)

    async def open(self) -> str:
        """Find him and publish him corrected, by the name that this gives. Raises EgressError and its children;
        release() is then still due.
        """
        self._display = (await self._subscription.open()).display + SUFFIX
        try:
            async with asyncio.timeout(PATIENCE):
                tracks = await self._subscription.next()
        except TimeoutError as error:
            raise EgressError("the participant is in the room, but his video does not come") from error
        await self._connect(tracks)
        return self._display

    async def run(self) -> None:
        """Correct him until he is gone for long or end() was called, then release everything."""
        going = asyncio.create_task(self._go_on(), name=f"tap {self.name[:6]}")
        over = asyncio.create_task(self._over.wait())
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
        """Make run() come to its end. Only the first reason counts."""
        if not self._over.is_set():
            log.info("tap %s ends: %s", self.name[:6], reason)
            self._over.set()

    def tell(self, kind: str, **content: object) -> None:
        """Nobody listens: his client does not know of the relay."""

    async def release(self) -> None:
        """Give back everything that is held."""
        self._over.set()
        await self._disconnect()
        await self._subscription.close()
        self._released = True

    @property
    def _all_dropped(self) -> int:
        return self._dropped + (self._connection.dropped if self._connection else 0)

    async def _go_on(self) -> None:
        while self._connection:
            await self._connection.run()
            await self._disconnect()
            await self._wait_for_return()

    async def _wait_for_return(self) -> None:
        """Welcome him again, as soon as he and the room are there; end the tap where that takes too long."""
        try:
            async with asyncio.timeout(self._settings.tap_patience):
                while not self._connection:
                    tracks = await self._subscription.next()
                    try:
                        await self._connect(tracks)
                    except EgressError as error:
                        log.info("tap %s: %s", self.name[:6], error)
                        await asyncio.sleep(RETRY_AFTER)
        except TimeoutError:
            self.end("the participant has left")

    async def _connect(self, tracks: Tracks) -> None:
        """A visit of his begins. Raises EgressError, ModelError."""
        stages = await asyncio.get_running_loop().run_in_executor(self._executors.landmarks, self._make_stages)
        pipeline: Pipeline[Faces, Any] = Pipeline(
            stages,
            self._executors,
            lines=self._settings.lines,
            meter=self._meter,
            clock=self._clock,
            listeners=Listeners(self._see, self._note),
        )
        connection = TapConnection(tracks, stages, pipeline, self._enter(self._display), self._executors, self._clock)
        try:
            await connection.begin(self._hear_of_meeting)
        except BaseException:
            await connection.release()
            raise
        self._connection = connection

    async def _disconnect(self) -> None:
        if self._connection:
            await self._connection.release()
            self._dropped += self._connection.dropped
            self._connection, self._faces = None, 0

    def _see(self, faces: Faces) -> None:
        self._faces = len(faces.faces)

    def _hear_of_meeting(self, event: MeetingEvent) -> None:
        log.info("tap %s: meeting %s %s", self.name[:6], event.state, event.detail)
        if event.state is MeetingState.ENDED:
            self.end("the meeting has put it out")


class TapConnection:
    """From his coming to his leaving: his tracks through the eyes and back into the room."""

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
        self._ending: asyncio.Task[None] | None = None
        self._tracks = PersonTracks(pipeline, clock)
        self._tracks.add_video(tracks.video, lambda _: 0, self._left.set)
        self._tracks.corrected_video()
        if tracks.audio:
            self._tracks.add_audio(tracks.audio)

    @property
    def dropped(self) -> int:
        """Frames that a newer one replaced before they were shown or sent."""
        return self._pipeline.dropped

    async def begin(self, tell: Callable[[MeetingEvent], None]) -> None:
        """Publish. Raises EgressError; release() is then still due."""
        await self._egress.publish(self._tracks.subscribe, tell)

    async def run(self) -> None:
        """Carry frames until his video ends."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(line) for line in self._tracks.lines()]
            await self._left.wait()
            for task in tasks:
                task.cancel()

    async def release(self) -> None:
        """Give back everything that is held; may be called again, also where an earlier call was cancelled."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._release(), name="end of a visit")
        await asyncio.shield(self._ending)

    async def _release(self) -> None:
        # 1. No more frames in or out. 2. The connection. 3. Stages still running in a thread; only then what they use.
        self._tracks.close()
        await self._egress.close()
        await self._pipeline.settle()
        await asyncio.get_running_loop().run_in_executor(self._executors.landmarks, self._stages.close)
