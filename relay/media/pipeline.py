"""The corrector's stages with a clock: three hands that never wait for each other.

    landmark line   newest frame shown           -> find_faces  -> S
    field line      newest frame shown, newest S -> make_fields -> F
    display         every frame, at once, with the newest S and F -> show -> a frame to send

In `sequential` mode one hand does all three for one frame, so the shown frame waits for its own S and F.
In both modes a frame that a newer one overtakes on its way is dropped, so delay never grows.

Late, failing or not yet ready: the original frame goes out and is counted; nothing here ever raises to the
peer. Knows nothing of what S and F are, of tracks or of connections. The clock is read here and handed in.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, TypeVarTuple

import av

from relay.config import PipelineMode
from relay.frame import Frame, Verdict
from relay.media.frame import Picture
from relay.media.mailbox import Mailbox
from relay.media.stages import F, Hands, S, Stages
from relay.metrics import Meter

R = TypeVar("R")
A = TypeVarTuple("A")

# Landmarks or a field older than this, in media time, would be put beside the eyes: the original is better.
STALE: Final = 0.5  # seconds

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arrival:
    """A decoded frame: its number (0, 1, 2, ...) and when it arrived, seconds of the pipeline's clock."""

    number: int
    at: float
    picture: Picture

    @property
    def frame(self) -> Frame:
        """Its planes."""
        return self.picture.frame


@dataclass(frozen=True)
class Made(Generic[R]):
    """What a line made, and from which frame."""

    value: R
    source: Arrival


@dataclass(frozen=True)
class Ready:
    """A frame to send: why it looks as it does, when its source arrived and when it was ready."""

    picture: av.VideoFrame
    verdict: Verdict
    arrived: float
    at: float


class StageError(Exception):
    """A stage raised; that has been logged and marked."""


class Pipeline(Generic[S, F]):
    """Runs the stages of one session in the given hands.

    saw: is told every new S at once, in the event loop. clock: seconds, monotonic.
    delay: seconds from a frame's arrival to its pick-up, smoothed over about a second.
    """

    def __init__(
        self,
        stages: Stages[S, F],
        hands: Hands,
        *,
        mode: PipelineMode,
        meter: Meter,
        clock: Callable[[], float],
        saw: Callable[[S], None],
    ) -> None:
        self.delay = 0.0
        self._stages, self._hands, self._meter, self._clock, self._saw = stages, hands, meter, clock, saw
        self._mode = mode
        self._landmark_box, self._field_box = Mailbox[Arrival](), Mailbox[Arrival]()
        self._display_box, self._out = Mailbox[Arrival](), Mailbox[Ready]()
        self._count = 0
        self._found: Made[S] | None = None
        self._fields: Made[F] | None = None
        self._failing: set[str] = set()
        self._complained: set[str] = set()
        self._running: set[asyncio.Future[Any]] = set()

    def lines(self) -> list[Coroutine[Any, Any, None]]:
        """The lines, each to be run as a task; they end after close()."""
        if self._mode == "sequential":
            return [self._take_turns()]
        return [self._find_faces(), self._make_fields(), self._display()]

    def take(self, decoded: av.VideoFrame) -> None:
        """A frame has been decoded: show it next, in place of an older one not yet begun."""
        arrival = Arrival(self._count, self._clock(), Picture.of(decoded))
        self._count += 1
        self._meter.arrive(arrival.at, arrival.frame.size)
        self._display_box.put(arrival)

    async def next(self) -> av.VideoFrame:
        """Wait for the newest frame to send. Raises mailbox.ClosedError after close()."""
        ready = await self._out.take()
        self._meter.depart(ready.at, ready.verdict, ready.at - ready.arrived)
        self.delay += (self._clock() - ready.arrived - self.delay) / 30
        return ready.picture

    def close(self) -> None:
        """Take and give no more frames; the lines end once their running stage has returned."""
        for box in (self._landmark_box, self._field_box, self._display_box, self._out):
            box.close()

    async def settle(self) -> None:
        """Wait until no stage is running, also where a line was cancelled. Call after close()."""
        if self._running:
            await asyncio.wait(self._running)

    @property
    def dropped(self) -> int:
        """Frames that a newer one replaced before they were shown or sent."""
        return self._display_box.dropped + self._out.dropped

    async def _find_faces(self) -> None:
        async for arrival in self._landmark_box:
            with suppress(StageError):
                await self._update_found(arrival)

    async def _make_fields(self) -> None:
        async for arrival in self._field_box:
            with suppress(StageError):
                await self._update_fields(arrival)

    async def _display(self) -> None:
        async for arrival in self._display_box:
            await self._send(arrival)
            # Its own landmarks and field would come too late for it, and would only take processor time from it.
            self._landmark_box.put(arrival)
            self._field_box.put(arrival)

    async def _take_turns(self) -> None:
        async for arrival in self._display_box:
            with suppress(StageError):
                await self._update_found(arrival)
                await self._update_fields(arrival)
            await self._send(arrival)

    async def _update_found(self, arrival: Arrival) -> None:
        hand = self._hands.landmarks
        found = await self._work("landmarks", hand, self._stages.find_faces, arrival.frame)
        self._found = Made(found, arrival)
        self._saw(found)

    async def _update_fields(self, arrival: Arrival) -> None:
        if self._found is None:
            return
        hand, found = self._hands.field, self._found.value
        fields = await self._work("field", hand, self._stages.make_fields, arrival.frame, found)
        self._fields = Made(fields, arrival)

    async def _send(self, arrival: Arrival) -> None:
        """Let this frame out, whatever happens to it."""
        try:
            picture, verdict = await self._show(arrival)
        except StageError:
            picture, verdict = arrival.picture.decoded, Verdict.FAILED
        self._out.put(Ready(picture, verdict, arrival.at, self._clock()))

    async def _show(self, arrival: Arrival) -> tuple[av.VideoFrame, Verdict]:
        original = arrival.picture.decoded
        if self._failing & {"landmarks", "field"}:
            return original, Verdict.FAILED
        if self._found is None or self._fields is None:
            return original, Verdict.WARMING_UP
        if _is_stale(self._found, arrival) or _is_stale(self._fields, arrival):
            return original, Verdict.LATE
        self._meter.age(arrival.at, "landmarks", arrival.number - self._found.source.number)
        self._meter.age(arrival.at, "field", arrival.number - self._fields.source.number)
        hand, found, fields = self._hands.display, self._found.value, self._fields.value
        return await self._work("warp", hand, self._warp, arrival.picture, found, fields)

    def _warp(self, picture: Picture, faces: S, fields: F) -> tuple[av.VideoFrame, Verdict]:
        shown = self._stages.show(picture.frame, faces, fields)
        return picture.write(shown.frame), shown.verdict

    async def _work(self, stage: str, hand: Executor, work: Callable[[*A], R], *arguments: *A) -> R:
        """Run a stage in its hand and note how long it took there. Raises StageError where it raises."""
        job = asyncio.get_running_loop().run_in_executor(hand, self._timed, work, *arguments)
        self._running.add(job)
        job.add_done_callback(self._forget)
        try:
            # A thread cannot be interrupted: a cancelled line leaves its stage to settle().
            result, ended, duration = await asyncio.shield(job)
        except Exception as error:
            self._complain(stage, error)
            raise StageError from error
        self._failing.discard(stage)
        self._meter.time(ended, stage, duration)
        return result

    def _timed(self, work: Callable[[*A], R], *arguments: *A) -> tuple[R, float, float]:
        begun = self._clock()
        result = work(*arguments)
        ended = self._clock()
        return result, ended, ended - begun

    def _complain(self, stage: str, error: Exception) -> None:
        """Mark the stage as failing; the log hears of each stage once, not thirty times a second."""
        self._failing.add(stage)
        if stage not in self._complained:
            self._complained.add(stage)
            log.error("the %s stage fails, original frames go out", stage, exc_info=error)

    def _forget(self, job: asyncio.Future[Any]) -> None:
        self._running.discard(job)
        if not job.cancelled():
            job.exception()  # read, so that asyncio does not report it where the line was cancelled


def _is_stale(made: Made[Any], arrival: Arrival) -> bool:
    return abs(arrival.frame.time - made.source.frame.time) > STALE
