"""Warps a frame with landmarks and fields of earlier frames, and measures the error against its own.

The frame's own landmarks and field, all of age 0, give the sequential result. Landmarks are carried to the shown frame
with each of VARIANTS; fields are always made with the landmarks of their own frame. Only the luma is compared. Knows
nothing of gates: strength is full, except for the blink guard.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from relay.config.engine import MotionMode
from relay.frame import Frame
from relay.gaze.aim import opening
from relay.gaze.corrector import FieldMaker, Turn
from relay.gaze.face import Angles, Eye, Face, Faces, Field
from relay.gaze.geometry import Patch, ellipse
from relay.gaze.motion.blink_guard import guard
from relay.gaze.motion.compensation import carry
from relay.gaze.motion.reference import MotionReference
from relay.gaze.motion.velocity import Velocity
from relay.gaze.warp import Placed, warp
from scripts.measuring.ages.landing import Landed, land
from scripts.measuring.ages.motions import SHUT, Motion, Tracks, name_motion
from scripts.measuring.ages.sequences import Take

Floats = NDArray[np.float64]
Costs = NDArray[np.float32]  # (variants, landmark ages, field ages, len(Cost))
Guard = Callable[
    [MotionReference, Faces, Faces, Frame], dict[int, tuple[float, float]]
]  # as relay.gaze.motion.blink_guard.guard

MARGIN = 1.0  # eye widths around the eyes in which frames are compared: the reach of a stale patch


class Cost(IntEnum):
    """The measured errors of each eye, as a share of its width unless noted."""

    PLACE_PX = 0  # pixels by which the patch is misplaced: mean of both corners
    PLACE = 1  # the same, share of the eye's width
    OPENNESS = 2  # by which the landmarks' opening differs from the eye's own
    IRIS = 3  # distance of the iris from that of the sequential result
    LIDS = 4  # the same of the lid with the larger error
    APERTURE = 5  # difference of the opening from that of the sequential result
    GREY = 6  # mean difference of the luma inside the patch from the sequential result, of 255
    TOUCHED = 7  # the same from the original


@dataclass(frozen=True)
class Variant:
    """How stale landmarks are used."""

    motion: MotionMode
    guard: bool = False

    @property
    def name(self) -> str:
        """The name in tables."""
        return f"{self.motion} + guard" if self.guard else self.motion


VARIANTS = (Variant("off"), Variant("velocity"), Variant("flow"), Variant("flow", guard=True))


@dataclass(frozen=True)
class Reading:
    """One eye of one frame. width: pixels. radius: of the iris, share of the width."""

    motion: Motion
    is_shut: bool
    width: float
    radius: float
    costs: Costs


@dataclass(frozen=True)
class History:
    """A take with the stages' results for its frames. most: the largest age, frames. guard: the blink guard."""

    take: Take
    maker: FieldMaker
    aim: Angles
    most: int
    guard: Guard = guard

    def readings(self, stride: int = 1) -> list[Reading]:
        """Both eyes of every n-th frame, where the face was found in all frames before it."""
        tracks, found = Tracks.of(self.take.faces), []
        for at in range(self.most, len(self.take.frames), stride):
            motion = name_motion(tracks, self.take.rate, at, self.most)
            if motion is not None:
                found += self._read(at, motion)
        return found

    def _read(self, at: int, motion: Motion) -> list[Reading]:
        view = View.of(self.take.frames[at], self.take.faces[at], self.fields(at))
        fields = [self.fields(at - age) for age in range(self.most + 1)]
        known: dict[tuple[MotionMode, int, float, float], Costs] = {}  # most variants share most results

        def costs(variant: Variant, age: int) -> Costs:
            faces = self.carried(at, age, variant.motion)
            right, left = self._gains(at, age, faces, variant).tolist()
            key = (variant.motion if age else "off", age, right, left)
            if key not in known:
                known[key] = view.compare(faces.faces[0], (right, left), fields)
            return known[key]

        ages = range(self.most + 1)
        found = np.stack([np.stack([costs(variant, age) for age in ages], axis=1) for variant in VARIANTS], axis=1)
        return [
            Reading(motion, eye.openness < SHUT, eye.width, eye.iris_radius / eye.width, part)
            for eye, part in zip(view.face.eyes, found, strict=True)
        ]

    def _gains(self, at: int, age: int, faces: Faces, variant: Variant) -> Floats:
        """(2,) strength for the right and the left eye."""
        gains = np.array([opening(eye) for eye in faces.faces[0].eyes])
        if variant.guard and age:
            left = self.guard(self._reference(at - age), self.take.faces[at - age], faces, self.take.frames[at])
            gains *= left.get(faces.faces[0].number, (1.0, 1.0))
        return gains

    def carried(self, at: int, age: int, motion: MotionMode) -> Faces:
        """The faces found so many frames earlier, carried to this frame."""
        faces, frame = self.take.faces[at - age], self.take.frames[at]
        if age == 0 or motion == "off":
            return faces
        if motion == "velocity":
            return self._velocity(at - age).carry(faces, frame)
        return carry(self._reference(at - age), faces, frame)

    def fields(self, at: int) -> tuple[Field, ...]:
        """Fields of the right and of the left eye, with the frame's own landmarks."""
        if at not in self._fields:
            frame, face = self.take.frames[at], self.take.faces[at].faces[0]
            patches = [(eye, Patch.of(eye, frame.rotation)) for eye in face.eyes]
            turns = [Turn(eye, patch, patch.aim(self.aim)) for eye, patch in patches]
            self._fields[at] = tuple(self.maker(frame, turns))
        return self._fields[at]

    def _reference(self, at: int) -> MotionReference:
        if at not in self._references:
            self._references[at] = MotionReference.of(self.take.frames[at], self.take.faces[at], self._velocity(at))
        return self._references[at]

    def _velocity(self, at: int) -> Velocity:
        return Velocity.between(self.take.faces[at - 1], self.take.faces[at]) if at else Velocity()

    @cached_property
    def _fields(self) -> dict[int, tuple[Field, ...]]:
        return {}

    @cached_property
    def _references(self) -> dict[int, MotionReference]:
        return {}


@dataclass(frozen=True)
class View:
    """A frame around its eyes, and its sequential result.

    face: in the whole frame; corner: the crop's origin. best, places: the sequential result, and the positions in it.
    inside: for each eye, the indices of the pixels that its patch covers.
    """

    face: Face
    corner: Floats
    frame: Frame
    best: Frame
    places: tuple[Landed, ...]
    inside: tuple[NDArray[np.intp], ...]

    @classmethod
    def of(cls, frame: Frame, faces: Faces, fields: tuple[Field, ...]) -> "View":
        """Crop the frame, and warp it with its own landmarks and field."""
        face = faces.faces[0]
        near, corner = _near(frame, face)
        patches = [_patch(eye, corner) for eye in face.eyes]
        gains = [opening(eye) for eye in face.eyes]
        best = warp(near, [Placed(*one) for one in zip(patches, fields, gains, strict=True)])
        rows, columns = np.indices(near.y.shape)
        pixels = np.stack([columns, rows], -1) + 0.5
        landed = [
            land(eye, corner, patch, [field], gain)
            for eye, patch, field, gain in zip(face.eyes, patches, fields, gains, strict=True)
        ]
        return cls(
            face,
            corner,
            near,
            best,
            tuple(landed),
            tuple(np.flatnonzero(ellipse(one.to_eye(pixels)) < 1) for one in patches),
        )

    def compare(self, face: Face, gains: tuple[float, float], fields: Sequence[tuple[Field, ...]]) -> Costs:
        """(2 eyes, field ages, costs) of this frame with this face's landmarks and each of these fields."""
        patches = [_patch(eye, self.corner) for eye in face.eyes]
        costs = np.zeros((2, len(fields), len(Cost)), np.float32)
        for number, (own, eye, patch) in enumerate(zip(self.face.eyes, face.eyes, patches, strict=True)):
            off = float(np.hypot(*(eye.corners - own.corners).T).mean())
            landed = land(own, self.corner, patch, [pair[number] for pair in fields], gains[number])
            costs[number, :, Cost.PLACE_PX], costs[number, :, Cost.PLACE] = off, off / own.width
            costs[number, :, Cost.OPENNESS] = abs(eye.openness - own.openness)
            best = self.places[number]
            costs[number, :, Cost.IRIS] = landed.iris_off(best) / own.width
            costs[number, :, Cost.LIDS] = landed.lids_off(best) / own.width
            costs[number, :, Cost.APERTURE] = landed.opening_off(best) / own.width
        for age, pair in enumerate(fields):
            shown = warp(self.frame, [Placed(*one) for one in zip(patches, pair, gains, strict=True)])
            for number, inside in enumerate(self.inside):
                costs[number, age, Cost.GREY] = _difference(shown, self.best, inside)
                costs[number, age, Cost.TOUCHED] = _difference(shown, self.frame, inside)
        return costs


def _near(frame: Frame, face: Face) -> tuple[Frame, Floats]:
    """The luma around both eyes, and its first pixel."""
    corners = np.concatenate([eye.corners for eye in face.eyes])
    reach = (0.9 + MARGIN) * max(eye.width for eye in face.eyes)
    low = np.maximum(np.floor(corners.min(0) - reach), 0).astype(int)
    high = np.ceil(corners.max(0) + reach).astype(int)
    luma = np.ascontiguousarray(frame.y[low[1] : high[1], low[0] : high[0]])
    return replace(frame, y=luma, u=_nothing(), v=_nothing()), low.astype(np.float64)


@lru_cache(maxsize=1)
def _nothing() -> NDArray[np.uint8]:
    """A plane without pixels."""
    return np.empty((0, 0), np.uint8)


def _patch(eye: Eye, corner: Floats) -> Patch:
    patch = Patch.of(eye)
    return replace(patch, centre=patch.centre - corner)


def _difference(one: Frame, other: Frame, inside: NDArray[np.intp]) -> float:
    """Mean absolute difference at these pixels."""
    if one is other:
        return 0.0
    return float(np.abs(one.y.ravel()[inside].astype(np.int16) - other.y.ravel()[inside]).mean())
