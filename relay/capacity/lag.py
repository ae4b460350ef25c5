"""How late the event loop turns: a task that sleeps a moment and looks how much longer it has slept.

Everything the relay does for a frame between its stages waits just as long. Knows nothing of what keeps the loop busy.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from relay.metrics import Percentiles, Recent

MOMENT: Final = 0.1  # seconds


class LagMeter:
    """clock: seconds, monotonic. heard: is told each turn's lag [seconds]."""

    def __init__(self, clock: Callable[[], float], heard: Callable[[float], None] = lambda _: None) -> None:
        self._clock, self._heard = clock, heard
        self._lags = Recent()

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            begun = self._clock()
            await asyncio.sleep(MOMENT)
            self._note(self._clock() - begun - MOMENT)

    @property
    def lag(self) -> float:
        """The 95th percentile of the last seconds [seconds]; 0 before the first turn."""
        found = Percentiles.of(1000 * lag for lag in self._lags.figures(self._clock()))
        return found.p95 / 1000 if found else 0.0

    def _note(self, lag: float) -> None:
        lag = max(0.0, lag)  # some clocks are coarser than the loop's own
        self._lags.note(self._clock(), lag)
        self._heard(lag)
