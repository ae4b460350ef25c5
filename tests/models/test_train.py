"""Training end to end: rendered scenes and an album on disk, a few updates with every loss, the weights file, and the
relay that loads it.
"""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from models import export, train
from models.datasets import planes
from models.datasets.real import album as albums
from models.datasets.real.album import Album
from models.datasets.synthetic import scenes
from models.datasets.synthetic.scenes import Scene
from relay.frame import Frame
from relay.gaze.eye_crop import crop_eye
from relay.gaze.face import Angles, Side
from relay.gaze.geometry import Patch, ellipse
from relay.gaze.network import Network
from relay.gaze.warp import Placed, warp
from tests.models.conftest import SCENES

SETTINGS = [
    *("--steps", "6", "--warm-up", "2", "--critic-after", "0.34", "--sheet-every", "6", "--device", "cpu"),
    *("--shares.synthetic", "2", "--shares.pairs", "2", "--shares.unlabelled", "2"),
    *("--shape.widths", "[8,8,8]", "--shape.angles", "4"),
]
LOSSES = {"target", "flow", "layer", "inverse", "adversarial", "correction", "smooth", "rigid"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, rendered: list[Scene], album: Album) -> Path:
    """Both scenes as training data, whatever their split is, and an album."""
    folder = tmp_path_factory.mktemp("data")
    for number, path in enumerate(sorted(SCENES.glob("*.npz"))):
        scene = scenes.read(path)
        split = "train" if number == 0 else "validation"
        scenes.write(folder / "scenes" / path.name, Scene(**{**vars(scene), "meta": {**scene.meta, "split": split}}))
    albums.write(folder / "albums" / "one.npz", album)
    return folder


def arguments(out: Path, data: Path, *more: str) -> list[str]:
    albums_there = f'["{data / "albums"}"]'
    return ["--out", str(out), "--scenes", str(data / "scenes"), "--albums", albums_there, *SETTINGS, *more]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    assert train.main(arguments(out, data)) is None
    return out


def test_every_loss_was_there(run: Path) -> None:
    with (run / "curves.csv").open() as file:
        names = {row["name"].partition("/")[0] for row in csv.DictReader(file)}
    # Such a short run writes its curves once, before the critic's losses are used; the checkpoint counts its updates.
    assert names >= LOSSES - {"adversarial", "correction"}


def test_what_it_made_runs_in_the_relay(run: Path, rendered: list[Scene], tmp_path: Path) -> None:
    assert export.main([str(run), "--out", str(tmp_path)]) is None
    network = Network(tmp_path / export.NAME)
    scene = rendered[0]
    frame = planes.to_frame(scene.pictures[0])
    eyes = [scene.eye(0, side) for side in Side]
    patches = [Patch.of(eye) for eye in eyes]
    crops = [crop_eye(frame, eye, patch) for eye, patch in zip(eyes, patches, strict=True)]

    def turned(aim: Angles) -> Frame:
        fields = network(crops, [patch.aim(aim) for patch in patches])
        return warp(frame, [Placed(patch, field) for patch, field in zip(patches, fields, strict=True)])

    assert np.array_equal(turned(Angles()).y, frame.y), "aim zero is the identity"
    changed = turned(Angles(pitch=10)).y != frame.y
    rows, columns = np.indices(changed.shape)
    pixels = np.stack([columns, rows], -1) + 0.5
    assert changed.any()
    assert not changed[np.logical_and.reduce([ellipse(patch.to_eye(pixels)) >= 1 for patch in patches])].any()


def test_it_goes_on_where_it_stopped_and_refuses_another_recipe(run: Path, data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    before = (copy / "checkpoint.pt").read_bytes()
    assert train.main(arguments(copy, data)) is None
    assert (copy / "checkpoint.pt").read_bytes() == before, "it was finished"
    problem = train.main(arguments(copy, data, "--seed", "5"))
    assert problem is not None
    assert "another seed" in problem


def test_no_data_is_said(tmp_path: Path) -> None:
    (tmp_path / "scenes").mkdir()
    problem = train.main(["--out", str(tmp_path / "run"), "--scenes", str(tmp_path / "scenes")])
    assert problem is not None
    assert "nothing to train on" in problem
