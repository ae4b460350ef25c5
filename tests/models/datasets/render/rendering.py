"""Renders one scene. Needs Blender, unlike the other tests: scripts/render --check runs it.

Its name excludes it from the other tests, so that it is not reported as skipped there.
"""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from models.datasets.render.blender.orders import Order
from models.datasets.render.looks import setting
from models.datasets.synthetic import make, scenes
from models.datasets.synthetic.labels import Layer
from models.datasets.synthetic.scenes import Scene
from tests.models import evidence

GAZES = 5
ORDER = Order(number=0, seed=41, gazes=GAZES, samples=4, data=None)


def take(folder: Path) -> Scene:
    """Render in a separate process, as --jobs does: Blender has one world per process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return scenes.read(pool.apply(make.render, (ORDER, folder)))


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return take(tmp_path_factory.mktemp("scenes"))


def test_pictures_are_as_many_and_as_large_as_ordered(scene: Scene) -> None:
    assert scene.pictures.shape == (GAZES, *setting.SIZE[::-1], 3)
    assert scene.meta["identity"] == "anny-0000"
    assert scene.pictures.std() > 10


def test_what_it_says_of_itself_is_true(scene: Scene) -> None:
    assert np.median(evidence.warping_gains(scene, (Layer.IRIS,))) > 5
    assert evidence.seen_at_irises(scene) <= {Layer.IRIS, Layer.LASHES}
    assert np.abs(evidence.turning_errors(scene, "optic")).max() < 1.0
    shut, opened = evidence.eyeball_seen(scene)
    assert shut < 0.03 * opened


def test_the_first_picture_looks_into_the_lens(scene: Scene) -> None:
    assert np.abs(scene.truths["gaze"][0]).max() < 5


def test_the_same_order_gives_the_same_scene(scene: Scene, tmp_path: Path) -> None:
    again = take(tmp_path)
    np.testing.assert_array_equal(again.surfaces.seen, scene.surfaces.seen)
    np.testing.assert_array_equal(again.truths["gaze"], scene.truths["gaze"])
    np.testing.assert_array_equal(again.pictures, scene.pictures)
