import numpy as np
import pytest

from models.datasets.render.blender.view import angles, rotation
from models.datasets.render.looks import setting
from models.datasets.render.looks.setting import EYE_TURN, PITCH, SIZE, YAW, Setting
from models.datasets.synthetic.truths import Placement, eye_of, gaze_of
from tests.models.datasets.render.toys import body, head, person


def drawn(seed: int, gazes: int = 12) -> Setting:
    return setting.draw(person(), gazes, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(6))
def test_poses_and_gazes_stay_within_what_is_promised(seed: int) -> None:
    scene = drawn(seed)
    assert abs(scene.head.yaw) <= 20
    assert max(abs(scene.head.pitch), abs(scene.head.roll)) <= 15
    assert len(scene.gazes) == len(scene.looks) == 12
    assert abs(scene.gazes[0].pitch) < 3
    assert abs(scene.gazes[0].yaw) < 3
    for aim in scene.gazes[1:]:
        assert PITCH[0] <= aim.pitch <= PITCH[1]
        assert YAW[0] <= aim.yaw <= YAW[1]
        in_head = angles(rotation(scene.head).T @ setting.sight(aim, np.array(scene.place)))
        assert abs(in_head[0]) < EYE_TURN.pitch
        assert abs(in_head[1]) < EYE_TURN.yaw


def test_gazes_cover_the_range_and_a_third_looks_down_at_a_screen() -> None:
    gazes = [aim for seed in range(8) for aim in drawn(seed).gazes[1:]]
    pitch, yaw = np.array([(aim.pitch, aim.yaw) for aim in gazes]).T
    assert np.mean((pitch >= -25) & (pitch <= -5)) > 0.5
    assert np.mean(pitch > 8) > 0.1
    counts = np.histogram(yaw, np.linspace(*YAW, 6))[0] / len(yaw)
    assert counts.min() > 0.1


def test_one_picture_is_shut_one_half_and_never_the_first() -> None:
    for seed in range(6):
        closed = np.array([look.closed for look in drawn(seed).looks])
        assert (closed == 1).sum() == 1
        assert ((closed >= 0.3) & (closed <= 0.85)).sum() == 1
        assert closed[0] <= 0.15


@pytest.mark.parametrize("seed", range(4))
def test_the_view_frames_both_eyes_and_the_first_look_meets_the_lens(seed: int) -> None:
    scene = drawn(seed)
    placement = Placement(rotation(scene.head), np.array(scene.place))
    _, poses = body().pose(scene.looks[0])
    eyes = [eye_of(pose, placement, scene.view) for pose in poses]
    np.testing.assert_allclose(np.mean([eye.corners.mean(0) for eye in eyes], 0), np.array(SIZE) / 2, atol=6)
    assert all(50 < eye.width < 80 for eye in eyes)
    sights = np.array([gaze_of(pose, placement)[0] for pose in poses])
    # Eyes converge on a point that is not quite the lens, so each misses it by some degrees, to its own side.
    np.testing.assert_allclose(sights.mean(0), [scene.gazes[0].pitch, scene.gazes[0].yaw], atol=1.0)


def test_a_third_wears_glasses_and_a_fifth_has_hair_over_the_brow() -> None:
    dresses = [setting.dress(person(), np.random.default_rng(seed), None) for seed in range(150)]
    assert np.mean([dress.glasses is not None for dress in dresses]) == pytest.approx(0.34, abs=0.1)
    assert np.mean([dress.locks is not None for dress in dresses]) == pytest.approx(0.2, abs=0.09)
    assert all(dress.picture is None for dress in dresses)
    for dress in dresses:
        if dress.locks is not None:
            assert dress.locks[:, 0, 1].min() > head().orbits[0].centre[1] + 40  # they fall from above
