"""Orders and resuming, with a stand-in for the renderer. A real scene: render/rendering.py."""

import sys
from pathlib import Path

import pytest

from models.datasets.render.blender.orders import Order
from models.datasets.synthetic import make


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the scenes requested from a stand-in for the renderer."""
    numbers: list[int] = []

    def render(order: Order, folder: Path) -> Path:
        numbers.append(order.number)
        path = make.path_of(folder, order)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return path

    monkeypatch.setattr(make, "render", render)
    return numbers


def test_a_finished_scene_is_not_made_again(tmp_path: Path, rendered: list[int]) -> None:
    assert make.main(["--scenes", "3", "--out", str(tmp_path)]) is None
    assert rendered == [0, 1, 2]
    (tmp_path / "scene_0_00001.npz").unlink()
    assert make.main(["--scenes", "5", "--out", str(tmp_path)]) is None
    assert rendered[3:] == [1, 3, 4]


def test_another_seed_is_another_set(tmp_path: Path, rendered: list[int]) -> None:
    for seed in ("0", "1"):
        make.main(["--scenes", "1", "--out", str(tmp_path), "--seed", seed])
    assert rendered == [0, 0]
    assert len(list(tmp_path.iterdir())) == 2


def test_missing_heads_are_named(tmp_path: Path, rendered: list[int]) -> None:
    message = make.main(["--scenes", "1", "--out", str(tmp_path), "--data", str(tmp_path)])
    assert message is not None
    assert "ict_facekit.npz" in message
    assert rendered == []


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_without_blender_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: str) -> None:
    monkeypatch.setitem(sys.modules, "bpy", None)  # not importable, even where it is installed
    message = make.main(["--scenes", "1", "--out", str(tmp_path), "--jobs", jobs])
    assert message is not None
    assert "bpy" in message
    assert "scripts/render" in message
    assert list(tmp_path.iterdir()) == []


def test_a_split_is_rendered_by_itself(tmp_path: Path, rendered: list[int]) -> None:
    make.main(["--scenes", "40", "--out", str(tmp_path), "--split", "test"])
    assert 0 < len(rendered) < 20
    assert {Order(number, 0, 1, 1, None).split for number in rendered} == {"test"}
