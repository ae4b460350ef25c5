"""One number of the table, with what is wanted of it. Knows nothing of how it was measured."""

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
class Figure:
    """value: None where nothing could be measured. count: of measurements. low, high: what is wanted.

    subject: of whom, where not of all.
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
        """Whether the value is as wanted; None where nothing is wanted, or nothing could be measured."""
        if self.value is None or (self.low is None and self.high is None):
            return None
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)

    @property
    def wanted(self) -> str:
        """In words; empty where nothing is."""
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"at least {self.low:g}"
        return f"at most {self.high:g}" if self.high is not None else ""


@dataclass(frozen=True)
class Result:
    """All figures of one row."""

    row: str
    figures: tuple[Figure, ...]


def known(values: Iterable[float | None]) -> list[float]:
    """Those that are there and finite."""
    return [float(value) for value in values if value is not None and np.isfinite(value)]


def median(values: Sequence[float]) -> float | None:
    """None of nothing."""
    return float(np.median(values)) if len(values) else None


def mean(values: Sequence[float]) -> float | None:
    """None of nothing."""
    return float(np.mean(values)) if len(values) else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """share: 0..100. None of nothing."""
    return float(np.percentile(values, share)) if len(values) else None
