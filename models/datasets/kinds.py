"""The three kinds of data that are used together [claims 1, 6]."""

from enum import IntEnum


class Kind(IntEnum):
    """A sample's kind."""

    PAIR = 0  # real pairs
    SYNTHETIC = 1  # rendered pairs
    UNLABELLED = 2  # real eyes without a target
