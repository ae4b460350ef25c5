from dataclasses import replace

import numpy as np
import pytest

from models.datasets.alignment import OFFSETS, align, measure
from models.datasets.render.blender.orders import Family
from relay.gaze.face import Eye, Side
from relay.gaze.geometry import Patch


def eye(side: Side) -> Eye:
    """Forty pixels wide, tilted, its lids bowed."""
    along = np.linspace(0, 1, 9)
    bow = np.column_stack([along * 40, -24 * along * (1 - along)])
    turn = np.array([[0.96, -0.28], [0.28, 0.96]]) * (1 if side is Side.RIGHT else -1, 1)
    upper, lower = ((bow[1:-1] * (1, sign) @ turn.T + 100).astype(np.float32) for sign in (1, -1))
    corners = (bow[[0, -1]] @ turn.T + 100).astype(np.float32)
    return Eye(side, corners, upper, lower, ((upper + lower) / 2)[3], 8.0, 0.3)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("family", list(Family))
def test_what_is_aligned_measures_as_the_constants_say(side: Side, family: Family) -> None:
    mesh = eye(side)
    found, wanted = measure(align(mesh, family), mesh), OFFSETS[family]
    for name in ("corners", "upper", "lower"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), atol=1e-4)
    np.testing.assert_array_equal(found.iris, 0)  # keeps its ground truth


def test_offsets_are_mirrored_with_the_eye() -> None:
    for side, outward in ((Side.RIGHT, -1), (Side.LEFT, 1)):
        mesh = replace(eye(side), corners=np.array([[40 * outward, 0], [0, 0]], dtype=np.float32))
        moved = align(mesh, Family.ANNY).corners - mesh.corners
        assert moved[0, 0] * outward < 0  # the landmark model's outer corner lies further in
        assert Patch.of(mesh).width == pytest.approx(40)


@pytest.mark.parametrize("family", list(Family))
def test_the_lids_of_a_shut_eye_do_not_cross(family: Family) -> None:
    """The offsets are those of open eyes; shut lids must meet."""
    lids = eye(Side.RIGHT).lower
    shut = replace(eye(Side.RIGHT), upper=lids, lower=lids, openness=0.0)
    found = align(shut, family)
    np.testing.assert_allclose(found.upper, found.lower, atol=1e-4)
