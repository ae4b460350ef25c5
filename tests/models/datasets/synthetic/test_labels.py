"""Dense labels on a simple mesh: a near square that slides over a far one."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.datasets.render.blender.raster import split
from models.datasets.synthetic.labels import Layer, Surfaces, collect, flow

SHAPE = (24, 40)
QUADS = np.array([[0, 1, 2, 3], [4, 5, 6, 7]], dtype=np.int32)


def square(left: float, top: float, width: float, height: float, depth: float) -> list[list[float]]:
    right, bottom = left + width, top + height
    return [[left, top, depth], [right, top, depth], [right, bottom, depth], [left, bottom, depth]]


def shot(shift: float) -> NDArray[np.float32]:
    """A far wall over the whole picture, and a lid before it, moved to the right by shift pixels."""
    return np.array(square(0, 0, 40, 24, 600) + square(8 + shift, 6, 12, 10, 590), dtype=np.float32)


@pytest.fixture
def sliding() -> Surfaces:
    layers = np.array([Layer.WHITE, Layer.SKIN] * 2, dtype=np.uint8)
    return collect([shot(0), shot(5), shot(7.25)], split(QUADS), layers, SHAPE)


def test_layers_are_what_lies_in_front(sliding: Surfaces) -> None:
    layer = sliding.layer(0)
    assert (layer[6:16, 8:20] == Layer.SKIN).all()
    assert (layer == Layer.SKIN).sum() == 12 * 10
    assert (layer == Layer.WHITE).sum() == layer.size - 120


def test_flow_of_a_picture_to_itself_is_nothing(sliding: Surfaces) -> None:
    moved, valid, _ = flow(sliding, 1, 1)
    assert np.abs(moved).max() == 0
    assert valid.all()


@pytest.mark.parametrize(("picture", "shift"), [(1, 5.0), (2, 7.25)])
def test_flow_says_where_the_target_comes_from(sliding: Surfaces, picture: int, shift: float) -> None:
    moved, _, layer = flow(sliding, 0, picture)
    np.testing.assert_allclose(moved[layer == Layer.SKIN], [[-shift, 0]] * 120, atol=0.05)
    np.testing.assert_allclose(moved[layer == Layer.WHITE], 0, atol=0.05)


def test_what_the_source_hides_is_not_valid(sliding: Surfaces) -> None:
    _, valid, layer = flow(sliding, 0, 1)
    freed = np.zeros(SHAPE, dtype=bool)
    freed[6:16, 8:13] = True  # the wall that the lid covered in the source and no longer covers
    assert not valid[7:15, 9:12].any()
    assert valid[(layer == Layer.SKIN)].all()
    outside = ~freed & (layer == Layer.WHITE)
    assert valid[outside].mean() > 0.95


def test_warping_the_source_gives_the_target(sliding: Surfaces) -> None:
    """A pattern painted on both surfaces, sampled through the flow."""
    ramp = np.add.outer(np.arange(24.0), 2 * np.arange(40.0))
    source, target = ramp.copy(), ramp.copy()
    source[6:16, 8:20] = np.add.outer(np.arange(10.0) * 7, np.arange(12.0) * 3)
    target[6:16, 13:25] = source[6:16, 8:20]
    moved, valid, _ = flow(sliding, 0, 1)
    y, x = np.mgrid[:24, :40]
    at_x = np.clip(np.rint(x + moved[..., 0]).astype(int), 0, 39)
    at_y = np.clip(np.rint(y + moved[..., 1]).astype(int), 0, 23)
    np.testing.assert_array_equal(source[at_y, at_x][valid], target[valid])


def test_hairs_are_seen_where_they_cover_half_a_pixel() -> None:
    bars = [*square(0, 0, 40, 24, 600), *square(10, 0, 0.9, 24, 590), *square(20, 0, 0.3, 24, 590)]
    quads = np.array([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]], dtype=np.int32)
    layers = np.array([Layer.SKIN, Layer.LASHES, Layer.LASHES] * 2, dtype=np.uint8)
    found = collect([np.array(bars, dtype=np.float32)], split(quads), layers, SHAPE)
    layer = found.layer(0)
    assert (layer[:, 10] == Layer.LASHES).all()
    assert (layer[:, 20] == Layer.SKIN).all()
    assert (found.thin[0, :, 20] > 60).all()
    assert found.thin[0, :, 30].max() == 0


def test_only_what_is_seen_is_kept(sliding: Surfaces) -> None:
    points = np.vstack([shot(0), np.array(square(500, 500, 5, 5, 600), dtype=np.float32)])
    quads = np.vstack([QUADS, [[8, 9, 10, 11]]]).astype(np.int32)
    found = collect([points], split(quads), np.array([1, 1, 1] * 2, dtype=np.uint8), SHAPE)
    assert found.places.shape[1] == sliding.places.shape[1] == 8
