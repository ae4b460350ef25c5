"""Aggregates measurements on real clips to the metrics of the table: each person counts once. Pure arithmetic."""

from collections.abc import Iterable, Sequence

from models.evaluation.clips.clips import TURNS, Change, ClipResult
from models.evaluation.figures import Metric, Section, known, median
from models.evaluation.renders.render_table import AXES, gain_figures
from models.evaluation.renders.synthetic import Gain

USUAL = 15.0  # degrees: gains up to it have a target range
LEAST_READ = 0.25  # share of the rigid iris' step that the judge must measure in a clip to be used there
FEWEST = 5  # estimates needed for a ratio


def metrics_of(played: Sequence[ClipResult]) -> tuple[Metric, ...]:
    """All metrics of one row on real clips."""
    return (*_gains(played), *_judged(played), *_pictures(played), *_over_time(played), *_each(played))


def judged(changes: Iterable[Change], axis: str, way: int = 0) -> float | None:
    """Change measured over change measured for the rigid iris, summed over one clip; None where the judge sees neither.

    way: 1 or -1: only turns of this sign.
    """
    turns = [(one, getattr(one.asked, axis)) for one in changes]
    along = [one for one, turn in turns if turn and turn * way >= 0]
    rigid = sum(one.rigid for one in along)
    if len(along) < FEWEST or rigid < LEAST_READ * sum(one.step for one in along):
        return None
    return sum(one.made for one in along) / rigid


def reading(changes: Iterable[Change], axis: str) -> float | None:
    """The share of the rigid iris' step that the judge measures."""
    along = [one for one in changes if getattr(one.asked, axis) != 0]
    return sum(one.rigid for one in along) / sum(one.step for one in along) if len(along) >= FEWEST else None


def _gains(played: Sequence[ClipResult]) -> list[Metric]:
    """Medians over clips of each clip's median."""
    of_clips = [
        Gain(asked, value)
        for one in played
        for asked in dict.fromkeys(gain.asked for gain in one.gains)
        if (value := median([gain.made for gain in one.gains if gain.asked == asked])) is not None
    ]
    usual = [turn for turn in TURNS if abs(turn) <= USUAL]
    large = [turn for turn in TURNS if abs(turn) > USUAL]
    return [
        *gain_figures(Section.REAL, of_clips, usual, 0.9, 1.1),
        *gain_figures(Section.REAL, of_clips, large, None, None),
    ]


def _judged(played: Sequence[ClipResult]) -> list[Metric]:
    metrics = []
    for axis, name in AXES.items():
        ratios = known(judged(one.changes, axis) for one in played)
        read = known(reading(one.changes, axis) for one in played)
        metrics.append(Metric(Section.REAL, f"judge: read / rigid, {name}", median(ratios), len(ratios), 0.85, 1.15))
        metrics.append(Metric(Section.REAL, f"judge's reading of the rigid iris, {name}", median(read), len(read)))
    for way, name in ((1, "up"), (-1, "down")):
        ratios = known(judged(one.changes, "pitch", way) for one in played)
        metrics.append(Metric(Section.REAL, f"judge: read / rigid, {name}", median(ratios), len(ratios)))
    return metrics


def _pictures(played: Sequence[ClipResult]) -> list[Metric]:
    sharp = known(median(one.sharpness) for one in played)
    return [Metric(Section.REAL, "sharpness out / in, median", median(sharp), len(sharp), low=0.95)]


def _over_time(played: Sequence[ClipResult]) -> list[Metric]:
    tremble, aside = (known(getattr(one, name) for one in played) for name in ("tremble", "tremble_aside"))
    blinks = [one.blinks for one in played if one.blinks]
    alike = [one.correlation for one in blinks]
    shift = max((abs(one.shift) for one in blinks), default=None)
    lost = sum(one.lost for one in blinks) if blinks else None
    count = sum(one.count for one in blinks)

    def metric(name: str, value: float | None, of: int, digits: int = 2, **wanted: float) -> Metric:
        return Metric(Section.REAL, name, value, of, wanted.get("low"), wanted.get("high"), digits)

    return [
        metric("tremble of the iris, out / in, turned up, median", median(tremble), len(tremble), high=1.1),
        metric("tremble, turned aside, median", median(aside), len(aside), high=1.1),
        metric("tremble, turned up, worst clip", max(tremble, default=None), len(tremble)),
        metric("openness in against out, median r", median(alike), len(alike), 3, low=0.99),
        metric("openness, worst clip, r", min(alike, default=None), len(alike), 3),
        metric("blinks lost", lost, count, 0, high=0),
        metric("blinks shifted, most, frames", shift, count, 0, high=0),
    ]


def _each(played: Sequence[ClipResult]) -> list[Metric]:
    """Metrics of each clip: gain and judge on both axes, tremble."""
    metrics = []
    for one in played:
        film = f"{one.film} ({one.width:.0f} px)"
        for axis, word in AXES.items():
            made = [gain.made for gain in one.gains if abs(getattr(gain.asked, axis)) == 10]
            metrics.append(Metric(Section.CLIPS, f"gain at 10 deg, {word}", median(made), len(made), subject=film))
            ratio = judged(one.changes, axis)
            metrics.append(Metric(Section.CLIPS, f"judge, {word}", ratio, len(one.changes), subject=film))
        metrics.append(Metric(Section.CLIPS, "tremble", one.tremble, 1, subject=film))
    return metrics
