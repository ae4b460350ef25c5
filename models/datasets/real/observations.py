"""Extracts eyes from pictures: landmarks, crops, sharpness. Knows nothing of pairs, album files or licences."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np
from platformdirs import user_cache_path

from models.datasets.planes import Picture, to_frame, to_rgb
from models.datasets.real.album import HEIGHT, WIDEST, WIDTH, Sighting
from relay.errors import ModelError
from relay.frame import Frame
from relay.gaze.eye_crop import picture
from relay.gaze.face import Eye, Face
from relay.gaze.geometry import Patch
from relay.gaze.tracking.landmarks import Landmarker

MODEL = user_cache_path("eyeline") / "face_landmarker.task"
LONGEST_SIDE = 1280  # pixels at which faces are detected: larger than live, since small eyes need them
TRACKER_PASSES = 3  # runs on a photograph: the landmark model tracks, and converges
CERTAIN = 0.55  # minimum confidence of a face
UNREADABLE = (OSError, av.FFmpegError, ModelError)  # raised by reading pictures
OPEN, SHUT = 0.17, 0.10  # openness: open from the first, closed up to the second


@dataclass(frozen=True)
class Look:
    """One face at one moment: its right and its left eye, each in its own crop."""

    right: Sighting
    left: Sighting

    @property
    def eyes(self) -> tuple[Sighting, Sighting]:
        """Right and left."""
        return self.right, self.left

    @property
    def openness(self) -> float:
        """The openness of the less open eye."""
        return min(one.eye.openness for one in self.eyes)


def looks_of_video(path: Path, every: int = 1, model: Path = MODEL) -> Iterator[Look]:
    """The faces in every n-th frame of a video. Raises one of UNREADABLE."""
    landmarker = None
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for count, decoded in enumerate(container.decode(stream)):
            if count % every:
                continue
            frame = _frame(decoded)
            landmarker = landmarker or Landmarker(model, longer_side=min(max(frame.size), LONGEST_SIDE))
            yield from (look(frame, face) for face in landmarker(frame).faces if face.confidence >= CERTAIN)
    if landmarker is not None:
        landmarker.close()


def looks_of_photograph(rgb: Picture, model: Path = MODEL) -> list[Look]:
    """The faces in one photograph. Raises ModelError."""
    frame = to_frame(rgb)
    landmarker = Landmarker(model, faces=8, longer_side=min(max(frame.size), LONGEST_SIDE))
    for count in range(TRACKER_PASSES):
        found = landmarker(replace(frame, time=count / 30))
    landmarker.close()
    return [look(frame, face) for face in found.faces if face.confidence >= CERTAIN]


def read_photograph(path: Path) -> Picture:
    """(h, w, 3) RGB, upright. Raises OSError where it is not a picture."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise OSError(f"{path} cannot be read as a picture")
    return np.ascontiguousarray(bgr[..., ::-1], dtype=np.uint8)


def _frame(decoded: av.VideoFrame) -> Frame:
    """The frame, upright. The planes' values are used without range conversion, as in the relay."""
    planar = decoded if decoded.format.name in ("yuv420p", "yuvj420p") else decoded.reformat(format="yuv420p")
    turns = round(decoded.rotation / 90) % 4
    # PyAV's rotation is counter-clockwise, like NumPy's.
    y, u, v = (np.rot90(plane, turns) for plane in _planes(planar))
    return Frame(y, u, v, float(decoded.time or 0))


def _planes(planar: av.VideoFrame) -> Iterator[Picture]:
    for plane in planar.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        yield rows[: plane.height, : plane.width].copy()


def look(frame: Frame, face: Face) -> Look:
    """Both eyes of this face, cropped from its frame."""
    return Look(*(_sighting(frame, face, eye) for eye in face.eyes))


def _sighting(frame: Frame, face: Face, eye: Eye) -> Sighting:
    crop, moved = crop_eye(frame, eye)
    return Sighting(crop, moved, eye.width, face.gaze, face.head, sharpness(crop, moved), face.number, frame.time)


def crop_eye(frame: Frame, eye: Eye) -> tuple[Picture, Eye]:
    """The eye's crop as stored in an album, and the eye in the crop's pixels."""
    shrink = max(1.0, eye.width / WIDEST)
    # Even coordinates keep the chroma samples aligned: the crop converts back to the frame's own planes.
    half = np.array([WIDTH, HEIGHT]) * shrink / 2
    left, top = (2 * round(float(edge) / 2) for edge in eye.corners.mean(0) - half)
    width, height = (2 * round(float(side)) for side in half)
    piece = _piece(frame, left, top, width, height)
    if shrink > 1:
        piece = cv2.resize(piece, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.uint8)
    scale = np.array([WIDTH / width, HEIGHT / height], dtype=np.float32)
    corners, upper, lower, iris = (
        ((points - (left, top)) * scale).astype(np.float32) for points in (eye.corners, eye.upper, eye.lower, eye.iris)
    )
    moved = replace(eye, corners=corners, upper=upper, lower=lower, iris=iris)
    return piece, replace(moved, iris_radius=eye.iris_radius * float(scale.mean()))


def _piece(frame: Frame, left: int, top: int, width: int, height: int) -> Picture:
    """A rectangle of the frame (all numbers even) as RGB. Outside the frame its border is repeated."""
    rows, columns = np.arange(top, top + height), np.arange(left, left + width)
    y = frame.y[np.ix_(rows.clip(0, frame.height - 1), columns.clip(0, frame.width - 1))]
    rows, columns = rows[::2] // 2, columns[::2] // 2
    u, v = (
        plane[np.ix_(rows.clip(0, plane.shape[0] - 1), columns.clip(0, plane.shape[1] - 1))]
        for plane in (frame.u, frame.v)
    )
    return to_rgb(Frame(y, u, v, frame.time))


def sharpness(crop: Picture, eye: Eye) -> float:
    """Power of the Laplacian over the variance of the luma, in the eye's patch."""
    luma = picture(to_frame(crop), Patch.of(eye))[0]
    inner = cv2.Laplacian(luma, cv2.CV_32F)[4:-4, 4:-4]
    return float(np.mean(inner**2) / max(float(luma.var()), 1e-6))
