"""Tracks each person's number over time, by position and size of their face. Knows nothing of detectors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from relay.gaze.face import Face

FORGET_AFTER = 1.0  # seconds after which a face that returns gets a new number
MAX_STEP = 1.5  # largest step between two detections, in distances between the eyes
VELOCITY_WEIGHT = 0.5


@dataclass(frozen=True)
class _Track:
    """A face's last detection. position: (3,) x, y and distance between the eyes, pixels; velocity: per second."""

    number: int
    time: float
    position: NDArray[np.float64]
    velocity: NDArray[np.float64]

    def at(self, time: float) -> NDArray[np.float64]:
        """The position predicted for this time, at constant velocity."""
        return self.position + self.velocity * (time - self.time)

    def moved(self, position: NDArray[np.float64], time: float) -> "_Track":
        """The track after a new detection."""
        step = max(time - self.time, 1e-3)
        velocity = (position - self.position) / step
        mixed = self.velocity + VELOCITY_WEIGHT * (velocity - self.velocity)
        return replace(self, time=time, position=position, velocity=mixed)


class Tracker:
    """Assigns numbers to faces. Two people who cross keep theirs, because positions are predicted."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._next = 0

    def __call__(self, faces: Sequence[Face], time: float) -> tuple[Face, ...]:
        """The same faces with their persons' numbers, lowest number first. time in seconds."""
        known = [track for track in self._tracks if 0 <= time - track.time < FORGET_AFTER]
        positions = [_position(face) for face in faces]
        pairs = _pairs([track.at(time) for track in known], positions)
        tracks = [
            known[pairs[index]].moved(position, time) if index in pairs else self._new(position, time)
            for index, position in enumerate(positions)
        ]
        unseen = [track for index, track in enumerate(known) if index not in pairs.values()]
        self._tracks = tracks + unseen
        numbered = [replace(face, number=track.number) for face, track in zip(faces, tracks, strict=True)]
        return tuple(sorted(numbered, key=lambda face: face.number))

    def _new(self, position: NDArray[np.float64], time: float) -> _Track:
        """A track for a new person."""
        self._next += 1
        return _Track(self._next, time, position, np.zeros(3))


def _position(face: Face) -> NDArray[np.float64]:
    """Middle of the irises and their distance, pixels."""
    step = face.left.iris - face.right.iris
    middle = (face.left.iris + face.right.iris) / 2
    return np.array([middle[0], middle[1], max(float(np.hypot(*step)), 1.0)])


def _pairs(predicted: Sequence[NDArray[np.float64]], detected: Sequence[NDArray[np.float64]]) -> dict[int, int]:
    """Greedy matching, closest first, none farther than MAX_STEP: index of each detection -> of its prediction."""
    distances = sorted(
        (_distance(there, here), track, face)
        for track, there in enumerate(predicted)
        for face, here in enumerate(detected)
    )
    pairs: dict[int, int] = {}
    for distance, track, face in distances:
        if distance < MAX_STEP and face not in pairs and track not in pairs.values():
            pairs[face] = track
    return pairs


def _distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Step and change of size between two positions, in distances between the eyes."""
    size = max(float(other[2]), 1.0)
    step = float(np.hypot(*(one[:2] - other[:2]))) / size
    return step + abs(math.log(max(float(one[2]), 1.0) / size))
