"""Where fields move the iris and the lids of an eye: a backward map, inverted. Knows nothing of pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relay.gaze.face import Eye, Field
from relay.gaze.geometry import Patch, ellipse, to_nodes

Floats = NDArray[np.float64]

ROUNDS = 4  # fixed-point iterations: the residual is under a hundredth of a pixel


@dataclass(frozen=True)
class Landed:
    """New positions by each of n fields, pixels: the iris and the middle of each lid's margin, (n, 2)."""

    iris: Floats
    upper: Floats
    lower: Floats

    def iris_off(self, other: "Landed") -> Floats:
        """(n,) distance of the irises."""
        return _distance(self.iris, other.iris)

    def lids_off(self, other: "Landed") -> Floats:
        """(n,) the larger distance of the two lids."""
        return np.maximum(_distance(self.upper, other.upper), _distance(self.lower, other.lower))

    def opening_off(self, other: "Landed") -> Floats:
        """(n,) difference of the lids' openings."""
        return np.abs(_distance(self.upper, self.lower) - _distance(other.upper, other.lower))


def land(eye: Eye, corner: Floats, patch: Patch, fields: Sequence[Field], gain: float) -> Landed:
    """The positions of the eye's iris and lids, with each of these fields placed at this patch."""
    upper, lower = (lids[2:5].mean(0) - corner for lids in (eye.upper, eye.lower))
    balls = np.stack([field.flow for field in fields])
    covers = np.stack([field.flow if field.rest is None else field.rest for field in fields])
    flows = (balls, covers, covers)
    return Landed(
        *(follow(patch, flow, gain, at) for flow, at in zip(flows, (eye.iris - corner, upper, lower), strict=True))
    )


def follow(patch: Patch, flows: NDArray[np.float32], gain: float, point: NDArray[np.floating]) -> Floats:
    """(n, 2) pixels to which n flows (n, rows, columns, 2), placed at the patch, move this pixel.

    A flow is a backward map; the forward position is the fixed point of p = point - gain * flow(p).
    """
    start = np.repeat(patch.to_eye(np.asarray(point, dtype=np.float64))[None], len(flows), axis=0)
    places = start
    for _ in range(ROUNDS):
        places = start - gain * _read(flows, places)
    return patch.to_pixels(places)


def _read(flows: NDArray[np.float32], places: Floats) -> Floats:
    """Flow n at place n, eye coordinates, bilinear; zero outside of the patch's ellipse."""
    rows, columns = flows.shape[1:3]
    to_index = to_nodes((rows, columns))
    index = np.clip(places @ to_index[:, :2].T + to_index[:, 2], 0, (columns - 1.001, rows - 1.001))
    low = index.astype(int)
    share = index - low
    number = np.arange(len(flows))
    total = np.zeros((len(flows), 2))
    for right in (0, 1):
        for below in (0, 1):
            weight = np.abs(1 - right - share[:, 0]) * np.abs(1 - below - share[:, 1])
            total += weight[:, None] * flows[number, low[:, 1] + below, low[:, 0] + right]
    total[ellipse(places) >= 1] = 0
    return total


def _distance(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.hypot(*(one - other).T))
