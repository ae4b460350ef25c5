from pathlib import Path
from typing import Any

import onnx
import pytest
import torch

from models import checkpoint, export
from models.checkpoint import Checkpoint
from models.config import Recipe, Shape
from models.network import WarpNet, moved_disc
from relay.gaze import spec
from relay.gaze.geometry import nodes

TINY = Shape(widths=(8, 8, 8), angles=4)
WHOLE = export.Calibration(whole_iris=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; the averaged weights differ from the others."""
    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    network = WarpNet(TINY)
    torch.nn.init.normal_(network.head.weight, std=0.1)
    average = {f"module.{name}": value for name, value in network.state_dict().items()}
    recipe = Recipe(out=folder, scenes=folder, shape=TINY)
    other = WarpNet(TINY).state_dict()
    checkpoint.save(
        folder, Checkpoint(recipe, 12, {"network": other, "average": {**average, "n_averaged": torch.tensor(3)}})
    )
    return folder


@pytest.fixture(scope="module")
def files(run: Path, tmp_path_factory: pytest.TempPathFactory) -> list[export.Exported]:
    """Holes in the iris closed; tests/models/test_train.py exports a network as it was trained."""
    return export.export(run, tmp_path_factory.mktemp("weights"), WHOLE)


def network(run: Path, kind: str) -> WarpNet:
    """Of the run's checkpoint: the weights of this kind."""
    states = {name.removeprefix("module."): value for name, value in checkpoint.load(run).states[kind].items()}
    states.pop("n_averaged", None)
    made = WarpNet(TINY)
    made.load_state_dict(states)
    return made.eval()


def test_both_files_agree_with_torch(files: list[export.Exported]) -> None:
    whole, half = (max(one.difference.values()) for one in files)
    assert whole < export.TOLERANCE
    assert half < 0.01
    assert files[1].bytes < files[0].bytes


def test_the_averaged_weights_are_what_ships(run: Path, files: list[export.Exported]) -> None:
    other, average = (export.Calibrated(network(run, kind), WHOLE).eval() for kind in ("network", "average"))
    assert max(export.compare(files[0].path, other).values()) > 0.001
    assert max(export.compare(files[0].path, average).values()) < export.TOLERANCE


def test_the_spec_is_stamped_in(files: list[export.Exported]) -> None:
    for one in files:
        written = {entry.key: entry.value for entry in onnx.load(one.path).metadata_props}
        assert written.items() >= spec.stamp().items()
        assert written["eyeline.steps"] == "12"


def test_names_and_shapes_are_the_specs(files: list[export.Exported]) -> None:
    graph = onnx.load(files[0].path).graph
    assert [one.name for one in graph.input] == list(spec.INPUTS)
    assert [one.name for one in graph.output] == list(spec.OUTPUTS)
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param, "the batch is free"


def test_no_run_is_said(tmp_path: Path) -> None:
    assert "checkpoint.pt" in (export.main([str(tmp_path)]) or "")


def test_the_files_say_nothing_of_the_machine_they_were_made_on(run: Path, files: list[export.Exported]) -> None:
    for one in files:
        content = one.path.read_bytes()
        assert str(run).encode() not in content
        assert str(Path(export.__file__).parent).encode() not in content


def test_a_hole_inside_the_iris_is_closed_and_nothing_else_changes() -> None:
    """An almond with a hole where a lamp is mirrored, and a notch at its edge, outside the iris."""
    places = torch.from_numpy(nodes(spec.GRID).copy()).permute(2, 0, 1)[None]
    almond = ((places[:, :1] / 0.5).square() + (places[:, 1:] / 0.2).square() < 1).float()
    step, radius = torch.tensor([[0.1, -0.05]]), 0.19
    source = (places.square().sum(1, keepdim=True) < radius**2).float()
    iris = moved_disc(source, step)
    centre = (iris * places).sum((2, 3)) / iris.sum((2, 3))
    assert torch.allclose(centre, step, atol=0.01)
    assert iris.sum() == pytest.approx(source.sum().item(), rel=0.05)
    lamp = ((places - step[:, :, None, None]).square().sum(1, keepdim=True) < 0.08**2).float()
    notch = ((places[:, :1] + 0.38).abs() < 0.03).float()
    holed = almond * (1 - lamp) * (1 - notch)
    whole = holed + iris * (export.closed(holed) - holed)
    assert torch.allclose(whole * (iris == 1), almond * (iris == 1))
    assert torch.equal(whole * (iris == 0), holed * (iris == 0))
    assert torch.equal(export.closed(almond), almond), "what is convex stays"


def test_the_iris_is_made_whole_where_that_is_asked_for(run: Path, files: list[export.Exported]) -> None:
    """The files are as asked, and agree with torch (above); here with a network whose holes are left."""
    given = export.inputs(4, torch.Generator().manual_seed(1))
    runtime: Any = vars(export)["onnxruntime"]
    named = {name: one.numpy() for name, one in zip(spec.INPUTS, given, strict=True)}
    whole = runtime.InferenceSession(files[0].path).run(["mask"], named)[0]
    with torch.no_grad():
        holed = export.Calibrated(network(run, "average"), export.AS_TRAINED).eval()(*given)[2].numpy()
    assert (whole >= holed - 1e-4).all()
    assert (whole > holed + 1e-3).any()
