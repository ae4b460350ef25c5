"""Runs the corrector's stages in three lines that never wait for each other (claims 8, 15-26).

    landmark line   newest frame, every n-th     -> find_faces  -> S
    field line      newest frame, newest S       -> make_fields -> F
    display         every frame, at once, with the newest S and F -> show -> a frame to send

In `sequential` mode one line does all three for one frame, so the shown frame waits for its own S and F (claims 11-14).
In both modes a frame is dropped when a newer one overtakes it, so delay never grows.

Where the receiver warps its own frames there is no display: the result of each line is sent as soon as it is ready.

Where results are late, failing or not ready, the original frame is sent and counted; no error here ever reaches the
peer. Knows nothing of what S and F are, of tracks or of connections. The clock is passed in.
"""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import av

from relay.config.lines import Lines, ReturnMode
from relay.frame import Verdict
from relay.media.arrival import Arrival, Ready, Result
from relay.media.frame import DecodedFrame
from relay.media.freshness import Ages, Fade
from relay.media.mailbox import Mailbox
from relay.media.runner import StageError, StageRunner
from relay.media.stages import Executors, F, S, Stages
from relay.media.trace import Note, Span, Use
from relay.metrics import Meter

R = TypeVar("R")


@dataclass(frozen=True)
class Listeners(Generic[S]):
    """Callbacks, called in the event loop. on_faces: with every new S at once. on_note: with each stage's work and each
    shown frame. send: with the packets of a receiver that warps by itself; without it frames are shown here.
    """

    on_faces: Callable[[S], None]
    on_note: Callable[[Note], None] = lambda _: None
    send: Callable[[bytes], None] | None = None

    @property
    def returns(self) -> ReturnMode:
        """What is sent back to the peer."""
        return "field" if self.send else "video"


class Pipeline(Generic[S, F]):
    """Runs the stages of one session in the given executors.

    clock: seconds, monotonic. delay: seconds from a frame's arrival to next(), smoothed over about a second.
    """

    def __init__(
        self,
        stages: Stages[S, F],
        executors: Executors,
        *,
        lines: Lines,
        meter: Meter,
        clock: Callable[[], float],
        listeners: Listeners[S],
    ) -> None:
        self.delay = 0.0
        self._stages, self._executors, self._meter, self._clock = stages, executors, meter, clock
        self._settings, self._listeners = lines, listeners
        self._runner, self._fade = StageRunner(clock), Fade(lines)
        self._landmark_box, self._field_box = Mailbox[Arrival](), Mailbox[Arrival]()
        self._display_box, self._out = Mailbox[Arrival](), Mailbox[Ready]()
        self._count = 0
        # The field line starts a frame later, with landmarks of the first (claim 18), so that the two alternate.
        self._landmark_every, self._field_every = lines.every(listeners.returns)
        self._last_landmarks, self._last_field = -self._landmark_every, 1 - self._field_every
        self._found: Result[S] | None = None
        self._fields: Result[F] | None = None

    def lines(self) -> list[Coroutine[Any, Any, None]]:
        """The lines; run each as a task. They end after close()."""
        if self._settings.pipeline == "sequential":
            return [self._run_sequentially()]
        display = [] if self._listeners.send else [self._display()]
        return [self._find_faces(), self._make_fields(), *display]

    def take(self, decoded: av.VideoFrame, stamp: int = 0) -> None:
        """Queue a decoded frame; it replaces an older one not yet started. stamp: relay.frame.Frame."""
        arrival = Arrival(self._count, self._clock(), DecodedFrame.of(decoded, stamp=stamp))
        self._count += 1
        self._meter.arrive(arrival.at, arrival.frame.size)
        if self._listeners.send and self._settings.pipeline == "pipelined":
            self._queue_for_lines(arrival)
        else:
            self._display_box.put(arrival)

    async def next(self) -> av.VideoFrame:
        """Wait for the newest frame to send. Raises mailbox.ClosedError after close()."""
        ready = await self._out.take()
        self._meter.depart(ready.at, ready.verdict, ready.at - ready.arrived)
        self.delay += (self._clock() - ready.arrived - self.delay) / 30
        return ready.frame

    def close(self) -> None:
        """Accept and return no more frames; the lines end once their running stage has returned."""
        for box in (self._landmark_box, self._field_box, self._display_box, self._out):
            box.close()

    async def wait_idle(self) -> None:
        """Wait until no stage is running, even if its line was cancelled. Call after close()."""
        await self._runner.wait_idle()

    @property
    def dropped(self) -> int:
        """Frames replaced by a newer one before they were shown, encoded or sent."""
        if self._listeners.send:
            return self._display_box.dropped + self._landmark_box.dropped
        return self._display_box.dropped + self._out.dropped

    async def _find_faces(self) -> None:
        async for arrival in self._landmark_box:
            with suppress(StageError):
                await self._update_found(arrival)
            await self._encode_faces(arrival)

    async def _make_fields(self) -> None:
        async for arrival in self._field_box:
            with suppress(StageError):
                await self._update_fields(arrival)

    async def _display(self) -> None:
        async for arrival in self._display_box:
            await self._send(arrival)
            # Its own landmarks and field would be too late for it; computing them first would only delay it.
            self._queue_for_lines(arrival)

    async def _run_sequentially(self) -> None:
        async for arrival in self._display_box:
            with suppress(StageError):
                await self._update_found(arrival)
                await self._update_fields(arrival)
            await (self._encode_faces(arrival) if self._listeners.send else self._send(arrival))

    def _queue_for_lines(self, arrival: Arrival) -> None:
        """Pass the frame to the lines whose turn it is."""
        if arrival.number - self._last_landmarks >= self._landmark_every:
            self._last_landmarks = arrival.number
            self._landmark_box.put(arrival)
        if arrival.number - self._last_field >= self._field_every:
            self._last_field = arrival.number
            self._field_box.put(arrival)

    async def _update_found(self, arrival: Arrival) -> None:
        found = await self._work("landmarks", arrival, self._stages.find_faces, arrival.frame)
        self._found = Result(found, arrival)
        self._listeners.on_faces(found)

    async def _update_fields(self, arrival: Arrival) -> None:
        found = self._found
        if found is None:
            return
        fields = await self._work("field", arrival, self._stages.make_fields, arrival.frame, found.value)
        self._fields = Result(fields, arrival)
        if send := self._listeners.send:
            seen, executor = found.source.frame, self._executors.field
            encoded = await self._runner.work(
                "encode", executor, self._stages.encode_fields, arrival.frame, seen, fields
            )
            send(encoded.value)

    async def _encode_faces(self, arrival: Arrival) -> None:
        """Where the receiver warps: send where the eyes are, or that nothing is to be corrected."""
        if not (send := self._listeners.send):
            return
        found, fields = self._found, self._fields
        failed = self._runner.fails("landmarks", "field")
        faces = None if failed or found is None else found.value
        work, executor = self._stages.encode_faces, self._executors.landmarks
        try:
            encoded = (
                await self._runner.work("encode", executor, work, arrival.frame, faces, fields is not None)
            ).value
        except StageError:
            verdict = Verdict.FAILED
        else:
            send(encoded.packet)
            verdict = Verdict.FAILED if failed else encoded.verdict
        now = self._clock()
        self._meter.depart(now, verdict, now - arrival.at)
        self._note_use(arrival, found, fields, verdict)

    async def _send(self, arrival: Arrival) -> None:
        """Queue this frame for sending, corrected or not."""
        found, fields = self._found, self._fields
        try:
            frame, verdict = await self._show(arrival, found, fields)
        except StageError:
            frame, verdict = arrival.decoded.original, Verdict.FAILED
        self._out.put(Ready(frame, verdict, arrival.at, self._clock()))
        self._note_use(arrival, found, fields, verdict)

    async def _show(
        self, arrival: Arrival, found: Result[S] | None, fields: Result[F] | None
    ) -> tuple[av.VideoFrame, Verdict]:
        original = arrival.decoded.original
        if self._runner.fails("landmarks", "field"):
            return original, Verdict.FAILED
        if found is None or fields is None:
            return original, Verdict.WARMING_UP
        share = self._fade(_ages(arrival, found, fields), arrival.frame.time)
        if share <= 0:
            return original, Verdict.LATE
        return await self._work("warp", arrival, self._warp, arrival.decoded, found.value, fields.value, share)

    def _warp(self, decoded: DecodedFrame, faces: S, fields: F, share: float) -> tuple[av.VideoFrame, Verdict]:
        shown = self._stages.show(decoded.frame, faces, fields, share)
        return decoded.write(shown.frame), shown.verdict

    async def _work(self, line: str, arrival: Arrival, work: Callable[..., R], *arguments: Any) -> R:
        """Run a line's stage on a frame; time and record it. Raises StageError."""
        executors = {
            "landmarks": self._executors.landmarks,
            "field": self._executors.field,
            "warp": self._executors.display,
        }
        done = await self._runner.work(line, executors[line], work, *arguments)
        self._meter.time(done.ended, line, done.ended - done.begun)
        self._listeners.on_note(Span(line, arrival.number, done.begun, done.ended))
        return done.value

    def _note_use(self, arrival: Arrival, found: Result[S] | None, fields: Result[F] | None, verdict: Verdict) -> None:
        """Record for metrics and trace how old the results are that this frame is corrected with."""
        now = self._clock()
        landmarks, field = (made.source.number if made else None for made in (found, fields))
        # A receiver that warps shows its own newest frame, which is at least as new as the newest one received here.
        shown = self._count - 1 if self._listeners.send else arrival.number
        if landmarks is not None and field is not None:
            self._meter.age(now, "landmarks", shown - landmarks)
            self._meter.age(now, "field", shown - field)
        self._listeners.on_note(Use(shown, now, landmarks, field, verdict))


def _ages(arrival: Arrival, found: Result[Any], fields: Result[Any]) -> Ages:
    oldest = max((arrival.frame.time - made.source.frame.time for made in (found, fields)), key=abs)
    return Ages(arrival.number - found.source.number, arrival.number - fields.source.number, oldest)
