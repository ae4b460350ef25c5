"""The geometric Field: a model of an eyeball that turns under moving lids. The fallback, and the network's baseline.

The iris moves rigidly by the projected turn of the eyeball. Vertically the lids move along, so iris, lids and skin
share one smooth field; horizontally the iris slides under static lids, so that part ends at the lid margins.
The field falls to zero at the patch's border.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from relay.gaze.face import Angles, Eye, Field
from relay.gaze.geometry import Patch, ellipse, nodes
from relay.gaze.spec import MAX_AIM, PATCH_HEIGHT, PATCH_WIDTH, ROTATION_PER_IRIS_RADIUS

GRID = (PATCH_HEIGHT, PATCH_WIDTH)
UPPER_LID_GAIN = 0.75  # lid margin's step per step of the iris (Becker and Fuchs 1988: lid and eye move together)
LOWER_LID_GAIN = 0.65
LID_EDGE = 0.03  # eye widths over which the horizontal step ends at a lid margin
IRIS_MARGIN = 1.12  # the rim, limbus included, in iris radii
WINDOW_FROM = 0.45  # of the squared ellipse distance: the field is full inside and zero at 1

Grid = NDArray[np.float32]


@dataclass(frozen=True)
class Outline:
    """One eye in eye coordinates. upper, lower: (9, 2) lid margins with the corners; iris: (2,); radius."""

    upper: NDArray[np.float64]
    lower: NDArray[np.float64]
    iris: NDArray[np.float64]
    radius: float

    @classmethod
    def of(cls, eye: Eye, patch: Patch) -> "Outline":
        """The eye's outline inside its patch."""
        outer, inner = eye.corners
        upper, lower = (patch.to_eye(np.vstack([outer, lid, inner])) for lid in (eye.upper, eye.lower))
        return cls(upper, lower, patch.to_eye(eye.iris), eye.iris_radius / patch.width)


def geometric_field(outline: Outline, aim: Angles) -> Field:
    """The field that turns this eye by aim (degrees, already in the patch: Patch.aim). Zero aim gives zero flow."""
    step = turn(aim, outline.radius)
    target = outline.iris + step
    across, down = _share(outline, target, step)
    window = _window()
    flow = np.dstack([-step[0] * across, -step[1] * down]) * window[..., None]
    return Field(flow.astype(np.float32), window)


def turn(aim: Angles, radius: float) -> NDArray[np.float64]:
    """Step of the iris centre for a turn of the eyeball, eye widths, x right and y down. radius: of the iris."""
    pitch, yaw = (np.radians(np.clip(angle, -MAX_AIM, MAX_AIM)) for angle in (aim.pitch, aim.yaw))
    return ROTATION_PER_IRIS_RADIUS * radius * np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch)])


def _share(outline: Outline, target: NDArray[np.float64], step: NDArray[np.float64]) -> tuple[Grid, Grid]:
    """The share of the horizontal and of the vertical step at each node, 0..1. target: the new iris centre."""
    at = nodes(GRID)
    distance = np.hypot(at[..., 0] - target[0], at[..., 1] - target[1])
    lids = _lids(outline, step)
    inside = _smoothstep((at[..., 1] - lids.upper) / LID_EDGE + 0.5) * _smoothstep(
        (lids.lower - at[..., 1]) / LID_EDGE + 0.5
    )
    sclera = _falloff(distance, outline.radius * IRIS_MARGIN, 0.55)
    return (sclera * inside).astype(np.float32), _vertical(lids, distance, outline.radius)


@dataclass(frozen=True)
class _Lids:
    """Lid margins after the turn, as heights per grid column, (1, columns). hold: each column's share of the step."""

    upper: Grid
    lower: Grid
    hold: Grid


def _lids(outline: Outline, step: NDArray[np.float64]) -> _Lids:
    """The margins moved by their share of the vertical step; corners do not move."""
    x = nodes(GRID)[0, :, 0]
    upper, lower = (_margin(lid, x) for lid in (outline.upper, outline.lower))
    hold = np.clip(1 - (2 * np.abs(x)) ** 3, 0, 1)
    return _Lids(
        (upper + UPPER_LID_GAIN * step[1] * hold)[None].astype(np.float32),
        (lower + LOWER_LID_GAIN * step[1] * hold)[None].astype(np.float32),
        hold[None].astype(np.float32),
    )


def _margin(lid: NDArray[np.float64], x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Height of a lid margin at each x; level beyond the corners."""
    order = np.argsort(lid[:, 0])
    return np.asarray(np.interp(x, lid[order, 0], lid[order, 1]))


def _vertical(lids: _Lids, distance: Grid, radius: float) -> Grid:
    """Share of the vertical step: 1 on the iris, the lids' gains at their margins, fading into brow and cheek."""
    y = nodes(GRID)[..., 1]
    aperture = np.maximum(lids.lower - lids.upper, 1e-3)
    along = np.clip((y - lids.upper) / aperture, 0, 1)
    between = UPPER_LID_GAIN + (LOWER_LID_GAIN - UPPER_LID_GAIN) * along
    above = UPPER_LID_GAIN * _smoothstep(1 - (lids.upper - y) / 0.42)
    below = LOWER_LID_GAIN * _smoothstep(1 - (y - lids.lower) / 0.34)
    skin = np.where(y < lids.upper, above, np.where(y > lids.lower, below, between)) * lids.hold
    # The eyeball takes the iris' step; a lid's margin takes the lid's, so that lashes stay attached.
    edge = np.minimum(y - lids.upper, lids.lower - y)
    ball = _falloff(distance, radius * IRIS_MARGIN, 0.35) * _smoothstep(edge / 0.08 + 0.25)
    return np.asarray(skin + (1 - skin) * ball, dtype=np.float32)


def _falloff(distance: Grid, whole: float, reach: float) -> Grid:
    """1 up to whole, falling smoothly to 0 over reach."""
    return _smoothstep(1 - (distance - whole) / reach)


def _smoothstep(value: NDArray[np.floating]) -> Grid:
    """0 below 0, 1 above 1, smooth between."""
    t = np.clip(value, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


@lru_cache(maxsize=1)
def _window() -> Grid:
    """1 in the middle, smoothly 0 on the patch's ellipse."""
    return _smoothstep((1 - ellipse(nodes(GRID))) / (1 - WINDOW_FROM))
