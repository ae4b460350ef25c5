"""The jitter of a track, and whether blinks are preserved. Pure functions of numbers; knows nothing of pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.float64]

DEEP = 0.5  # of the median openness: an eye below it blinks
FARTHEST = 3  # frames by which a blink is searched earlier and later
SLACK = 1  # frames by which a blink may be displaced and still count as the same
SHORTEST = 10  # frames


def tremble(track: Track) -> float | None:
    """Jitter of a track (n, axes): second differences, scaled so that white noise gives its standard deviation.

    The median is used, so saccades and lost frames (NaN) do not count. None for too short a track.
    """
    bends = np.diff(track, 2, axis=0) / np.sqrt(6)
    sizes = np.hypot(*bends.T)
    seen = sizes[np.isfinite(sizes)]
    # The median of a Rayleigh distribution is 1.1774 times each axis' standard deviation.
    return float(np.median(seen)) / 1.1774 if len(seen) >= SHORTEST else None


@dataclass(frozen=True)
class Blinks:
    """Openness before and after. count, lost: blinks of the input, and how many of them the output lacks.

    shift: frames by which the output lags, at the best correlation.
    """

    correlation: float
    count: int
    lost: int
    shift: int


def compare_blinks(before: Sequence[float], after: Sequence[float]) -> Blinks | None:
    """Two tracks of openness, frame by frame; NaN: no face. None where the input has no blink."""
    had, has = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if np.isfinite(had).sum() < SHORTEST or np.isfinite(has).sum() < SHORTEST:
        return None
    runs, shut = dips(had), _shut(has)
    if not runs:
        return None
    lost = sum(not shut[max(first - SLACK, 0) : last + 1 + SLACK].any() for first, last in runs)
    fits = [_correlation(had, has, shift) for shift in range(-FARTHEST, FARTHEST + 1)]
    return Blinks(_correlation(had, has, 0), len(runs), lost, int(np.nanargmax(fits)) - FARTHEST)


def dips(openness: Track) -> list[tuple[int, int]]:
    """First and last frame of each blink."""
    edges = np.diff(np.concatenate([[0], _shut(openness).astype(np.int8), [0]]))
    return [
        (int(first), int(after) - 1)
        for first, after in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    ]


def _shut(openness: Track) -> NDArray[np.bool_]:
    return np.asarray(openness < DEEP * np.nanmedian(openness))


def _correlation(before: Track, after: Track, shift: int) -> float:
    """Correlation of the input with the output this many frames later."""
    length = len(before) - abs(shift)
    first, second = before[max(-shift, 0) :][:length], after[max(shift, 0) :][:length]
    seen = np.isfinite(first) & np.isfinite(second)
    if seen.sum() < SHORTEST or np.ptp(first[seen]) == 0 or np.ptp(second[seen]) == 0:
        return float("nan")
    return float(np.corrcoef(first[seen], second[seen])[0, 1])
