"""Chooses trials from rendered scenes: pairs of images, and single images. Seeded, the same for every row.

Reads of each scene only what the choice needs. Knows nothing of fields.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.datasets.synthetic.scenes import SCHEMA
from relay.gaze.face import Angles, Side

BINS = (1.0, 5.0, 10.0, 15.0, 20.0)  # degrees between source and target; each bin has as many trials
OPEN = 0.15  # openness of an eye that is open
SHUT = 0.95  # of the requested blink
CENTRAL = 12.0  # degrees off the lens, maximum gaze of single images, so that no turn leaves the range
SIXTEENTHS = 16  # divides a scene's sides: images are scaled by k / 16 without cropping
WIDTHS = (24.0, 40.0, np.inf)  # pixels: eyes are downscaled to these widths in turn, never enlarged


@dataclass(frozen=True)
class Trial:
    """One eye to be turned from one image to another; for single images both are the same.

    aim: camera frame, degrees. scale: sixteenths of the scene's size.
    """

    scene: Path
    side: Side
    source: int
    target: int
    aim: Angles
    scale: int = SIXTEENTHS

    @property
    def turn(self) -> float:
        """Size of the aim, degrees."""
        return float(np.hypot(self.aim.pitch, self.aim.yaw))


@dataclass(frozen=True)
class Choice:
    """pairs: open in both. singles: open, looking near the lens. shut: closed eyes."""

    pairs: tuple[Trial, ...]
    singles: tuple[Trial, ...]
    shut: tuple[Trial, ...]


@dataclass(frozen=True)
class Outline:
    """The data of a scene that the choice needs. gaze: (k, 2, 2); openness, width [pixels]: (k, 2); closed: (k,)."""

    path: Path
    split: str
    gaze: NDArray[np.float32]
    openness: NDArray[np.float32]
    width: NDArray[np.float32]
    closed: NDArray[np.float32]

    @classmethod
    def read(cls, path: Path) -> "Outline":
        """Read a scene's outline. Raises ValueError for another schema."""
        with np.load(path) as file:
            meta = json.loads(str(file["meta"]))
            if meta.get("schema") != SCHEMA:
                raise ValueError(f"{path}: schema {meta.get('schema')}, this version reads {SCHEMA}: render it again")
            corners = file["corners"]
            width = np.hypot(*np.moveaxis(corners[:, :, 1] - corners[:, :, 0], -1, 0))
            return cls(path, meta["split"], file["gaze"], file["openness"], width, file["closed"])


def read_outlines(folder: Path, split: str) -> list[Outline]:
    """The outlines of all scenes of this split. Raises ValueError where there is none."""
    found = [one for one in map(Outline.read, sorted(folder.glob("*.npz"))) if one.split == split]
    if not found:
        raise ValueError(f"no scene of the split {split!r} in {folder}")
    return found


def choose(outlines: Sequence[Outline], pairs: int, seed: int = 0) -> Choice:
    """At most so many pairs, a quarter as many single images, and a quarter as many shut eyes."""
    random = np.random.default_rng(seed)
    possible = [trial for outline in outlines for trial in _pairs(outline)]
    turns = np.array([trial.turn for trial in possible])
    chosen: list[Trial] = []
    for low, high in pairwise(BINS):
        inside = np.flatnonzero((turns >= low) & (turns < high))
        chosen += [possible[index] for index in _draw(random, inside, pairs // (len(BINS) - 1))]
    singles = [trial for outline in outlines for trial in _singles(outline, shut=False)]
    shut = [trial for outline in outlines for trial in _singles(outline, shut=True)]
    return Choice(
        _scaled(chosen, outlines),
        _scaled([singles[index] for index in _draw(random, np.arange(len(singles)), pairs // 4)], outlines),
        _scaled([shut[index] for index in _draw(random, np.arange(len(shut)), pairs // 4)], outlines),
    )


def _draw(random: np.random.Generator, among: NDArray[np.integer], count: int) -> list[int]:
    """At most count of these, in random order."""
    return [int(index) for index in random.permutation(among)[:count]]


def _pairs(outline: Outline) -> Iterable[Trial]:
    """All pairs of open eyes whose gazes differ by no more than the last bin."""
    for number, side in enumerate(Side):
        able = np.flatnonzero((outline.openness[:, number] >= OPEN) & (outline.closed < 0.5))
        for source in able:
            for target in able:
                pitch, yaw = outline.gaze[target, number] - outline.gaze[source, number]
                if BINS[0] <= np.hypot(pitch, yaw) < BINS[-1]:
                    yield Trial(outline.path, side, int(source), int(target), Angles(float(pitch), float(yaw)))


def _singles(outline: Outline, shut: bool) -> Iterable[Trial]:
    for number, side in enumerate(Side):
        central = np.hypot(*outline.gaze[:, number].T) < CENTRAL
        able = outline.closed >= SHUT if shut else central & (outline.openness[:, number] >= OPEN)
        for source in np.flatnonzero(able & (shut | (outline.closed < 0.5))):
            yield Trial(outline.path, side, int(source), int(source), Angles())


def _scaled(trials: Sequence[Trial], outlines: Sequence[Outline]) -> tuple[Trial, ...]:
    """The trials with scales for all widths in turn, sorted by scene."""
    widths = {outline.path: outline.width for outline in outlines}
    scaled = []
    for count, trial in enumerate(trials):
        width = widths[trial.scene][trial.source, 0 if trial.side is Side.RIGHT else 1]
        wanted = min(1.0, WIDTHS[count % len(WIDTHS)] / width)
        scale = max(1, round(SIXTEENTHS * wanted))
        scaled.append(Trial(trial.scene, trial.side, trial.source, trial.target, trial.aim, scale))
    return tuple(sorted(scaled, key=lambda one: one.scene.name))
