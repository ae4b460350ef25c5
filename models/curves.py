"""Writes curves twice: for TensorBoard, and as curves.csv (step, name, value), readable without tools."""

import csv
from pathlib import Path
from typing import IO, Self

from torch.utils.tensorboard import SummaryWriter

NAME = "curves.csv"


class Curves:
    """A writer of curves. A resumed run appends to its file."""

    def __init__(self, folder: Path, board: SummaryWriter) -> None:
        self._board = board
        path = folder / NAME
        known = path.exists()
        self._file: IO[str] = path.open("a", newline="")
        self._rows = csv.writer(self._file)
        if not known:
            self._rows.writerow(["step", "name", "value"])

    def add(self, step: int, values: dict[str, float]) -> None:
        """Add one point to each of these curves."""
        for name, value in values.items():
            self._board.add_scalar(name, value, step)
            self._rows.writerow([step, name, f"{value:.6g}"])
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        """Flush and close."""
        self._board.close()
        self._file.close()
