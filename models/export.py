"""Turns a checkpoint into the weights that the relay loads: python -m models.export RUN [--out models/weights].

The averaged weights as ONNX, float32 and float16, compared with torch on the same input. The metadata names the spec
that they were trained for; the relay refuses any other.

A network turns eyes by slightly less than the aim, by about the same share at every angle, and its layer mask is softer
at the edge than lids are. Both are measured on validation scenes (models/evaluate.py, "gain" and "sharpness") and
compensated here: --gain-pitch, --gain-yaw and --crispness. The network takes a lamp's reflection in a real iris for an
occlusion and leaves a hole in the mask, through which the unmodified image shows: --whole-iris closes it.
"""

import argparse
import hashlib
import json
import os
import sys
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxconverter_common import float16
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from models import checkpoint
from models.network import Outputs, WarpNet, moved_disc, turn
from relay.gaze import spec

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # must be set before the import; see relay/gaze/network.py

import onnxruntime

NAME, HALF_NAME = "eyeline.onnx", "eyeline_fp16.onnx"
OPSET = 18
LOCAL_FIELDS = {"out", "scenes", "albums", "begin"}  # of a recipe: folders on the training machine
REACH = 20  # nodes to either side within which a hole must end: more than an iris spans
TOLERANCE = 1e-4  # eye widths, float32: a three-hundredth of a patch pixel


@dataclass(frozen=True)
class Calibration:
    """pitch, yaw: gains of the aim. crispness: factor of the mask's logit.

    whole_iris: whether holes of the mask inside the iris are closed.
    """

    pitch: float = 1.0
    yaw: float = 1.0
    crispness: float = 1.0
    whole_iris: bool = False


AS_TRAINED = Calibration()


class Calibrated(nn.Module):
    """The network as shipped. Aim zero stays the identity."""

    gains: Tensor

    def __init__(self, network: WarpNet, calibration: Calibration) -> None:
        super().__init__()
        self.network, self.crispness, self.whole_iris = network, calibration.crispness, calibration.whole_iris
        self.register_buffer("gains", torch.tensor([calibration.pitch, calibration.yaw]))

    def forward(self, picture: Tensor, maps: Tensor, aim: Tensor, radius: Tensor) -> Outputs:
        """As WarpNet."""
        flow, rest, mask, light = self.network(picture, maps, aim * self.gains, radius)
        if self.whole_iris:
            iris = moved_disc(maps[:, :1], turn(aim, radius))
            mask = mask + iris * (closed(mask) - mask)
        return flow, rest, (torch.logit(mask, 1e-6) * self.crispness).sigmoid(), light


def closed(mask: Tensor) -> Tensor:
    """(n, 1, 48, 64) the mask with gaps in each row filled where it is set to both sides within REACH.

    The opening between two lids is convex: along a row it has no gap.
    """
    before, after = (
        functional.max_pool2d(functional.pad(mask, sides), (1, REACH + 1), 1) for sides in ((REACH, 0), (0, REACH))
    )
    return torch.minimum(before, after)


@dataclass(frozen=True)
class Exported:
    """difference: the largest difference between this file's outputs and torch's, by output."""

    path: Path
    bytes: int
    sha256: str
    difference: dict[str, float]


def main(arguments: list[str]) -> str | None:
    """Export and report. Returns an error message, or None."""
    parser = argparse.ArgumentParser(prog="models.export", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", type=Path, help="folder of a training run, or its checkpoint")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "weights")
    parser.add_argument("--gain-pitch", type=float, default=1.0, help="factor of the requested pitch")
    parser.add_argument("--gain-yaw", type=float, default=1.0, help="factor of the requested yaw")
    parser.add_argument("--crispness", type=float, default=1.0, help="factor of the mask's logit")
    parser.add_argument("--whole-iris", action="store_true", help="close holes of the mask inside the iris")
    chosen = parser.parse_args(arguments)
    calibration = Calibration(chosen.gain_pitch, chosen.gain_yaw, chosen.crispness, chosen.whole_iris)
    try:
        for one in export(chosen.run, chosen.out, calibration):
            worst = ", ".join(f"{name} {value:.1e}" for name, value in one.difference.items())
            tqdm.write(f"{one.path}  {one.bytes / 1e6:.2f} MB  SHA-256 {one.sha256}  largest difference: {worst}")
    except (OSError, ValueError) as error:
        return str(error)
    return None


def export(run: Path, out: Path, calibration: Calibration = AS_TRAINED) -> list[Exported]:
    """Both files. Raises FileNotFoundError, and ValueError where the float32 file and torch disagree."""
    found = checkpoint.load(run)
    plain = WarpNet(found.recipe.shape)
    averaged = {name.removeprefix("module."): value for name, value in found.states["average"].items()}
    plain.load_state_dict({name: value for name, value in averaged.items() if name != "n_averaged"})
    network = Calibrated(plain, calibration).eval()
    out.mkdir(parents=True, exist_ok=True)
    recipe = found.recipe.model_dump_json(exclude=LOCAL_FIELDS)
    notes = {"eyeline.steps": str(found.step), "eyeline.recipe": recipe}
    model = to_onnx(network, {**notes, "eyeline.calibration": json.dumps(asdict(calibration))})
    written = [_write(model, out / NAME, network), _write(_to_float16(model), out / HALF_NAME, network)]
    worst = max(written[0].difference.values())
    if worst > TOLERANCE:
        raise ValueError(f"{written[0].path} differs from torch by {worst:.1e}, more than {TOLERANCE:.0e}")
    return written


def to_onnx(network: nn.Module, notes: dict[str, str]) -> onnx.ModelProto:
    """The network as ONNX with a dynamic batch size and the spec in its metadata. notes: more metadata."""
    example = inputs(2, torch.Generator().manual_seed(0))
    batch = torch.export.Dim("n", min=1, max=64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter emits warnings about its own internals
        program = torch.onnx.export(
            network,
            tuple(example),
            input_names=list(spec.INPUTS),
            output_names=list(spec.OUTPUTS),
            dynamic_shapes=tuple({0: batch} for _ in example),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise ValueError("torch exported no ONNX program")
    model: onnx.ModelProto = program.model_proto
    _strip_local_paths(model)
    for key, value in {**spec.stamp(), **notes}.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.checker.check_model(model, full_check=True)
    return model


def _strip_local_paths(model: onnx.ModelProto) -> None:
    """Remove the source paths and lines of the exporting machine that torch writes for every node."""
    for one in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del one.metadata_props[:]
        one.doc_string = ""


def inputs(count: int, generator: torch.Generator) -> list[Tensor]:
    """Random inputs for the network: spec.INPUTS for this many eyes."""
    picture = torch.rand((count, 3, *spec.GRID), generator=generator) - torch.tensor([0, 0.5, 0.5]).view(1, 3, 1, 1)
    maps = torch.rand((count, 2, *spec.GRID), generator=generator)
    aim = (torch.rand((count, 2), generator=generator) - 0.5) * 2 * spec.MAX_AIM
    return [picture, maps, aim, torch.rand(count, generator=generator) * 0.1 + 0.16]


def _to_float16(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weights and arithmetic in float16; inputs and outputs stay float32."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of values below float16's smallest, which become zero
        halved: onnx.ModelProto = float16.convert_float_to_float16(model, keep_io_types=True)
    return halved


def _write(model: onnx.ModelProto, path: Path, network: nn.Module) -> Exported:
    onnx.save(model, path)
    content = path.read_bytes()
    return Exported(path, len(content), hashlib.sha256(content).hexdigest(), compare(path, network))


@torch.no_grad()
def compare(path: Path, network: nn.Module, count: int = 8) -> dict[str, float]:
    """The largest difference of each output between the file, run on the CPU, and torch."""
    given = inputs(count, torch.Generator().manual_seed(1))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    made: list[NDArray[np.float32]] = session.run(
        list(spec.OUTPUTS), {name: one.numpy() for name, one in zip(spec.INPUTS, given, strict=True)}
    )
    wanted = network(*given)
    return {
        name: float(np.abs(one - other.numpy()).max())
        for name, one, other in zip(spec.OUTPUTS, made, wanted, strict=True)
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
