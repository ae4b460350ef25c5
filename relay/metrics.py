"""Counters and timings of one session, and the `stats` message made of them.

Knows nothing of clocks: every time is an argument, seconds on any clock that only goes forward.
"""

from collections import Counter, deque
from collections.abc import Iterable
from typing import Final, Literal, Protocol, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from relay.frame import Verdict

WINDOW: Final = 5.0  # seconds that rates and percentiles look back
MOST: Final = 2000  # figures kept of one kind, whatever the frame rate


class _Report(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)

    def to_json(self) -> str:
        """The message as it is sent."""
        return self.model_dump_json(by_alias=True)


class Percentiles(_Report):
    """Half of the figures are at most p50, nineteen in twenty at most p95."""

    p50: float
    p95: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self | None:
        """Rounded to 0.01; None without values."""
        kept = list(values)
        if not kept:
            return None
        low, high = np.percentile(kept, [50, 95])
        return cls(p50=round(float(low), 2), p95=round(float(high), 2))


class Frames(_Report):
    """Counts since the session began."""

    arrived: int = Field(alias="in", description="decoded frames that arrived")
    out: int = Field(description="frames that went out, or were told of, corrected or not")
    dropped: int = Field(description="frames that a newer one replaced on its way")
    corrected: int
    passed: dict[Verdict, int] = Field(description="originals that went out, by reason")


def total(frames: Iterable[Frames]) -> Frames:
    """All of them together."""
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
    """What a session has done: since it began (frames) and over the last seconds (the other figures)."""

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


class Recent:
    """Figures with the time they were noted at; those older than the window are forgotten."""

    def __init__(self) -> None:
        self._noted: deque[tuple[float, float]] = deque(maxlen=MOST)
        self._begun: float | None = None

    def note(self, now: float, figure: float) -> None:
        """Add a figure. now never goes back."""
        if self._begun is None:
            self._begun = now
        self._noted.append((now, figure))
        self._forget(now)

    def figures(self, now: float) -> list[float]:
        """The figures of the last WINDOW seconds, oldest first."""
        self._forget(now)
        return [figure for _, figure in self._noted]

    def rate(self, now: float) -> float:
        """Figures noted a second; over the time since the first one while that is less than the window."""
        if self._begun is None:
            return 0.0
        return round(len(self.figures(now)) / min(WINDOW, max(now - self._begun, 1.0)), 1)

    def _forget(self, now: float) -> None:
        while self._noted and self._noted[0][0] <= now - WINDOW:
            self._noted.popleft()


class Observer(Protocol):
    """Hears every figure of every session: who sums them up needs no session for it, nor its name."""

    def time(self, stage: str, seconds: float, /) -> None:
        """A stage took so long."""

    def wait(self, seconds: float, /) -> None:
        """A frame was ready so long after it had arrived."""

    def age(self, line: str, frames: int, /) -> None:
        """A shown frame used a result of this line that was so many frames old."""


class _NullObserver:
    def time(self, stage: str, seconds: float, /) -> None:
        pass

    def wait(self, seconds: float, /) -> None:
        pass

    def age(self, line: str, frames: int, /) -> None:
        pass


NULL_OBSERVER: Final[Observer] = _NullObserver()


class Meter:
    """Counts what happens to the frames of one session. observer: hears of it too."""

    def __init__(self, pipeline: str, begun: float, returns: str = "video", observer: Observer = NULL_OBSERVER) -> None:
        self._pipeline, self._returns, self._observer = pipeline, returns, observer
        self._begun = begun
        self._size = (0, 0)
        self._arrived = 0
        self._verdicts: Counter[Verdict] = Counter()
        self._arrivals, self._departures, self._delays = Recent(), Recent(), Recent()
        self._stages: dict[str, Recent] = {}
        self._ages: dict[str, Recent] = {}

    def arrive(self, now: float, size: tuple[int, int]) -> None:
        """A decoded frame of this (width, height) has come in."""
        self._arrived += 1
        self._size = size
        self._arrivals.note(now, 1)

    def depart(self, now: float, verdict: Verdict, delay: float) -> None:
        """A frame was picked up to be sent, this many seconds after it had arrived when it was ready."""
        self._verdicts[verdict] += 1
        self._departures.note(now, 1)
        self._delays.note(now, 1000 * delay)
        self._observer.wait(delay)

    def time(self, now: float, stage: str, duration: float) -> None:
        """A stage took this many seconds."""
        self._stages.setdefault(stage, Recent()).note(now, 1000 * duration)
        self._observer.time(stage, duration)

    def age(self, now: float, line: str, frames: int) -> None:
        """A shown frame used a result of this line that was made from the frame so many frames ago."""
        self._ages.setdefault(line, Recent()).note(now, frames)
        self._observer.age(line, frames)

    def report(self, now: float, *, dropped: int = 0, faces: int = 0) -> Statistics:
        """Everything so far. dropped: frames that newer ones replaced; faces: in the newest frame."""
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
            delay_ms=Percentiles.of(self._delays.figures(now)),
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


def _percentiles(now: float, figures: dict[str, Recent]) -> dict[str, Percentiles]:
    found = {name: Percentiles.of(recent.figures(now)) for name, recent in figures.items()}
    return {name: percentiles for name, percentiles in found.items() if percentiles}
