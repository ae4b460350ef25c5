"""Aggregates measurements on rendered scenes to the metrics of the table. Pure arithmetic."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from models.evaluation.figures import Metric, Section, known, mean, median, percentile
from models.evaluation.renders.groups import compare
from models.evaluation.renders.synthetic import TURNS, Gain, Measured, PairResult
from models.evaluation.renders.trials import BINS

USUAL = 15.0  # degrees: turns up to it count in the main metrics
LARGE = (10.0, 20.0)  # degrees
AXES = {"pitch": "vertical", "yaw": "horizontal"}


def metrics_of(measured: Measured) -> tuple[Metric, ...]:
    """All metrics of one row on rendered scenes."""
    usual = [one for one in measured.pairs if one.turn < USUAL]
    return (*_main(usual), *_turns(measured.pairs), *_field(measured), *_groups(usual))


def _main(pairs: Sequence[PairResult]) -> list[Metric]:
    across = known(abs(one.apart.yaw) for one in pairs if one.apart)
    up = known(abs(one.apart.pitch) for one in pairs if one.apart)
    size = known(one.error for one in pairs)
    loss = known(100 * one.loss if one.loss is not None else None for one in pairs)
    least = known(100 * one.least if one.least is not None else None for one in pairs)
    alike = [one.similarity for one in pairs]
    noise = [one.noise for one in pairs]
    sharp = known(one.sharpness for one in pairs)

    def metric(name: str, value: float | None, of: Sequence[float], **wanted: float) -> Metric:
        return Metric(Section.SYNTHETIC, name, value, len(of), wanted.get("low"), wanted.get("high"))

    return [
        metric("gaze left over, horizontal, median, deg", median(across), across, high=1.2),
        metric("vertical, median, deg", median(up), up, high=1.7),
        metric("size, 95th percentile, deg", percentile(size, 95), size, high=4.0),
        metric("L1 inside the lids, %", mean(loss), loss),
        metric("the same of the renderer's own field, %", mean(least), least),
        metric("SSIM of the eye, %", None if not alike else 100 * (mean(alike) or 0), alike),
        metric("PSNR of the eye, dB", mean(noise), noise),
        metric("sharpness out / in, median", median(sharp), sharp, low=0.95),
    ]


def _turns(pairs: Sequence[PairResult]) -> list[Metric]:
    metrics: list[Metric] = []
    for low, high in [*pairwise(BINS), LARGE]:
        inside = [one for one in pairs if low <= one.turn < high]
        sizes = known(one.error for one in inside)
        loss = known(100 * one.loss if one.loss is not None else None for one in inside)
        span = f"{low:g}-{high:g} deg"
        metrics.append(Metric(Section.TURNS, f"{span}: gaze left over, median, deg", median(sizes), len(sizes)))
        metrics.append(Metric(Section.TURNS, f"{span}: L1 inside the lids, %", mean(loss), len(loss)))
    return metrics


def gain_figures(
    section: Section, gains: Sequence[Gain], turns: Sequence[float], low: float | None, high: float | None
) -> list[Metric]:
    """Medians by axis and turn."""
    metrics = []
    for axis, name in AXES.items():
        for turn in turns:
            made = [one.made for one in gains if getattr(one.asked, axis) == turn]
            metrics.append(Metric(section, f"gain, {name} {turn:+g} deg", median(made), len(made), low, high))
    return metrics


def _field(measured: Measured) -> list[Metric]:
    def of(read: Callable[[PairResult], float | None]) -> list[float]:
        return known(read(one) for one in measured.pairs)

    raised = [max(0.0, one) for one in measured.raised]  # a lid that moves down does not compensate for one that opens
    rims, high_rims = of(lambda one: one.rim), of(lambda one: one.rim_high)
    ghosts = of(lambda one: one.ghost)

    def metric(name: str, value: float | None, count: int, **wanted: float) -> Metric:
        return Metric(Section.FIELD, name, value, count, wanted.get("low"), wanted.get("high"), digits=3)

    return [
        *gain_figures(Section.FIELD, measured.gains, TURNS, 0.95, 1.05),
        metric("aim zero, PSNR, worst, dB", min(measured.identity, default=None), len(measured.identity), low=45),
        metric("shut eyes opened, mean, eye widths", mean(raised), len(raised), high=0.01),
        metric("glasses moved, mean, eye widths", mean(rims), len(rims), high=0.01),
        metric("glasses moved, 95th percentile, eye widths", mean(high_rims), len(high_rims)),
        metric("double picture, eye widths", mean(ghosts), len(ghosts)),
    ]


def _groups(pairs: Sequence[PairResult]) -> list[Metric]:
    people = [one.person for one in pairs]
    return [
        *compare("gaze", people, [one.error for one in pairs]),
        *compare("L1", people, [one.loss for one in pairs]),
    ]
