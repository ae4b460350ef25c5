import os
import subprocess
import sys
import time

import pytest

from scripts.measuring import processor
from scripts.measuring.processor import Share, seconds
from tests.fakes import Clock

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")


def test_a_share_is_the_time_worked_of_the_time_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, worked = Clock(), {7: 3.0}
    monkeypatch.setattr("scripts.measuring.processor.time.monotonic", clock)
    monkeypatch.setattr(processor, "seconds", worked.get)
    share, stranger = Share(7), Share(8)
    clock.now += 4
    worked[7] += 1
    assert share.read() == pytest.approx(0.25)
    assert stranger.read() is None


def test_time_that_is_worked_counts_and_time_that_is_slept_does_not() -> None:
    known, before = seconds(os.getpid()), time.process_time()
    while time.process_time() < before + 0.2:
        pass
    time.sleep(0.2)
    now = seconds(os.getpid())
    assert known is not None
    assert now is not None
    assert now - known == pytest.approx(time.process_time() - before, abs=0.05)


def test_another_process_is_told_by_its_number() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        while (seconds(busy.pid) or 0.0) < 0.2:
            time.sleep(0.02)
        busy.kill()


def test_a_process_that_is_not_there_takes_nothing_that_could_be_known() -> None:
    assert seconds(2**22 + 1) is None  # above the highest number that Linux gives
    assert seconds(os.getpid()) is not None
