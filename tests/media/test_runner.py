import asyncio
import logging
import threading

import pytest

from relay.media.runner import StageError, StageRunner
from tests.deadlines import scaled
from tests.fakes import Clock, started_executors


def fail() -> None:
    raise ValueError("no idea")


async def test_work_is_done_in_its_hand_and_timed_there() -> None:
    clock = Clock()

    def work(step: float) -> str:
        clock.now += step
        return threading.current_thread().name

    with started_executors() as executors:
        done = await StageRunner(clock).work("field", executors.field, work, 0.25)
    assert done.value.startswith("field")
    assert done.ended - done.begun == pytest.approx(0.25)


async def test_a_stage_fails_until_it_has_worked_again(caplog: pytest.LogCaptureFixture) -> None:
    runner = StageRunner(Clock())
    with started_executors() as executors:
        for _ in range(3):
            with pytest.raises(StageError):
                await runner.work("field", executors.field, fail)
        assert runner.fails("landmarks", "field")
        assert not runner.fails("landmarks")
        await runner.work("field", executors.field, lambda: None)
        assert not runner.fails("field")
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1


async def test_settling_waits_for_a_stage_whose_caller_is_gone() -> None:
    runner, gate = StageRunner(Clock()), threading.Event()
    with started_executors() as executors:
        task = asyncio.create_task(runner.work("field", executors.field, gate.wait, 10))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait([task])
        settling = asyncio.create_task(runner.wait_idle())
        await asyncio.sleep(0.05)
        assert not settling.done()
        gate.set()
        await asyncio.wait_for(settling, scaled(10))
