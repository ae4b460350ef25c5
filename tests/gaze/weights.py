"""A tiny network that conforms to the spec, for tests that need no trained one; and invalid ones.

Its field reflects its inputs: the flow is the eyeball's turn, the rest is that times the luma, the mask is
the disc of the iris, the light the opening between the lids.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from relay.gaze import spec
from relay.gaze.eye_crop import EyeCrop
from relay.gaze.face import Angles, Field

STEP = spec.ROTATION_PER_IRIS_RADIUS * np.pi / 180  # iris radii per degree
RELIABLE = 20.0  # degrees of pitch, beyond which the fragile one returns NaN


def expected(crop: EyeCrop, aim: Angles) -> Field:
    """The network's output for one eye, computed without it."""
    step = np.array([-aim.yaw, aim.pitch], np.float32) * np.float32(STEP * crop.radius)
    flow = np.broadcast_to(step, (*spec.GRID, 2))
    return Field(flow, crop.maps[0], flow * crop.picture[0][..., None], crop.maps[1])


def write_network(
    path: Path,
    *,
    stamp: Mapping[str, str] | None = None,
    grid: tuple[int, int] = spec.GRID,
    eyes: str | int = "n",
    fixed: int = 0,
    kind: int = TensorProto.FLOAT,
    names: Mapping[str, str] | None = None,
    fragile: bool = False,
) -> Path:
    """Write it. stamp: instead of the spec's. grid, eyes, kind, names: declared instead of the correct ones.

    fixed: batch size inside the graph, whatever it declares. fragile: returns NaN for large angles.
    """
    names = names or {}
    shapes = {
        "picture": [eyes, 3, *grid],
        "maps": [eyes, 2, *grid],
        "aim": [eyes, 2],
        "radius": [eyes],
        "flow": [eyes, 2, *grid],
        "rest": [eyes, 2, *grid],
        "mask": [eyes, 1, *grid],
        "light": [eyes, 1, *grid],
    }
    declared = {
        name: helper.make_tensor_value_info(names.get(name, name), kind, shape) for name, shape in shapes.items()
    }
    graph = helper.make_graph(
        _nodes(names, fragile=fragile),
        "tiny",
        [declared[name] for name in spec.INPUTS],
        [declared[name] for name in spec.OUTPUTS],
        [numpy_helper.from_array(value, name) for name, value in _constants(grid, fixed, kind).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, dict(spec.stamp() if stamp is None else stamp))
    onnx.save(model, path)
    return path


def _nodes(names: Mapping[str, str], *, fragile: bool) -> list[onnx.NodeProto]:
    def node(kind: str, inputs: str, output: str, axis: int | None = None) -> onnx.NodeProto:
        given = [names.get(name, name) for name in inputs.split()]
        return helper.make_node(kind, given, [names.get(output, output)], axis=axis)  # None is omitted

    return [
        node("Gather", "aim yaw_pitch", "across_up", axis=1),
        node("Mul", "across_up steps", "steps_per_radius"),
        node("Reshape", "radius column", "radii"),
        node("Mul", "steps_per_radius radii", "step"),
        node("Reshape", "step planes", "step_planes"),
        node("Mul", "step_planes everywhere", "valid"),
        node("Abs", "aim", "size"),
        node("Sub", "reliable size", "reserve"),
        node("Sqrt", "reserve", "root"),
        node("Div", "root root", "one_or_nan"),
        node("Reshape", "one_or_nan planes", "doubt"),
        node("Mul", "valid doubt", "flow") if fragile else node("Identity", "valid", "flow"),
        node("Gather", "picture first", "luma", axis=1),
        node("Mul", "flow luma", "rest"),
        node("Gather", "maps first", "mask", axis=1),
        node("Gather", "maps second", "light", axis=1),
    ]


def _constants(
    grid: tuple[int, int], fixed: int, kind: int
) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    real = helper.tensor_dtype_to_np_dtype(kind)
    return {
        "yaw_pitch": np.array([1, 0], np.int64),
        "steps": np.array([[-STEP, STEP]]).astype(real),
        "column": np.array([fixed or -1, 1], np.int64),
        "planes": np.array([fixed or -1, 2, 1, 1], np.int64),
        "everywhere": np.ones((1, 1, *grid)).astype(real),
        "reliable": np.array([[RELIABLE, spec.MAX_AIM + 1]]).astype(real),
        "first": np.array([0], np.int64),
        "second": np.array([1], np.int64),
    }
