import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import av
import pytest

from relay.config import PipelineMode
from relay.frame import Frame, Shown, Verdict
from relay.gaze.face import Faces
from relay.media.mailbox import ClosedError
from relay.media.pipeline import STALE, Pipeline
from relay.metrics import Meter
from tests.fakes import Clock, FakeEyes, hired, picture, until

MODES: list[PipelineMode] = ["pipelined", "sequential"]


class Rig:
    """A pipeline in motion, and all one may want to know about it."""

    def __init__(self, pipeline: Pipeline[Faces, float], eyes: FakeEyes, meter: Meter, clock: Clock) -> None:
        self.pipeline, self.eyes, self.meter, self.clock = pipeline, eyes, meter, clock
        self.seen: list[Faces] = []

    async def show(self, number: int) -> av.VideoFrame:
        """Let a frame in and wait for what goes out."""
        self.pipeline.take(picture(number))
        return await asyncio.wait_for(self.pipeline.next(), 5)

    async def warm_up(self) -> None:
        """Until both other lines have made something."""
        before = self.verdicts.get(Verdict.CORRECTED, 0)
        number = 0
        while self.verdicts.get(Verdict.CORRECTED, 0) == before:
            await self.show(number)
            await asyncio.sleep(0.005)
            number += 1
        self.eyes.calls.clear()

    @property
    def verdicts(self) -> dict[Verdict, int]:
        frames = self.meter.report(self.clock()).frames
        return {**frames.passed, Verdict.CORRECTED: frames.corrected}


@asynccontextmanager
async def running(mode: PipelineMode, eyes: FakeEyes | None = None) -> AsyncIterator[Rig]:
    eyes, clock = eyes or FakeEyes(), Clock()
    meter = Meter(mode, clock())
    with hired() as hands:
        seen: list[Faces] = []
        pipeline = Pipeline(eyes, hands, mode=mode, meter=meter, clock=clock, saw=seen.append)
        rig = Rig(pipeline, eyes, meter, clock)
        rig.seen = seen
        async with asyncio.TaskGroup() as group:
            for line in pipeline.lines():
                group.create_task(line)
            try:
                yield rig
            finally:
                for gate in eyes.gates.values():
                    gate.set()
                pipeline.close()
        await pipeline.settle()


async def test_pipelined_shows_at_once_while_landmarks_are_blocked() -> None:
    async with running("pipelined") as rig:
        await rig.warm_up()
        rig.eyes.gates["find_faces"] = threading.Event()
        shown = [await rig.show(number) for number in range(100, 105)]
        assert [frame.pts for frame in shown] == [3000 * number for number in range(100, 105)]
        assert rig.eyes.calls.count("show") == 0  # the landmarks are three seconds old in media time
        assert rig.eyes.calls.count("find_faces") == 1


async def test_pipelined_uses_the_newest_landmarks_and_field_there_are() -> None:
    async with running("pipelined") as rig:
        await rig.warm_up()
        rig.eyes.gates["find_faces"] = rig.eyes.gates["make_fields"] = threading.Event()
        corrected = rig.verdicts[Verdict.CORRECTED]
        for number in range(5, 15):
            await rig.show(number)
        assert rig.verdicts[Verdict.CORRECTED] == corrected + 10
        ages = rig.meter.report(rig.clock()).age_frames
        assert ages["landmarks"].p95 > 5
        assert ages["field"].p95 > 5


async def test_sequential_waits_for_its_own_landmarks_and_field() -> None:
    async with running("sequential") as rig:
        await rig.show(0)
        rig.eyes.gates["find_faces"] = threading.Event()
        rig.pipeline.take(picture(1))
        waiting = asyncio.create_task(rig.pipeline.next())
        await until(lambda: rig.eyes.calls.count("find_faces") == 2)
        await asyncio.sleep(0.05)
        assert not waiting.done()
        rig.eyes.gates["find_faces"].set()
        assert (await waiting).pts == 3000
        assert rig.eyes.calls == 2 * ["find_faces", "make_fields", "show"]
        assert rig.meter.report(rig.clock()).age_frames["landmarks"].p95 == 0


async def test_sequential_never_shows_an_original_because_it_is_not_ready() -> None:
    async with running("sequential") as rig:
        for number in range(5):
            await rig.show(number)
        assert rig.verdicts == {Verdict.CORRECTED: 5}


async def test_pipelined_warms_up_with_originals() -> None:
    eyes = FakeEyes()
    eyes.gates["find_faces"] = threading.Event()
    async with running("pipelined", eyes) as rig:
        for number in range(3):
            original = picture(number)
            rig.pipeline.take(original)
            assert await rig.pipeline.next() is original
        assert rig.verdicts == {Verdict.CORRECTED: 0, Verdict.WARMING_UP: 3}


@pytest.mark.parametrize("mode", MODES)
async def test_frames_that_arrive_while_one_is_shown_are_dropped_but_the_newest(mode: PipelineMode) -> None:
    async with running(mode) as rig:
        await rig.warm_up()
        rig.eyes.gates["show"] = threading.Event()
        rig.pipeline.take(picture(4))
        await until(lambda: "show" in rig.eyes.calls)
        for number in range(5, 14):
            rig.pipeline.take(picture(number))
            await asyncio.sleep(0)
        before = rig.pipeline.dropped
        rig.eyes.gates["show"].set()
        assert (await rig.pipeline.next()).pts == 12000
        assert (await rig.pipeline.next()).pts == 39000
        assert before == rig.pipeline.dropped == 8


async def test_frames_nobody_picks_up_are_dropped_and_counted() -> None:
    async with running("sequential") as rig:
        for number in range(4):
            rig.pipeline.take(picture(number))
            await until(lambda number=number: rig.eyes.calls.count("show") == number + 1)  # type: ignore[misc]
        await asyncio.sleep(0.05)
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
        rig.eyes.broken.add(stage)
        rig.pipeline.take(picture(5))
        await rig.pipeline.next()
        await until(lambda: stage in rig.eyes.calls)
        await asyncio.sleep(0.02)
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
    eyes = FakeEyes()
    eyes.broken.update({"find_faces", "make_fields", "show"})
    async with running(mode, eyes) as rig:
        for number in range(3):
            await rig.show(number)
        assert rig.verdicts[Verdict.CORRECTED] == 0
        eyes.broken.clear()
        await rig.warm_up()
        assert rig.verdicts[Verdict.CORRECTED] == 1


async def test_results_of_long_ago_are_not_applied() -> None:
    async with running("pipelined") as rig:
        await rig.warm_up()
        rig.eyes.gates["find_faces"] = threading.Event()
        late = 1000 + round(30 * STALE)
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


class Brightened(FakeEyes):
    """Shows a new frame, so that it has to be written."""

    def show(self, frame: Frame, faces: Faces, fields: float) -> Shown:
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
        rig.eyes.gates["show"] = threading.Event()
        rig.pipeline.take(picture(0))
        await until(lambda: "show" in rig.eyes.calls)
        rig.clock.now += 0.04
        rig.eyes.gates["show"].set()
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
        rig.eyes.gates["show"] = threading.Event()
        rig.pipeline.take(picture(4))
        await until(lambda: "show" in rig.eyes.calls)
        await asyncio.sleep(0.05)
        assert not {"find_faces", "make_fields"} & set(rig.eyes.calls)
        rig.eyes.gates["show"].set()
        await until(lambda: {"find_faces", "make_fields"} <= set(rig.eyes.calls))


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
    eyes, clock = FakeEyes(), Clock()
    eyes.gates["find_faces"] = threading.Event()
    with hired() as hands:
        pipeline = Pipeline(eyes, hands, mode="sequential", meter=Meter("", 0), clock=clock, saw=lambda _: None)
        [line] = [asyncio.create_task(line) for line in pipeline.lines()]
        pipeline.take(picture(0))
        await until(lambda: "find_faces" in eyes.calls)
        line.cancel()
        await asyncio.wait([line])
        settling = asyncio.create_task(pipeline.settle())
        await asyncio.sleep(0.05)
        assert not settling.done()
        eyes.gates["find_faces"].set()
        await asyncio.wait_for(settling, 5)
