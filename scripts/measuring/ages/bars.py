"""What passes, and the largest ages that do: from readings of stale frames to two settings.

The bars, each for 95 of 100 readings of a head that keeps still or moves up to briskly, and of eyes that glance:
- The iris lies within 1.2 degrees of where the sequential result has it. That is as much as eye contact forgives
  sideways (up and down 1.7); both axes are held to the stricter one.
- The patch lies within 5 % of an eye's width of the eye: misplaced by that much, a field turns an eye by 0.4 degrees
  more or less, and its edge is still in skin.
- The lids of a shut eye are moved by no more than 1 % of its width, as little as is asked of the network itself.
A fast head (over 3 eye widths, a hand's breadth, a second) blurs in the picture, and is not held to them.

Films are held to the iris of heads and to shut lids alone (`known` is false), and that is a choice: neither the patch's
place nor glances count there. Both are compared with the landmark model's corners of the very frame, which tremble, and
ride with the iris; how much of the difference is theirs, and how much staleness, a film cannot tell. It is no excuse
for what a field costs by its own age in a glance. `strict` holds films to everything; its answer is printed as well.
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
FEWEST = 20  # readings that say something

Table = NDArray[np.float64]  # (..., variants, landmark ages, field ages)


@dataclass(frozen=True)
class Ages:
    """Of landmarks and field, frames."""

    landmarks: int
    field: int


@dataclass(frozen=True)
class Evidence:
    """Readings of one kind of takes, and what they say. known: what they are compared with is the truth."""

    name: str
    readings: Sequence[Reading]
    known: bool = True

    @property
    def most(self) -> int:
        """The largest age."""
        return int(self.readings[0].costs.shape[1]) - 1

    @property
    def contact(self) -> float:
        """CONTACT, as these irises move by it, eye widths."""
        radius = float(np.median([one.radius for one in self.readings]))
        return float(turn(Angles(yaw=CONTACT), radius)[0])

    @property
    def strict(self) -> "Evidence":
        """The same, held to all bars."""
        return replace(self, known=True)

    def count(self, motion: Motion, shut: bool = False) -> int:
        """Readings of this motion, or of its shut eyes alone."""
        return len(self._of(motion, shut))

    def p95(self, motion: Motion, cost: Cost, shut: bool = False) -> Table:
        """95th percentile of a cost in these readings, of which there must be some."""
        return np.asarray(np.percentile(self._costs(motion, cost, shut), 95, axis=0))

    def mean(self, motion: Motion, cost: Cost, shut: bool = False) -> Table:
        """Mean likewise."""
        return np.asarray(np.mean(self._costs(motion, cost, shut), axis=0))

    def passes(self, variant: int) -> NDArray[np.bool_]:
        """(landmark ages, field ages) which are within all bars."""
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
    """The largest ages up to which everything passes everywhere; of several, those with the older landmarks.

    A field is never younger than its landmarks need be: its limit is at least theirs.
    """
    within = np.all([one.passes(variant) for one in evidence], axis=0)
    return max(_safe(within), key=lambda ages: (ages.landmarks, ages.field), default=Ages(0, 0))


def _safe(within: NDArray[np.bool_]) -> Iterator[Ages]:
    """Ages below which, themselves included, all pass."""
    for landmarks, field in product(range(len(within)), repeat=2):
        if landmarks <= field and within[: landmarks + 1, : field + 1].all():
            yield Ages(landmarks, field)
