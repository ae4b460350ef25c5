from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from models.datasets.render.eyes import paint
from models.datasets.render.eyes.eyeball import IRIS_SHARE
from models.datasets.render.eyes.paint import SIZE, Iris, Picture

RIM = int(SIZE[0] * IRIS_SHARE)
PUPIL = RIM // 4


def ball(kind: Iris, tone: float = 0.2, seed: int = 1) -> Picture:
    return paint.paint(kind, np.random.default_rng(seed), tone)


def test_pupil_iris_and_white_lie_one_around_the_other() -> None:
    rows = ball(Iris.BROWN).mean((1, 2))
    assert rows[: PUPIL - 1].max() < 0.02
    assert 0.05 < rows[PUPIL + 20 : RIM - 30].mean() < 0.4
    assert rows[RIM + 40 : RIM + 120].mean() > 0.5


def test_a_picture_goes_around_without_a_seam() -> None:
    zone = np.stack([ball(Iris.BLUE, seed=seed)[PUPIL + 10 : RIM - 30] for seed in range(4)])
    seam = np.abs(zone[:, :, 0] - zone[:, :, -1]).mean()
    inside = np.abs(np.diff(zone, axis=2)).mean((0, 1, 3))
    assert seam < np.percentile(inside, 99)


def test_colours_are_what_they_are_called() -> None:
    zone = slice(PUPIL + 40, RIM - 40)
    means = {kind: np.mean([ball(kind, seed=seed)[zone].mean((0, 1)) for seed in range(3)], 0) for kind in Iris}
    assert means[Iris.DARK_BROWN].sum() < means[Iris.BROWN].sum() < means[Iris.BLUE].sum()
    red, _, blue = means[Iris.BLUE]
    assert blue > red
    red, _, blue = means[Iris.BROWN]
    assert red > blue
    red, green, _ = means[Iris.GREEN]
    assert green > 0.95 * red


def test_dark_skin_goes_with_yellower_whites() -> None:
    pale, dark = (ball(Iris.BROWN, tone)[RIM + 40 : RIM + 120].mean((0, 1)) for tone in (0.0, 1.0))
    assert dark[2] / dark[0] < 0.95 * pale[2] / pale[0]


def test_the_same_lot_gives_the_same_eye() -> None:
    np.testing.assert_array_equal(ball(Iris.GREY), ball(Iris.GREY))
    assert not np.array_equal(ball(Iris.GREY), ball(Iris.GREY, seed=2))


def test_colours_come_as_often_as_their_shares_say() -> None:
    random = np.random.default_rng(0)
    drawn = Counter(paint.draw(random) for _ in range(3000))
    for kind, share in paint.SHARES.items():
        assert drawn[kind] / 3000 == pytest.approx(share, abs=0.03)


def test_a_missing_sheet_is_named(tmp_path: Path) -> None:
    borrows = np.random.default_rng(next(seed for seed in range(99) if np.random.default_rng(seed).uniform() < 0.6))
    with pytest.raises(FileNotFoundError, match=r"eye\.png"):
        paint.paint(Iris.BLUE, borrows, 0.0, tmp_path)
