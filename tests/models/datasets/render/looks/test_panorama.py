import numpy as np
import pytest

from models.datasets.render.looks.lights import Light, Surroundings
from models.datasets.render.looks.panorama import SIZE, Floats, Panorama, place_of, prepare

HERE = np.array([0.0, 0.0, -600.0])
LAMP = Light((0.0, 0.0, 400.0), (0.0, 0.0, -600.0), (300.0, 300.0), share=2.0, colour=(1.0, 1.0, 1.0))


def sky(sun: float = 1.0, tint: tuple[float, float, float] = (1, 1, 1)) -> Floats:
    picture = np.full((512, 1024, 3), 0.2, dtype=np.float32) * np.array(tint, dtype=np.float32)
    picture[100:130, 300:330] *= sun
    return picture


def prepared(picture: Floats, lamps: tuple[Light, ...] = (), limit: float = 20.0, turn: float = 0.0) -> Panorama:
    return prepare(picture, Surroundings("city", turn, limit, blur=1.0), lamps, HERE)


def mean(picture: Floats) -> float:
    """Over the sphere."""
    weight = np.cos((np.arange(SIZE[0]) + 0.5 - SIZE[0] / 2) / SIZE[0] * np.pi)
    return float((picture.mean((1, 2)) * weight).sum() / weight.sum())


@pytest.mark.parametrize("sun", [1.0, 50.0, 5000.0])
def test_whatever_the_sun_the_mean_is_one_and_nothing_is_brighter_than_the_limit(sun: float) -> None:
    found = prepared(sky(sun), limit=8.0)
    assert mean(found.light) == pytest.approx(1, abs=1e-3)
    assert found.mirror.max() <= 8.0 + 1e-3


def test_most_of_a_colour_cast_is_taken_away() -> None:
    red, _, blue = prepared(sky(tint=(1.0, 0.8, 0.5))).light.mean((0, 1))
    assert 1.0 < red / blue < 1.3


def test_mirrors_show_the_lamp_where_it_stands_and_skin_is_not_lit_by_it_twice() -> None:
    found = prepared(sky(), (LAMP,))
    column, row = place_of(np.array([0.0, 0.0, 1.0]), 0.0)
    assert found.mirror[int(row), int(column)].mean() > 5
    assert found.light.max() < 1.5


@pytest.mark.parametrize("turn", [0.0, 90.0, 200.0])
def test_up_is_the_first_row_and_turning_moves_columns(turn: float) -> None:
    assert place_of(np.array([0.0, 1.0, 0.0]), turn)[1] == pytest.approx(0)
    assert place_of(np.array([0.0, -1.0, 0.0]), turn)[1] == pytest.approx(SIZE[0])
    ahead, aside = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])
    moved = (place_of(ahead, turn)[0] - place_of(ahead, 0)[0]) / SIZE[1] * 360
    assert min(moved % 360, -moved % 360) == pytest.approx(min(turn, 360 - turn))
    quarter = (place_of(ahead, turn)[0] - place_of(aside, turn)[0]) / SIZE[1] * 360
    assert min(quarter % 360, -quarter % 360) == pytest.approx(90)
