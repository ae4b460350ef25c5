"""One metric of the table, with its target range. Knows nothing of how it was measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class Section(StrEnum):
    """The table's parts."""

    SYNTHETIC = "Held-out renders"
    TURNS = "Held-out renders, by size of the turn"
    FIELD = "The field itself, on held-out renders"
    GROUPS = "Groups: median over the median of all"
    REAL = "Real clips"
    CLIPS = "Real clips, each"


@dataclass(frozen=True)
class Metric:
    """value: None where nothing could be measured. count: of measurements. low, high: target range.

    subject: the group or clip; empty for all.
    """

    section: Section
    name: str
    value: float | None
    count: int
    low: float | None = None
    high: float | None = None
    digits: int = 2
    subject: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the value is in its target range; None without a range or a value."""
        if self.value is None or (self.low is None and self.high is None):
            return None
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)

    @property
    def wanted(self) -> str:
        """The target range in words; empty without one."""
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"at least {self.low:g}"
        return f"at most {self.high:g}" if self.high is not None else ""


@dataclass(frozen=True)
class Result:
    """All metrics of one row."""

    row: str
    metrics: tuple[Metric, ...]


def known(values: Iterable[float | None]) -> list[float]:
    """The values that are not None and finite."""
    return [float(value) for value in values if value is not None and np.isfinite(value)]


def median(values: Sequence[float]) -> float | None:
    """None for no values."""
    return float(np.median(values)) if len(values) else None


def mean(values: Sequence[float]) -> float | None:
    """None for no values."""
    return float(np.mean(values)) if len(values) else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """share: 0..100. None for no values."""
    return float(np.percentile(values, share)) if len(values) else None
