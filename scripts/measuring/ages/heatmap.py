"""Draws the cost of staleness: landmark age against field age, a column for each motion, a row for each variant.

Knows nothing of how the values were measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

LEAST, MOST = 0.1, 10.0  # % of eye width, ends of the colour scale
DARK = 1.5  # value above which cells get white text


@dataclass(frozen=True)
class Panel:
    """values: (landmark ages, field ages), % of eye width; bar: threshold, in the same unit."""

    values: NDArray[np.floating]
    bar: float


@dataclass(frozen=True)
class Column:
    """One motion: its title, and a panel for each row."""

    title: str
    panels: Sequence[Panel]


def draw(columns: Sequence[Column], rows: Sequence[str], title: str, path: Path) -> None:
    """Draw all panels, with an outline of what passes. rows: the label of each row."""
    size = (2.0 * len(columns) + 0.7, 2.05 * len(rows) + 0.75)
    figure, axes = plt.subplots(len(rows), len(columns), figsize=size, squeeze=False, layout="constrained")
    for number, column in enumerate(columns):
        for row, panel in enumerate(column.panels):
            _draw(axes[row, number], panel)
        axes[0, number].set_title(column.title, fontsize=10)
        axes[-1, number].set_xlabel("field age, frames", fontsize=9)
    for row, name in enumerate(rows):
        axes[row, 0].set_ylabel(f"{name}\nlandmark age, frames", fontsize=9)
    figure.suptitle(title, fontsize=11)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _draw(axis: Axes, panel: Panel) -> None:
    """Landmark age upwards, field age to the right, the value in each cell."""
    ages = np.arange(len(panel.values))
    shown = np.clip(panel.values, LEAST, MOST)
    axis.imshow(shown, cmap="magma_r", norm=LogNorm(LEAST, MOST), origin="lower", aspect="equal")
    for (landmark, field), value in np.ndenumerate(panel.values):
        text = f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
        axis.text(field, landmark, text, ha="center", va="center", fontsize=8, color="w" if value > DARK else "k")
    for line in outline(panel.values <= panel.bar):
        axis.plot(*zip(*line, strict=True), color="#1a9850", linewidth=2.5, solid_capstyle="projecting")
    axis.set_xticks(ages)
    axis.set_yticks(ages)
    axis.tick_params(labelsize=8, length=0)


def outline(inside: NDArray[np.bool_]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The lines, (x, y) to (x, y), between cells that lie inside and neighbours that do not; not the picture's rim."""
    lines = []
    rows, columns = inside.shape
    for row in range(rows):
        for column in range(columns):
            if column + 1 < columns and inside[row, column] != inside[row, column + 1]:
                lines.append(((column + 0.5, row - 0.5), (column + 0.5, row + 0.5)))
            if row + 1 < rows and inside[row, column] != inside[row + 1, column]:
                lines.append(((column - 0.5, row + 0.5), (column + 0.5, row + 0.5)))
    return lines
