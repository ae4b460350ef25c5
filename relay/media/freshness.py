"""How old the results are that a frame is shown with, and how much of a correction that leaves (claim 26).

Knows nothing of what the results are. Ages are in frames, times in seconds of media time; no clock is read.
"""

import math
from dataclasses import dataclass
from typing import Final

from relay.config.lines import Lines

FADE: Final = 0.15  # seconds from the whole correction to none, and back
LONGEST: Final = 0.5  # seconds; anything older would be put beside the eyes, so it is not even faded out


@dataclass(frozen=True)
class Ages:
    """How many frames before the shown one landmarks and field were made; oldest: of the two, seconds."""

    landmarks: int
    field: int
    oldest: float = 0.0

    def are_within(self, limits: Lines) -> bool:
        """Whether the settings allow such a distance."""
        return self.landmarks <= limits.max_landmark_age and self.field <= limits.max_field_age


class Fade:
    """The share of the correction that is shown, 0..1: whole while the ages are within the limits, else going to none.

    It begins whole: what a face that is new needs is another matter (gaze.aim.Gate).
    """

    def __init__(self, limits: Lines) -> None:
        self._limits = limits
        self._share = 1.0
        self._time = -math.inf

    def __call__(self, ages: Ages, time: float) -> float:
        """The share for the frame shown at this media time [s]; frames come in order."""
        step, self._time = max(time - self._time, 0.0), time
        if abs(ages.oldest) > LONGEST:
            self._share = 0.0
        elif ages.are_within(self._limits):
            self._share = min(1.0, self._share + step / FADE)
        else:
            self._share = max(0.0, self._share - step / FADE if math.isfinite(step) else 0.0)
        return self._share
