"""The rows of the table: systems that make fields, with a name and a common signature.

Knows nothing of what is measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np

from relay.frame import Frame
from relay.gaze.corrector import FieldMaker, Turn, compute, run
from relay.gaze.face import Field
from relay.gaze.network import Network
from relay.gaze.spec import GRID


@dataclass(frozen=True)
class Row:
    """One system. Rows of the same name are the same system, trained from other seeds."""

    name: str
    make: FieldMaker

    @classmethod
    def parse(cls, text: str) -> Self:
        """NAME of a built-in system, or NAME=FILE. Raises ValueError; ModelError where FILE is not a network."""
        name, found, path = text.partition("=")
        if found and name and path:
            return cls(name, partial(run, Network(Path(path))))
        if text not in BUILT_IN:
            raise ValueError(f"{text!r} is not a row: give NAME=weights.onnx, or one of {', '.join(BUILT_IN)}")
        return cls(text, BUILT_IN[text])


def no_correction(_frame: Frame, turns: Sequence[Turn]) -> list[Field]:
    """No correction."""
    still = np.zeros((*GRID, 2), np.float32), np.zeros(GRID, np.float32)
    return [Field(*still) for _ in turns]


BUILT_IN: dict[str, FieldMaker] = {"none": no_correction, "geometric": compute}
