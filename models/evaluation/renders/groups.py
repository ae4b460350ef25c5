"""Whether errors are larger for some groups of people: medians of groups over the median of all.

Knows nothing of how an error was measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.evaluation.figures import Metric, Section, known, median

FEWEST = 8  # measurements needed to report a group
MOST = 1.5  # target: at most this many times the median of all
TONES = ("light skin", "medium skin", "dark skin")
WIDTHS = ((18.0, 30.0), (30.0, 50.0), (50.0, float("inf")))  # pixels


@dataclass(frozen=True)
class Person:
    """Whose eye it is, and its size. tone: 0 palest .. 1. width: pixels."""

    tone: float
    iris: str
    glasses: bool
    width: float

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of all groups that this eye belongs to."""
        size = next((f"{low:g}-{high:g} px" for low, high in WIDTHS if low <= self.width < high), "under 18 px")
        return (
            TONES[min(int(self.tone * len(TONES)), len(TONES) - 1)],
            f"{self.iris.replace('_', ' ')} iris",
            "glasses" if self.glasses else "no glasses",
            size.replace("50-inf", "50+"),
        )


def compare(what: str, people: Sequence[Person], errors: Sequence[float | None]) -> list[Metric]:
    """The metric of the worst group, then of each group that is large enough. errors: in the order of people."""
    overall = median(known(errors))
    if not overall:
        return []
    members: dict[str, list[float]] = {}
    for person, error in zip(people, errors, strict=True):
        for group in person.groups:
            members.setdefault(group, []).extend(known([error]))
    ratios = _ratios({group: found for group, found in members.items() if len(found) >= FEWEST}, overall)
    metrics = [
        Metric(Section.GROUPS, what, ratio, len(members[group]), high=MOST, subject=group)
        for group, ratio in sorted(ratios.items())
    ]
    worst = max(ratios.values(), default=None)
    return [Metric(Section.GROUPS, what, worst, len(ratios), high=MOST, subject="worst group"), *metrics]


def _ratios(members: Mapping[str, Sequence[float]], overall: float) -> dict[str, float]:
    return {group: (median(found) or 0.0) / overall for group, found in members.items()}
