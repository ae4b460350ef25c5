"""The first seconds of a real video with the faces in it, found once for all rows; and the relay's chain to show it.

Knows nothing of figures.
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
OPEN = 0.18  # openness from which on the relay corrects whole


@dataclass(frozen=True)
class Film:
    """frames, and for each the faces as found and as steadied."""

    name: str
    frames: tuple[Frame, ...]
    found: tuple[Faces, ...]
    steady: tuple[Faces, ...]

    def moments(self, most: int) -> list[tuple[Frame, Face]]:
        """Frames with one open pair of eyes, evenly over the film, and the steadied face."""
        able = [
            (frame, faces.faces[0])
            for frame, faces in zip(self.frames, self.steady, strict=True)
            if faces.faces and min(eye.openness for eye in faces.faces[0].eyes) >= OPEN
        ]
        return [able[int(index)] for index in np.linspace(0, len(able) - 1, min(most, len(able)))]


def read(path: Path, seconds: float) -> Film:
    """Raises av.FFmpegError where it is no video, ModelError."""
    with av.open(str(path)) as container:
        decoded = takewhile(lambda one: (one.time or 0.0) < seconds, container.decode(video=0))
        frames = tuple(_copied(DecodedFrame.of(one).frame) for one in decoded)
    found = find(frames)
    smoother = Smoother()
    return Film(path.stem, frames, found, tuple(smoother(faces) for faces in found))


def find(frames: Sequence[Frame]) -> tuple[Faces, ...]:
    """The faces in consecutive frames, not steadied."""
    landmarker = Landmarker(ENGINE.model, ENGINE.faces, ENGINE.landmark_width)
    found = tuple(landmarker(frame) for frame in frames)
    landmarker.close()
    return found


def play(film: Film, maker: FieldMaker, aim: Angles) -> list[Frame]:
    """What the relay would send for each frame, one after the other, with its gates; the turn is this offset."""
    corrector = Corrector(ENGINE, Correction(pitch=aim.pitch, yaw=aim.yaw), maker)
    shown = [
        corrector.show(frame, faces, corrector.make_fields(frame, faces)).frame
        for frame, faces in zip(film.frames, film.steady, strict=True)
    ]
    corrector.close()
    return shown


def _copied(frame: Frame) -> Frame:
    """Away from the decoder's memory, of which it has not much."""
    return replace(frame, y=frame.y.copy(), u=frame.u.copy(), v=frame.v.copy())
