import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import av
import pytest

from relay.config.lines import Lines, PipelineMode, ReturnMode
from relay.frame import Frame, Shown, Verdict
from relay.gaze.face import Faces
from relay.media.freshness import MAX_AGE
from relay.media.mailbox import ClosedError
from relay.media.pipeline import Listeners, Pipeline
from relay.media.trace import Note, Span, Use
from relay.metrics import Meter
from tests.deadlines import scaled
from tests.fakes import Clock, FakeStages, picture, started_executors, until

MODES: list[PipelineMode] = ["pipelined", "sequential"]


class Rig:
    """A running pipeline with everything it reports."""

    def __init__(self, pipeline: Pipeline[Faces, float], stages: FakeStages, meter: Meter, clock: Clock) -> None:
        self.pipeline, self.stages, self.meter, self.clock = pipeline, stages, meter, clock
        self.seen: list[Faces] = []
        self.notes: list[Note] = []
        self.packets: list[bytes] = []

    async def show(self, number: int) -> av.VideoFrame:
        """Feed a frame and wait for the next output."""
        self.pipeline.take(picture(number))
        return await asyncio.wait_for(self.pipeline.next(), scaled(10))

    async def warm_up(self) -> None:
        """Wait until both other lines have a result and are idle."""
        before = self.verdicts.get(Verdict.CORRECTED, 0)
        number = 0
        while self.verdicts.get(Verdict.CORRECTED, 0) == before:
            await self.show(number)
            await asyncio.sleep(0.005)
            number += 1
        shown = next(note.frame for note in reversed(self.notes) if isinstance(note, Use))
        await until(lambda: self.newest("landmarks") == self.newest("field") == shown)
        self.stages.calls.clear()

    def newest(self, line: str) -> int:
        """The newest frame that this line has worked on."""
        return max((note.frame for note in self.notes if isinstance(note, Span) and note.line == line), default=-1)

    def spans(self, line: str) -> int:
        """The number of results of this line."""
        return sum(isinstance(note, Span) and note.line == line for note in self.notes)

    @property
    def verdicts(self) -> dict[Verdict, int]:
        frames = self.meter.report(self.clock()).frames
        return {**frames.passed, Verdict.CORRECTED: frames.corrected}


@asynccontextmanager
async def running(
    mode: PipelineMode, stages: FakeStages | None = None, *, returns: ReturnMode = "video", **settings: int
) -> AsyncIterator[Rig]:
    stages, clock = stages or FakeStages(), Clock()
    meter = Meter(mode, clock(), returns)
    lines = Lines.model_validate({"pipeline": mode, "max_landmark_age": 15, "max_field_age": 15, **settings})
    with started_executors() as executors:
        seen, notes, packets = list[Faces](), list[Note](), list[bytes]()
        listeners = Listeners[Faces](seen.append, notes.append, packets.append if returns == "field" else None)
        pipeline = Pipeline(stages, executors, lines=lines, meter=meter, clock=clock, listeners=listeners)
        rig = Rig(pipeline, stages, meter, clock)
        rig.seen, rig.notes, rig.packets = seen, notes, packets
        async with asyncio.TaskGroup() as group:
            for line in pipeline.lines():
                group.create_task(line)
            try:
                yield rig
            finally:
                for gate in stages.gates.values():
                    gate.set()
                pipeline.close()
        await pipeline.wait_idle()


async def test_pipelined_shows_at_once_while_landmarks_are_blocked() -> None:
    async with running("pipelined") as rig:
        await rig.warm_up()
        rig.stages.gates["find_faces"] = threading.Event()
        shown = [await rig.show(number) for number in range(100, 105)]
        assert [frame.pts for frame in shown] == [3000 * number for number in range(100, 105)]
        assert rig.stages.calls.count("show") == 0  # the landmarks are three seconds old in media time
        await until(lambda: rig.stages.calls.count("find_faces") == 1)


async def test_pipelined_uses_the_newest_landmarks_and_field_there_are() -> None:
    async with running("pipelined") as rig:
        await rig.warm_up()
        rig.stages.gates["find_faces"] = rig.stages.gates["make_fields"] = threading.Event()
        corrected = rig.verdicts[Verdict.CORRECTED]
        for number in range(5, 15):
            await rig.show(number)
        assert rig.verdicts[Verdict.CORRECTED] == corrected + 10
        ages = rig.meter.report(rig.clock()).age_frames
        assert ages["landmarks"].p95 > 5
        assert ages["field"].p95 > 5


async def test_sequential_waits_for_its_own_landmarks_and_field() -> None:
    """Claims 11 and 12: landmarks, then the field, then the warp, of one frame after the other."""
    async with running("sequential") as rig:
        await rig.show(0)
        rig.stages.gates["find_faces"] = threading.Event()
        rig.pipeline.take(picture(1))
        waiting = asyncio.create_task(rig.pipeline.next())
        await until(lambda: rig.stages.calls.count("find_faces") == 2)
        await asyncio.sleep(0.05)
        assert not waiting.done()
        rig.stages.gates["find_faces"].set()
        assert (await waiting).pts == 3000
        assert rig.stages.calls == 2 * ["find_faces", "make_fields", "show"]
        assert rig.meter.report(rig.clock()).age_frames["landmarks"].p95 == 0


async def test_sequential_never_shows_an_original_because_it_is_not_ready() -> None:
    async with running("sequential") as rig:
        for number in range(5):
            await rig.show(number)
        assert rig.verdicts == {Verdict.CORRECTED: 5}


async def test_pipelined_warms_up_with_originals() -> None:
    stages = FakeStages()
    stages.gates["find_faces"] = threading.Event()
    async with running("pipelined", stages) as rig:
        for number in range(3):
            original = picture(number)
            rig.pipeline.take(original)
            assert await rig.pipeline.next() is original
        assert rig.verdicts == {Verdict.CORRECTED: 0, Verdict.WARMING_UP: 3}


@pytest.mark.parametrize("mode", MODES)
async def test_frames_that_arrive_while_one_is_shown_are_dropped_but_the_newest(mode: PipelineMode) -> None:
    async with running(mode) as rig:
        await rig.warm_up()
        rig.stages.gates["show"] = threading.Event()
        rig.pipeline.take(picture(4))
        await until(lambda: "show" in rig.stages.calls)
        for number in range(5, 14):
            rig.pipeline.take(picture(number))
            await asyncio.sleep(0)
        before = rig.pipeline.dropped
        rig.stages.gates["show"].set()
        assert (await rig.pipeline.next()).pts == 12000
        assert (await rig.pipeline.next()).pts == 39000
        assert before == rig.pipeline.dropped == 8


async def test_frames_nobody_picks_up_are_dropped_and_counted() -> None:
    async with running("sequential") as rig:
        for number in range(4):
            rig.pipeline.take(picture(number))
            await until(lambda number=number: rig.stages.calls.count("show") == number + 1)  # type: ignore[misc]
        await until(lambda: rig.pipeline.dropped == 3)
        assert (await rig.pipeline.next()).pts == 9000
        assert rig.pipeline.dropped == 3
        assert rig.meter.report(rig.clock()).frames.out == 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("stage", ["find_faces", "make_fields", "show"])
async def test_a_failing_stage_lets_originals_out_and_is_logged_once(
    mode: PipelineMode, stage: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(mode) as rig:
        await rig.warm_up()
        rig.stages.broken.add(stage)
        rig.pipeline.take(picture(5))
        await rig.pipeline.next()
        await until(lambda: any(record.levelno >= logging.ERROR for record in caplog.records))
        for number in range(6, 10):
            original = picture(number)
            rig.pipeline.take(original)
            assert await rig.pipeline.next() is original
        assert rig.verdicts[Verdict.FAILED] >= 4
        errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert len(errors) == 1
        assert errors[0].exc_info is not None


@pytest.mark.parametrize("mode", MODES)
async def test_a_stage_that_recovers_is_used_again(mode: PipelineMode) -> None:
    stages = FakeStages()
    stages.broken.update({"find_faces", "make_fields", "show"})
    async with running(mode, stages) as rig:
        for number in range(3):
            await rig.show(number)
        assert rig.verdicts[Verdict.CORRECTED] == 0
        stages.broken.clear()
        await rig.warm_up()
        assert rig.verdicts[Verdict.CORRECTED] == 1


async def test_landmarks_and_field_are_made_at_the_same_time_while_frames_are_shown() -> None:
    """Claims 10, 15, 18 and 22: the lines run in parallel, and the one that shows waits for neither."""
    async with running("pipelined") as rig:
        await rig.warm_up()
        rig.stages.gates["find_faces"] = rig.stages.gates["make_fields"] = threading.Event()
        await rig.show(5)
        await until(
            lambda: {"find_faces", "make_fields"} <= set(rig.stages.calls)
        )  # both are under way, none has ended
        assert (await rig.show(6)).pts == 18000
        assert rig.stages.calls.count("show") == 2


class Diary(FakeStages):
    """Makes fields that name their frame and the frame of their landmarks."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[tuple[float, ...]] = []

    def make_fields(self, frame: Frame, faces: Faces) -> Any:
        super().make_fields(frame, faces)
        return frame.time, faces.time

    def show(self, frame: Frame, faces: Faces, fields: Any, share: float) -> Shown:
        self.shown.append(tuple(round(30 * time) for time in (frame.time, faces.time, *fields)))
        return super().show(frame, faces, fields, share)


async def test_a_field_is_made_with_landmarks_of_before_and_shown_at_newer_ones() -> None:
    """Claims 8, 17, 20 and 25: landmarks of x, a field of x+n with them, landmarks of x+m, shown x+q."""
    stages = Diary()
    async with running("pipelined", stages) as rig:
        await rig.warm_up()
        stages.gates["make_fields"] = threading.Event()
        for number in range(20, 25):  # the field of 20 is held up, landmarks go on
            await rig.show(number)
            await until(lambda number=number: bool(rig.seen) and round(30 * rig.seen[-1].time) == number)  # type: ignore[misc]
        made = rig.spans("field")
        stages.gates.pop("make_fields").set()
        await until(lambda: rig.spans("field") > made)
        await rig.show(25)
    shown, landmarks, field, faces_of_field = stages.shown[-1]
    assert faces_of_field <= field <= landmarks < shown == 25


async def test_beyond_the_allowed_age_the_correction_fades_out_and_back() -> None:
    """Claim 26: a setting determines how far apart computed and shown frames may be."""
    async with running("pipelined", max_landmark_age=3) as rig:
        await rig.warm_up()
        for number in range(10, 20):  # every frame's landmarks are there before the next one comes
            await rig.show(number)
            await until(lambda number=number: bool(rig.seen) and round(30 * rig.seen[-1].time) == number)  # type: ignore[misc]
        gate = rig.stages.gates["find_faces"] = threading.Event()
        rig.stages.shares.clear()
        for number in range(20, 30):
            await rig.show(number)
        # 20, 21 and 22 are 1, 2 and 3 frames after 19; from then on it fades out over 4.5 frames.
        assert rig.stages.shares == pytest.approx([1, 1, 1, 0.778, 0.556, 0.333, 0.111], abs=1e-3)
        assert rig.verdicts[Verdict.LATE] == 3
        gate.set()
        await until(lambda: round(30 * rig.seen[-1].time) == 29)
        rig.stages.shares.clear()
        for number in range(30, 36):
            await rig.show(number)
            await until(lambda number=number: round(30 * rig.seen[-1].time) == number)  # type: ignore[misc]
        assert rig.stages.shares == pytest.approx([0.222, 0.444, 0.667, 0.889, 1, 1], abs=1e-3)


async def test_a_field_too_old_fades_the_correction_out_as_well() -> None:
    """Claim 26, of the field."""
    async with running("pipelined", max_field_age=2) as rig:
        await rig.warm_up()
        rig.stages.gates["make_fields"] = threading.Event()
        for number in range(20, 30):
            await rig.show(number)
        assert rig.verdicts[Verdict.LATE] >= 2


@pytest.mark.parametrize(
    ("returns", "settings", "searched", "planned"),
    [
        ("video", {}, [0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
        ("field", {}, [0, 2, 4], [1, 3, 5]),
        ("field", {"landmark_every": 1, "field_every": 3}, [0, 1, 2, 3, 4, 5], [1, 4]),
        ("video", {"landmark_every": 3}, [0, 3], [1, 2, 3, 4, 5]),
    ],
)
async def test_each_line_takes_the_frames_that_the_settings_leave_it(
    returns: ReturnMode, settings: dict[str, int], searched: list[int], planned: list[int]
) -> None:
    class Noting(FakeStages):
        def make_fields(self, frame: Frame, faces: Faces) -> float:
            made.append(round(30 * frame.time))
            return super().make_fields(frame, faces)

    made: list[int] = []
    async with running("pipelined", Noting(), returns=returns, **settings) as rig:
        for number in range(6):
            rig.pipeline.take(picture(number))
            if returns == "video":
                await rig.pipeline.next()
            await until(
                lambda number=number: (  # type: ignore[misc]
                    [round(30 * faces.time) for faces in rig.seen] == [one for one in searched if one <= number]
                    and made == [one for one in planned if one <= number]
                )
            )


async def test_who_worked_on_which_frame_is_noted() -> None:
    async with running("pipelined") as rig:
        await rig.warm_up()
        await rig.show(5)
    spans = [note for note in rig.notes if isinstance(note, Span)]
    assert {span.line for span in spans} == {"landmarks", "field", "warp"}
    use = next(note for note in reversed(rig.notes) if isinstance(note, Use))
    assert use.landmarks is not None
    assert use.landmarks < use.frame
    assert use.verdict is Verdict.CORRECTED


@pytest.mark.parametrize("mode", MODES)
async def test_where_fields_return_each_line_sends_what_it_made_and_nothing_is_shown(mode: PipelineMode) -> None:
    """Claims 21 and 23: field and landmarks go to the local device, which warps by itself."""
    async with running(mode, returns="field", landmark_every=1, field_every=1) as rig:
        for number in range(5):
            rig.pipeline.take(picture(number), stamp=100 + number)
            await until(lambda number=number: f"faces {100 + number} True".encode() in rig.packets)  # type: ignore[misc]
            await until(lambda: any(packet.startswith(b"fields") for packet in rig.packets) or mode == "pipelined")
        assert "show" not in rig.stages.calls
        assert rig.verdicts[Verdict.CORRECTED] == 5
        fields = [packet.split() for packet in rig.packets if packet.startswith(b"fields")]
        assert fields
        assert all(int(frame) >= int(seen) for _, frame, seen in fields)


@pytest.mark.parametrize("stage", ["find_faces", "make_fields"])
async def test_where_fields_return_a_failing_stage_makes_the_receiver_show_its_original(stage: str) -> None:
    async with running("sequential", returns="field") as rig:
        rig.stages.broken.add(stage)
        rig.pipeline.take(picture(0), stamp=100)
        await until(lambda: bool(rig.packets))
        assert rig.packets[-1] == b"faces 100 False"
        assert rig.verdicts[Verdict.FAILED] == 1


async def test_where_fields_return_frames_that_landmarks_cannot_keep_up_with_are_dropped() -> None:
    async with running("pipelined", returns="field", landmark_every=1) as rig:
        gate = rig.stages.gates["find_faces"] = threading.Event()
        rig.pipeline.take(picture(0), stamp=100)
        await until(lambda: "find_faces" in rig.stages.calls)
        for number in range(1, 5):
            rig.pipeline.take(picture(number), stamp=100 + number)
        gate.set()
        await until(lambda: b"faces 104 True" in rig.packets)
        assert [packet for packet in rig.packets if packet.startswith(b"faces")] == [
            b"faces 100 True",
            b"faces 104 True",
        ]
        assert rig.pipeline.dropped == 3


async def test_results_of_long_ago_are_not_applied() -> None:
    async with running("pipelined") as rig:
        await rig.warm_up()
        rig.stages.gates["find_faces"] = threading.Event()
        late = 1000 + round(30 * MAX_AGE)
        original = picture(late)
        rig.pipeline.take(original)
        assert await rig.pipeline.next() is original
        assert rig.verdicts[Verdict.LATE] == 1


@pytest.mark.parametrize("mode", MODES)
async def test_order_and_time_stamps_are_those_of_the_input(mode: PipelineMode) -> None:
    async with running(mode) as rig:
        out = [await rig.show(number) for number in range(20)]
        assert [frame.pts for frame in out] == [3000 * number for number in range(20)]


async def test_the_size_may_change_at_any_frame() -> None:
    async with running("pipelined") as rig:
        for number, size in enumerate([(64, 48), (64, 48), (99, 33), (99, 33), (320, 240)]):
            rig.pipeline.take(picture(number, size))
            shown = await rig.pipeline.next()
            assert (shown.width, shown.height) == size
        report = rig.meter.report(rig.clock())
        assert (report.width, report.height) == (320, 240)


class Brightened(FakeStages):
    """Shows a new frame, so that it has to be written."""

    def show(self, frame: Frame, faces: Faces, fields: float, share: float) -> Shown:
        return Shown(Frame(255 - frame.y, frame.u, frame.v, frame.time), Verdict.CORRECTED)


@pytest.mark.parametrize("mode", MODES)
async def test_a_corrected_frame_is_a_new_one_with_the_same_time_stamp(mode: PipelineMode) -> None:
    async with running(mode, Brightened()) as rig:
        await rig.warm_up()
        original = picture(7)
        before = original.to_ndarray()
        rig.pipeline.take(original)
        shown = await rig.pipeline.next()
        assert shown is not original
        assert (shown.pts, shown.time_base) == (original.pts, original.time_base)
        assert (original.to_ndarray() == before).all()
        assert (shown.to_ndarray()[:120] == 255 - before[:120]).all()


async def test_delay_and_stage_times_come_from_the_clock() -> None:
    async with running("sequential") as rig:
        rig.stages.gates["show"] = threading.Event()
        rig.pipeline.take(picture(0))
        await until(lambda: "show" in rig.stages.calls)
        rig.clock.now += 0.04
        rig.stages.gates["show"].set()
        await rig.pipeline.next()
        report = rig.meter.report(rig.clock())
        assert report.delay_ms is not None
        assert report.delay_ms.p50 == pytest.approx(40)
        assert report.stages_ms["warp"].p50 == pytest.approx(40)
        assert report.stages_ms["landmarks"].p50 == 0
        assert 0 < rig.pipeline.delay <= 0.04


async def test_showing_a_frame_comes_before_its_own_landmarks_and_field() -> None:
    async with running("pipelined") as rig:
        await rig.warm_up()
        rig.stages.gates["show"] = threading.Event()
        rig.pipeline.take(picture(4))
        await until(lambda: "show" in rig.stages.calls)
        await asyncio.sleep(0.05)
        assert not {"find_faces", "make_fields"} & set(rig.stages.calls)
        rig.stages.gates["show"].set()
        await until(lambda: {"find_faces", "make_fields"} <= set(rig.stages.calls))


async def test_every_new_s_is_told() -> None:
    async with running("sequential") as rig:
        for number in range(3):
            await rig.show(number)
        assert [faces.time for faces in rig.seen] == pytest.approx([0, 1 / 30, 2 / 30])


@pytest.mark.parametrize("mode", MODES)
async def test_closing_ends_the_lines_and_the_pick_up(mode: PipelineMode) -> None:
    async with running(mode) as rig:
        await rig.show(0)
        waiting = asyncio.create_task(rig.pipeline.next())
        await asyncio.sleep(0)
        rig.pipeline.close()
        with pytest.raises(ClosedError):
            await waiting
        rig.pipeline.take(picture(1))


async def test_settling_waits_for_the_stage_of_a_cancelled_line() -> None:
    stages, clock = FakeStages(), Clock()
    stages.gates["find_faces"] = threading.Event()
    with started_executors() as executors:
        lines = Lines.model_validate({"pipeline": "sequential"})
        listeners = Listeners[Faces](lambda _: None)
        pipeline = Pipeline(stages, executors, lines=lines, meter=Meter("", 0), clock=clock, listeners=listeners)
        [line] = [asyncio.create_task(line) for line in pipeline.lines()]
        pipeline.take(picture(0))
        await until(lambda: "find_faces" in stages.calls)
        line.cancel()
        await asyncio.wait([line])
        settling = asyncio.create_task(pipeline.wait_idle())
        await asyncio.sleep(0.05)
        assert not settling.done()
        stages.gates["find_faces"].set()
        await asyncio.wait_for(settling, scaled(10))
