"""Counters and timings of one session, and the `stats` message built from them.

Knows nothing of clocks: every time is an argument, in seconds of any monotonic clock.
"""

from collections import Counter, deque
from collections.abc import Iterable
from typing import Final, Literal, Protocol, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from relay.frame import Verdict

WINDOW: Final = 5.0  # seconds covered by rates and percentiles
MAX_VALUES: Final = 2000  # kept of one kind, at any frame rate


class _Report(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The message as sent."""
        return self.model_dump_json(by_alias=True)


class Percentiles(_Report):
    """The 50th and 95th percentile of some values."""

    p50: float
    p95: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self | None:
        """Percentiles rounded to 0.01; None without values."""
        kept = list(values)
        if not kept:
            return None
        low, high = np.percentile(kept, [50, 95])
        return cls(p50=round(float(low), 2), p95=round(float(high), 2))


class Frames(_Report):
    """Counts since the session began."""

    arrived: int = Field(alias="in", description="decoded frames that arrived")
    out: int = Field(description="frames that were sent or encoded, corrected or not")
    dropped: int = Field(description="frames that a newer one replaced")
    corrected: int
    passed: dict[Verdict, int] = Field(description="originals that were sent, by reason")


def total(frames: Iterable[Frames]) -> Frames:
    """The sum of all."""
    kept = list(frames)
    passed: Counter[Verdict] = Counter()
    for one in kept:
        passed.update(one.passed)
    return Frames(
        arrived=sum(one.arrived for one in kept),
        out=sum(one.out for one in kept),
        dropped=sum(one.dropped for one in kept),
        corrected=sum(one.corrected for one in kept),
        passed=dict(passed),
    )


class Statistics(_Report):
    """Statistics of a session: frames since it began, everything else over the last seconds."""

    type: Literal["stats"] = "stats"
    uptime_s: float
    pipeline: str
    returns: str = Field(description="video: corrected frames; field: where to move the pixels of the client's own")
    width: int = Field(description="of the newest frame; 0 before the first one")
    height: int
    fps_in: float
    fps_out: float
    frames: Frames
    faces: int
    delay_ms: Percentiles | None = Field(description="from the decoded to the corrected frame")
    stages_ms: dict[str, Percentiles]
    age_frames: dict[str, Percentiles] = Field(description="how many frames ago landmarks and field were made")


class RecentValues:
    """Values with their timestamps; those older than WINDOW are dropped."""

    def __init__(self) -> None:
        self._values: deque[tuple[float, float]] = deque(maxlen=MAX_VALUES)
        self._begun: float | None = None

    def add(self, now: float, value: float) -> None:
        """Add a value. now never decreases."""
        if self._begun is None:
            self._begun = now
        self._values.append((now, value))
        self._drop_old(now)

    def values(self, now: float) -> list[float]:
        """The values of the last WINDOW seconds, oldest first."""
        self._drop_old(now)
        return [value for _, value in self._values]

    def rate(self, now: float) -> float:
        """Values per second, over WINDOW or, where it is shorter, the time since the first value."""
        if self._begun is None:
            return 0.0
        return round(len(self.values(now)) / min(WINDOW, max(now - self._begun, 1.0)), 1)

    def _drop_old(self, now: float) -> None:
        while self._values and self._values[0][0] <= now - WINDOW:
            self._values.popleft()


class Observer(Protocol):
    """Receives every measurement of every session, without the session's name: for metrics over all sessions."""

    def time(self, stage: str, seconds: float, /) -> None:
        """A stage took this long."""

    def wait(self, seconds: float, /) -> None:
        """A frame was ready this long after its arrival."""

    def age(self, line: str, frames: int, /) -> None:
        """A shown frame used a result of this line of this age."""


class _NullObserver:
    def time(self, stage: str, seconds: float, /) -> None:
        pass

    def wait(self, seconds: float, /) -> None:
        pass

    def age(self, line: str, frames: int, /) -> None:
        pass


NULL_OBSERVER: Final[Observer] = _NullObserver()


class Meter:
    """Counts and times the frames of one session. observer: receives every measurement too."""

    def __init__(self, pipeline: str, begun: float, returns: str = "video", observer: Observer = NULL_OBSERVER) -> None:
        self._pipeline, self._returns, self._observer = pipeline, returns, observer
        self._begun = begun
        self._size = (0, 0)
        self._arrived = 0
        self._verdicts: Counter[Verdict] = Counter()
        self._arrivals, self._departures, self._delays = RecentValues(), RecentValues(), RecentValues()
        self._stages: dict[str, RecentValues] = {}
        self._ages: dict[str, RecentValues] = {}

    def arrive(self, now: float, size: tuple[int, int]) -> None:
        """A decoded frame of this (width, height) has arrived."""
        self._arrived += 1
        self._size = size
        self._arrivals.add(now, 1)

    def depart(self, now: float, verdict: Verdict, delay: float) -> None:
        """A frame was taken for sending. delay: seconds from its arrival until it was ready."""
        self._verdicts[verdict] += 1
        self._departures.add(now, 1)
        self._delays.add(now, 1000 * delay)
        self._observer.wait(delay)

    def time(self, now: float, stage: str, duration: float) -> None:
        """A stage took this many seconds."""
        self._stages.setdefault(stage, RecentValues()).add(now, 1000 * duration)
        self._observer.time(stage, duration)

    def age(self, now: float, line: str, frames: int) -> None:
        """A shown frame used a result of this line that is this many frames old."""
        self._ages.setdefault(line, RecentValues()).add(now, frames)
        self._observer.age(line, frames)

    def report(self, now: float, *, dropped: int = 0, faces: int = 0) -> Statistics:
        """The statistics so far. dropped: frames replaced by newer ones; faces: in the newest frame."""
        width, height = self._size
        return Statistics(
            uptime_s=round(now - self._begun, 1),
            pipeline=self._pipeline,
            returns=self._returns,
            width=width,
            height=height,
            fps_in=self._arrivals.rate(now),
            fps_out=self._departures.rate(now),
            frames=self.frames(dropped),
            faces=faces,
            delay_ms=Percentiles.of(self._delays.values(now)),
            stages_ms=_percentiles(now, self._stages),
            age_frames=_percentiles(now, self._ages),
        )

    def frames(self, dropped: int = 0) -> Frames:
        """The counts so far."""
        passed = {verdict: n for verdict, n in self._verdicts.items() if verdict is not Verdict.CORRECTED}
        return Frames(
            arrived=self._arrived,
            out=self._verdicts.total(),
            dropped=dropped,
            corrected=self._verdicts[Verdict.CORRECTED],
            passed=passed,
        )


def _percentiles(now: float, recent: dict[str, RecentValues]) -> dict[str, Percentiles]:
    found = {name: Percentiles.of(one.values(now)) for name, one in recent.items()}
    return {name: percentiles for name, percentiles in found.items() if percentiles}
