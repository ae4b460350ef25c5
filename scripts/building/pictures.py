"""Makes the pictures of README and model card from a public-domain portrait.

    .venv/bin/python -m scripts.building.pictures

docs/pictures/turns.jpg: the original photograph, surrounded by versions with the eyes turned by the shipped network.
models/pictures/face.jpg: original, then 10 degrees up and 12 to either side, by the geometric field and, below, by the
network; at 3:1, and in the corner at 1:1.
"""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from models.datasets.planes import Picture, to_frame, to_rgb
from relay.config.check import Check
from relay.frame import Frame
from relay.gaze.corrector import Turn, compute, run
from relay.gaze.face import Angles, Eye, Field
from relay.gaze.geometry import Patch
from relay.gaze.network import Network
from relay.gaze.tracking.landmarks import Landmarker
from relay.gaze.warp import Placed, warp

Make = Callable[[Frame, list[Turn]], list[Field]]
ROOT = Path(__file__).parents[2]
TURNS = [[(8, -12), (8, 0), (8, 12)], [(0, -12), (0, 0), (0, 12)], [(-8, -12), (-8, 0), (-8, 12)]]  # pitch, yaw
SHOWN = [(0, 0), (10, 0), (0, -12), (0, 12)]
ABOUT = (1.0, 0.75, 0.8)  # eye widths kept beside, above and below the eyes


def main() -> None:
    """Write both pictures."""
    settings = Check.read([], "pictures")
    frame = to_frame(data.astronaut())  # Eileen Collins; NASA, public domain
    landmarker = Landmarker(settings.model)
    eyes = landmarker(frame).faces[0].eyes
    landmarker.close()
    network = Network(settings.weights)

    def learned(frame: Frame, turns: list[Turn]) -> list[Field]:
        return run(network, frame, turns)

    rows = [np.hstack([_enlarged(_crop(_turn(frame, eyes, learned, *aim), eyes), 4) for aim in row]) for row in TURNS]
    _save(ROOT / "docs/pictures/turns.jpg", np.vstack(rows))
    makers: list[Make] = [compute, learned]
    lines = []
    for make in makers:
        crops = [_crop(_turn(frame, eyes, make, *aim), eyes) for aim in SHOWN]
        lines.append(np.hstack([_framed(crop) for crop in crops]))
    _save(ROOT / "models/pictures/face.jpg", np.vstack(lines))


def _turn(frame: Frame, eyes: tuple[Eye, Eye], make: Make, pitch: float, yaw: float) -> Frame:
    """Both eyes turned by these angles, as the relay does it."""
    patches = [Patch.of(eye) for eye in eyes]
    turns = [Turn(eye, patch, patch.aim(Angles(pitch, yaw))) for eye, patch in zip(eyes, patches, strict=True)]
    return warp(frame, [Placed(one.patch, field) for one, field in zip(turns, make(frame, turns), strict=True)])


def _framed(crop: Picture) -> Picture:
    """3:1, with the picture at 1:1 in its corner."""
    large = _enlarged(crop, 3)
    large[-crop.shape[0] :, : crop.shape[1]] = crop
    return large


def _crop(frame: Frame, eyes: tuple[Eye, Eye]) -> Picture:
    corners = np.concatenate([eye.corners for eye in eyes])
    width = float(np.mean([eye.width for eye in eyes]))
    beside, above, below = (int(share * width) for share in ABOUT)
    left, right = int(corners[:, 0].min()) - beside // 2, int(corners[:, 0].max()) + beside // 2
    top, bottom = int(corners[:, 1].mean()) - above, int(corners[:, 1].mean()) + below
    return to_rgb(frame)[top:bottom, left:right]


def _enlarged(picture: Picture, times: int) -> Picture:
    return np.asarray(cv2.resize(picture, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _save(path: Path, picture: Picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
