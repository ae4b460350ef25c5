"""Sequences of a face with known landmarks: a still portrait that moves, glances and blinks.

The landmarks are detected once, in the still, and moved by the same transform as the picture. So they are exact by
construction. Real films have the same form; their best reference is the landmarks detected in each frame.
"""

from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import pairwise
from math import exp, hypot
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.planes import to_frame, to_rgb
from models.evaluation.clips import films
from relay.config.check import Check
from relay.frame import Frame
from relay.gaze.face import Angles, Eye, Face, Faces, Points
from relay.gaze.geometric import LOWER_LID_GAIN, UPPER_LID_GAIN, Outline, geometric_field, turn
from relay.gaze.geometry import Patch
from relay.gaze.tracking.landmarks import Landmarker
from relay.gaze.warp import Placed, warp
from tests.clips import LID_FALLS, LID_RESTS, LID_RISES
from tests.portraits import EYES, Person, Picture, enlarge, shut

Affine = NDArray[np.float64]  # (2, 3), pixels to pixels, centres at .5

MOVE, PAUSE = 0.4, 0.2  # seconds of a head movement, and of the pause after it
PEAK = 1.875  # peak speed of a minimum-jerk movement over its mean (Flash, Hogan 1985)
TILT, ZOOM = 6.0, 0.05  # degrees, and share of size, per movement of one eye width
EXPOSURE, SHUTTERS = 1 / 60, 3  # exposure time in seconds; samples averaged over it
GRAIN = 2.0  # of 255, standard deviation of a camera's noise
GLANCES = (Angles(), Angles(0, 12), Angles(-6, -8), Angles(0, -12), Angles(4, 6), Angles(0, -6))
DWELL = 0.55  # seconds between glances
BLINK_EVERY = 0.7  # seconds: much more often than people do, for enough samples


@dataclass(frozen=True)
class Take:
    """Frames, their rate per second, and the true faces in each."""

    name: str
    rate: float
    frames: tuple[Frame, ...]
    faces: tuple[Faces, ...]


@dataclass(frozen=True)
class Scene:
    """The recipe of a take. speed: of the head at its fastest, eye widths a second."""

    name: str
    person: Person = "president"
    speed: float = 0.0
    blinks: bool = False
    glances: bool = False
    seconds: float = 6.0
    rate: int = 30
    size: tuple[int, int] = (640, 480)
    eye_width: float = 40.0

    def take(self) -> Take:
        """The frames and their landmarks."""
        moments = [number / self.rate for number in range(round(self.seconds * self.rate))]
        return Take(
            self.name,
            self.rate,
            tuple(to_frame(self._picture(number, time), time) for number, time in enumerate(moments)),
            tuple(Faces(time, self.size, faces=(self.face(time),)) for time in moments),
        )

    def face(self, time: float) -> Face:
        """The person's landmarks at this time [s]."""
        still, place = self._still, self.place(time)
        look, closed = glance(time) if self.glances else Angles(), lid(time) if self.blinks else 0.0
        eyes = [carried(shut_eye(turned(eye, look), closed), place) for eye in still.face.eyes]
        gaze = Angles(still.face.gaze.pitch + look.pitch, still.face.gaze.yaw + look.yaw)
        return replace(still.face, right=eyes[0], left=eyes[1], gaze=gaze, confidence=1.0)

    def place(self, time: float) -> Affine:
        """From the still's pixels to those of the frame."""
        way = self._way(time)
        scale = self.eye_width / self._still.eye_width * exp(ZOOM * way[1])
        angle = np.radians(TILT * way[0])
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        target = np.array(self.size) * (0.5, 0.45) + way * self.eye_width
        return np.column_stack([turn, target - turn @ self._still.centre])

    def _way(self, time: float) -> NDArray[np.float64]:
        """(2,) eye widths from the middle: out in some direction and back, pausing at both ends."""
        number, since = divmod(time, MOVE + PAUSE)
        share = min(since / MOVE, 1.0)
        gone = share**3 * (10 - 15 * share + 6 * share**2)  # minimum jerk
        ends = [_spot(int(number) + end) * self.speed * MOVE / PEAK for end in (0, 1)]
        return np.asarray(ends[0] + gone * (ends[1] - ends[0]))

    def _picture(self, number: int, time: float) -> Picture:
        """The camera's frame, with motion blur and noise."""
        moments = time + EXPOSURE * (np.arange(SHUTTERS) / SHUTTERS + 0.5 / SHUTTERS - 0.5) if self.speed else [time]
        still = self._still.with_look(
            glance(time) if self.glances else Angles(), lid(time) if self.blinks else 0.0, self.person
        )
        mean = np.mean([drawn(still, self.place(moment), self.size) for moment in moments], axis=0)
        grain = np.random.default_rng(number).normal(0, GRAIN, mean.shape)
        return np.asarray(np.clip(np.round(mean + grain), 0, 255), dtype=np.uint8)

    @property
    def _still(self) -> "Still":
        return Still.of(self.person, self.eye_width)


SCENES = (
    Scene("still"),
    Scene("slow", "vice_president", speed=0.8),
    Scene("brisk", speed=2.0),
    Scene("brisk, soft picture", "astronaut", speed=2.5),
    Scene("fast", "vice_president", speed=5.0),
    Scene("glances", glances=True),
    Scene("glances, soft picture, slow head", "astronaut", speed=0.5, glances=True),
    Scene("blinks", "vice_president", blinks=True),
    Scene("blinks of a moving head", speed=1.5, blinks=True),
)


@dataclass(frozen=True)
class Still:
    """A portrait, large enough, and its landmarks. factor: its enlargement."""

    picture: Picture
    face: Face
    factor: float

    @staticmethod
    @cache
    def of(person: Person, eye_width: float) -> "Still":
        """Detect the landmarks. Raises ModelError, FileNotFoundError (tests.portraits)."""
        picture, factor = enlarge(person, eye_width)
        landmarker = Landmarker(Check.read([], "staleness").model)
        (face,) = landmarker(to_frame(picture)).faces
        landmarker.close()
        return Still(picture, face, factor)

    @cached_property
    def centre(self) -> NDArray[np.float64]:
        """(2,) half-way between the eyes."""
        return np.asarray(np.mean([eye.corners for eye in self.face.eyes], axis=(0, 1)), dtype=np.float64)

    @cached_property
    def eye_width(self) -> float:
        """Of both eyes, mean."""
        return (self.face.right.width + self.face.left.width) / 2

    def with_look(self, look: Angles, closed: float, person: Person) -> Picture:
        """The picture with the eyes turned, then shut."""
        picture = self._turned(look)
        right, left = EYES[person]
        return shut(picture, (right.enlarged(self.factor), left.enlarged(self.factor)), closed) if closed else picture

    def _turned(self, look: Angles) -> Picture:
        if look == Angles():
            return self.picture
        placed = []
        for eye in self.face.eyes:
            patch = Patch.of(eye)
            placed.append(Placed(patch, geometric_field(Outline.of(eye, patch), patch.aim(look))))
        return to_rgb(warp(to_frame(self.picture), placed))


def film(path: Path, seconds: float) -> Take:
    """The first seconds of a film, its largest face smoothed as in the relay. Raises av.FFmpegError, ModelError."""
    found = films.read(path, seconds)
    times = [frame.time for frame in found.frames]
    rate = 1 / float(np.median([after - before for before, after in pairwise(times)]))
    return Take(path.stem, rate, found.frames, found.steady)


def glance(time: float) -> Angles:
    """The gaze relative to the still: saccades in sequence, at an eye's speed (2.2 ms per degree)."""
    number, since = divmod(time, DWELL)
    before, after = (GLANCES[(int(number) + step) % len(GLANCES)] for step in (-1, 0))
    duration = 0.021 + 0.0022 * hypot(after.pitch - before.pitch, after.yaw - before.yaw)
    share = min(since / duration, 1.0) if number else 1.0
    return Angles(before.pitch + share * (after.pitch - before.pitch), before.yaw + share * (after.yaw - before.yaw))


def lid(time: float) -> float:
    """The closure of the lids, 0..1: as in tests.clips, every BLINK_EVERY seconds."""
    since = (time + BLINK_EVERY / 2) % BLINK_EVERY - BLINK_EVERY / 2
    down = 1 + since / LID_FALLS if since < 0 else 1 - (since - LID_RESTS) / LID_RISES
    return float(np.clip(down, 0, 1))


def carried(eye: Eye, place: Affine) -> Eye:
    """The eye moved to another picture; its openness is a ratio and does not change."""

    def move(points: Points) -> Points:
        return np.asarray(points @ place[:, :2].T + place[:, 2], dtype=np.float32)

    return replace(
        eye,
        corners=move(eye.corners),
        upper=move(eye.upper),
        lower=move(eye.lower),
        iris=move(eye.iris),
        iris_radius=eye.iris_radius * float(np.hypot(*place[:, 0])),
    )


def turned(eye: Eye, look: Angles) -> Eye:
    """The eye turned by the geometric field: the iris by its step, the lids by their share of it."""
    patch = Patch.of(eye)
    step = turn(patch.aim(look), eye.iris_radius / patch.width)

    def follow(lids: Points, gain: float) -> Points:
        places = patch.to_eye(lids)
        places[:, 1] += gain * step[1] * np.clip(1 - (2 * np.abs(places[:, 0])) ** 3, 0, 1)
        return patch.to_pixels(places).astype(np.float32)

    upper, lower = follow(eye.upper, UPPER_LID_GAIN), follow(eye.lower, LOWER_LID_GAIN)
    iris = patch.to_pixels(patch.to_eye(eye.iris) + step).astype(np.float32)
    aperture = patch.to_eye(lower[2:5]) - patch.to_eye(upper[2:5])
    return replace(eye, upper=upper, lower=lower, iris=iris, openness=float(aperture[:, 1].mean()))


def shut_eye(eye: Eye, closed: float) -> Eye:
    """The eye with its upper lid closed by this share (tests.portraits.shut)."""
    upper = eye.upper + closed * (eye.lower - eye.upper)
    return replace(eye, upper=upper.astype(np.float32), openness=(1 - closed) * eye.openness)


def _spot(number: int) -> NDArray[np.float64]:
    """(2,) the end of the head's n-th movement, at most 1 from the middle; every other one is the middle."""
    angle = 2.4 * number  # about the golden angle: all directions, none twice in a row
    return np.array([np.cos(angle), np.sin(angle)]) * (number % 2)


def drawn(still: Picture, place: Affine, size: tuple[int, int]) -> Picture:
    """The still warped to its place in a frame. OpenCV has pixel centres at whole numbers."""
    index = place.copy()
    index[:, 2] += place[:, :2] @ (0.5, 0.5) - 0.5
    drawn = cv2.warpAffine(still, index, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return cast("Picture", drawn)
