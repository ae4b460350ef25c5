"""The losses of one batch: the field's losses by name, one value for each sample, and the critic's loss.

Selects which samples contribute to which loss (losses.FEEDS), and combines all losses into one signal [claim 1].
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from models import losses
from models.config import Weights
from models.critic import Critic
from models.datasets.kinds import Kind
from models.datasets.mixing import Batch
from models.losses import FEEDS
from models.network import Outputs, WarpNet, apply, moved_disc, shift, turn
from relay.gaze.spec import CORNER_DISTANCE

LOWERED = -5.0  # degrees of pitch below which the upper lid covers more of the eye


@dataclass(frozen=True)
class Signals:
    """values: each loss (n,), by name. samples: (n,) 0 or 1, whether a sample contributes. gap: () of the critic's mean
    scores.
    """

    values: dict[str, Tensor]
    samples: dict[str, Tensor]
    gap: Tensor | None = None

    def means(self) -> dict[str, Tensor]:
        """The mean of each loss."""
        found = {name: losses.mean(value, self.samples[name]) for name, value in self.values.items()}
        return found if self.gap is None else {**found, "adversarial": self.gap}

    def by_kind(self, kinds: Tensor) -> dict[str, float]:
        """The mean of each loss for each kind that contributes to it, as "loss/kind"."""
        found = {}
        for name, value in self.values.items():
            for kind in Kind:
                chosen = self.samples[name] * (kinds == kind)
                if chosen.any():
                    found[f"{name}/{kind.name.lower()}"] = losses.mean(value.detach(), chosen).item()
        return found


def combine(means: dict[str, Tensor], weights: Weights) -> Tensor:
    """All losses of all kinds as one signal [claim 1]."""
    terms = [getattr(weights, name) * value for name, value in means.items() if getattr(weights, name)]
    return torch.stack(terms).sum()


def evaluate(network: WarpNet, batch: Batch, outputs: Outputs, critic: Critic | None, inverse_share: float) -> Signals:
    """The warping network's losses. critic: frozen; None leaves its two losses out."""
    modified = apply(batch.picture, outputs)
    where = losses.attention(torch.maximum(batch.opening, batch.maps[:, 1:])) * network.window.clamp(min=0.05)
    step = turn(batch.aim, batch.radius)
    flow, rest, mask, light = outputs
    values = {
        "target": losses.target(modified, batch.wanted, where),
        "flow": losses.flow((flow, rest), batch.flow, batch.ball, batch.cover),
        "layer": losses.layer(mask, *_layers(batch, step)),
        "inverse": _inverse(network, batch, outputs, where, inverse_share),
        "smooth": losses.smooth(flow, torch.zeros_like(mask)) + losses.smooth(rest, batch.opening),
        "rigid": losses.rigid(flow, step, _visible_moved_iris(batch, step)),
        "light": losses.light(light),
    }
    samples = _fed(values, batch)
    samples["inverse"] = samples["inverse"] * _turned_back(batch, inverse_share)
    if critic is None:
        return Signals(values, samples)
    score, reading = critic(modified)
    with torch.no_grad():
        reference = critic(resample_half_pixel(batch.picture, _generator(batch)))[0]
        unmodified = critic(batch.picture)[1]
    values["correction"] = losses.correction(unmodified, reading, batch.aim)
    samples |= _fed({"correction": values["correction"]}, batch)
    gap = losses.gap(reference, score, _real(batch))
    return Signals(values, samples, gap)


def train_critic(critic: Critic, batch: Batch, modified: Tensor) -> tuple[Tensor, Tensor]:
    """The critic's loss and the gap. modified: from the frozen network.

    Its inputs are real images, unmodified and modified, without labels; the loss widens the gap between the means of
    both sets' scores [claims 28-33]. Its gaze estimate is trained on pairs, whose turn is known: real pairs, and
    renders, which never count as real for the score. It is not trained on modified images: it would learn the
    requested gaze instead of the visible one.
    """
    real = _real(batch)
    reference = critic(resample_half_pixel(batch.picture, _generator(batch)))[0]
    gap = losses.gap(reference, critic(modified)[0], real)
    drift = losses.mean(reference.square(), real)
    before, after = critic(batch.picture)[1], critic(batch.wanted)[1]
    paired = ((batch.kinds != Kind.UNLABELLED) & (batch.still == 0)).float()
    reading = losses.mean(losses.correction(before, after, batch.aim), paired)
    return 1e-3 * drift - gap + 0.05 * reading, gap


def penalty(critic: Critic, batch: Batch, modified: Tensor) -> Tensor:
    """Gradient penalty (Gulrajani 2017): the score's slope between real and modified images is held at 1."""
    chosen = _real(batch) > 0
    if not chosen.any():  # no real eyes, as in the first phase of in_sequence
        return torch.zeros((), device=modified.device)
    mixed = torch.rand((int(chosen.sum()), 1, 1, 1), generator=_generator(batch)).to(modified.device)
    between = (mixed * batch.picture[chosen] + (1 - mixed) * modified[chosen]).detach().requires_grad_()
    score = critic(between)[0].sum()
    (slope,) = torch.autograd.grad(score, between, create_graph=True)
    excess: Tensor = slope.flatten(1).norm(dim=1) - 1
    return excess.square().mean()


def resample_half_pixel(picture: Tensor, generator: torch.Generator) -> Tensor:
    """Resample at random half-pixel offsets: warping blurs, and the critic must not detect modified images by that."""
    lot = torch.rand((picture.shape[0], 2, 1, 1), generator=generator).to(picture.device) - 0.5
    return shift(picture, (lot / CORNER_DISTANCE).expand(-1, -1, *picture.shape[2:]))


def _inverse(network: WarpNet, batch: Batch, outputs: Outputs, where: Tensor, share: float) -> Tensor:
    """(n,) the inverse loss of the samples that are turned back; 0 for the others."""
    chosen = _turned_back(batch, share) > 0
    if not chosen.any():
        return torch.zeros(len(chosen), device=chosen.device)
    flow, rest, mask, light = (one[chosen] for one in outputs)
    modified = apply(torch.cat([batch.picture, batch.maps], 1)[chosen], (flow, rest, mask, light))
    picture, maps = modified.split([3, 2], 1)
    back = network(picture, maps, -batch.aim[chosen], batch.radius[chosen])
    found = losses.inverse(batch.picture[chosen], apply(picture, back), where[chosen])
    return torch.zeros(len(chosen), device=found.device).index_put((chosen.nonzero()[:, 0],), found)


def _turned_back(batch: Batch, share: float) -> Tensor:
    """(n,) 1 for samples that are turned back: spread evenly, so that each kind has the same share."""
    place = torch.arange(len(batch.kinds), device=batch.kinds.device)
    return (((place + 1) * share).floor() > (place * share).floor()).float()


def _fed(values: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
    """Which samples contribute to each loss. Eyes that must stay still contribute only to losses that keep them so."""
    keeping = {"flow", "inverse", "smooth", "layer", "light"}
    found = {}
    for name in values:
        fed = losses.fed(name, batch.kinds)
        if name == "flow":
            fed = torch.maximum(fed, batch.still)
        elif name not in keeping and Kind.SYNTHETIC not in FEEDS[name]:
            fed = fed * (1 - batch.still)
        found[name] = fed
    return found


def _real(batch: Batch) -> Tensor:
    """(n,) 1 for real eyes that are turned."""
    return losses.fed("adversarial", batch.kinds) * (1 - batch.still)


def _layers(batch: Batch, step: Tensor) -> tuple[Tensor, Tensor]:
    """Where the target shows the eyeball, and where that is known: the samples' labels, and real eyes' moved irises.

    Irises count only well inside the lids, and not when they move down, since the upper lid would follow.
    """
    opening = -functional.max_pool2d(-batch.opening, 5, 1, 2)
    sure = (_visible_moved_iris(batch, step) * opening > 0.9).float()
    sure = sure * (_real(batch) * (batch.aim[:, 0] > LOWERED))[:, None, None, None]
    return torch.maximum(batch.shows, sure), torch.maximum(batch.known, sure)


def _visible_moved_iris(batch: Batch, step: Tensor) -> Tensor:
    """(n, 1, 48, 64) the iris at its target, as far as the lids leave it visible."""
    return moved_disc(batch.maps[:, :1], step) * batch.opening


def _generator(batch: Batch) -> torch.Generator:
    """A random generator seeded by the batch, so that the same batch gives the same numbers."""
    return torch.Generator().manual_seed(int(batch.aim.abs().sum().item() * 1e4) % (1 << 31))
