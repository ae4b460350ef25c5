import numpy as np

from models.datasets.render.heads.subdivision import refine

# A 3 x 3 grid of points, four quads.
GRID = np.array([[x, y, 0] for y in range(3) for x in range(3)], dtype=np.float32)
QUADS = np.array([[0, 1, 4, 3], [1, 2, 5, 4], [3, 4, 7, 6], [4, 5, 8, 7]], dtype=np.int32)
UV = np.stack([GRID[QUADS][..., :2] / 2], axis=0)[0].astype(np.float32)


def test_a_flat_grid_stays_flat_and_every_row_is_a_mean() -> None:
    fine = refine(QUADS, UV, 9)
    np.testing.assert_allclose(np.asarray(fine.matrix.sum(1)).ravel(), 1, atol=1e-6)
    assert fine.quads.shape == (16, 4)
    points = fine.matrix @ GRID
    np.testing.assert_allclose(points[:, 2], 0)
    np.testing.assert_allclose(points[9 + 4], [1, 1, 0], atol=1e-6)


def test_an_inner_vertex_follows_catmull_and_clark() -> None:
    raised = GRID.copy()
    raised[4, 2] = 1
    fine = refine(QUADS, UV, 9)
    # (Q + 2 R + (n - 3) P) / n with n = 4: faces 1/4, edge middles 1/2, the point 1.
    np.testing.assert_allclose((fine.matrix @ raised)[9 + 4, 2], (0.25 + 2 * 0.5 + 1) / 4, atol=1e-6)


def test_uv_follows_the_points() -> None:
    fine = refine(QUADS, UV, 9)
    linear = fine.matrix @ GRID
    centre = linear[fine.quads].mean(1)[:, :2] / 2
    np.testing.assert_allclose(fine.uv.mean(1), centre, atol=0.05)


def test_triangles_are_split_into_three() -> None:
    triangle = np.array([[0, 1, 2, -1]], dtype=np.int32)
    fine = refine(triangle, np.zeros((1, 4, 2), np.float32), 3)
    assert len(fine.quads) == 3


def test_a_loop_is_found_again_with_a_point_on_every_edge() -> None:
    fine = refine(QUADS, UV, 9)
    coarse = np.array([0, 1, 2, 5, 8, 7, 6, 3], dtype=np.int32)
    loop = fine.loop(coarse)
    assert len(loop) == 16
    points = fine.matrix @ GRID
    steps = np.linalg.norm(np.diff(points[loop], axis=0), axis=1)
    assert steps.max() < 0.75
