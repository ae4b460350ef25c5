"""Deadlines that follow the machine: one a third as fast, or with less than a core free, gets as much more time.

A test waits for a state or a count, never for a time; a deadline only ends what would never come.
"""

import time
from functools import cache
from typing import Final

REFERENCE: Final = 0.05  # seconds that the work below takes on the machine that deadlines are written for
MOST: Final = 10.0


@cache
def slowness() -> float:
    """How many times as long as there this machine takes, at least 1; measured once, by the wall's clock."""
    start = time.perf_counter()
    total = 0
    for number in range(1_000_000):
        total += number * number
    return min(MOST, max(1.0, (time.perf_counter() - start) / REFERENCE))


def scaled(seconds: float) -> float:
    """So many seconds of the machine that deadlines are written for, in this one's."""
    return seconds * slowness()


def milliseconds(seconds: float) -> float:
    """The same for Playwright, which counts in milliseconds."""
    return 1000 * scaled(seconds)


PATIENCE: Final = round(milliseconds(30))  # for anything a page will show, milliseconds
STARTING: Final = scaled(60)  # until a program listens, seconds
