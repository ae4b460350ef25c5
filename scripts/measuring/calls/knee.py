"""Plots ages, frame rate and delay against the number of sessions. Knows nothing of how they were measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes

from relay.config.lines import Lines

COLOURS = ("#0b6e99", "#d1495b", "#66a182", "#8d6a9f")


@dataclass(frozen=True)
class Line:
    """One kind of session: for each number of them ages (p95, frames), rates (per second), delays (p50, p95, ms)."""

    name: str
    sessions: list[int]
    ages: list[dict[str, float | None]]
    rates: list[float]
    delays: list[tuple[float | None, float | None]]
    knee: int


def draw(path: Path, lines: Sequence[Line], limits: Lines) -> None:
    """Four panels over the number of sessions, a coloured line for each kind, a ring at its knee."""
    figure, panels = pyplot.subplots(2, 2, figsize=(11, 7.5), sharex=True)
    (landmarks, rates), (field, delays) = panels
    for colour, line in zip(COLOURS, lines, strict=False):
        _trace(landmarks, line, [ages["landmarks"] for ages in line.ages], colour)
        _trace(field, line, [ages["field"] for ages in line.ages], colour)
        _trace(rates, line, list(line.rates), colour)
        _trace(delays, line, [p95 for _, p95 in line.delays], colour)
    _limit(landmarks, limits.max_landmark_age, "age of landmarks, p95 [frames]", "max_landmark_age")
    _limit(field, limits.max_field_age, "age of the field, p95 [frames]", "max_field_age")
    _limit(rates, 25, "video: frames back; field: landmarks [a second]", "least, video return")
    delays.set_title("round-trip delay, p95 [ms]", fontsize=10)
    for panel in panels.flat:
        top = panel.get_ylim()[1]
        panel.set_ylim(-0.03 * top, 1.06 * top)
        panel.set_xlim(0.5, max(line.sessions[-1] for line in lines) + 0.5)
        panel.grid(alpha=0.25)
        panel.xaxis.get_major_locator().set_params(integer=True)
    for panel in panels[1]:
        panel.set_xlabel("sessions, 640x480 at 30 frames a second")
    landmarks.legend(fontsize=8)
    figure.suptitle("The worst of so many sessions; the ring marks the most that are held", fontsize=11)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _trace(panel: Axes, line: Line, values: Sequence[float | None], colour: str) -> None:
    heights = [float("nan") if value is None else value for value in values]
    panel.plot(line.sessions, heights, marker=".", color=colour, label=line.name)
    if line.knee in line.sessions:
        at = line.sessions.index(line.knee)
        panel.plot([line.knee], [heights[at]], "o", clip_on=False, ms=13, mfc="none", mec=colour, mew=2)


def _limit(panel: Axes, height: float, title: str, name: str) -> None:
    panel.axhline(height, color="black", lw=1, ls=":")
    panel.annotate(name, (0.01, height), xycoords=("axes fraction", "data"), va="bottom", fontsize=8)
    panel.set_title(title, fontsize=10)
