"""Age of the results that a frame is corrected with, and the share of the correction it allows (claim 26).

Knows nothing of what the results are. Ages are in frames, times in seconds of media time; no clock is read.
"""

import math
from dataclasses import dataclass
from typing import Final

from relay.config.lines import Lines

FADE: Final = 0.15  # seconds from full correction to none, and back
MAX_AGE: Final = 0.5  # seconds; older results would miss the eyes, so they are not even faded out


@dataclass(frozen=True)
class Ages:
    """Frames between the shown one and those of its landmarks and field; oldest: age of the older one, seconds."""

    landmarks: int
    field: int
    oldest: float = 0.0

    def are_within(self, limits: Lines) -> bool:
        """Whether the settings allow these ages."""
        return self.landmarks <= limits.max_landmark_age and self.field <= limits.max_field_age


class Fade:
    """The share of the correction to apply, 0..1: 1 while the ages are within the limits, else fading to 0.

    It starts at 1: fading in a new face is done elsewhere (gaze.aim.Gate).
    """

    def __init__(self, limits: Lines) -> None:
        self._limits = limits
        self._share = 1.0
        self._time = -math.inf

    def __call__(self, ages: Ages, time: float) -> float:
        """The share for the frame shown at this media time [s]; call it in frame order."""
        step, self._time = max(time - self._time, 0.0), time
        if abs(ages.oldest) > MAX_AGE:
            self._share = 0.0
        elif ages.are_within(self._limits):
            self._share = min(1.0, self._share + step / FADE)
        else:
            self._share = max(0.0, self._share - step / FADE if math.isfinite(step) else 0.0)
        return self._share
