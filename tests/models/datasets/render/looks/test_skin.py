import numpy as np

from models.datasets.render.heads.head import Floats
from models.datasets.render.looks.skin import DARK, LIGHT, Makeup, Skin
from tests.models.datasets.render.toys import head, person, skin

HAIR = (0.01, 0.007, 0.005)
BROWS = np.concatenate([brow.strands for brow in person().brows])


def colours(worn: Skin) -> Floats:
    return worn.colours(head(), BROWS, HAIR)


def beside(distance: float) -> int:
    """A vertex of the skin that many mm over the middle of the right eye's upper lid."""
    orbit = head().orbits[0]
    top = head().rest[orbit.margin[orbit.inner // 2]] + np.array([0, distance, 0])
    return int(np.linalg.norm(head().rest[:, :2] - top[:2], axis=1).argmin())


def test_tones_go_from_the_palest_to_the_darkest() -> None:
    np.testing.assert_allclose(skin(0.0).base, LIGHT)
    np.testing.assert_allclose(skin(1.0).base, DARK)
    assert (skin(0.4).base > skin(0.6).base).all()


def test_lids_are_redder_than_the_rest_and_brows_darker() -> None:
    colour = colours(skin(0.2))
    far = np.argmax(np.linalg.norm(head().rest - head().orbits[0].centre, axis=1) * (head().rest[:, 0] < 0))
    lid = colour[beside(2.0)]
    assert lid[0] / lid[1] > colour[far][0] / colour[far][1]
    brow = np.linalg.norm(head().rest - BROWS[:, 2].mean(0) * (-1, 1, 1), axis=1)
    hairs = np.linalg.norm(head().rest[:, None] - BROWS[None, ::8, 2], axis=2).min(1)
    assert colour[hairs < 1].mean() < 0.8 * colour[(hairs > 8) & (brow < 60)].mean()


def test_make_up_is_put_on_the_upper_lid() -> None:
    bare = colours(skin(0.2))
    lined = colours(skin(0.2, Makeup(liner=1.8)))
    orbit = head().orbits[0]
    edge = orbit.margin[orbit.inner // 2]
    assert lined[edge].mean() < 0.25 * bare[edge].mean()
    shaded = colours(skin(0.2, Makeup(shadow=0.7, colour=(0.02, 0.02, 0.2))))
    lid = beside(3.0)
    assert shaded[lid, 2] / shaded[lid, 0] > 1.2 * bare[lid, 2] / bare[lid, 0]


def test_a_third_wears_make_up() -> None:
    drawn = [Skin.draw(np.random.default_rng(seed)) for seed in range(300)]
    share = np.mean([one.makeup != Makeup() for one in drawn])
    assert 0.25 < share < 0.45
    assert np.histogram([one.tone for one in drawn], 3)[0].min() > 70
