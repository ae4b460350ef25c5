import numpy as np

from models.datasets.render.blender.raster import draw, split

TRIANGLE = np.array([[0, 1, 2]], dtype=np.int32)


def test_a_triangle_covers_the_pixels_whose_centres_it_holds() -> None:
    points = np.array([[0, 0, 10], [4, 0, 10], [0, 4, 10]], dtype=np.float32)
    seen = draw(points, TRIANGLE, (4, 4))
    y, x = np.mgrid[:4, :4] + 0.5
    np.testing.assert_array_equal(seen.triangle == 0, x + y <= 4)


def test_weights_give_back_the_place() -> None:
    points = np.array([[0, 0, 10], [9, 1, 10], [2, 8, 10]], dtype=np.float32)
    seen = draw(points, TRIANGLE, (10, 10))
    rows, columns = np.nonzero(seen.triangle == 0)
    found = seen.weights[rows, columns] @ points[:, :2]
    np.testing.assert_allclose(found, np.column_stack([columns, rows]) + 0.5, atol=1e-5)
    np.testing.assert_allclose(seen.weights[rows, columns].sum(1), 1, atol=1e-6)


def test_the_nearer_triangle_wins_whatever_the_order() -> None:
    points = np.array([[0, 0, 10], [8, 0, 10], [0, 8, 10], [0, 0, 5], [8, 0, 5], [0, 8, 5]], dtype=np.float32)
    for triangles, nearer in (([[0, 1, 2], [3, 4, 5]], 1), ([[3, 4, 5], [0, 1, 2]], 0)):
        seen = draw(points, np.array(triangles, dtype=np.int32), (4, 4))
        assert (seen.triangle == nearer).all()
        np.testing.assert_allclose(seen.depth, 5)


def test_what_lies_behind_the_lens_or_outside_is_not_drawn() -> None:
    points = np.array([[0, 0, -10], [4, 0, -10], [0, 4, -10], [90, 90, 5], [99, 90, 5], [90, 99, 5]], dtype=np.float32)
    seen = draw(points, np.array([[0, 1, 2], [3, 4, 5]], dtype=np.int32), (4, 4))
    assert (seen.triangle == -1).all()


def test_a_quad_whose_last_corners_are_one_is_a_triangle() -> None:
    points = np.array([[0, 0, 5], [4, 0, 5], [0, 4, 5]], dtype=np.float32)
    seen = draw(points, split(np.array([[0, 1, 2, 2]], dtype=np.int32)), (4, 4))
    assert set(np.unique(seen.triangle)) == {-1, 0}
