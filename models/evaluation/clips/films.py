"""The first seconds of a real video and the faces in it, detected once for all rows; and the relay's chain on it.

Knows nothing of metrics.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

import av
import numpy as np

from relay.config.correction import Correction
from relay.config.engine import Engine
from relay.frame import Frame
from relay.gaze.corrector import Corrector, FieldMaker
from relay.gaze.face import Angles, Face, Faces
from relay.gaze.tracking.landmarks import Landmarker
from relay.gaze.tracking.smoothing import Smoother
from relay.media.frame import DecodedFrame

ENGINE = Engine(field="geometric", faces=1)
OPEN = 0.18  # openness above which the relay corrects at full strength


@dataclass(frozen=True)
class Film:
    """Frames, and for each the faces as detected and as smoothed."""

    name: str
    frames: tuple[Frame, ...]
    found: tuple[Faces, ...]
    steady: tuple[Faces, ...]

    def moments(self, most: int) -> list[tuple[Frame, Face]]:
        """Frames in which the first face has both eyes open, evenly over the film, and its smoothed landmarks."""
        able = [
            (frame, faces.faces[0])
            for frame, faces in zip(self.frames, self.steady, strict=True)
            if faces.faces and min(eye.openness for eye in faces.faces[0].eyes) >= OPEN
        ]
        return [able[int(index)] for index in np.linspace(0, len(able) - 1, min(most, len(able)))]


def read(path: Path, seconds: float) -> Film:
    """Read a video. Raises av.FFmpegError where it is not one, ModelError."""
    with av.open(str(path)) as container:
        decoded = takewhile(lambda one: (one.time or 0.0) < seconds, container.decode(video=0))
        frames = tuple(_copied(DecodedFrame.of(one).frame) for one in decoded)
    found = find(frames)
    smoother = Smoother()
    return Film(path.stem, frames, found, tuple(smoother(faces) for faces in found))


def find(frames: Sequence[Frame]) -> tuple[Faces, ...]:
    """The faces in consecutive frames, not smoothed."""
    landmarker = Landmarker(ENGINE.model, ENGINE.faces, ENGINE.landmark_width)
    found = tuple(landmarker(frame) for frame in frames)
    landmarker.close()
    return found


def play(film: Film, maker: FieldMaker, aim: Angles) -> list[Frame]:
    """The relay's output for each frame in order, with its gates, at this offset."""
    corrector = Corrector(ENGINE, Correction(pitch=aim.pitch, yaw=aim.yaw), maker)
    shown = [
        corrector.show(frame, faces, corrector.make_fields(frame, faces)).frame
        for frame, faces in zip(film.frames, film.steady, strict=True)
    ]
    corrector.close()
    return shown


def _copied(frame: Frame) -> Frame:
    """A copy outside the decoder's buffer pool, which is small."""
    return replace(frame, y=frame.y.copy(), u=frame.u.copy(), v=frame.v.copy())
