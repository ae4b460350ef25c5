from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.datasets.synthetic import scenes
from models.datasets.synthetic.labels import Layer, collect
from models.datasets.synthetic.scenes import Scene
from relay.gaze.face import Side
from relay.gaze.geometry import Patch


def scene(schema: int = scenes.SCHEMA) -> Scene:
    """One picture of one grey triangle, with eyes somewhere in it."""
    surfaces = collect(
        [np.array([[0, 0, 500], [20, 0, 500], [0, 10, 500]], dtype=np.float32)],
        np.array([[0, 1, 2]], dtype=np.int32),
        np.array([Layer.SKIN], dtype=np.uint8),
        (10, 20),
    )
    corners = np.array([[[[2, 5], [8, 5]], [[18, 5], [12, 5]]]], dtype=np.float32)
    lids = np.zeros((1, 2, 7, 2), dtype=np.float32)
    contours: dict[str, NDArray[np.float32]] = {"corners": corners, "upper": lids - 1, "lower": lids + 1}
    contours |= {f"{name}_mesh": value + 0.5 for name, value in contours.items()}
    truths: dict[str, NDArray[np.float32]] = {
        name: np.ones((1, 2, 2), dtype=np.float32) for name in ("gaze", "optic", "iris")
    }
    truths |= {name: np.ones((1, 2), dtype=np.float32) for name in ("iris_radius", "openness", "openness_mesh")}
    truths["closed"] = np.zeros(1, dtype=np.float32)
    return Scene(np.full((1, 10, 20, 3), 90, np.uint8), {"schema": schema}, truths, contours, surfaces)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "scene.npz"
    written = scene()
    scenes.write(path, written)
    found = scenes.read(path)
    np.testing.assert_array_equal(found.pictures, written.pictures)
    np.testing.assert_array_equal(found.surfaces.seen, written.surfaces.seen)
    assert found.meta == written.meta
    assert [file.name for file in path.parent.iterdir()] == ["scene.npz"]


def test_another_schema_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "old.npz"
    scenes.write(path, scene(schema=0))
    with pytest.raises(ValueError, match=r"old.npz: schema 0"):
        scenes.read(path)


def test_an_eye_fits_the_runtimes_patch(tmp_path: Path) -> None:
    eye = scene().eye(0, Side.LEFT)
    assert Patch.of(eye).width == pytest.approx(6)
    assert scene().eye(0, Side.LEFT, mesh=True).corners[0, 0] == pytest.approx(18.5)
