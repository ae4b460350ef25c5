from pathlib import Path

import cv2
import numpy as np
import pytest

from models.datasets.synthetic import scenes
from models.evaluation import sheets
from models.evaluation.clips.films import Film
from models.evaluation.renders.trials import choose, read_outlines
from models.evaluation.rows import Row
from relay.gaze.face import Angles
from relay.gaze.geometry import Patch
from tests.clips import to_frame
from tests.gaze.faces import eye, face, faces
from tests.models.evaluation.eyes import scene

ROWS = [Row.parse("none"), Row.parse("geometric")]
TILE = sheets.HEIGHT * sheets.ENLARGED, sheets.WIDTH * sheets.ENLARGED


@pytest.mark.parametrize("width", [24.0, 80.0])
def test_tiles_show_the_eye_at_one_size(width: float) -> None:
    rgb = np.full((301, 401, 3), 200, np.uint8)
    cv2.circle(rgb, (200, 150), 4, (0, 0, 0), -1)
    tile = sheets.tile(to_frame(rgb), Patch.of(eye(centre=(200.0, 150.0), width=width)))
    assert tile.shape[:2] == TILE
    middle = tile[TILE[0] // 2 - 3 : TILE[0] // 2 + 3, TILE[1] // 2 - 3 : TILE[1] // 2 + 3]
    assert middle.mean() < 60
    assert tile[:20].mean() > 180


def test_eyes_at_the_edge_of_the_picture() -> None:
    tile = sheets.tile(to_frame(np.full((60, 80, 3), 90, np.uint8)), Patch.of(eye(centre=(2.0, 3.0), width=50.0)))
    assert tile.shape[:2] == TILE
    assert np.ptp(tile) < 4


def test_rendered_eyes_in_lines(tmp_path: Path) -> None:
    scenes.write(tmp_path / "one.npz", scene())
    trials = sheets.spread(choose(read_outlines(tmp_path, "test"), 12).pairs, 3)
    made = sheets.rendered(trials, ROWS)
    assert made.shape == (
        sheets.CAPTION + 3 * (TILE[0] + sheets.GAP),
        4 * (TILE[1] + sheets.GAP),
        3,
    )
    source, none = (made[sheets.CAPTION :, at : at + TILE[1]] for at in (0, TILE[1] + sheets.GAP))
    np.testing.assert_array_equal(source, none)
    sheets.save(tmp_path / "deep" / "sheet.png", made)
    again = cv2.imread(str(tmp_path / "deep" / "sheet.png"))
    assert again is not None
    assert again.shape == made.shape


def test_films_in_lines() -> None:
    frame = to_frame(np.full((300, 400, 3), 128, np.uint8))
    seen = (faces(face()),) * 3
    made = sheets.filmed([Film("grey", (frame,) * 3, seen, seen)], ROWS, Angles(pitch=10))
    assert made.shape[0] == sheets.CAPTION + 2 * (TILE[0] + sheets.GAP)
    assert made.shape[1] == 3 * (TILE[1] + sheets.GAP)
    assert sheets.filmed([], ROWS, Angles()).shape[0] == sheets.CAPTION
