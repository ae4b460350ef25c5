"""The judge's arithmetic, and a stand-in for its network that points at what is bright."""

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from models.evaluation.clips.judge import EXTENT, LOWERED, SIDE, Judge, crop, decode, rigid_field
from models.evaluation.renders.tracing import find_disc, iris_of, trace
from relay.gaze.face import Angles, Face, Side
from relay.gaze.geometric import turn
from relay.gaze.geometry import Patch
from tests.gaze.faces import eye, face


@pytest.fixture
def bright(tmp_path: Path) -> Path:
    """A network with the judge's shapes: confidence is a cell's red, the place its corner."""
    pick = np.zeros((3, 3, 1, 1), np.float32)
    pick[0, 0] = 1
    nodes = [
        helper.make_node("AveragePool", ["input"], ["cells"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Conv", ["cells", "pick", "half"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "bright",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, 32, 32])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [
            helper.make_tensor("pick", TensorProto.FLOAT, pick.shape, pick.ravel()),
            helper.make_tensor("half", TensorProto.FLOAT, (3,), [0.0, 0.5, 0.5]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(tmp_path / "bright.onnx"))
    return tmp_path / "bright.onnx"


def spotted(seen: Face, x: float, y: float) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """A dark picture with a bright spot at the same place of both eyes, eye widths from the corners' middle."""
    rgb = np.full((300, 400, 3), 30, np.uint8)
    for one in seen.eyes:
        middle = one.corners.mean(0) + np.array([x, y]) * one.width
        cv2.circle(rgb, (round(float(middle[0])), round(float(middle[1]))), 4, (255, 255, 255), -1)
    return rgb


@pytest.mark.parametrize(("x", "y"), [(0.3, 0.1), (-0.3, 0.0), (0.0, 0.25)])
def test_it_points_the_same_way_in_both_eyes(bright: Path, x: float, y: float) -> None:
    seen = face(width=60.0)
    for opinion in Judge(bright)(spotted(seen, x, y), seen):
        # The stand-in's resolution is one cell.
        np.testing.assert_allclose(opinion.place, [x, y], atol=1.5 * EXTENT[0] / 8)


def test_decoding() -> None:
    answer = np.full((3, 8, 8), 0.5, np.float32)
    answer[0, 5, 2] = 0.9
    answer[1, 5, 2] = 1 / (1 + np.exp(-0.5))  # ln(p / (1 - p)) / 8 = 1 / 16: two pixels
    opinion = decode(answer)
    x, y = 4 * 5 + 2, 4 * 2
    expected = [(x / SIDE - 0.5) * EXTENT[0], (y / SIDE - 0.5) * EXTENT[1] + LOWERED]
    np.testing.assert_allclose(opinion.place, expected, atol=1e-6)
    assert opinion.confidence == pytest.approx(0.9)


def test_a_left_eye_is_mirrored() -> None:
    """The same picture, mirrored, gives the same crop."""
    random = np.random.default_rng(0)
    rgb = cv2.GaussianBlur(random.integers(0, 255, (160, 200, 3)).astype(np.uint8), (0, 0), 3).astype(np.uint8)
    right = crop(rgb, eye(Side.RIGHT, (80.0, 80.0), 50.0))
    left = crop(np.ascontiguousarray(rgb[:, ::-1]), eye(Side.LEFT, (120.0, 80.0), 50.0))
    np.testing.assert_allclose(left, right, atol=0.12)


def test_columns_come_before_rows() -> None:
    rgb = np.zeros((160, 200, 3), np.uint8)
    rgb[:, 100:] = 255
    made = crop(rgb, eye(centre=(100.0, 80.0), width=50.0))
    assert made[0, 28].min() > made[0, 3].max()


def test_the_rigid_iris_moves_by_the_step_of_the_turn() -> None:
    seen = eye(width=60.0, openness=0.5)
    patch = Patch.of(seen)
    aim, radius = Angles(pitch=-4.0, yaw=10.0), seen.iris_radius / 60
    found = find_disc(trace(rigid_field(seen, patch, aim, radius)), iris_of(seen, patch), np.zeros(2), radius)
    assert found is not None
    assert np.abs(found - turn(aim, radius)).max() < 2e-3
