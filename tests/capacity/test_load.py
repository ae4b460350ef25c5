import asyncio
import time
from collections.abc import Sequence

import pytest

from relay.capacity import load
from relay.capacity.admission import Load
from relay.capacity.load import SETTLED, LoadMeter, Processor, lateness
from relay.config.lines import Lines
from relay.config.serve import Serve
from relay.metrics import Meter, Statistics
from tests.fakes import until

LINES = Serve.read([], "test").lines


class Ticking:
    """A counter of processor seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def processor(cores: float, allowed: int) -> tuple[Processor, Ticking, Ticking]:
    own, busy = Ticking(), Ticking()
    return Processor(cores, own, busy, allowed), own, busy


def statistics(uptime: float = 60, age: int = 1, delay: float = 0.002, returns: str = "video") -> Statistics:
    meter = Meter("pipelined", begun=100 - uptime, returns=returns)
    for number in range(60):
        now = 98 + number / 30
        meter.arrive(now, (640, 480))
        meter._delays.add(now, 1000 * delay)
        meter.age(now, "landmarks", age)
        meter.age(now, "field", 1)
    return meter.report(100)


def test_the_share_is_of_the_cores_that_may_be_used() -> None:
    meter, own, busy = processor(2, 2)
    for second in range(10):
        meter.sample(second)
        own.seconds += 0.5
        busy.seconds += 0.5
    assert meter.used == pytest.approx(0.5)
    assert meter.share == pytest.approx(0.25)


def test_a_quota_is_what_there_is_of_a_large_machine() -> None:
    meter, own, busy = processor(1.5, 16)
    for second in range(3):
        meter.sample(second)
        own.seconds += 0.75
        busy.seconds += 8
    assert meter.share == pytest.approx(0.5)


def test_what_others_take_is_not_left() -> None:
    meter, own, busy = processor(2, 2)
    for second in range(3):
        meter.sample(second)
        own.seconds += 0.5
        busy.seconds += 1.5
    assert meter.share == pytest.approx(0.5)
    for second in range(3, 20):
        meter.sample(second)
        own.seconds += 0.5
        busy.seconds += 2
    assert meter.share == pytest.approx(1)


def test_without_two_looks_there_is_no_share() -> None:
    meter, _, _ = processor(2, 2)
    assert (meter.used, meter.share) == (0, 0)
    meter.sample(1)
    assert meter.share == 0


def test_this_process_at_work_is_seen() -> None:
    meter = Processor(2)
    meter.sample(time.monotonic())
    until_then = time.process_time() + 0.1
    while time.process_time() < until_then:
        pass
    meter.sample(time.monotonic())
    assert 0 < meter.share <= 1
    assert load._busy() >= 0


@pytest.mark.parametrize(
    ("found", "late"),
    [
        (statistics(), 0.2),
        (statistics(age=4), 0.8),
        (statistics(age=6), 1.2),
        (statistics(delay=0.030), 0.9),
        (statistics(delay=0.030, returns="field"), 0.2),  # packets, not frames: their delay does not count
    ],
)
def test_lateness_is_the_worst_of_ages_and_delay(found: Statistics, late: float) -> None:
    assert lateness(found, LINES) == pytest.approx(late, abs=0.03)


def test_who_waits_for_its_own_landmarks_may_take_twice_as_long() -> None:
    lines = Lines.model_validate({**LINES.model_dump(), "pipeline": "sequential"})
    assert lateness(statistics(delay=0.030), lines) == pytest.approx(0.45, abs=0.03)


def test_a_session_without_figures_is_not_late() -> None:
    assert lateness(Meter("pipelined", 0).report(1), LINES) == 0


def test_only_sessions_that_have_settled_are_judged() -> None:
    loads: list[Load] = []
    meter, _, _ = processor(2, 2)
    found = [statistics(uptime=SETTLED + 1, age=2), statistics(uptime=2, age=9)]
    LoadMeter(meter, lambda: 0.01, lambda: found, LINES, loads.append).measure(1)
    [known] = loads
    assert (known.sessions, known.settled, known.lag) == (2, 1, 0.01)
    assert known.lateness == pytest.approx(0.4)


async def test_it_measures_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "INTERVAL", 0.01)
    loads: list[Load] = []

    def nobody() -> Sequence[Statistics]:
        return []

    meter, _, _ = processor(2, 2)
    running = asyncio.create_task(LoadMeter(meter, lambda: 0, nobody, LINES, loads.append).run())
    await until(lambda: len(loads) >= 3)
    running.cancel()
    await asyncio.wait([running])
