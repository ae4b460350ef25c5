import asyncio
import logging
import threading

import pytest

from relay.media.runner import Crew, StageError
from tests.deadlines import scaled
from tests.fakes import Clock, hired


def fail() -> None:
    raise ValueError("no idea")


async def test_work_is_done_in_its_hand_and_timed_there() -> None:
    clock = Clock()

    def work(step: float) -> str:
        clock.now += step
        return threading.current_thread().name

    with hired() as hands:
        done = await Crew(clock).work("field", hands.field, work, 0.25)
    assert done.value.startswith("field")
    assert done.ended - done.begun == pytest.approx(0.25)


async def test_a_stage_fails_until_it_has_worked_again(caplog: pytest.LogCaptureFixture) -> None:
    crew = Crew(Clock())
    with hired() as hands:
        for _ in range(3):
            with pytest.raises(StageError):
                await crew.work("field", hands.field, fail)
        assert crew.fails("landmarks", "field")
        assert not crew.fails("landmarks")
        await crew.work("field", hands.field, lambda: None)
        assert not crew.fails("field")
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1


async def test_settling_waits_for_a_stage_whose_caller_is_gone() -> None:
    crew, gate = Crew(Clock()), threading.Event()
    with hired() as hands:
        task = asyncio.create_task(crew.work("field", hands.field, gate.wait, 10))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait([task])
        settling = asyncio.create_task(crew.settle())
        await asyncio.sleep(0.05)
        assert not settling.done()
        gate.set()
        await asyncio.wait_for(settling, scaled(10))
