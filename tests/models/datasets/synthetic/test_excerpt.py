from pathlib import Path

import numpy as np

from models.datasets.synthetic import excerpt, scenes
from models.datasets.synthetic.labels import flow
from models.datasets.synthetic.scenes import Scene
from relay.gaze.face import Side
from tests.models.conftest import SCENES


def widened(scene: Scene, by: int) -> Scene:
    """The scene with a border of nothing around it."""
    border = ((0, 0), (by, by), (by, by))
    surfaces = scene.surfaces
    more = vars(surfaces) | {
        "seen": np.pad(surfaces.seen, border, constant_values=-1),
        "weights": np.pad(surfaces.weights, (*border, (0, 0))),
        "thin": np.pad(surfaces.thin, border),
        "places": surfaces.places + np.int16(by * 32),
    }
    moved = {name: scene.truths[name] + np.float32(by) for name in ("iris",)}
    return Scene(
        np.pad(scene.pictures, (*border, (0, 0))),
        scene.meta,
        {**scene.truths, **moved},
        {name: value + np.float32(by) for name, value in scene.contours.items()},
        type(surfaces)(**more),
    )


def test_an_excerpt_says_of_its_pictures_what_the_whole_does(rendered: list[Scene]) -> None:
    whole = widened(rendered[0], 20)
    part = excerpt.excerpt(whole, [3, 0])
    assert part.pictures.shape[0] == 2
    assert not any(size % 2 for size in part.pictures.shape[1:3])
    assert part.pictures.shape[1] <= rendered[0].pictures.shape[1]
    for new, old in ((0, 3), (1, 0)):
        for side in Side:
            here, there = part.eye(new, side), whole.eye(old, side)
            shift = there.iris - here.iris
            left, top = (int(value) for value in shift)
            np.testing.assert_allclose(there.corners - here.corners, [shift] * 2, atol=1e-4)
            np.testing.assert_allclose(there.upper - here.upper, [shift] * 7, atol=1e-4)
        height, width = part.pictures.shape[1:3]
        window = whole.pictures[old, top : top + height, left : left + width]
        np.testing.assert_array_equal(part.pictures[new], window)
    moved, valid, layer = flow(part.surfaces, 0, 1)
    all_moved, all_valid, all_layer = flow(whole.surfaces, 3, 0)
    rows, columns = slice(top, top + height), slice(left, left + width)
    np.testing.assert_array_equal(layer, all_layer[rows, columns])
    np.testing.assert_allclose(moved, all_moved[rows, columns], atol=1e-3)
    assert (valid <= all_valid[rows, columns]).all()  # a point may lie in what was cut away
    assert valid.mean() > 0.8


def test_only_what_is_seen_is_kept(rendered: list[Scene]) -> None:
    part = excerpt.excerpt(rendered[1], [0])
    assert len(part.surfaces.triangles) < len(rendered[1].surfaces.triangles)
    assert part.surfaces.places.shape[1] == part.surfaces.triangles.max() + 1


def test_the_camera_is_moved_with_the_window(rendered: list[Scene]) -> None:
    whole = widened(rendered[0], 20)
    part = excerpt.excerpt(whole, [0])
    shift = whole.truths["iris"][0, 0] - part.truths["iris"][0, 0]
    before, after = (scene.meta["camera"] for scene in (whole, part))
    np.testing.assert_allclose(np.subtract(before["centre"], after["centre"]), shift, atol=1e-4)
    assert (after["height"], after["width"]) == part.pictures.shape[1:3]


def test_the_command_writes_a_scene(tmp_path: Path) -> None:
    source = sorted(SCENES.glob("*.npz"))[0]
    out = tmp_path / "small.npz"
    excerpt.main([str(source), "--pictures", "0", "2", "--out", str(out)])
    assert len(scenes.read(out).pictures) == 2
