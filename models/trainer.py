"""Trains the warping network and its critic on all kinds of data at once [claims 1-7, 27-35].

Two phases alternate: the critic is trained with the network frozen, then the network with the critic frozen, for a
number of updates or until the gap of the scores is as small as wanted. Under torchrun, gradients are averaged over all
processes (distributed.py).
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from models import checkpoint, losses, sheets, signals
from models.checkpoint import Checkpoint
from models.config import Recipe
from models.critic import Critic
from models.curves import Curves
from models.datasets.kinds import Kind
from models.datasets.mixing import Batch, Mixture
from models.distributed import average_gradients, broadcast_weights, device_for, mean_over_processes, rank
from models.network import WarpNet, apply
from models.signals import Signals

LOG_EVERY = 25  # updates between two points of a curve
CRITIC_HEAD_START = 0.05  # share of the updates for which the critic is trained before its losses are used


Tensors = list[Tensor] | tuple[Tensor, ...]


class DivergedError(RuntimeError):
    """A loss is not finite; the message names it."""


class Trainer:
    """One run. Resumes the run in recipe.out, if there is one."""

    def __init__(self, recipe: Recipe, mixture: Mixture, validation: list[Batch]) -> None:
        self.recipe, self.step = recipe, 0
        self._mixture, self._validation = mixture, validation
        self.device = device_for(recipe)
        torch.manual_seed(recipe.seed)
        self.network, self.critic = WarpNet(recipe.shape).to(self.device), Critic().to(self.device)
        for one in (self.network, self.critic):
            cast("Any", one).to(memory_format=torch.channels_last)  # twice as fast on a CPU; not annotated everywhere
        broadcast_weights(self.network, self.critic)
        self.average = AveragedModel(self.network, multi_avg_fn=_averaging(recipe.average))
        self._optimizer = torch.optim.AdamW(self.network.parameters(), lr=recipe.rate, weight_decay=1e-4)
        self._critic_optimizer = torch.optim.Adam(self.critic.parameters(), lr=recipe.critic_rate, betas=(0.0, 0.99))
        self._critic_updates = self._phase = 0
        if checkpoint.exists(recipe.out):
            self._resume(checkpoint.load(recipe.out, self.device))
        elif recipe.begin is not None:
            self._start_from(checkpoint.load(recipe.begin, self.device))

    def run(self) -> WarpNet:
        """Train to the end. Returns the averaged network. Raises DivergedError."""
        first = rank() == 0
        curves = Curves(self.recipe.out, SummaryWriter(str(self.recipe.out / "tensorboard"))) if first else None
        bar = tqdm(total=self.recipe.steps, initial=self.step, unit="update", disable=not first, smoothing=0.05)
        with bar, curves or nullcontext() as writer:
            for batch in self._batches():
                self._update(batch, writer)
                bar.update()
                if first and (self.step % self.recipe.checkpoint_every == 0 or self.step == self.recipe.steps):
                    checkpoint.save(self.recipe.out, self._state())
                if writer and (self.step % self.recipe.sheet_every == 0 or self.step == self.recipe.steps):
                    self._validate(writer)
        return self.averaged

    @property
    def averaged(self) -> WarpNet:
        """The network with averaged weights (EMA), in evaluation mode."""
        return cast("WarpNet", self.average.module).eval()

    def _batches(self) -> Iterator[Batch]:
        """The remaining batches."""
        coming: Iterable[Batch] = DataLoader(
            self._mixture,
            batch_size=None,
            sampler=range(self.step, self.recipe.steps),
            num_workers=self.recipe.workers,
            pin_memory=self.device.type == "cuda",
        )
        for batch in coming:
            yield batch.to(self.device)

    def _update(self, batch: Batch, writer: Curves | None) -> None:
        """One update of the network from all kinds of data, after the critic's phase where it is due."""
        critic_active = self._progress >= self.recipe.critic_after and self._uses_critic
        if self._uses_critic and self._progress >= self.recipe.critic_after - CRITIC_HEAD_START and self._phase == 0:
            self._train_critic(batch)
        self._phase = (self._phase + 1) % self.recipe.network_steps
        found = self._train_network(batch, self.critic if critic_active else None, writer)
        if found.gap is not None and mean_over_processes(found.gap) < self.recipe.wanted_gap:
            self._phase = 0  # gap small enough: back to the critic's phase
        self.step += 1

    def _train_network(self, batch: Batch, critic: Critic | None, writer: Curves | None) -> Signals:
        """The network's phase: the critic is frozen."""
        for group in self._optimizer.param_groups:
            group["lr"] = self.recipe.rate * self._rate_factor()
        self.critic.requires_grad_(False)
        logged = writer is not None and self.step % LOG_EVERY == 0
        with self._precision():
            outputs = self.network(batch.picture, batch.maps, batch.aim, batch.radius)
        outputs = tuple(one.float() for one in outputs)
        for one in outputs if logged else ():
            one.retain_grad()
        found = signals.evaluate(self.network, batch, outputs, critic, self._inverse_share)
        means = found.means()
        _check(means, self.step)
        total = signals.combine(means, self.recipe.weights)
        self._optimizer.zero_grad(set_to_none=True)
        total.backward()
        average_gradients(self.network)
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self._optimizer.step()
        self.average.update_parameters(self.network)
        if writer is not None and logged:
            self._log(writer, batch, found, total, outputs)
        return found

    def _train_critic(self, batch: Batch) -> None:
        """The critic's phase: the network is frozen, so its outputs for the batch are computed once."""
        with torch.no_grad(), self._precision():
            modified = apply(batch.picture, self.network(batch.picture, batch.maps, batch.aim, batch.radius)).float()
        self.critic.requires_grad_(True)
        for _ in range(self.recipe.critic_steps):
            self._step_critic(batch, modified)

    def _step_critic(self, batch: Batch, modified: Tensor) -> None:
        loss, _ = signals.train_critic(self.critic, batch, modified)
        if self._critic_updates % self.recipe.penalty_every == 0 and self.recipe.penalty:
            slope = signals.penalty(self.critic, batch, modified)
            loss = loss + self.recipe.penalty * self.recipe.penalty_every * slope
        _check({"critic": loss}, self.step)
        self._critic_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(self.critic)
        self._critic_optimizer.step()
        self._critic_updates += 1

    def _log(self, writer: Curves, batch: Batch, found: Signals, total: Tensor, outputs: tuple[Tensor, ...]) -> None:
        """Log every loss of every kind, and the gradient norm at the outputs by kind: their balance [claim 6]."""
        values = {"total": total.item(), "rate": self.recipe.rate * self._rate_factor(), **found.by_kind(batch.kinds)}
        if found.gap is not None:
            values["adversarial/gap"] = found.gap.item()
        pulls = torch.stack([one.grad.flatten(1).norm(dim=1) for one in outputs if one.grad is not None]).sum(0)
        for kind in Kind:
            chosen = (batch.kinds == kind).float()
            if chosen.any():
                values[f"pull/{kind.name.lower()}"] = losses.mean(pulls, chosen).item() * chosen.sum().item()
        writer.add(self.step, values)

    @torch.no_grad()
    def _validate(self, writer: Curves) -> None:
        """Log the losses on held-out eyes, and save a contact sheet of them."""
        network = self.averaged
        sums: dict[str, list[float]] = {}
        for number, batch in enumerate(one.to(self.device) for one in self._validation):
            outputs = network(batch.picture, batch.maps, batch.aim, batch.radius)
            found = signals.evaluate(network, batch, outputs, None, self._inverse_share)
            for name, value in found.by_kind(batch.kinds).items():
                sums.setdefault(f"validation/{name}", []).append(value)
            if number == 0:
                sheets.save(self.recipe.out / f"sheet_{self.step:06d}.png", batch, outputs)
        writer.add(self.step, {name: sum(values) / len(values) for name, values in sums.items()})

    def _rate_factor(self) -> float:
        """The learning rate relative to its maximum: linear warm-up, cosine decay."""
        if self.step < self.recipe.warm_up:
            return (self.step + 1) / self.recipe.warm_up
        return 0.5 + 0.5 * float(torch.cos(torch.tensor(torch.pi * self._progress)))

    @property
    def _progress(self) -> float:
        return self.step / self.recipe.steps

    @property
    def _uses_critic(self) -> bool:
        return bool(self.recipe.weights.adversarial or self.recipe.weights.correction)

    @property
    def _inverse_share(self) -> float:
        """0 where the inverse loss has no weight."""
        return self.recipe.inverse_share if self.recipe.weights.inverse else 0.0

    def _precision(self) -> torch.autocast:
        on = self.recipe.amp and self.device.type == "cuda"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=on)

    @property
    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        return {
            "network": self.network,
            "average": self.average,
            "critic": self.critic,
            "steps": self._optimizer,
            "judging": self._critic_optimizer,
        }

    def _state(self) -> Checkpoint:
        states = {name: part.state_dict() for name, part in self._parts.items()}
        return Checkpoint(self.recipe, self.step, {**states, "turns": (self._critic_updates, self._phase)})

    def _start_from(self, found: Checkpoint) -> None:
        """Load another run's averaged weights and its critic, nothing else of it."""
        self.average.load_state_dict(found.states["average"])
        self.network.load_state_dict(self.averaged.state_dict())
        self.critic.load_state_dict(found.states["critic"])

    def _resume(self, found: Checkpoint) -> None:
        for name, part in self._parts.items():
            part.load_state_dict(found.states[name])
        self.step = found.step
        self._critic_updates, self._phase = found.states["turns"]


def _averaging(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Exponential moving average with a smaller decay at first, so that the initial weights are soon forgotten."""

    def update(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        now = min(decay, (1 + int(count)) / (10 + int(count)))
        with torch.no_grad():
            torch._foreach_lerp_(averaged, current, 1 - now)

    return update


def _check(values: dict[str, Tensor], step: int) -> None:
    """Raises DivergedError naming every loss that is not finite."""
    wrong = [name for name, value in values.items() if not torch.isfinite(value).item()]
    if wrong:
        raise DivergedError(
            f"update {step}: not finite: {', '.join(wrong)}; resume from the last checkpoint with a lower --rate"
        )
