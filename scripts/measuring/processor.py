"""A process's CPU usage: user and system time of all its threads, over a span of time."""

import os
import time
from pathlib import Path

PLACE = 11  # of user time, then system time, in /proc/PID/stat behind the name, which may hold blanks


class Share:
    """CPU usage from construction to read(). number: process id, default this process. Linux only."""

    def __init__(self, number: int | None = None) -> None:
        self._number = number or os.getpid()
        self._begun, self._taken = time.monotonic(), seconds(self._number)

    def read(self) -> float | None:
        """Mean CPU usage since then: 1 is one full core. None where it is unavailable."""
        taken, passed = seconds(self._number), time.monotonic() - self._begun
        return None if taken is None or self._taken is None else (taken - self._taken) / passed


def seconds(number: int) -> float | None:
    """CPU seconds used by this process until now; None where the system has no /proc."""
    path = Path(f"/proc/{number}/stat")
    if not path.exists():
        return None
    figures = path.read_text().rpartition(")")[2].split()
    return sum(int(figure) for figure in figures[PLACE : PLACE + 2]) / os.sysconf("SC_CLK_TCK")
