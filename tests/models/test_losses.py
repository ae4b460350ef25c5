import math

import pytest
import torch
from torch import Tensor

from models import losses
from models.datasets.kinds import Kind
from models.losses import FEEDS
from relay.gaze.spec import CORNER_DISTANCE, GRID

KINDS = torch.tensor([Kind.PAIR, Kind.SYNTHETIC, Kind.UNLABELLED])
ONE_NODE = (10, 20)


def plane(value: float = 0.0, channels: int = 1) -> Tensor:
    return torch.full((1, channels, *GRID), value)


def dot(value: float = 1.0, channels: int = 1) -> Tensor:
    """Zero but for one node."""
    made = plane(0.0, channels)
    made[..., ONE_NODE[0], ONE_NODE[1]] = value
    return made


def test_the_table_of_the_method() -> None:
    """[claims 1-5]: which kind of data contributes to which loss."""
    real, paired = {Kind.PAIR, Kind.UNLABELLED}, {Kind.PAIR, Kind.SYNTHETIC}
    assert FEEDS["target"] == paired
    assert FEEDS["inverse"] == set(Kind)
    assert FEEDS["adversarial"] == real, "synthetic images never count as real"
    assert Kind.UNLABELLED in FEEDS["correction"]
    assert Kind.SYNTHETIC not in FEEDS["correction"]
    assert FEEDS["flow"] == {Kind.SYNTHETIC}, "only a renderer knows"
    # Together, kinds 2 and 3 drive every output node; kind 1 drives them all alone.
    assert all(Kind.PAIR in FEEDS[name] for name in ("target", "inverse", "adversarial"))


@pytest.mark.parametrize("name", sorted(FEEDS))
def test_fed_says_who_feeds_a_loss(name: str) -> None:
    assert losses.fed(name, KINDS).tolist() == [float(kind in FEEDS[name]) for kind in Kind]


def test_mean_counts_only_the_chosen() -> None:
    assert losses.mean(torch.tensor([1.0, 5.0, 9.0]), torch.tensor([1.0, 0.0, 1.0])).item() == 5
    assert losses.mean(torch.tensor([1.0, 5.0]), torch.zeros(2)).item() == 0


def test_light_by_hand() -> None:
    """One node of 48 x 64 is darkened by 0.3, another lightened by 0.1."""
    added = dot(-0.3)
    added[..., 0, 0] = 0.1
    assert losses.light(added).item() == pytest.approx(0.4 / (48 * 64), rel=1e-5)


def test_target_by_hand() -> None:
    """Uniform pictures that differ by 0.2 in one chroma plane: only the absolute difference is non-zero."""
    modified, wanted = plane(0.5, 3), plane(0.5, 3)
    wanted[:, 2] += 0.2
    assert losses.target(modified, wanted, plane(1.0)).item() == pytest.approx(0.2, abs=1e-6)


def test_target_sees_edges_and_structure() -> None:
    """A step of 0.4 at one column: gradients add 0.4 over the columns, SSIM what its windows lose."""
    modified, wanted = plane(0.3, 3), plane(0.3, 3)
    wanted[:, 0, :, 32:] += 0.4
    absolute, edges = 0.2, 0.4 / GRID[1]
    likeness = (1 - losses.ssim(modified[:, :1], wanted[:, :1])).mean().item() / 4
    found = losses.target(modified, wanted, plane(1.0)).item()
    assert found == pytest.approx(absolute + edges + likeness, abs=1e-5)
    assert likeness > 0.01


def test_target_of_the_target_is_zero_and_where_weighs() -> None:
    picture = torch.rand(1, 3, *GRID)
    assert losses.target(picture, picture, plane(1.0)).item() == pytest.approx(0, abs=1e-5)
    assert losses.target(picture, picture + dot(channels=3), plane(1.0) - dot()).item() < 0.05


def test_flow_by_hand() -> None:
    """One node of each layer is known; they are 3 and 4 patch pixels wrong."""
    pixel = 1 / CORNER_DISTANCE
    known = plane(0.0, 2)
    flow, rest = plane(0.0, 2), plane(0.0, 2)
    flow[:, 0] = 3 * pixel
    rest[:, 1] = -4 * pixel
    found = losses.flow((flow, rest), known, dot(), dot()).item()
    soft = losses.SOFT
    assert found == pytest.approx(math.hypot(3, soft) - soft + math.hypot(4, soft) - soft, rel=1e-5)
    assert losses.flow((flow, rest), known, plane(), plane()).item() == 0, "no loss without known flow"


def test_layer_by_hand() -> None:
    """Half a mask everywhere costs log 2, whatever is shown; a right one costs nothing."""
    shows = dot()
    assert losses.layer(plane(0.5), shows, plane(1.0)).item() == pytest.approx(math.log(2), rel=1e-5)
    assert losses.layer(shows, shows, plane(1.0)).item() == pytest.approx(0, abs=2e-4)
    assert losses.layer(1 - shows, shows, plane(1.0) - dot()).item() > 5


def test_inverse_by_hand() -> None:
    """[claim 3] 0.1 off in each of three planes."""
    unmodified = torch.rand(1, 3, *GRID)
    assert losses.inverse(unmodified, unmodified + 0.1, plane(1.0)).item() == pytest.approx(0.3, abs=1e-5)


def test_gap_by_hand() -> None:
    """[claims 31-33] means of both sets, then their difference; synthetic scores are left out."""
    reference, modified = torch.tensor([3.0, 100.0, 5.0]), torch.tensor([1.0, -100.0, 2.0])
    samples = losses.fed("adversarial", KINDS)
    assert losses.gap(reference, modified, samples).item() == pytest.approx(4 - 1.5)


def test_correction_by_hand() -> None:
    """[claim 5] read 2, -1; asked for +10, +5; read 11, 6 afterwards: off by 1 and 2."""
    found = losses.correction(torch.tensor([[2.0, -1.0]]), torch.tensor([[11.0, 6.0]]), torch.tensor([[10.0, 5.0]]))
    assert found.tolist() == [3.0]


def test_smooth_by_hand() -> None:
    """One node is off by 1 patch pixel: second differences of 1 + 2 + 1 along each axis."""
    flow = dot(1 / CORNER_DISTANCE, 2)
    flow[:, 1] = 0
    nodes = GRID[0] * GRID[1]
    assert losses.smooth(flow, plane()).item() == pytest.approx(8 / nodes, rel=1e-4)
    ramp = torch.arange(GRID[1]).float().expand(1, 2, *GRID) / CORNER_DISTANCE
    assert losses.smooth(ramp, plane()).item() == pytest.approx(0, abs=1e-5), "stretching has no second difference"


def test_rigid_by_hand() -> None:
    """The iris should have come from a step to the left; one of its two nodes comes from 2 patch pixels below that."""
    step = torch.tensor([[0.25, 0.0]])
    flow = plane(0.0, 2)
    flow[:, 0] = -0.25
    iris = dot()
    iris[..., 0, 0] = 1
    flow[:, 1, 0, 0] = 2 / CORNER_DISTANCE
    soft = losses.SOFT
    assert losses.rigid(flow, step, iris).item() == pytest.approx((math.hypot(2, soft) - soft) / 2, rel=1e-4)


def test_attention_reaches_over_the_lids() -> None:
    found = losses.attention(dot())
    assert found[0, 0, ONE_NODE[0] + 3, ONE_NODE[1] - 3].item() == 1 + losses.APERTURE_WEIGHT
    assert found[0, 0, ONE_NODE[0] + 4, ONE_NODE[1]].item() == 1
