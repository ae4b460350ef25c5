from dataclasses import replace

import numpy as np
import pytest

from models.datasets.render.looks.hairs import Brow, Fringe, ribbons
from tests.models.datasets.render.toys import head, person

FACING = np.array([0.0, 0.0, 1.0])


@pytest.mark.parametrize("index", [0, 1])
def test_lashes_grow_forward_from_the_lids_edge_and_lean_out_at_the_outer_corner(index: int) -> None:
    orbit = head().orbits[index]
    line = head().rest[orbit.margin]
    outward = -1 if index == 0 else 1
    for fringe in person().fringes[index]:
        strands = fringe.grow(head().rest, orbit)
        roots = np.linalg.norm(strands[:, :1] - line[None], axis=2).min(1)
        assert roots.max() < 1.6  # half an edge of the margin
        assert (strands[:, -1, 2] > strands[:, 0, 2]).mean() > 0.8
        tips = strands[:, -1, 1] - strands[:, 0, 1]
        assert (tips * (1 if fringe.upper else -1) > 0).mean() > 0.9, "away from the opening, not over the eye"
        upright = replace(fringe, lean=np.zeros_like(fringe.lean)).grow(head().rest, orbit)
        sideways = (strands - upright)[:, -1, 0] * outward
        assert (sideways[fringe.lean > 0.1] > 0).all()
        assert fringe.lean[fringe.place < 0.2].mean() > 0.1


def test_fuller_lashes_are_more_and_longer() -> None:
    sparse, full = (Fringe.draw(True, np.random.default_rng(3), fullness) for fullness in (0.0, 1.0))
    assert len(sparse.place) < len(full.place)
    assert sparse.length.mean() < full.length.mean()
    for fringe in (sparse, full):
        strands = fringe.grow(head().rest, head().orbits[0])
        reach = np.linalg.norm(strands[:, -1] - strands[:, 0], axis=1)
        assert np.median(reach / fringe.length) == pytest.approx(1.2, abs=0.3)  # curled, so longer than it is far


def test_a_brow_lies_above_its_eye_and_follows_the_skin() -> None:
    orbit = head().orbits[1]
    brow = Brow.draw(head(), orbit, np.random.default_rng(4), 0.5)
    assert (brow.strands[..., 1] > orbit.centre[1] + 8).all()
    assert np.abs(brow.strands[:, 0, 0] - orbit.centre[0]).max() < 25
    lifted = head().rest + np.array([0, 3, 0], dtype=np.float32)
    moved = brow.grow(head().rest, lifted) - brow.strands
    np.testing.assert_allclose(moved, np.broadcast_to([0, 3, 0], moved.shape), atol=1e-5)


def test_ribbons_taper_and_turn_their_broad_side() -> None:
    strand = np.column_stack([np.zeros(5), np.linspace(0, 8, 5), np.zeros(5)])[None].astype(np.float32)
    points, quads = ribbons(strand, 0.4, FACING.astype(np.float32))
    width = np.linalg.norm(points[1::2] - points[::2], axis=1)
    np.testing.assert_allclose(width[[0, -1]], [0.4, 0.1], atol=1e-6)
    np.testing.assert_allclose(points[:, 2], 0, atol=1e-6)
    assert quads.shape == (4, 4)
    assert sorted(np.unique(quads)) == list(range(10))
