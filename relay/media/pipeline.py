"""The corrector's stages with a clock: three hands that never wait for each other (claims 8, 15-26).

    landmark line   newest frame, n-th as asked  -> find_faces  -> S
    field line      newest frame, newest S       -> make_fields -> F
    display         every frame, at once, with the newest S and F -> show -> a frame to send

In `sequential` mode one hand does all three for one frame, so the shown frame waits for its own S and F (claims 11-14).
In both modes a frame that a newer one overtakes on its way is dropped, so delay never grows.

Where the receiver warps its own frames there is no display: what each line has made is sent the moment it is made.

Late, failing or not yet ready: the original frame goes out and is counted; nothing here ever raises to the
peer. Knows nothing of what S and F are, of tracks or of connections. The clock is read here and handed in.
"""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import av

from relay.config.lines import Lines, ReturnMode
from relay.frame import Verdict
from relay.media.arrival import Arrival, Made, Ready
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
    """Who is told what, in the event loop. saw: every new S at once. note: each stage's work and each shown frame.
    send: what the receiver needs who warps by itself; without it frames are shown here.
    """

    saw: Callable[[S], None]
    note: Callable[[Note], None] = lambda _: None
    send: Callable[[bytes], None] | None = None

    @property
    def returns(self) -> ReturnMode:
        """What goes back to the peer."""
        return "field" if self.send else "video"


class Pipeline(Generic[S, F]):
    """Runs the stages of one session in the given hands.

    clock: seconds, monotonic. delay: seconds from a frame's arrival to its pick-up, smoothed over about a second.
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
        # The field line begins a frame later, with landmarks of the first (claim 18), and so they take turns.
        self._landmark_every, self._field_every = lines.every(listeners.returns)
        self._searched, self._planned = -self._landmark_every, 1 - self._field_every
        self._found: Made[S] | None = None
        self._fields: Made[F] | None = None

    def lines(self) -> list[Coroutine[Any, Any, None]]:
        """The lines, each to be run as a task; they end after close()."""
        if self._settings.pipeline == "sequential":
            return [self._take_turns()]
        display = [] if self._listeners.send else [self._display()]
        return [self._find_faces(), self._make_fields(), *display]

    def take(self, decoded: av.VideoFrame, stamp: int = 0) -> None:
        """A frame has been decoded: show it next, in place of an older one not yet begun. stamp: relay.frame.Frame."""
        arrival = Arrival(self._count, self._clock(), DecodedFrame.of(decoded, stamp=stamp))
        self._count += 1
        self._meter.arrive(arrival.at, arrival.frame.size)
        if self._listeners.send and self._settings.pipeline == "pipelined":
            self._hand_on(arrival)
        else:
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
        await self._runner.settle()

    @property
    def dropped(self) -> int:
        """Frames that a newer one replaced before they were shown, told of or sent."""
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
            # Its own landmarks and field would come too late for it, and would only take processor time from it.
            self._hand_on(arrival)

    async def _take_turns(self) -> None:
        async for arrival in self._display_box:
            with suppress(StageError):
                await self._update_found(arrival)
                await self._update_fields(arrival)
            await (self._encode_faces(arrival) if self._listeners.send else self._send(arrival))

    def _hand_on(self, arrival: Arrival) -> None:
        """Let the other lines have it."""
        if arrival.number - self._searched >= self._landmark_every:
            self._searched = arrival.number
            self._landmark_box.put(arrival)
        if arrival.number - self._planned >= self._field_every:
            self._planned = arrival.number
            self._field_box.put(arrival)

    async def _update_found(self, arrival: Arrival) -> None:
        found = await self._work("landmarks", arrival, self._stages.find_faces, arrival.frame)
        self._found = Made(found, arrival)
        self._listeners.saw(found)

    async def _update_fields(self, arrival: Arrival) -> None:
        found = self._found
        if found is None:
            return
        fields = await self._work("field", arrival, self._stages.make_fields, arrival.frame, found.value)
        self._fields = Made(fields, arrival)
        if send := self._listeners.send:
            seen, executor = found.source.frame, self._executors.field
            encoded = await self._runner.work("tell", executor, self._stages.encode_fields, arrival.frame, seen, fields)
            send(encoded.value)

    async def _encode_faces(self, arrival: Arrival) -> None:
        """Where the receiver warps: say where the eyes are, or that there is nothing to be corrected."""
        if not (send := self._listeners.send):
            return
        found, fields = self._found, self._fields
        failed = self._runner.fails("landmarks", "field")
        faces = None if failed or found is None else found.value
        work, executor = self._stages.encode_faces, self._executors.landmarks
        try:
            encoded = (await self._runner.work("tell", executor, work, arrival.frame, faces, fields is not None)).value
        except StageError:
            verdict = Verdict.FAILED
        else:
            send(encoded.packet)
            verdict = Verdict.FAILED if failed else encoded.verdict
        now = self._clock()
        self._meter.depart(now, verdict, now - arrival.at)
        self._note_use(arrival, found, fields, verdict)

    async def _send(self, arrival: Arrival) -> None:
        """Let this frame out, whatever happens to it."""
        found, fields = self._found, self._fields
        try:
            picture, verdict = await self._show(arrival, found, fields)
        except StageError:
            picture, verdict = arrival.picture.decoded, Verdict.FAILED
        self._out.put(Ready(picture, verdict, arrival.at, self._clock()))
        self._note_use(arrival, found, fields, verdict)

    async def _show(
        self, arrival: Arrival, found: Made[S] | None, fields: Made[F] | None
    ) -> tuple[av.VideoFrame, Verdict]:
        original = arrival.picture.decoded
        if self._runner.fails("landmarks", "field"):
            return original, Verdict.FAILED
        if found is None or fields is None:
            return original, Verdict.WARMING_UP
        share = self._fade(_ages(arrival, found, fields), arrival.frame.time)
        if share <= 0:
            return original, Verdict.LATE
        return await self._work("warp", arrival, self._warp, arrival.picture, found.value, fields.value, share)

    def _warp(self, picture: DecodedFrame, faces: S, fields: F, share: float) -> tuple[av.VideoFrame, Verdict]:
        shown = self._stages.show(picture.frame, faces, fields, share)
        return picture.write(shown.frame), shown.verdict

    async def _work(self, line: str, arrival: Arrival, work: Callable[..., R], *arguments: Any) -> R:
        """A line's work on a frame, timed and noted. Raises StageError."""
        executors = {
            "landmarks": self._executors.landmarks,
            "field": self._executors.field,
            "warp": self._executors.display,
        }
        done = await self._runner.work(line, executors[line], work, *arguments)
        self._meter.time(done.ended, line, done.ended - done.begun)
        self._listeners.note(Span(line, arrival.number, done.begun, done.ended))
        return done.value

    def _note_use(self, arrival: Arrival, found: Made[S] | None, fields: Made[F] | None, verdict: Verdict) -> None:
        """For the figures and the trace: how old the results are that this frame is corrected with."""
        now = self._clock()
        landmarks, field = (made.source.number if made else None for made in (found, fields))
        # Who warps by itself shows its newest frame, of which at least that much has come here.
        shown = self._count - 1 if self._listeners.send else arrival.number
        if landmarks is not None and field is not None:
            self._meter.age(now, "landmarks", shown - landmarks)
            self._meter.age(now, "field", shown - field)
        self._listeners.note(Use(shown, now, landmarks, field, verdict))


def _ages(arrival: Arrival, found: Made[Any], fields: Made[Any]) -> Ages:
    oldest = max((arrival.frame.time - made.source.frame.time for made in (found, fields)), key=abs)
    return Ages(arrival.number - found.source.number, arrival.number - fields.source.number, oldest)
