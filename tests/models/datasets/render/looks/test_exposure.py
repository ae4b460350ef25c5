import numpy as np
import pytest

from models.datasets.render.looks.exposure import Exposure, develop, meter

EVEN = np.ones(3, dtype=np.float32)
NEUTRAL = Exposure(0.3, (1.0, 1.0, 1.0), 1.0)
RAMP = np.repeat(np.linspace(0, 3, 64, dtype=np.float32)[None, :, None], 3, axis=2)


def test_dark_light_is_developed_by_gamma_alone() -> None:
    grey = develop(np.full((1, 1, 3), 0.1, np.float32), EVEN * 2, NEUTRAL)
    assert grey[0, 0].tolist() == [round(255 * 0.2 ** (1 / 2.2))] * 3


@pytest.mark.parametrize("contrast", [0.9, 1.0, 1.25])
def test_more_light_is_never_darker_and_highlights_roll_off(contrast: float) -> None:
    picture = develop(RAMP, EVEN, Exposure(0.3, (1.0, 1.0, 1.0), contrast))[0, :, 0].astype(int)
    assert (np.diff(picture) >= 0).all()
    assert picture[0] == 0
    assert picture[21] < 250  # light of 1 is not yet white
    assert picture[-1] > 245


def test_balance_gains_channels() -> None:
    red, green, blue = develop(np.full((1, 1, 3), 0.15, np.float32), EVEN, Exposure(0.3, (1.1, 1.0, 0.9), 1.0))[0, 0]
    assert red > green > blue


def test_contrast_spreads_bright_from_dark() -> None:
    pair = np.array([[[0.05] * 3, [0.5] * 3]], dtype=np.float32)
    flat, steep = (develop(pair, EVEN, Exposure(0.3, (1, 1, 1), contrast)).astype(int) for contrast in (0.9, 1.25))
    assert steep[0, 1, 0] - steep[0, 0, 0] > flat[0, 1, 0] - flat[0, 0, 0]


def test_dark_skin_is_exposed_darker_but_by_less_than_it_is() -> None:
    pale, dark = (
        np.median([Exposure.draw(tone, np.random.default_rng(seed)).brightness for seed in range(50)])
        for tone in (0.0, 1.0)
    )
    assert 0.3 < dark / pale < 0.5


def test_the_meter_brings_skin_to_its_brightness_and_takes_most_of_a_cast_away() -> None:
    skin, light = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.25, 0.5])
    linear = np.broadcast_to(skin * light, (4, 4, 3)).astype(np.float32)
    even = np.broadcast_to(skin * 0.1, (4, 4, 3)).astype(np.float32)
    seen, wanted = linear * meter(linear, NEUTRAL, skin), even * meter(even, NEUTRAL, skin)
    assert wanted.mean() == pytest.approx(0.3, rel=1e-5)
    np.testing.assert_allclose(wanted[0, 0] / wanted[0, 0].mean(), skin / skin.mean(), rtol=1e-5)
    assert seen.mean() == pytest.approx(0.3, rel=0.1)
    blue, true = (float(one[0, 0, 2] / one[0, 0, 0]) for one in (seen, wanted))
    assert true < blue < true * (light[2] / light[0]) ** 0.31
