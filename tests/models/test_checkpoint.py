from pathlib import Path

import pytest
import torch

from models import checkpoint
from models.checkpoint import Checkpoint
from models.config import Recipe


def recipe(folder: Path) -> Recipe:
    return Recipe(out=folder, scenes=folder, steps=7)


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    wanted = Checkpoint(recipe(tmp_path), 3, {"network": {"weight": torch.arange(3.0)}, "turns": (1, 2)})
    assert not checkpoint.exists(tmp_path)
    checkpoint.save(tmp_path, wanted)
    found = checkpoint.load(tmp_path)
    assert found.recipe == wanted.recipe
    assert found.step == 3
    assert torch.equal(found.states["network"]["weight"], torch.arange(3.0))
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.NAME]


def test_a_write_that_fails_leaves_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.save(tmp_path, Checkpoint(recipe(tmp_path), 3, {}))

    def fail(content: object, path: Path) -> None:
        path.write_bytes(b"half of it")
        raise OSError("the disk is full")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="full"):
        checkpoint.save(tmp_path, Checkpoint(recipe(tmp_path), 4, {}))
    assert checkpoint.load(tmp_path).step == 3


def test_something_else_is_named(tmp_path: Path) -> None:
    torch.save({"weights": 1}, tmp_path / checkpoint.NAME)
    with pytest.raises(ValueError, match=checkpoint.NAME):
        checkpoint.load(tmp_path)
