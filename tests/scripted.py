"""A relay that knows where the eyes are: it receives a known clip whose frames carry their number.

Everything else is real: the fields (geometric), the warp, the pipeline, WebRTC. So a frame costs a tenth of what it
does with MediaPipe and the network, and the ground truth is known. As a program: `relay serve` with these stages.
"""

import asyncio
import sys
from dataclasses import replace

import numpy as np

from relay import app, logs
from relay.config.correction import Correction
from relay.config.reading import cap_threads
from relay.config.serve import Serve
from relay.frame import Frame
from relay.gaze.corrector import Corrector
from relay.gaze.face import Eye, Face, Faces
from tests.clips import Clip
from tests.gaze.sitters import filmed
from tests.stamp import read_number

# What a browser's fake camera shows where the correction itself is not tested.
SMALL = Clip(width=320, height=240, rate=15, eye_width=28, sway=8, tilt=0, zoom=0, seconds=4, numbered=True)


class KnownFaces:
    """Looks up the face of a clip by the number on the frame; frames may have another size than the clip."""

    def __init__(self, clip: Clip = SMALL) -> None:
        self._clip = clip

    def __call__(self, frame: Frame) -> Faces:
        number = read_number(frame.y)
        if number is None or number >= len(self._clip):
            return Faces(frame.time, frame.size)
        scale = frame.width / self._clip.width
        people = tuple(_enlarged(one, scale) for one in filmed(self._clip, number).faces)
        return Faces(frame.time, frame.size, faces=people)

    def close(self) -> None:
        """Nothing to release."""


def _enlarged(face: Face, scale: float) -> Face:
    return replace(face, right=_scaled(face.right, scale), left=_scaled(face.left, scale))


def _scaled(eye: Eye, scale: float) -> Eye:
    points = {name: np.float32(scale) * getattr(eye, name) for name in ("corners", "upper", "lower", "iris")}
    return replace(eye, **points, iris_radius=scale * eye.iris_radius)


def main(arguments: list[str]) -> None:
    """Serve until interrupted, as `relay serve` does."""
    settings = Serve.read(["--field", "geometric", *arguments], "tests.scripted")
    logs.configure(settings.log_level, settings.log_format)
    cap_threads(settings.compute_threads)

    def make_stages(correction: Correction) -> Corrector:
        return Corrector(settings, correction, finder=KnownFaces())

    asyncio.run(app.serve(settings, _announce, make_stages))


def _announce(address: str) -> None:
    sys.stdout.write(f"Eyeline is at {address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
