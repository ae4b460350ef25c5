import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models import export
from models.config import Shape
from models.network import BRIGHTEST, WarpNet, apply, shift, turn
from relay.gaze import geometric
from relay.gaze.face import Angles
from relay.gaze.geometry import ellipse, nodes
from relay.gaze.spec import CORNER_DISTANCE, GRID

LIMIT = 250_000


@pytest.fixture(scope="module")
def network() -> WarpNet:
    """A network with weights far from zero."""
    torch.manual_seed(0)
    made = WarpNet(Shape())
    for one in made.parameters():
        torch.nn.init.normal_(one, std=0.1)
    return made.eval()


def given_inputs(count: int = 3) -> list[torch.Tensor]:
    return export.inputs(count, torch.Generator().manual_seed(3))


def test_it_is_small(network: WarpNet) -> None:
    assert sum(one.numel() for one in network.parameters()) <= LIMIT


@torch.no_grad()
def test_aim_zero_is_the_identity_whatever_the_weights(network: WarpNet) -> None:
    picture, maps, aim, radius = given_inputs()
    flow, rest, _, light = network(picture, maps, torch.zeros_like(aim), radius)
    assert not flow.any()
    assert not rest.any()
    assert not light.any()


@torch.no_grad()
def test_nothing_changes_outside_the_ellipse(network: WarpNet) -> None:
    flow, rest, mask, light = network(*given_inputs())
    outside = torch.from_numpy(ellipse(nodes(GRID)) >= 1)
    assert not flow[..., outside].any()
    assert not rest[..., outside].any()
    assert not light[..., outside].any()
    assert mask.min() >= 0
    assert mask.max() <= 1


@torch.no_grad()
def test_a_new_network_shifts_the_iris_by_its_step_and_leaves_the_lids() -> None:
    """The eyeball's rotation is built in, not learned."""
    picture, maps, aim, radius = given_inputs()
    flow, rest, _, light = WarpNet(Shape()).eval()(picture, maps, aim, radius)
    assert torch.allclose(flow[:, :, 24, 32], -turn(aim, radius), atol=1e-6)
    assert not rest.any()
    assert not light.any()


@torch.no_grad()
def test_light_shades_within_its_limit_and_draws_nothing(network: WarpNet) -> None:
    """Between adjacent nodes it changes by at most the slope of a four-fold upsampling."""
    *_, light = network(*given_inputs())
    assert 0 < light.abs().max() <= BRIGHTEST
    assert light.diff(dim=-1).abs().max() <= 2 * BRIGHTEST / 4


@torch.no_grad()
def test_each_eye_is_judged_alone(network: WarpNet) -> None:
    inputs = given_inputs(4)
    together = network(*inputs)
    alone = network(*(one[2:3] for one in inputs))
    for one, other in zip(together, alone, strict=True):
        assert torch.allclose(one[2:3], other, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(pitch=st.floats(-40, 40), yaw=st.floats(-40, 40), radius=st.floats(0.1, 0.3))
def test_turn_is_the_relays(pitch: float, yaw: float, radius: float) -> None:
    found = turn(torch.tensor([[pitch, yaw]]), torch.tensor([radius]))[0].numpy()
    np.testing.assert_allclose(found, geometric.turn(Angles(pitch, yaw), radius), atol=1e-6)


def test_shift_reads_at_p_plus_flow() -> None:
    picture = torch.rand(1, 3, *GRID)
    flow = torch.zeros(1, 2, *GRID)
    flow[:, 0], flow[:, 1] = 2 / CORNER_DISTANCE, -3 / CORNER_DISTANCE
    moved = shift(picture, flow)
    assert torch.allclose(moved[..., 10, 20], picture[..., 7, 22], atol=1e-5)


def test_apply_shows_each_layer_by_the_mask_and_adds_light_to_the_luma() -> None:
    picture = torch.rand(1, 3, *GRID)
    step = torch.full((1, 2, *GRID), 1 / CORNER_DISTANCE)
    mask = torch.zeros(1, 1, *GRID)
    mask[..., :32] = 1
    light = torch.full_like(mask, 0.1)
    made = apply(picture, (step, -step, mask, light))
    added = torch.tensor([0.1, 0, 0])
    assert torch.allclose(made[..., 20, 10], picture[..., 21, 11] + added, atol=1e-5)
    assert torch.allclose(made[..., 20, 50], picture[..., 19, 49] + added, atol=1e-5)


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    network = WarpNet(Shape())
    picture, maps, aim, radius = given_inputs()
    wanted = torch.rand_like(picture)
    before = {name: one.clone() for name, one in network.named_parameters()}
    optimiser = torch.optim.SGD(network.parameters(), lr=1.0)
    for _ in range(4):  # layers that start at zero pass gradients to the others only after an update
        optimiser.zero_grad()
        (apply(picture, network(picture, maps, aim, radius)) - wanted).square().sum().backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    asleep = [name for name, one in network.named_parameters() if torch.equal(one, before[name])]
    assert not asleep
