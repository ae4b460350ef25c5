"""Event loop lag: a task sleeps for INTERVAL and measures how much longer it has slept.

All work on a frame between its stages waits as long. Knows nothing of what keeps the loop busy.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from relay.metrics import Percentiles, RecentValues

INTERVAL: Final = 0.1  # seconds


class LagMeter:
    """clock: seconds, monotonic. on_lag: called with each measured lag [seconds]."""

    def __init__(self, clock: Callable[[], float], on_lag: Callable[[float], None] = lambda _: None) -> None:
        self._clock, self._on_lag = clock, on_lag
        self._lags = RecentValues()

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            begun = self._clock()
            await asyncio.sleep(INTERVAL)
            self._record(self._clock() - begun - INTERVAL)

    @property
    def lag(self) -> float:
        """The 95th percentile of the last seconds [seconds]; 0 before the first measurement."""
        found = Percentiles.of(1000 * lag for lag in self._lags.values(self._clock()))
        return found.p95 / 1000 if found else 0.0

    def _record(self, lag: float) -> None:
        lag = max(0.0, lag)  # some clocks are coarser than the loop's own
        self._lags.add(self._clock(), lag)
        self._on_lag(lag)
