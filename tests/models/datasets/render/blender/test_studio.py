"""Consistency of the studio's scenes: labels against pictures.

Uses two stored scenes, cropped by models.datasets.synthetic.excerpt; ../rendering.py renders a new one and checks the
same.
"""

import numpy as np
import pytest

from models.datasets.synthetic.labels import Layer
from models.datasets.synthetic.scenes import Scene
from relay.gaze.face import Side
from relay.gaze.geometry import Patch
from tests.models import evidence


def test_they_are_two_persons_one_with_glasses_and_both_blink(rendered: list[Scene]) -> None:
    assert len({scene.meta["identity"] for scene in rendered}) == 2
    assert [scene.meta["glasses"] for scene in rendered] == [False, True]
    assert {scene.meta["family"] for scene in rendered} == {"anny"}  # CC0, and all colours painted
    for scene in rendered:
        assert (scene.truths["closed"] > evidence.SHUT).sum() == 1
        assert len(evidence.awake(scene)) == 3


@pytest.mark.parametrize(
    ("layers", "least", "median"),
    [((Layer.IRIS,), 1, 8), (evidence.EYEBALL, 1, 5), ((Layer.SKIN,), -0.5, 5)],
    ids=["iris", "eyeball", "skin"],
)
def test_the_flow_makes_one_picture_of_another(
    rendered: list[Scene], layers: tuple[Layer, ...], least: float, median: float
) -> None:
    """Not exactly: lashes, shadows and reflections do not move with the surface below."""
    gains = [gain for scene in rendered for gain in evidence.warping_gains(scene, layers)]
    assert min(gains) > least
    assert np.median(gains) > median


def test_irises_are_where_they_are_said_to_be(rendered: list[Scene]) -> None:
    for scene in rendered:
        assert evidence.seen_at_irises(scene) <= {Layer.IRIS, Layer.LASHES}
        assert Layer.IRIS in evidence.seen_at_irises(scene)


def test_irises_move_as_the_runtime_believes_of_such_a_turn(rendered: list[Scene]) -> None:
    for scene in rendered:
        assert np.abs(evidence.turning_errors(scene, "optic")).max() < 1.0
        # The line of sight turns slightly differently from the optical axis.
        assert np.abs(evidence.turning_errors(scene, "gaze")).max() < 1.5


def test_shut_eyes_show_no_eyeball(rendered: list[Scene]) -> None:
    for scene in rendered:
        shut, opened = evidence.eyeball_seen(scene)
        assert shut < 0.03 * opened
        assert opened > 1000


def test_glasses_do_not_move(rendered: list[Scene]) -> None:
    assert evidence.furthest(rendered[1], Layer.GLASSES) < 0.05
    assert evidence.furthest(rendered[0], Layer.IRIS) > 5


def test_both_patches_lie_within_the_picture(rendered: list[Scene]) -> None:
    for scene in rendered:
        height, width = scene.pictures.shape[1:3]
        for picture in range(len(scene.pictures)):
            for side in Side:
                left, top, right, bottom = Patch.of(scene.eye(picture, side)).box(1.0, (10_000, 10_000))
                assert left >= 0
                assert top >= 0
                assert right <= width
                assert bottom <= height
