"""Draws batches of all three kinds of data, in the shares that the recipe names [claims 1, 6].

All samples of a kind are shuffled together in each epoch. The batch of step s depends on seed, process and s alone, so
a resumed run sees the same batches as an uninterrupted one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from models.config import Recipe, Shares
from models.datasets import samples
from models.datasets.kinds import Kind
from models.datasets.real import album
from models.datasets.real.album import Album
from models.datasets.samples import SHUT, Sample
from models.datasets.synthetic import scenes
from models.datasets.synthetic.scenes import Scene
from relay.gaze.face import Side
from relay.gaze.spec import MAX_AIM

COMMON_TURN = 15.0  # degrees: turns up to this are always kept, larger ones less often, down to MIN_PROBABILITY
MIN_PROBABILITY = 0.25
BLINK = 0.25  # requested closure above which a picture shows a blink: its lids do not follow from the gaze
STILL_SHARE = 0.06  # of rendered samples: shut eyes that must not change

Draw = Callable[[np.random.Generator], Sample]


@dataclass(frozen=True)
class Batch:
    """n samples as tensors: see samples.Sample. kinds: (n,) kinds.Kind. still: (n,) 1 for eyes that must not change."""

    kinds: Tensor
    picture: Tensor
    maps: Tensor
    aim: Tensor
    radius: Tensor
    wanted: Tensor
    opening: Tensor
    flow: Tensor
    ball: Tensor
    cover: Tensor
    shows: Tensor
    known: Tensor
    still: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same on another device."""
        return Batch(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))


class Mixture(Dataset[Batch]):
    """The batch of each step. rank, ranks: this process's rank and the number of processes."""

    def __init__(self, recipe: Recipe, rendered: Sequence[Scene], real: Sequence[Album], rank: int = 0, ranks: int = 1):
        self._seed, self._steps, self._lids_dropped = recipe.seed, recipe.steps, recipe.lids_dropped
        self._rank, self._ranks = rank, ranks
        self._draws: dict[Kind, list[Draw]] = {
            Kind.SYNTHETIC: list(_rendered(rendered, np.random.default_rng([recipe.seed, 7]))),
            Kind.PAIR: [
                partial(samples.pair, one, number, way)
                for one in real
                for number in range(len(one.pairs))
                for way in (False, True)
            ],
            Kind.UNLABELLED: [partial(samples.unlabelled, one, number) for one in real for number in range(len(one))],
        }
        self._shares, self._order = recipe.shares, recipe.order
        shares(recipe.shares, self.sizes)  # raises here, before training, where there is no data

    @property
    def sizes(self) -> dict[Kind, int]:
        """The number of distinct samples of each kind."""
        return {kind: len(draws) for kind, draws in self._draws.items()}

    @property
    def described(self) -> dict[str, int]:
        """The same by name."""
        return {kind.name.lower(): size for kind, size in self.sizes.items()}

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> Batch:
        """The batch of this step."""
        random = np.random.default_rng([self._seed, self._rank, step])
        counts = shares(self._shares, self._sizes_at(step))
        drawn = [draw(random) for kind, count in counts.items() for draw in self._chosen(kind, count, step)]
        blank = random.uniform(size=len(drawn)) < self._lids_dropped
        return stack(drawn, blank)

    def _sizes_at(self, step: int) -> dict[Kind, int]:
        """The samples to draw from: all, or, in sequence, rendered eyes first and real ones after."""
        if self._order == "together":
            return self.sizes
        now = {Kind.SYNTHETIC} if step < self._steps / 2 else {Kind.PAIR, Kind.UNLABELLED}
        return {kind: size if kind in now else 0 for kind, size in self.sizes.items()}

    def _chosen(self, kind: Kind, count: int, step: int) -> Iterator[Draw]:
        draws = self._draws[kind]
        first = (step * self._ranks + self._rank) * count
        for place in range(first, first + count):
            epoch, within = divmod(place, len(draws))
            yield draws[_order(self._seed, kind, epoch, len(draws))[within]]


def shares(wanted: Shares, there: dict[Kind, int]) -> dict[Kind, int]:
    """Samples of each kind in a batch; the share of a missing kind goes to the others.

    Raises ValueError where there are no samples at all.
    """
    counts = {Kind.SYNTHETIC: wanted.synthetic, Kind.PAIR: wanted.pairs, Kind.UNLABELLED: wanted.unlabelled}
    present = {kind: count for kind, count in counts.items() if there[kind] and count}
    if not present:
        raise ValueError("there is nothing to train on: no rendered scenes of the train split, and no real eyes")
    total = sum(present.values())
    return {kind: max(1, round(count * wanted.total / total)) for kind, count in present.items()}


def stack(drawn: Sequence[Sample], blank: NDArray[np.bool_]) -> Batch:
    """Samples as one batch. blank: (n,) whether the lid map is left blank."""

    def tensor(values: list[object]) -> Tensor:
        return torch.from_numpy(np.asarray(values, dtype=np.float32))

    maps = np.stack([one.maps for one in drawn])
    maps[blank, 1] = 0
    layers = {
        name: tensor([getattr(one, name) for one in drawn])[:, None]
        for name in ("opening", "ball", "cover", "shows", "known")
    }
    return Batch(
        kinds=torch.tensor([one.kind for one in drawn]),
        picture=tensor([one.picture for one in drawn]),
        maps=torch.from_numpy(maps),
        aim=tensor([(one.aim.pitch, one.aim.yaw) for one in drawn]).clamp(-MAX_AIM, MAX_AIM),
        radius=tensor([one.radius for one in drawn]),
        wanted=tensor([one.wanted for one in drawn]),
        flow=tensor([one.flow for one in drawn]),
        still=tensor([one.still for one in drawn]),
        **layers,
    )


def load_scenes(folder: Path, split: str) -> list[Scene]:
    """All scenes of this split in the folder. Raises ValueError for another schema."""
    found = (scenes.read(path) for path in sorted(folder.glob("*.npz")))
    return [one for one in found if one.meta["split"] == split]


def load_albums(places: Sequence[Path], shippable: bool) -> list[Album]:
    """All albums in these folders or files; shippable: only those whose licence allows publishing weights."""
    files = [path for place in places for path in ([place] if place.is_file() else sorted(place.rglob("*.npz")))]
    found = [album.read(path) for path in files]
    return [one for one in found if one.meta.ships or not shippable]


def _rendered(rendered: Sequence[Scene], random: np.random.Generator) -> Iterator[Draw]:
    """All pairs of pictures without a blink, large turns subsampled; and shut eyes that must not change."""
    pairs: list[Draw] = []
    shut: list[Draw] = []
    for scene in rendered:
        for side in Side:
            index = 0 if side is Side.RIGHT else 1
            awake = scene.truths["closed"] < BLINK
            seeing = awake & (scene.truths["openness"][:, index] > SHUT)
            gaze = scene.truths["gaze"][:, index]
            draw = partial(samples.synthetic, scene, side)
            pairs += [
                partial(draw, int(source), int(target))
                for source in np.flatnonzero(seeing)
                for target in np.flatnonzero(awake)
                if source != target and random.uniform() < keep_probability(gaze[target] - gaze[source])
            ]
            shut += [
                partial(draw, int(one), int(one)) for one in np.flatnonzero(scene.truths["openness"][:, index] < SHUT)
            ]
    yield from pairs
    times = int(np.ceil(STILL_SHARE * len(pairs) / max(len(shut), 1)))
    for _ in range(times):
        yield from shut


def keep_probability(turn: NDArray[np.floating]) -> float:
    """Probability of keeping a turn (pitch, yaw; degrees): 1 to COMMON_TURN, MIN_PROBABILITY at MAX_AIM, 0 beyond."""
    far = float(np.abs(turn).max())
    return 0.0 if far > MAX_AIM else float(np.interp(far, [COMMON_TURN, MAX_AIM], [1.0, MIN_PROBABILITY]))


@lru_cache(maxsize=16)
def _order(seed: int, kind: int, epoch: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, kind, epoch]).permutation(count)
