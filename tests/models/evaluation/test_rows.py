from pathlib import Path

import numpy as np
import pytest

from models.evaluation.rows import Row
from relay.errors import ModelError
from relay.gaze.corrector import Turn
from relay.gaze.eye_crop import crop_eye
from relay.gaze.face import Angles
from relay.gaze.geometric import Outline, geometric_field
from relay.gaze.geometry import Patch
from relay.gaze.network import Network
from tests.clips import to_frame
from tests.gaze.faces import face

FRAME = to_frame(np.full((300, 400, 3), 128, np.uint8))
EYES = face().eyes
PATCHES = [Patch.of(eye) for eye in EYES]
AIMS = [Angles(5, -3), Angles(5, 3)]
TURNS = [Turn(*one) for one in zip(EYES, PATCHES, AIMS, strict=True)]


def test_no_correction() -> None:
    for field in Row.parse("none").make(FRAME, TURNS):
        assert not field.flow.any()
        assert not field.mask.any()


def test_geometry_is_the_relays_own() -> None:
    made = Row.parse("geometric").make(FRAME, TURNS)
    for field, eye, patch, aim in zip(made, EYES, PATCHES, AIMS, strict=True):
        np.testing.assert_array_equal(field.flow, geometric_field(Outline.of(eye, patch), aim).flow)


def test_a_network_is_run_as_the_relay_runs_it(weights: Path) -> None:
    row = Row.parse(f"tiny={weights}")
    assert row.name == "tiny"
    expected = Network(weights)([crop_eye(FRAME, eye, patch) for eye, patch in zip(EYES, PATCHES, strict=True)], AIMS)
    for field, other in zip(row.make(FRAME, TURNS), expected, strict=True):
        np.testing.assert_array_equal(field.flow, other.flow)
        np.testing.assert_array_equal(field.mask, other.mask)


@pytest.mark.parametrize("text", ["", "full", "=x.onnx", "full="])
def test_what_is_no_row(text: str) -> None:
    with pytest.raises(ValueError, match=r"give NAME=weights\.onnx, or one of none, geometric"):
        Row.parse(text)


def test_a_file_that_is_no_network(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        Row.parse(f"full={tmp_path / 'none.onnx'}")
