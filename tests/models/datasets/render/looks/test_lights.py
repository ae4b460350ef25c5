import numpy as np
import pytest

from models.datasets.render.looks import lights
from models.datasets.render.looks.lights import WORLDS, Light

FACE = np.array([0.0, 0.0, -600.0])


def test_a_lamp_lights_the_face_by_its_share_whatever_its_size() -> None:
    """Irradiance of a small lamp straight ahead: radiance times solid angle; of even surroundings of mean 1: pi."""
    for size, distance in (((100.0, 100.0), 1000.0), ((200.0, 300.0), 2000.0)):
        lamp = Light((0, 0, distance), (0, 0, 0), size, share=0.5, colour=(1, 1, 1))
        solid_angle = size[0] * size[1] / distance**2
        assert lamp.radiance(distance) * solid_angle / np.pi == pytest.approx(0.5)


def test_lamps_stand_before_the_face_and_worlds_vary() -> None:
    drawn = [lights.draw(np.random.default_rng(seed), FACE) for seed in range(200)]
    assert {world.name for world, _ in drawn} == set(WORLDS)
    assert all(4 <= world.limit <= 40 for world, _ in drawn)
    lamps = [lamp for _, both in drawn for lamp in both]
    assert all(lamp.aim == tuple(FACE) for lamp in lamps)
    assert all(lamp.place[2] > FACE[2] for lamp in lamps)
    assert {len(both) for _, both in drawn} == {0, 1, 2}
