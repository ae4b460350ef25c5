"""Which scene to make: plain data. A scene's number and seed decide everything about it."""

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
    """What a person is called in labels."""
    return f"{family}-{number:04d}"


def split_of(identity: str) -> Split:
    """Which part of the data this person belongs to, for ever: eight, one and one tenth."""
    tenth = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:4], "big") % 10
    return "train" if tenth < 8 else "validation" if tenth == 8 else "test"


@dataclass(frozen=True)
class Order:
    """One scene to make. number and seed decide everything; samples: per pixel; data: see person.draw."""

    number: int
    seed: int
    gazes: int
    samples: int
    data: Path | None

    @property
    def family(self) -> Family:
        """With more than one family at hand they take turns."""
        return Family.ANNY if self.data is None or self.number % 2 == 0 else Family.ICT

    @property
    def person(self) -> int:
        """A new person for each scene, until there are no more."""
        return (self.number // (1 if self.data is None else 2)) % PERSONS

    @property
    def split(self) -> Split:
        """Which part of the data its person belongs to."""
        return split_of(identity_of(self.family, self.person))

    def random(self) -> np.random.Generator:
        """This scene's own lot."""
        return np.random.default_rng([self.seed, self.number])
