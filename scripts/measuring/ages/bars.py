"""Thresholds, and the largest ages within them: from readings of stale frames to two settings.

The thresholds hold for 95 % of the readings of a still, slow or brisk head, and of glancing eyes:
- The iris lies within 1.2 degrees of the sequential result. That is the tolerance of eye contact sideways (1.7 up and
  down); the stricter one is used for both axes.
- The patch lies within 5 % of an eye's width of the eye: with that offset, a field turns an eye by 0.4 degrees more or
  less, and its edge is still in skin.
- The lids of a shut eye move by at most 1 % of its width, the same limit as for the network itself.
A fast head (over 3 eye widths, about 10 cm, per second) is blurred in the frame, and is exempt.

For real films (`known` is false) only the iris during head motion and shut lids count, by choice: not the patch's
position and not glances. Both are compared with the landmark model's corners of the same frame, which jitter and move
with the iris; on a film these errors cannot be separated from staleness. This does not excuse the error from a field's
own age during a glance. `strict` applies all thresholds to films; its result is printed as well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from relay.gaze.face import Angles
from relay.gaze.geometric import turn
from scripts.measuring.ages.ageing import Cost, Reading
from scripts.measuring.ages.motions import Motion

CONTACT = 1.2  # degrees
MISPLACED = 0.05  # eye widths
LIFTED = 0.01  # eye widths
HELD = (Motion.STILL, Motion.SLOW, Motion.BRISK, Motion.GLANCE)
FEWEST = 20  # readings needed for a result

Table = NDArray[np.float64]  # (..., variants, landmark ages, field ages)


@dataclass(frozen=True)
class Ages:
    """Ages of landmarks and field, frames."""

    landmarks: int
    field: int


@dataclass(frozen=True)
class Evidence:
    """Readings of one kind of takes, and their statistics. known: they are compared with ground truth."""

    name: str
    readings: Sequence[Reading]
    known: bool = True

    @property
    def most(self) -> int:
        """The largest age."""
        return int(self.readings[0].costs.shape[1]) - 1

    @property
    def contact(self) -> float:
        """CONTACT as a shift of these irises, eye widths."""
        radius = float(np.median([one.radius for one in self.readings]))
        return float(turn(Angles(yaw=CONTACT), radius)[0])

    @property
    def strict(self) -> "Evidence":
        """The same with all thresholds."""
        return replace(self, known=True)

    def count(self, motion: Motion, shut: bool = False) -> int:
        """Number of readings of this motion, or of its shut eyes only."""
        return len(self._of(motion, shut))

    def p95(self, motion: Motion, cost: Cost, shut: bool = False) -> Table:
        """95th percentile of a cost in these readings; there must be at least one."""
        return np.asarray(np.percentile(self._costs(motion, cost, shut), 95, axis=0))

    def mean(self, motion: Motion, cost: Cost, shut: bool = False) -> Table:
        """Mean of a cost in these readings."""
        return np.asarray(np.mean(self._costs(motion, cost, shut), axis=0))

    def passes(self, variant: int) -> NDArray[np.bool_]:
        """(landmark ages, field ages) whether they are within all thresholds."""
        within = np.ones((self.most + 1, self.most + 1), dtype=bool)
        for motion in HELD:
            if self.count(motion) >= FEWEST and (self.known or motion is not Motion.GLANCE):
                within &= self.p95(motion, Cost.IRIS)[variant] <= self.contact
                within &= (self.p95(motion, Cost.PLACE)[variant] <= MISPLACED) | (not self.known)
        if self.count(Motion.BLINK, shut=True) >= FEWEST:
            within &= self.p95(Motion.BLINK, Cost.LIDS, shut=True)[variant] <= LIFTED
        return within

    def _costs(self, motion: Motion, cost: Cost, shut: bool) -> Table:
        """(readings, variants, landmark ages, field ages)."""
        return np.array([one.costs[..., cost] for one in self._of(motion, shut)], dtype=np.float64)

    def _of(self, motion: Motion, shut: bool) -> list[Reading]:
        return [one for one in self.readings if one.motion is motion and (one.is_shut or not shut)]


def propose(evidence: Sequence[Evidence], variant: int) -> Ages:
    """The largest ages up to which all evidence passes; of several, those with the older landmarks.

    A field's limit is at least that of its landmarks.
    """
    within = np.all([one.passes(variant) for one in evidence], axis=0)
    return max(_safe(within), key=lambda ages: (ages.landmarks, ages.field), default=Ages(0, 0))


def _safe(within: NDArray[np.bool_]) -> Iterator[Ages]:
    """Ages up to and including which all pass."""
    for landmarks, field in product(range(len(within)), repeat=2):
        if landmarks <= field and within[: landmarks + 1, : field + 1].all():
            yield Ages(landmarks, field)
