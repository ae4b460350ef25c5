from pathlib import Path

import numpy as np
import pytest

from relay.film.files.orientation import Direction, Orientation
from tests.films import Film, pictures

WAYS = [(turn, mirrored) for turn in (0, 90, 180, -90) for mirrored in (False, True)]
STEPS = {Direction.RIGHT: (1, 0), Direction.LEFT: (-1, 0), Direction.DOWN: (0, 1), Direction.UP: (0, -1)}


def orientation(folder: Path, turn: int, mirrored: bool) -> Orientation:
    return Orientation.of(pictures(Film(turn=turn, mirrored=mirrored).write(folder / "a.mp4"))[0])


def seen(turn: int, mirrored: bool) -> tuple[np.ndarray, np.ndarray]:
    """(3, 3) stored columns and rows, as the viewer sees them."""
    rows, columns = np.mgrid[0:3, 0:3]
    views = [np.rot90(stored, turn // 90) for stored in (columns, rows)]
    columns, rows = [np.fliplr(view) if mirrored else view for view in views]
    return columns, rows


@pytest.mark.parametrize(("turn", "mirrored"), WAYS)
def test_right_is_where_the_viewer_sees_it(tmp_path: Path, turn: int, mirrored: bool) -> None:
    columns, rows = seen(turn, mirrored)
    step = (columns[1, 2] - columns[1, 1], rows[1, 2] - rows[1, 1])
    assert STEPS[orientation(tmp_path, turn, mirrored).right] == step


@pytest.mark.parametrize(("turn", "mirrored"), WAYS)
def test_after_the_rotation_down_is_down(tmp_path: Path, turn: int, mirrored: bool) -> None:
    columns, rows = seen(turn, mirrored)
    down = np.array([columns[2, 1] - columns[1, 1], rows[2, 1] - rows[1, 1]])
    for _ in range(orientation(tmp_path, turn, mirrored).rotation // 90):
        down = np.array([-down[1], down[0]])  # a quarter clockwise: right becomes down
    assert down.tolist() == [0, 1]


def test_what_says_nothing_is_upright(tmp_path: Path) -> None:
    upright = orientation(tmp_path, 0, False)
    assert upright == Orientation()
    assert upright.rotation == 0
    assert upright.right is Direction.RIGHT
