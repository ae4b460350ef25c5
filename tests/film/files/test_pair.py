import numpy as np
import pytest

from relay.film.files.orientation import Direction
from relay.film.files.pair import pair, paired_size
from relay.frame import Frame


def plain(width: int, height: int, value: int) -> Frame:
    chroma = np.full(((height + 1) // 2, (width + 1) // 2), value, np.uint8)
    return Frame(np.full((height, width), value, np.uint8), chroma, chroma, 1.5, 90)


@pytest.mark.parametrize("right", Direction)
@pytest.mark.parametrize("size", [(8, 6), (7, 6), (8, 5), (7, 5)])
def test_both_halves_are_whole_in_every_plane(size: tuple[int, int], right: Direction) -> None:
    joined = pair(plain(*size, 10), plain(*size, 200), right)
    assert joined.size == paired_size(size, right)
    assert joined.u.shape == joined.v.shape == ((joined.height + 1) // 2, (joined.width + 1) // 2)
    axis = 1 if right in {Direction.RIGHT, Direction.LEFT} else 0
    first_half = slice(None, 1) if right in {Direction.RIGHT, Direction.DOWN} else slice(1, None)
    for plane in (joined.y, joined.u, joined.v):
        halves = np.split(plane, 2, axis)
        assert {int(half.flat[0]) for half in halves[first_half]} == {10}
        assert all((half == half.flat[0]).all() for half in halves)


def test_it_keeps_time_and_rotation() -> None:
    joined = pair(plain(8, 6, 10), plain(8, 6, 20), Direction.RIGHT)
    assert (joined.time, joined.rotation) == (1.5, 90)
