"""The relay's processor load and the lateness of its sessions: measured once a second, for admission.

Knows nothing of how the measurements are used.
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import psutil

from relay.capacity.admission import Load
from relay.config.lines import Lines
from relay.metrics import WINDOW, Statistics

INTERVAL: Final = 1.0  # seconds
SETTLED: Final = WINDOW + INTERVAL  # seconds of age from which on a session is fully measured


class Processor:
    """The share that this process uses of the processor time that other processes leave to it.

    cores: how many it may use. own: processor seconds it has used; busy: processor seconds used by all processes on
    the cores it may run on. Both only increase.
    """

    def __init__(
        self,
        cores: float,
        own: Callable[[], float] = time.process_time,
        busy: Callable[[], float] | None = None,
        allowed: int | None = None,
    ) -> None:
        self._cores, self._own, self._busy = cores, own, busy or _busy
        self._allowed = allowed or len(_cores_allowed())
        self._samples: deque[tuple[float, float, float]] = deque(maxlen=int(WINDOW / INTERVAL) + 1)

    def sample(self, now: float) -> None:
        """Read the counters. now never decreases [seconds]."""
        self._samples.append((now, self._own(), self._busy()))

    @property
    def used(self) -> float:
        """Processor time used in the last seconds, in cores."""
        return self._cores_since_first()[0]

    @property
    def share(self) -> float:
        """Share of the processor time available to it, 0..1."""
        used, others = self._cores_since_first()
        left = max(used, min(self._cores, self._allowed - others))
        return used / left if left > 0 else 0.0

    def _cores_since_first(self) -> tuple[float, float]:
        """Cores used by this process, and by others."""
        if len(self._samples) < 2:
            return 0.0, 0.0
        (begun, own_then, busy_then), (now, own_now, busy_now) = self._samples[0], self._samples[-1]
        seconds = max(now - begun, 1e-6)
        used = (own_now - own_then) / seconds
        return used, max(0.0, (busy_now - busy_then) / seconds - used)


class LoadMeter:
    """Calls `on_load` with the load every INTERVAL. statistics: of all sessions. lag: relay.capacity.lag.LagMeter's."""

    def __init__(
        self,
        processor: Processor,
        lag: Callable[[], float],
        statistics: Callable[[], Sequence[Statistics]],
        lines: Lines,
        on_load: Callable[[Load], None],
    ) -> None:
        self._processor, self._lag, self._statistics = processor, lag, statistics
        self._lines, self._on_load = lines, on_load

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            self.measure(time.monotonic())
            await asyncio.sleep(INTERVAL)

    def measure(self, now: float) -> None:
        """Measure once. now: seconds, monotonic."""
        self._processor.sample(now)
        statistics = self._statistics()
        settled = [one for one in statistics if one.uptime_s >= SETTLED]
        worst = max((lateness(one, self._lines) for one in settled), default=0.0)
        self._on_load(Load(self._processor.share, self._lag(), worst, len(statistics), len(settled)))


def lateness(statistics: Statistics, lines: Lines) -> float:
    """How much of its allowed time a session uses, 95th percentile; 1 is the limit.

    The limit for landmarks and field is the age that the lines' settings allow. The limit for a frame's delay is one
    frame interval; where it waits for its own landmarks and field, two.
    """
    oldest = {"landmarks": lines.max_landmark_age, "field": lines.max_field_age}
    found = [ages.p95 / max(oldest[line], 1) for line, ages in statistics.age_frames.items()]
    if statistics.delay_ms and statistics.returns != "field":
        frames = statistics.delay_ms.p95 * statistics.fps_in / 1000
        found.append(frames / (1 if lines.pipeline == "pipelined" else 2))
    return max(found, default=0.0)


def _busy() -> float:
    """Processor seconds of all processes, on the cores that this process may run on."""
    cores = psutil.cpu_times(percpu=True)
    allowed = [cores[number] for number in _cores_allowed() if number < len(cores)]
    # User time already includes guest time; I/O wait is idle time.
    idle = ("idle", "iowait", "guest", "guest_nice")
    return float(sum(sum(one) - sum(getattr(one, name, 0.0) for name in idle) for one in allowed))


def _cores_allowed() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
