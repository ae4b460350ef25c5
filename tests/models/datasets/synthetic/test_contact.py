from pathlib import Path

import cv2
import numpy as np

from models.datasets.synthetic import contact
from models.datasets.synthetic.scenes import Scene
from tests.models.conftest import SCENES


def test_rows_are_scenes_and_columns_gazes() -> None:
    rows = [np.full((2, 10, 20, 3), 50, np.uint8), np.full((3, 8, 16, 3), 90, np.uint8)]
    page = contact.sheet(rows)
    assert page.shape == (10 + contact.GAP + 8, 3 * 20 + 2 * contact.GAP, 3)
    second = slice(20 + contact.GAP, 40 + contact.GAP)
    assert (page[:10, second] == 50).all()
    assert (page[:10, 2 * (20 + contact.GAP) :] == 255).all()  # the first scene has no third picture
    assert (page[10 + contact.GAP :, second][:, :16] == 90).all()
    assert (page[10 : 10 + contact.GAP] == 255).all()


def test_a_folder_becomes_a_picture(tmp_path: Path, rendered: list[Scene]) -> None:
    out = tmp_path / "sheets" / "page.png"
    assert contact.main([str(SCENES), "--out", str(out), "--gazes", "2", "--scenes", "1"]) is None
    page = cv2.imread(str(out))
    assert page is not None
    height, width = rendered[0].pictures.shape[1:3]
    np.testing.assert_array_equal(page[:, :width, ::-1], rendered[0].pictures[0])
    assert page.shape == (height, 2 * width + contact.GAP, 3)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    assert contact.main([str(tmp_path), "--out", str(tmp_path / "page.png")]) == f"{tmp_path} holds no scenes"
