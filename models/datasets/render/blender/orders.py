"""Which scene to render: plain data. A scene's number and seed determine everything about it."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

import numpy as np

PERSONS = 200  # of each family
Split = Literal["train", "validation", "test"]


class Family(StrEnum):
    """Where head shapes come from."""

    ANNY = "anny"
    ICT = "ict"


def identity_of(family: Family, number: int) -> str:
    """A person's name in labels."""
    return f"{family}-{number:04d}"


def split_of(identity: str) -> Split:
    """The split this person always belongs to: train, validation and test have eight, one and one tenth."""
    tenth = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:4], "big") % 10
    return "train" if tenth < 8 else "validation" if tenth == 8 else "test"


@dataclass(frozen=True)
class Order:
    """One scene to render. number and seed determine it; samples: per pixel; data: see person.draw."""

    number: int
    seed: int
    gazes: int
    samples: int
    data: Path | None

    @property
    def family(self) -> Family:
        """The families alternate if there is more than one."""
        return Family.ANNY if self.data is None or self.number % 2 == 0 else Family.ICT

    @property
    def person(self) -> int:
        """The person's number: a new person for each scene, until all are used."""
        return (self.number // (1 if self.data is None else 2)) % PERSONS

    @property
    def split(self) -> Split:
        """The split its person belongs to."""
        return split_of(identity_of(self.family, self.person))

    def random(self) -> np.random.Generator:
        """This scene's random generator."""
        return np.random.default_rng([self.seed, self.number])
