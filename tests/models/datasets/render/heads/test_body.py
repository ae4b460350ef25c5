import numpy as np
import pytest

from models.datasets.render.blender.view import angles
from models.datasets.render.eyes.lids import closing
from models.datasets.render.heads.body import EyePose
from models.datasets.synthetic.labels import Layer
from tests.models.datasets.render.toys import KAPPA, body, look


def opening(eye: EyePose) -> float:
    return closing(eye.margin, eye.orbit)


def test_both_eyes_look_at_the_point() -> None:
    target = look(120, -80).target
    _, eyes = body().pose(look(120, -80))
    for eye in eyes:
        towards = target - eye.orbit.centre
        np.testing.assert_allclose(eye.sight, towards / np.linalg.norm(towards), atol=1e-6)


def test_optical_axes_lie_outwards_of_the_sight_by_kappa() -> None:
    _, eyes = body().pose(look())
    for eye, outward in zip(eyes, (-1, 1), strict=True):
        (pitch, yaw), (own_pitch, own_yaw) = angles(eye.sight), angles(eye.optic)
        assert (own_yaw - yaw) * outward == pytest.approx(KAPPA[0])
        assert pitch - own_pitch == pytest.approx(KAPPA[1])
        towards = (eye.iris - eye.orbit.centre) / np.linalg.norm(eye.iris - eye.orbit.centre)
        np.testing.assert_allclose(towards, eye.optic, atol=1e-6)


def test_lids_close_by_the_share_asked() -> None:
    """To within a step of the blink's weight, which is a tenth, and what laying the lids on the ball changes."""
    left = np.array([[opening(eye) for eye in body().pose(look(closed=closed))[1]] for closed in (0, 0.3, 0.6, 0.85)])
    np.testing.assert_allclose(left[1:] / left[0], [[0.7] * 2, [0.4] * 2, [0.15] * 2], atol=0.16)
    assert (np.diff(left, axis=0) < 0).all()


@pytest.mark.parametrize("y", [-200.0, 0.0, 150.0])
def test_shut_is_shut_wherever_the_eyes_look(y: float) -> None:
    _, eyes = body().pose(look(y=y, closed=1.0))
    assert [opening(eye) for eye in eyes] == pytest.approx([0, 0], abs=0.4)


@pytest.mark.parametrize("y", [-100.0, 100.0])
def test_the_upper_lid_goes_along_with_the_iris_by_its_share(y: float) -> None:
    def heights(y: float, gain: float) -> tuple[float, float]:
        _, (eye, _) = body().pose(look(y=y, lid_gain=gain))
        return float(eye.margin[eye.orbit.inner // 2, 1]), float(eye.iris[1])

    for gain in (0.6, 1.0):
        (before, at), (after, there) = heights(0, gain), heights(y, gain)
        assert (after - before) / (there - at) == pytest.approx(gain, abs=0.25)


def test_every_part_has_its_place_and_its_label() -> None:
    placed, _ = body().pose(look())
    parts = body().parts(placed)
    assert {part.name for part in parts} == set(placed)
    for part in parts:
        assert part.quads.max() < len(part.points)
        assert part.layers is None or len(part.layers) == len(part.quads)
    layers = {part.name: set(part.layers) for part in parts if part.layers is not None}
    assert layers["iris-left"] == {Layer.IRIS}
    assert layers["ball-left"] == {Layer.WHITE}
    assert layers["upper-right"] == {Layer.LASHES}
    assert set(body().shades(placed)) <= set(placed)
