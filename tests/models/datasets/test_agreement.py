"""The landmark model compared with eyes marked by hand on a public-domain portrait, in place of a mesh's."""

from pathlib import Path

import numpy as np
import pytest

from models.datasets import agreement
from relay.gaze.face import Eye
from tests.looks import face
from tests.portraits import portrait


def write(path: Path, eyes: tuple[Eye, Eye]) -> None:
    names = ("corners", "upper", "lower", "iris", "iris_radius", "openness")
    arrays = {name: np.array([[getattr(eye, name) for eye in eyes]]) for name in names}
    picture = portrait("president")[None, :500, 200:700]
    for name in ("corners", "upper", "lower", "iris"):
        arrays[name] = arrays[name] - np.array([200, 0])
    np.savez_compressed(path, allow_pickle=False, pictures=picture, family=np.array("anny"), **arrays)


def test_a_photograph_agrees_to_a_few_hundredths(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "portrait_0000.npz", face().eyes)
    agreement.main([str(tmp_path), str(model)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "anny: 2 eyes"
    found = {line.split(":")[0].strip(): line.split(":")[1].split("(")[0] for line in lines[1:]}
    corners = np.array([float(value) for value in found["corners"].replace("[", "").replace("]", "").split(",")])
    assert set(found) == set(agreement.NAMES)
    assert np.abs(corners).max() < 0.12
    assert len(lines) == 1 + len(agreement.NAMES)  # the other family has no eyes
