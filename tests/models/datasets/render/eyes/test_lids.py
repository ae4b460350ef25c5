import numpy as np
import pytest

from models.datasets.render.eyes.eyeball import surface
from models.datasets.render.eyes.lids import PULL, THICKNESS, Lids, closing, corner_flesh, rim_quads
from models.datasets.render.heads.head import Floats, Orbit
from tests.models.datasets.render.toys import head

AHEAD = np.array([0, 0, 1], dtype=np.float32)
ORBIT = head().orbits[0]
LIDS = Lids.of(head(), ORBIT)


def off_the_ball(points: Floats, orbit: Orbit, optic: Floats = AHEAD) -> Floats:
    """How far each point stands off the eyeball and its cornea, mm."""
    away = points - orbit.centre
    distance = np.linalg.norm(away, axis=1)
    return np.asarray(distance - surface(away / distance[:, None], optic, orbit.radius), dtype=np.float32)


@pytest.mark.parametrize("yaw", [0.0, 0.4])
def test_the_lids_edge_touches_the_ball_wherever_the_cornea_is(yaw: float) -> None:
    optic = np.array([np.sin(yaw), 0, np.cos(yaw)], dtype=np.float32)
    fitted = LIDS.fit(head().rest, optic)
    middle = fitted[ORBIT.margin][3 : ORBIT.inner - 3]
    np.testing.assert_allclose(off_the_ball(middle, ORBIT, optic), THICKNESS, atol=0.5)


def test_a_margin_off_the_ball_is_pulled_back_but_only_so_far() -> None:
    """A bag under the eye stays a bag."""
    for forward, least in ((4.0, 0.0), (9.0, 1.5)):
        lifted = head().rest + np.array([0, 0, forward], dtype=np.float32)
        before, after = (
            off_the_ball(points[ORBIT.margin][[ORBIT.inner // 2]], ORBIT)[0] - THICKNESS
            for points in (lifted, LIDS.fit(lifted, AHEAD))
        )
        assert least <= after + 0.05
        assert after < before
        assert before - after == pytest.approx(PULL * np.tanh(before / PULL), abs=0.3)


def test_no_skin_before_the_eye_lies_inside_it() -> None:
    pressed = head().rest.copy()
    pressed[LIDS.near, 2] -= 3
    fitted = LIDS.fit(pressed, AHEAD)[LIDS.near]
    assert off_the_ball(pressed[LIDS.near], ORBIT).min() < 0
    ahead = fitted[fitted[:, 2] > ORBIT.centre[2] + 0.1]
    assert off_the_ball(ahead, ORBIT).min() > THICKNESS - 0.01


def test_skin_far_from_the_eye_stays() -> None:
    fitted = LIDS.fit(head().rest, AHEAD)
    far = np.linalg.norm(head().rest - ORBIT.centre, axis=1) > 26
    assert far.sum() > 50
    np.testing.assert_allclose(fitted[far], head().rest[far], atol=0.05)


def test_a_blink_closes_the_lids_and_never_crosses_them() -> None:
    open_now = head().rest[ORBIT.margin]
    blink = head().units["eyeBlinkRight"][ORBIT.margin]
    left = [closing(open_now + weight * blink, ORBIT) for weight in (0, 0.3, 1.0, 1.4)]
    assert left[0] > left[1] > 1
    assert left[2:] == pytest.approx([0, 0], abs=0.05)
    shut = LIDS.fit(head().pose({"eyeBlinkRight": 1.4}), AHEAD)[ORBIT.margin]
    upper, lower = shut[2 : ORBIT.inner - 1], shut[ORBIT.inner + 1 :]
    floor = np.interp(upper[:, 0], np.sort(lower[:, 0]), lower[np.argsort(lower[:, 0]), 1])
    assert (upper[:, 1] > floor - 0.3).all()


def test_the_edge_leads_from_the_skin_to_behind_the_balls_surface() -> None:
    fitted = LIDS.fit(head().rest, AHEAD)
    outer, middle, inner = np.split(LIDS.rim(fitted, AHEAD), 3)
    np.testing.assert_array_equal(outer, fitted[ORBIT.margin])
    np.testing.assert_allclose(off_the_ball(inner, ORBIT), -0.4, atol=1e-3)
    towards = outer.mean(0) - outer
    assert (((middle - (outer + inner) / 2) * towards).sum(1) > 0).all()
    quads = rim_quads(len(outer))
    assert sorted(np.unique(quads)) == list(range(3 * len(outer)))


def test_the_corners_flesh_is_a_closed_pebble() -> None:
    points, quads = corner_flesh()
    np.testing.assert_allclose(np.ptp(points, axis=0), [3.0, 2.4, 2.0], atol=0.1)
    assert quads.max() == len(points) - 1
