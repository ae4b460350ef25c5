"""The rows of the table: everything that makes fields, by one name and one signature.

Knows nothing of what is measured.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from relay.frame import Frame
from relay.gaze.cutout import cut
from relay.gaze.face import Angles, Eye, Field
from relay.gaze.geometric import Outline, geometric_field
from relay.gaze.geometry import Patch
from relay.gaze.network import Network
from relay.gaze.spec import GRID

# Frame, its eyes, their patches, aims inside the patches -> a field for each eye.
Turner = Callable[[Frame, Sequence[Eye], Sequence[Patch], Sequence[Angles]], list[Field]]


@dataclass(frozen=True)
class Row:
    """One system. Rows of the same name are the same system, trained from other seeds."""

    name: str
    turn: Turner

    @classmethod
    def parse(cls, text: str) -> Self:
        """NAME, of a system without weights, or NAME=FILE. Raises ValueError; ModelError where FILE is no network."""
        name, found, path = text.partition("=")
        if found and name and path:
            return cls(name, turn_by_network(Path(path)))
        if text not in BUILT_IN:
            raise ValueError(f"{text!r} is no row: give NAME=weights.onnx, or one of {', '.join(BUILT_IN)}")
        return cls(text, BUILT_IN[text])


def leave(frame: Frame, eyes: Sequence[Eye], patches: Sequence[Patch], aims: Sequence[Angles]) -> list[Field]:
    """No correction."""
    still = np.zeros((*GRID, 2), np.float32), np.zeros(GRID, np.float32)
    return [Field(*still) for _ in aims]


def turn_by_geometry(
    frame: Frame, eyes: Sequence[Eye], patches: Sequence[Patch], aims: Sequence[Angles]
) -> list[Field]:
    """The relay's own field without a network."""
    return [geometric_field(Outline.of(eye, patch), aim) for eye, patch, aim in zip(eyes, patches, aims, strict=True)]


def turn_by_network(path: Path) -> Turner:
    """What these weights make of it. Raises ModelError."""
    network = Network(path)

    def turn(frame: Frame, eyes: Sequence[Eye], patches: Sequence[Patch], aims: Sequence[Angles]) -> list[Field]:
        cutouts = [cut(frame, eye, patch) for eye, patch in zip(eyes, patches, strict=True)]
        return network(cutouts, aims)

    return turn


BUILT_IN = {"none": leave, "geometric": turn_by_geometry}
