"""From what was measured on rendered scenes to the figures of the table. Pure arithmetic."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from models.evaluation.figures import Figure, Section, known, mean, median, percentile
from models.evaluation.renders.groups import compare
from models.evaluation.renders.synthetic import TURNS, Gain, Measured, Turned
from models.evaluation.renders.trials import BINS

USUAL = 15.0  # degrees: turns up to it count in the first figures
LARGE = (10.0, 20.0)  # degrees
AXES = {"pitch": "vertical", "yaw": "horizontal"}


def figures_of(measured: Measured) -> tuple[Figure, ...]:
    """All figures of one row on rendered scenes."""
    usual = [one for one in measured.pairs if one.turn < USUAL]
    return (*_main(usual), *_turns(measured.pairs), *_field(measured), *_groups(usual))


def _main(pairs: Sequence[Turned]) -> list[Figure]:
    across = known(abs(one.apart.yaw) for one in pairs if one.apart)
    up = known(abs(one.apart.pitch) for one in pairs if one.apart)
    size = known(one.error for one in pairs)
    loss = known(100 * one.loss if one.loss is not None else None for one in pairs)
    least = known(100 * one.least if one.least is not None else None for one in pairs)
    alike = [one.similarity for one in pairs]
    noise = [one.noise for one in pairs]
    sharp = known(one.sharpness for one in pairs)

    def figure(name: str, value: float | None, of: Sequence[float], **wanted: float) -> Figure:
        return Figure(Section.SYNTHETIC, name, value, len(of), wanted.get("low"), wanted.get("high"))

    return [
        figure("gaze left over, horizontal, median, deg", median(across), across, high=1.2),
        figure("vertical, median, deg", median(up), up, high=1.7),
        figure("size, 95th percentile, deg", percentile(size, 95), size, high=4.0),
        figure("L1 inside the lids, %", mean(loss), loss),
        figure("the same of the renderer's own field, %", mean(least), least),
        figure("SSIM of the eye, %", None if not alike else 100 * (mean(alike) or 0), alike),
        figure("PSNR of the eye, dB", mean(noise), noise),
        figure("sharpness out / in, median", median(sharp), sharp, low=0.95),
    ]


def _turns(pairs: Sequence[Turned]) -> list[Figure]:
    figures: list[Figure] = []
    for low, high in [*pairwise(BINS), LARGE]:
        inside = [one for one in pairs if low <= one.turn < high]
        sizes = known(one.error for one in inside)
        loss = known(100 * one.loss if one.loss is not None else None for one in inside)
        span = f"{low:g}-{high:g} deg"
        figures.append(Figure(Section.TURNS, f"{span}: gaze left over, median, deg", median(sizes), len(sizes)))
        figures.append(Figure(Section.TURNS, f"{span}: L1 inside the lids, %", mean(loss), len(loss)))
    return figures


def gain_figures(
    section: Section, gains: Sequence[Gain], turns: Sequence[float], low: float | None, high: float | None
) -> list[Figure]:
    """Medians by axis and turn."""
    figures = []
    for axis, name in AXES.items():
        for turn in turns:
            made = [one.made for one in gains if getattr(one.asked, axis) == turn]
            figures.append(Figure(section, f"gain, {name} {turn:+g} deg", median(made), len(made), low, high))
    return figures


def _field(measured: Measured) -> list[Figure]:
    def of(read: Callable[[Turned], float | None]) -> list[float]:
        return known(read(one) for one in measured.pairs)

    raised = [max(0.0, one) for one in measured.raised]  # a lid that sinks does not make up for one that opens
    rims, high_rims = of(lambda one: one.rim), of(lambda one: one.rim_high)
    ghosts = of(lambda one: one.ghost)

    def figure(name: str, value: float | None, count: int, **wanted: float) -> Figure:
        return Figure(Section.FIELD, name, value, count, wanted.get("low"), wanted.get("high"), digits=3)

    return [
        *gain_figures(Section.FIELD, measured.gains, TURNS, 0.95, 1.05),
        figure("aim zero, PSNR, worst, dB", min(measured.identity, default=None), len(measured.identity), low=45),
        figure("shut eyes opened, mean, eye widths", mean(raised), len(raised), high=0.01),
        figure("glasses moved, mean, eye widths", mean(rims), len(rims), high=0.01),
        figure("glasses moved, 95th percentile, eye widths", mean(high_rims), len(high_rims)),
        figure("double picture, eye widths", mean(ghosts), len(ghosts)),
    ]


def _groups(pairs: Sequence[Turned]) -> list[Figure]:
    people = [one.person for one in pairs]
    return [
        *compare("gaze", people, [one.error for one in pairs]),
        *compare("L1", people, [one.loss for one in pairs]),
    ]
