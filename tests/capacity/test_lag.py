import asyncio
import time

import pytest

from relay.capacity.lag import INTERVAL, LagMeter
from relay.metrics import WINDOW
from tests.fakes import Clock, until


async def test_a_loop_that_is_held_up_is_late() -> None:
    lags: list[float] = []
    meter = LagMeter(time.monotonic, lags.append)
    assert meter.lag == 0
    running = asyncio.create_task(meter.run())
    await until(lambda: len(lags) >= 2)
    time.sleep(INTERVAL + 0.3)  # noqa: ASYNC251 - that is what is measured
    await until(lambda: max(lags) >= 0.3)
    assert meter.lag > 0.1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_what_was_late_long_ago_is_forgotten() -> None:
    clock = Clock()
    meter = LagMeter(clock)
    meter._record(0.4)
    assert meter.lag == 0.4
    clock.now += WINDOW + 1
    assert meter.lag == 0


def test_one_late_turn_in_fifty_is_no_load() -> None:
    meter = LagMeter(Clock())
    for lag in [0.002] * 49 + [0.5]:
        meter._record(lag)
    assert meter.lag == pytest.approx(0.002)
    for _ in range(5):
        meter._record(0.5)
    assert meter.lag == pytest.approx(0.5)


def test_a_coarse_clock_makes_no_negative_lag() -> None:
    meter = LagMeter(Clock())
    meter._record(-0.01)
    assert meter.lag == 0
