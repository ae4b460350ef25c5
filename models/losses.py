"""The losses: each a pure function of tensors, one value for each sample.

`FEEDS` says which kind of data contributes to which loss [claims 1-5]; `mean` averages over those samples.
Pictures are (n, 3, 48, 64) Y, U, V; flows (n, 2, 48, 64) eye widths.
"""

import torch
from torch import Tensor
from torch.nn import functional

from models.datasets.kinds import Kind
from relay.gaze.spec import CORNER_DISTANCE

SSIM_WINDOW = 7
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2
APERTURE_WEIGHT = 4.0  # additional weight of an eye pixel; a skin pixel has 1
SOFT = 0.05  # patch pixels below which flow errors count squared


FEEDS: dict[str, frozenset[Kind]] = {
    "target": frozenset({Kind.PAIR, Kind.SYNTHETIC}),
    "flow": frozenset({Kind.SYNTHETIC}),
    "layer": frozenset(Kind),  # renders label every pixel, landmarks only pixels well inside and outside the lids
    "inverse": frozenset(Kind),
    "adversarial": frozenset({Kind.PAIR, Kind.UNLABELLED}),
    "correction": frozenset({Kind.PAIR, Kind.UNLABELLED}),
    "smooth": frozenset(Kind),
    "light": frozenset(Kind),
    "rigid": frozenset({Kind.PAIR, Kind.UNLABELLED}),  # renders have the flow itself
}


def fed(loss: str, kinds: Tensor) -> Tensor:
    """(n,) 1 where a sample's kind contributes to this loss, else 0. kinds: (n,) of Kind."""
    return torch.isin(kinds, torch.tensor(sorted(FEEDS[loss]), device=kinds.device)).float()


def target(modified: Tensor, wanted: Tensor, where: Tensor) -> Tensor:
    """Modified image against target image [claim 2]: |m - t| + |grad m - grad t| + (1 - SSIM) / 4.

    where: (n, 1, 48, 64) weight of each pixel (`attention`).
    """
    absolute = _weighted((modified - wanted).abs().sum(1, keepdim=True), where)
    edges = sum(_weighted((step(modified[:, :1]) - step(wanted[:, :1])).abs(), where) for step in (_across, _down))
    likeness = _weighted(1 - ssim(modified[:, :1], wanted[:, :1]), where)
    return absolute + edges + likeness / 4


def flow(made: tuple[Tensor, Tensor], known: Tensor, ball: Tensor, cover: Tensor) -> Tensor:
    """The renderer's flow against the layer that shows it, patch pixels: ball where the target shows the eyeball,
    cover where it shows what lies over it. Both (n, 1, 48, 64) 0..1, without pixels occluded in the source."""
    flows, rest = made
    ball_error = _weighted(_length((flows - known) * CORNER_DISTANCE), ball)
    cover_error = _weighted(_length((rest - known) * CORNER_DISTANCE), cover)
    return ball_error + cover_error


def layer(mask: Tensor, ball: Tensor, known: Tensor) -> Tensor:
    """Mask against the layers: cross entropy where a label is known."""
    error = functional.binary_cross_entropy(mask.clamp(1e-4, 1 - 1e-4), ball, reduction="none")
    return _weighted(error, known)


def inverse(unmodified: Tensor, restored: Tensor, where: Tensor) -> Tensor:
    """Redirected by +a, then by -a, against the unmodified image [claim 3]: |x - x''|."""
    return _weighted((restored - unmodified).abs().sum(1, keepdim=True), where)


def gap(reference: Tensor, modified: Tensor, samples: Tensor) -> Tensor:
    """Difference of the aggregated scores, mean over reference less mean over modified images [claims 4, 31-33].

    The critic is trained to widen it, the warping network to close it. Scores (n,).
    """
    return mean(reference, samples) - mean(modified, samples)


def correction(unmodified: Tensor, modified: Tensor, aim: Tensor) -> Tensor:
    """|(critic's gaze of the unmodified image + aim) - its gaze of the modified one| [claim 5], degrees."""
    return (unmodified + aim - modified).abs().sum(1)


def smooth(flows: Tensor, edges: Tensor) -> Tensor:
    """|Second differences| of a flow, patch pixels. edges: (n, 1, 48, 64) 1 where they are not penalised."""
    bends = [
        functional.pad((flows[..., 2:] - 2 * flows[..., 1:-1] + flows[..., :-2]).abs().sum(1, True), (1, 1)),
        functional.pad(
            (flows[..., 2:, :] - 2 * flows[..., 1:-1, :] + flows[..., :-2, :]).abs().sum(1, True), (0, 0, 1, 1)
        ),
    ]
    return _weighted((bends[0] + bends[1]) * CORNER_DISTANCE, 1 - edges)


def rigid(flows: Tensor, step: Tensor, iris: Tensor) -> Tensor:
    """The iris moves rigidly by its step: |flow + step| over the disc at its target, patch pixels.

    step: (n, 2) of the iris, eye widths. iris: (n, 1, 48, 64) the visible disc at its target, 0..1.
    """
    return _weighted(_length((flows + step[:, :, None, None]) * CORNER_DISTANCE), iris)


def light(added: Tensor) -> Tensor:
    """Light that is added or subtracted: |light|, mean over the patch."""
    return added.abs().flatten(1).mean(1)


def attention(openings: Tensor) -> Tensor:
    """(n, 1, 48, 64) openings between lids -> weight of each pixel: the eye and its rim more than the skin."""
    return 1 + APERTURE_WEIGHT * functional.max_pool2d(openings, 7, 1, 3)


def ssim(one: Tensor, other: Tensor) -> Tensor:
    """(n, 1, h, w) structural similarity (Wang 2004) in square windows."""
    mean_one, mean_other = _local(one), _local(other)
    spread_one = _local(one * one) - mean_one**2
    spread_other = _local(other * other) - mean_other**2
    shared = _local(one * other) - mean_one * mean_other
    above = (2 * mean_one * mean_other + SSIM_C1) * (2 * shared + SSIM_C2)
    return above / ((mean_one**2 + mean_other**2 + SSIM_C1) * (spread_one + spread_other + SSIM_C2))


def _local(picture: Tensor) -> Tensor:
    return functional.avg_pool2d(picture, SSIM_WINDOW, 1, SSIM_WINDOW // 2, count_include_pad=False)


def _across(picture: Tensor) -> Tensor:
    return functional.pad(picture[..., 1:] - picture[..., :-1], (0, 1))


def _down(picture: Tensor) -> Tensor:
    return functional.pad(picture[..., 1:, :] - picture[..., :-1, :], (0, 0, 0, 1))


def _length(vectors: Tensor) -> Tensor:
    """(n, 2, h, w) -> (n, 1, h, w), rounded off near zero."""
    return (vectors.square().sum(1, keepdim=True) + SOFT**2).sqrt() - SOFT


def _weighted(values: Tensor, where: Tensor) -> Tensor:
    """(n, 1, h, w) -> (n,): mean weighted by where; 0 where all weights are 0."""
    return (values * where).flatten(1).sum(1) / where.flatten(1).sum(1).clamp(min=1e-3)


def mean(values: Tensor, samples: Tensor) -> Tensor:
    """(n,) -> () mean over the chosen samples; 0 where there is none."""
    return (values * samples).sum() / samples.sum().clamp(min=1)
