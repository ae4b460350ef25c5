"""Contact shadows of lids and lashes on an eyeball, computed here since few light paths would render them noisily.

Knows nothing of Blender; lengths in millimetres, head frame.
"""

import numpy as np
from numpy.typing import NDArray

from models.datasets.render.heads.head import Floats, Orbit


def on_ball(ball: Floats, skin: Floats, orbit: Orbit) -> Floats:
    """(n, 3) factors of the ball's points: darker under the upper lid, along the lower one a little, in the corners."""
    margin = skin[orbit.margin]
    apart = np.linalg.norm(ball[:, None] - margin[None], axis=2)
    upper, lower = apart[:, : orbit.inner].min(1), apart[:, orbit.inner :].min(1)
    dark = 0.55 * np.exp(-((upper / 2.1) ** 1.5)) + 0.25 * np.exp(-((lower / 1.5) ** 2))
    corners = np.minimum(apart[:, 0], apart[:, orbit.inner])
    dark += 0.35 * np.exp(-((corners / 3.5) ** 2))
    return _grey(np.clip(1 - dark, 0.15, 1))


def on_rim(orbit: Orbit) -> Floats:
    """(3 m, 3) factors of the points of `Lids.rim`: the upper lid's edge lies in the shadow of its lashes."""
    edge = np.where(np.arange(len(orbit.margin)) < orbit.inner, 0.35, 1.0)
    edge[[0, orbit.inner]] = 0.6
    return _grey(np.tile(edge, 3))


def _grey(factors: NDArray[np.float64]) -> Floats:
    return np.repeat(factors[:, None], 3, axis=1).astype(np.float32)
