"""Deadlines that scale with the machine: one a third as fast, or with less than a free core, gets three times the time.

A test waits for a state or a count, never for a time; a deadline only ends a wait for what never happens.
"""

import time
from functools import cache
from typing import Final

REFERENCE: Final = 0.05  # seconds that the loop below takes on the reference machine
MAX_SLOWNESS: Final = 10.0


@cache
def slowness() -> float:
    """How many times slower than the reference machine this one is, at least 1; wall-clock time, measured once."""
    start = time.perf_counter()
    total = 0
    for number in range(1_000_000):
        total += number * number
    return min(MAX_SLOWNESS, max(1.0, (time.perf_counter() - start) / REFERENCE))


def scaled(seconds: float) -> float:
    """Seconds of the reference machine, converted to this one."""
    return seconds * slowness()


def milliseconds(seconds: float) -> float:
    """The same for Playwright, which counts in milliseconds."""
    return 1000 * scaled(seconds)


TIMEOUT_MS: Final = round(milliseconds(30))  # until a page shows something, milliseconds
STARTING: Final = scaled(60)  # until a program listens, seconds
