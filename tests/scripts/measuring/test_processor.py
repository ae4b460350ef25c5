import os
import subprocess
import sys
import time

import pytest

from scripts.measuring.processor import Share, seconds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")


def test_time_that_is_worked_counts_and_time_that_is_slept_does_not() -> None:
    share, before, begun = Share(), time.process_time(), time.monotonic()
    while time.process_time() < before + 0.3:
        pass
    time.sleep(0.3)
    read = share.read()
    assert read is not None
    assert read * (time.monotonic() - begun) == pytest.approx(time.process_time() - before, abs=0.05)


def test_another_process_is_told_by_its_number() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        share, begun = Share(busy.pid), time.monotonic()
        while (taken := seconds(busy.pid) or 0.0) < 0.2:
            time.sleep(0.02)
        read = share.read()
        busy.kill()
    assert read == pytest.approx(taken / (time.monotonic() - begun), rel=0.3)


def test_a_process_that_is_not_there_takes_nothing_that_could_be_known() -> None:
    assert seconds(2**22 + 1) is None  # above the highest number that Linux gives
    assert seconds(os.getpid()) is not None
