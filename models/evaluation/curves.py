"""Draws training curves (step, name, value, as models/curves.py writes them) for the model card. Knows no network."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.lines import Line2D

Curve = tuple[NDArray[np.int64], NDArray[np.float64]]  # steps, values
COLUMNS = 3
WINDOW = 0.02  # share of a curve's points in the averaging window


def read(path: Path) -> dict[str, Curve]:
    """Curves, sorted by name. Of a step that was written twice the last value is used."""
    points: dict[str, dict[int, float]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            points.setdefault(row["name"], {})[int(row["step"])] = float(row["value"])
    return {name: _curve(points[name]) for name in sorted(points)}


def draw(runs: Mapping[str, Mapping[str, Curve]], names: Sequence[str], path: Path) -> None:
    """Draw one small plot for each name, with a line for each run that has this curve."""
    rows = -(-len(names) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(4 * COLUMNS, 2.6 * rows), squeeze=False, layout="constrained")
    for axis, name in zip(axes.flat, names, strict=False):
        for number, curves in enumerate(runs.values()):
            if name in curves:
                steps, values = curves[name]
                axis.plot(steps, smooth(values), color=f"C{number}", linewidth=1.2)
        axis.set_title(name, fontsize=9)
        axis.tick_params(labelsize=7)
        axis.grid(alpha=0.3)
    for axis in axes.flat[len(names) :]:
        axis.axis("off")
    handles = [Line2D([], [], color=f"C{number}", label=run) for number, run in enumerate(runs)]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over a moving window, shorter at both ends."""
    half = int(len(values) * WINDOW / 2)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(len(values))
    first, after = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    return np.asarray((sums[after] - sums[first]) / (after - first))


def _curve(points: Mapping[int, float]) -> Curve:
    steps = sorted(points)
    return np.array(steps, dtype=np.int64), np.array([points[step] for step in steps])
