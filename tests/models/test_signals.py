from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models import signals
from models.config import Recipe, Shape, Shares, Weights
from models.critic import Critic
from models.datasets.kinds import Kind
from models.datasets.mixing import Batch, Mixture
from models.datasets.real.album import Album
from models.datasets.synthetic.scenes import Scene
from models.network import WarpNet, apply, turn
from models.signals import Signals

SMALL = Shares(synthetic=4, pairs=4, unlabelled=4)


@pytest.fixture(scope="module")
def batch(rendered: list[Scene], album: Album) -> Batch:
    recipe = Recipe(out=Path("run"), scenes=Path("scenes"), shares=SMALL, steps=5)
    return replace(Mixture(recipe, rendered, [album])[0], still=torch.zeros(12))


@pytest.fixture(scope="module")
def network() -> WarpNet:
    torch.manual_seed(1)
    made = WarpNet(Shape())
    torch.nn.init.normal_(made.head.weight, std=0.05)
    return made


@pytest.fixture(scope="module")
def critic() -> Critic:
    torch.manual_seed(2)
    return Critic()


def judged(network: WarpNet, batch: Batch, critic: Critic | None) -> Signals:
    return signals.evaluate(network, batch, network(batch.picture, batch.maps, batch.aim, batch.radius), critic, 0.5)


def kinds_of(found: Signals, name: str, batch: Batch) -> set[Kind]:
    return {Kind(int(kind)) for kind in batch.kinds[found.samples[name] > 0]}


def test_each_kind_feeds_what_the_method_says(network: WarpNet, batch: Batch, critic: Critic) -> None:
    found = judged(network, batch, critic)
    assert kinds_of(found, "target", batch) == {Kind.PAIR, Kind.SYNTHETIC}
    assert kinds_of(found, "inverse", batch) == set(Kind)
    assert kinds_of(found, "correction", batch) == {Kind.PAIR, Kind.UNLABELLED}
    assert kinds_of(found, "flow", batch) == {Kind.SYNTHETIC}
    assert found.gap is not None


def test_one_signal_reaches_the_network_from_every_kind(network: WarpNet, batch: Batch, critic: Critic) -> None:
    """[claim 1] all kinds at once, one backward pass."""
    outputs = network(batch.picture, batch.maps, batch.aim, batch.radius)
    for one in outputs:
        one.retain_grad()
    found = signals.evaluate(network, batch, outputs, critic, 0.5)
    signals.combine(found.means(), Weights()).backward()
    pulls = torch.stack([one.grad.flatten(1).norm(dim=1) for one in outputs if one.grad is not None]).sum(0)
    assert (pulls > 0).all()


def test_renders_move_no_critic(network: WarpNet, batch: Batch, critic: Critic) -> None:
    """Synthetic images never count as real: other renders, the same gap."""
    rendered = (batch.kinds == Kind.SYNTHETIC).view(-1, 1, 1, 1)
    changed = replace(batch, picture=torch.where(rendered, batch.picture.flip(-1), batch.picture))
    one, other = judged(network, batch, critic).gap, judged(network, changed, critic).gap
    assert one is not None
    assert other is not None
    assert one.item() == pytest.approx(other.item(), abs=1e-6)


def test_eyes_that_stay_feed_no_turn(network: WarpNet, batch: Batch, critic: Critic) -> None:
    shut = replace(batch, still=torch.ones(12))
    found = judged(network, shut, critic)
    for name in ("rigid", "correction"):
        assert not found.samples[name].any(), name
    assert found.samples["flow"].all(), "that they stay is known"


def test_half_of_every_kind_is_turned_back(network: WarpNet, batch: Batch) -> None:
    found = judged(network, batch, None)
    turned = [int((found.samples["inverse"] * (batch.kinds == kind)).sum()) for kind in Kind]
    assert turned == [2, 2, 2]


def test_a_perfect_way_back_costs_nothing(network: WarpNet, batch: Batch) -> None:
    """At aim zero nothing moves, there and back. [claim 3]"""
    still = replace(batch, aim=torch.zeros_like(batch.aim))
    assert judged(network, still, None).means()["inverse"].item() == pytest.approx(0, abs=1e-5)


def test_the_critic_learns_to_tell_modified_from_real(network: WarpNet, batch: Batch) -> None:
    """[claims 28-33] the network is frozen; the gap of the mean scores opens."""
    torch.manual_seed(0)
    critic = Critic()
    with torch.no_grad():
        modified = apply(batch.picture, network(batch.picture, batch.maps, batch.aim, batch.radius))
    optimiser = torch.optim.Adam(critic.parameters(), 1e-3)
    gaps = []
    for _ in range(12):
        loss, gap = signals.train_critic(critic, batch, modified)
        optimiser.zero_grad()
        (loss + signals.penalty(critic, batch, modified)).backward()
        optimiser.step()
        gaps.append(gap.item())
    assert gaps[-1] > gaps[0] + 0.01


def test_the_penalty_is_the_slopes_distance_from_one(batch: Batch) -> None:
    """A critic that ignores the picture has slope 0 everywhere."""
    blind = Critic()
    for one in blind.parameters():
        torch.nn.init.zeros_(one)
    assert signals.penalty(blind, batch, batch.picture).item() == pytest.approx(1)


def test_chance_is_the_same_whenever_a_batch_is(batch: Batch) -> None:
    one, other = (signals.resample_half_pixel(batch.picture, signals._generator(batch)) for _ in range(2))
    assert torch.equal(one, other)
    assert not torch.equal(one, batch.picture)


def test_the_iris_of_a_real_eye_is_known_to_show_where_it_arrives(batch: Batch) -> None:
    aim = torch.zeros_like(batch.aim)
    aim[::2, 0] = -15
    turned = replace(batch, aim=aim, shows=torch.zeros_like(batch.shows), known=torch.zeros_like(batch.known))
    shows, known = signals._layers(turned, turn(aim, batch.radius))
    assert torch.equal(shows, known)
    told = shows.flatten(1).any(1)
    assert not told[::2].any(), "a lid follows where it sinks"
    assert not told[batch.kinds == Kind.SYNTHETIC].any()
    assert told[1::2][batch.kinds[1::2] != Kind.SYNTHETIC].any()
    assert (batch.maps[:, :1][shows > 0] > 0.9).all(), "at aim zero: the iris itself"


def test_without_real_eyes_there_is_nothing_to_penalise(batch: Batch, critic: Critic) -> None:
    rendered = replace(batch, kinds=torch.full_like(batch.kinds, Kind.SYNTHETIC))
    assert signals.penalty(critic, rendered, rendered.picture).item() == 0
    loss, gap = signals.train_critic(critic, rendered, rendered.picture)
    assert torch.isfinite(loss)
    assert gap.item() == 0
