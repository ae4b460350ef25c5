import numpy as np

from models.datasets.render.eyes import shadows
from tests.models.datasets.render.toys import head

ORBIT = head().orbits[0]


def test_the_ball_is_darkest_under_the_upper_lid_and_bright_in_the_middle() -> None:
    margin = head().rest[ORBIT.margin]
    top, bottom = margin[ORBIT.inner // 2], margin[(ORBIT.inner + len(margin)) // 2]
    upper, lower, middle = shadows.on_ball(np.stack([top, bottom, (top + bottom) / 2]), head().rest, ORBIT)[:, 0]
    assert upper < lower < middle
    assert middle > 0.75


def test_the_upper_lids_edge_is_darker_than_the_lower_ones() -> None:
    factors = shadows.on_rim(ORBIT)
    count = len(ORBIT.margin)
    assert factors.shape == (3 * count, 3)
    assert factors[1 : ORBIT.inner].max() < factors[ORBIT.inner + 1 : count].min()
