"""The rendered scenes stored with the tests, read once."""

from pathlib import Path

import pytest
import torch

from models.datasets.real.album import Album
from models.datasets.synthetic import scenes
from models.datasets.synthetic.scenes import Scene
from tests.models.albums import album_of

SCENES = Path(__file__).parent / "scenes"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def rendered() -> list[Scene]:
    """Two persons, a few gazes each, one of them with shut eyes."""
    return [scenes.read(path) for path in sorted(SCENES.glob("*.npz"))]


@pytest.fixture(scope="session")
def album(rendered: list[Scene]) -> Album:
    """The first person as if photographed."""
    return album_of(rendered[0])
