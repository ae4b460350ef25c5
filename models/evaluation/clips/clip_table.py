"""From what was measured on real clips to the figures of the table: each person counts once. Pure arithmetic."""

from collections.abc import Iterable, Sequence

from models.evaluation.clips.clips import TURNS, Change, Played
from models.evaluation.figures import Figure, Section, known, median
from models.evaluation.renders.render_table import AXES, gain_figures
from models.evaluation.renders.synthetic import Gain

USUAL = 15.0  # degrees: gains up to it have to be right
LEAST_READ = 0.25  # of the rigid iris' step: a judge that reads less of it in a clip is no judge there
FEWEST = 5  # opinions that make a ratio


def figures_of(played: Sequence[Played]) -> tuple[Figure, ...]:
    """All figures of one row on real clips."""
    return (*_gains(played), *_judged(played), *_pictures(played), *_over_time(played), *_each(played))


def judged(changes: Iterable[Change], axis: str, way: int = 0) -> float | None:
    """Change read over change read of the rigid iris, summed over one clip; None where the judge follows neither.

    way: 1, -1: turns this way only.
    """
    turns = [(one, getattr(one.asked, axis)) for one in changes]
    along = [one for one, turn in turns if turn and turn * way >= 0]
    rigid = sum(one.rigid for one in along)
    if len(along) < FEWEST or rigid < LEAST_READ * sum(one.step for one in along):
        return None
    return sum(one.made for one in along) / rigid


def reading(changes: Iterable[Change], axis: str) -> float | None:
    """How much of the rigid iris' step the judge reads."""
    along = [one for one in changes if getattr(one.asked, axis) != 0]
    return sum(one.rigid for one in along) / sum(one.step for one in along) if len(along) >= FEWEST else None


def _gains(played: Sequence[Played]) -> list[Figure]:
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


def _judged(played: Sequence[Played]) -> list[Figure]:
    figures = []
    for axis, name in AXES.items():
        ratios = known(judged(one.changes, axis) for one in played)
        read = known(reading(one.changes, axis) for one in played)
        figures.append(Figure(Section.REAL, f"judge: read / rigid, {name}", median(ratios), len(ratios), 0.85, 1.15))
        figures.append(Figure(Section.REAL, f"judge's reading of the rigid iris, {name}", median(read), len(read)))
    for way, name in ((1, "up"), (-1, "down")):
        ratios = known(judged(one.changes, "pitch", way) for one in played)
        figures.append(Figure(Section.REAL, f"judge: read / rigid, {name}", median(ratios), len(ratios)))
    return figures


def _pictures(played: Sequence[Played]) -> list[Figure]:
    sharp = known(median(one.sharpness) for one in played)
    return [Figure(Section.REAL, "sharpness out / in, median", median(sharp), len(sharp), low=0.95)]


def _over_time(played: Sequence[Played]) -> list[Figure]:
    tremble, aside = (known(getattr(one, name) for one in played) for name in ("tremble", "tremble_aside"))
    blinks = [one.blinks for one in played if one.blinks]
    alike = [one.correlation for one in blinks]
    shift = max((abs(one.shift) for one in blinks), default=None)
    lost = sum(one.lost for one in blinks) if blinks else None
    count = sum(one.count for one in blinks)

    def figure(name: str, value: float | None, of: int, digits: int = 2, **wanted: float) -> Figure:
        return Figure(Section.REAL, name, value, of, wanted.get("low"), wanted.get("high"), digits)

    return [
        figure("tremble of the iris, out / in, turned up, median", median(tremble), len(tremble), high=1.1),
        figure("tremble, turned aside, median", median(aside), len(aside), high=1.1),
        figure("tremble, turned up, worst clip", max(tremble, default=None), len(tremble)),
        figure("openness in against out, median r", median(alike), len(alike), 3, low=0.99),
        figure("openness, worst clip, r", min(alike, default=None), len(alike), 3),
        figure("blinks lost", lost, count, 0, high=0),
        figure("blinks shifted, most, frames", shift, count, 0, high=0),
    ]


def _each(played: Sequence[Played]) -> list[Figure]:
    """The clips by themselves: gain and judge, of both axes."""
    figures = []
    for one in played:
        film = f"{one.film} ({one.width:.0f} px)"
        for axis, word in AXES.items():
            made = [gain.made for gain in one.gains if abs(getattr(gain.asked, axis)) == 10]
            figures.append(Figure(Section.CLIPS, f"gain at 10 deg, {word}", median(made), len(made), subject=film))
            ratio = judged(one.changes, axis)
            figures.append(Figure(Section.CLIPS, f"judge, {word}", ratio, len(one.changes), subject=film))
        figures.append(Figure(Section.CLIPS, "tremble", one.tremble, 1, subject=film))
    return figures
