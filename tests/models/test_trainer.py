from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch

from models import checkpoint, trainer
from models.config import Recipe, Shape, Shares, Weights
from models.datasets.mixing import Mixture
from models.datasets.real.album import Album
from models.datasets.synthetic import scenes
from models.datasets.synthetic.scenes import Scene
from models.trainer import DivergedError, Trainer
from tests.deadlines import scaled
from tests.models.albums import album_of

TINY = Shape(widths=(8, 8, 8), angles=4)
FEW = Shares(synthetic=2, pairs=2, unlabelled=2)


def recipe(folder: Path, **changes: object) -> Recipe:
    settings = {"steps": 8, "shape": TINY, "shares": FEW, "critic_after": 0.25, "warm_up": 2, "checkpoint_every": 4}
    return Recipe.model_validate({"out": folder, "scenes": folder, "sheet_every": 100, **settings, **changes})


def started(chosen: Recipe, rendered: list[Scene], album: Album) -> Trainer:
    return Trainer(chosen, Mixture(chosen, rendered, [album]), [])


def weights(trained: Trainer) -> torch.Tensor:
    return torch.cat([one.detach().flatten() for one in trained.network.parameters()])


def test_a_run_that_was_cut_off_goes_on_as_if_it_had_not(tmp_path: Path, rendered: list[Scene], album: Album) -> None:
    whole = started(recipe(tmp_path / "whole"), rendered, album)
    whole.run()

    interrupted = started(recipe(tmp_path / "cut"), rendered, album)
    for batch in interrupted._batches():
        interrupted._update(batch, None)
        if interrupted.step == 4:
            checkpoint.save(tmp_path / "cut", interrupted._state())
        if interrupted.step == 6:  # two updates are lost
            break
    again = started(recipe(tmp_path / "cut"), rendered, album)
    assert again.step == 4
    again.run()
    assert torch.allclose(weights(again), weights(whole), atol=1e-6)
    averages = [torch.cat([one.flatten() for one in run.averaged.parameters()]) for run in (again, whole)]
    assert torch.allclose(averages[0], averages[1], atol=1e-6)


def test_the_phases_freeze_each_other(tmp_path: Path, rendered: list[Scene], album: Album) -> None:
    """[claims 28, 34] in its phase one network learns and the other does not."""
    run = started(recipe(tmp_path), rendered, album)
    batch = next(iter(run._batches()))
    before = weights(run)
    judging = [one.clone() for one in run.critic.parameters()]
    run._train_critic(batch)
    assert torch.equal(weights(run), before)
    assert not all(torch.equal(one, other) for one, other in zip(judging, run.critic.parameters(), strict=True))
    judging = [one.clone() for one in run.critic.parameters()]
    run._train_network(batch, run.critic, None)
    assert not torch.equal(weights(run), before)
    assert all(torch.equal(one, other) for one, other in zip(judging, run.critic.parameters(), strict=True))


def test_the_networks_phase_ends_at_the_wanted_gap(tmp_path: Path, rendered: list[Scene], album: Album) -> None:
    eager = started(recipe(tmp_path / "eager", wanted_gap=1e9, critic_after=0.0, network_steps=50), rendered, album)
    patient = started(
        recipe(tmp_path / "patient", wanted_gap=-1e9, critic_after=0.0, network_steps=50), rendered, album
    )
    for run in (eager, patient):
        for batch in run._batches():
            run._update(batch, None)
    assert eager._critic_updates == 8 * run.recipe.critic_steps, (
        "gap small enough at once: the critic is trained every time"
    )
    assert patient._critic_updates == run.recipe.critic_steps


def test_a_loss_that_is_no_number_stops_the_run_and_is_named(
    tmp_path: Path, rendered: list[Scene], album: Album
) -> None:
    run = started(recipe(tmp_path), rendered, album)
    batch = next(iter(run._batches()))
    batch.wanted[:] = torch.nan
    with pytest.raises(DivergedError, match=r"update 0: not finite: target; resume"):
        run._update(batch, None)


def test_curves_and_sheets_are_written(tmp_path: Path, rendered: list[Scene], album: Album) -> None:
    chosen = recipe(tmp_path, steps=4, sheet_every=4)
    mixture = Mixture(chosen, rendered, [album])
    Trainer(chosen, mixture, [mixture[0]]).run()
    names = {line.split(",")[1] for line in (tmp_path / "curves.csv").read_text().splitlines()[1:]}
    assert {"target/pair", "target/synthetic", "inverse/unlabelled", "pull/pair", "validation/flow/synthetic"} <= names
    assert (tmp_path / "sheet_000004.png").stat().st_size > 10_000
    assert list((tmp_path / "tensorboard").iterdir())


def _train_one_of_two(rank: int, folder: str, where: str) -> None:
    torch.set_num_threads(1)
    meeting, patience = f"file://{folder}/meeting", timedelta(seconds=scaled(60))
    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2, timeout=patience)
    rendered = [scenes.read(path) for path in sorted(Path(where).glob("*.npz"))]
    # Different initial weights unless broadcast; phases that end early, which both must do together.
    chosen = recipe(Path(folder) / "run", steps=3, seed=rank, critic_after=0.0, wanted_gap=0.0, network_steps=4)
    run = Trainer(chosen, Mixture(recipe(Path(folder)), rendered, [album_of(rendered[0])], rank, 2), [])
    run.run()
    torch.save(weights(run), f"{folder}/weights_{rank}.pt")
    torch.distributed.destroy_process_group()


def test_two_processes_train_one_network(tmp_path: Path) -> None:
    """This one, and another that is started."""
    where = str(Path(__file__).parent / "scenes")
    other = get_context("spawn").Process(target=_train_one_of_two, args=(1, str(tmp_path), where))
    other.start()
    _train_one_of_two(0, str(tmp_path), where)
    other.join()
    assert other.exitcode == 0
    assert torch.equal(*(torch.load(tmp_path / f"weights_{rank}.pt") for rank in range(2)))


def test_without_a_critic_nothing_judges(tmp_path: Path, rendered: list[Scene], album: Album) -> None:
    run = started(recipe(tmp_path, weights=Weights(adversarial=0, correction=0)), rendered, album)
    run.run()
    assert run._critic_updates == 0


def test_the_average_follows_at_once_and_then_slowly() -> None:
    follow = trainer._averaging(0.9)
    kept, new = [torch.zeros(1)], [torch.ones(1)]
    follow(kept, new, 0)
    assert kept[0].item() == pytest.approx(0.9)
    kept = [torch.zeros(1)]
    follow(kept, new, 1000)
    assert kept[0].item() == pytest.approx(0.1)


def test_a_run_begins_with_what_another_one_learned(tmp_path: Path, rendered: list[Scene], album: Album) -> None:
    first = started(recipe(tmp_path / "first"), rendered, album)
    first.run()
    second = started(recipe(tmp_path / "second", begin=tmp_path / "first"), rendered, album)
    assert second.step == 0
    averaged = torch.cat([one.flatten() for one in first.averaged.parameters()])
    assert torch.equal(weights(second), averaged)
