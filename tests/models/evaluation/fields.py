"""Fields with known effects."""

import numpy as np

from relay.gaze.face import Field
from relay.gaze.spec import GRID


def still() -> Field:
    """Nothing moves."""
    return shift((0.0, 0.0))


def shift(step: tuple[float, float], mask: float = 1.0, rest: tuple[float, float] | None = None) -> Field:
    """The ball moves by step, eye widths; what lies over it by rest."""
    flow = np.broadcast_to(-np.array(step, np.float32), (*GRID, 2)).copy()
    over = None if rest is None else np.broadcast_to(-np.array(rest, np.float32), (*GRID, 2)).copy()
    return Field(flow, np.full(GRID, mask, np.float32), over)
