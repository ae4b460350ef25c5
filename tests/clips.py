"""Clips of real faces, made from portraits: moved, tilted, scaled, dimmed, blinking.

A clip is a pure function of its recipe, and knows where the eyes are. Files are made once and kept under
.cache/clips. Knows nothing of the relay but its Frame.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import cos, pi, sin
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np

from relay.frame import Frame, Rotation
from tests.portraits import EYES, Person, Picture, Real, enlarge, eye_width, shut
from tests.stamp import draw_number

FOLDER = Path(__file__).parents[1] / ".cache" / "clips"
LID_FALLS, LID_RESTS, LID_RISES = 0.1, 0.05, 0.15  # seconds of a blink


@dataclass(frozen=True)
class Seen:
    """An eye in a frame: middle between the corners and distance of the corners, pixels."""

    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Clip:
    """The recipe of a clip. Movements come back to where they began, so it loops without a jump.

    people stand side by side. eye_width, sway: pixels. tilt: degrees to each side. zoom, dim: how much larger,
    how much darker at the most (0..1). blinks: seconds at which the lids reach the bottom. noise: standard
    deviation, of 255, of a grain that is new in every frame. numbered: each frame carries its number (stamp.py).
    """

    people: tuple[Person, ...] = ("astronaut",)
    width: int = 640
    height: int = 480
    rate: int = 30
    seconds: float = 4.0
    eye_width: float = 48.0
    sway: float = 24.0
    tilt: float = 6.0
    zoom: float = 0.06
    dim: float = 0.0
    blinks: tuple[float, ...] = ()
    noise: float = 0.0
    numbered: bool = False

    def __len__(self) -> int:
        return round(self.seconds * self.rate)

    @property
    def name(self) -> str:
        """A file name that changes with the recipe and with the code that renders it."""
        recipe = repr(self).encode() + b"".join((Path(__file__).parent / f).read_bytes() for f in _SOURCES)
        return f"{'-'.join(self.people)}-{self.width}x{self.height}-{hashlib.sha256(recipe).hexdigest()[:12]}"

    def frame(self, number: int) -> Picture:
        """The frame of that number, 0..len-1."""
        picture = np.hstack([self._column(place, number) for place in range(len(self.people))])
        light = 1 - self.dim * (1 - cos(2 * pi * number / len(self))) / 2
        if light < 1 or self.noise:
            grain = np.random.default_rng(number).normal(0, self.noise, picture.shape) if self.noise else 0
            picture = np.clip(picture * light + grain, 0, 255).astype(np.uint8)
        if self.numbered:
            draw_number(picture, number)
        return picture

    def frames(self) -> Iterator[Picture]:
        """All frames in order."""
        return (self.frame(number) for number in range(len(self)))

    def eyes(self, number: int) -> list[tuple[Seen, Seen]]:
        """Where each person's right and left eye are in that frame; people from left to right of the picture."""
        return [self._seen(place, number) for place in range(len(self.people))]

    def closed(self, number: int) -> float:
        """How far the lids are down in that frame: 0 open, 1 shut."""
        return max((_lid(number / self.rate - blink) for blink in self.blinks), default=0.0)

    def _seen(self, place: int, number: int) -> tuple[Seen, Seen]:
        matrix, (left_edge, _) = self._matrix(place, number), self._edges(place)
        scale = float(np.hypot(*matrix[:, 0]))
        right, left = EYES[self.people[place]]
        (right_x, right_y), (left_x, left_y) = (matrix @ [*lids.centre, 1] for lids in (right, left))
        return (
            Seen(right_x + left_edge, right_y, scale * right.width),
            Seen(left_x + left_edge, left_y, scale * left.width),
        )

    def _edges(self, place: int) -> tuple[int, int]:
        """Left and right edge of a person's share of the picture."""
        return self.width * place // len(self.people), self.width * (place + 1) // len(self.people)

    def _column(self, place: int, number: int) -> Picture:
        """One person's share of the picture."""
        person, (left, right) = self.people[place], self._edges(place)
        picture, factor = enlarge(person, self.eye_width)
        if (closed := self.closed(number)) > 0:
            right_eye, left_eye = EYES[person]
            picture = shut(picture, (right_eye.enlarged(factor), left_eye.enlarged(factor)), closed)
        matrix = self._matrix(place, number) @ np.diag([1 / factor, 1 / factor, 1])
        size = right - left, self.height
        column = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        return cast("Picture", column)

    def _matrix(self, place: int, number: int) -> Real:
        """(2, 3): from the portrait's pixels to those of this person's share."""
        phase = 2 * pi * (number / len(self) + place / 3)  # neighbours do not move in step
        person, (left, right) = self.people[place], self._edges(place)
        centre = np.mean([lids.centre for lids in EYES[person]], axis=0)
        scale = self.eye_width / eye_width(person) * (1 + self.zoom * (1 - cos(phase)) / 2)
        target = (right - left) / 2 + self.sway * sin(phase), self.height * 0.45 + self.sway / 2 * sin(2 * phase)
        matrix = cv2.getRotationMatrix2D(tuple(centre), self.tilt * sin(2 * phase), scale)
        matrix[:, 2] += target - centre
        return cast("Real", matrix)


_SOURCES = ("clips.py", "portraits.py", "stamp.py")


def to_frame(picture: Picture, time: float = 0.0, rotation: Rotation = 0) -> Frame:
    """The picture as the relay sees it, any size: planes of a decoded yuv420p frame."""
    decoded = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
    y, u, v = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in decoded.planes
    )
    return Frame(y, u, v, time=time, rotation=rotation)


def write_mp4(clip: Clip, *, tone: bool = False, folder: Path = FOLDER) -> Path:
    """The clip as H.264 in an .mp4, with a 440 Hz tone (AAC, 48 kHz) if wanted; made once."""
    path = folder / f"{clip.name}{'-tone' if tone else ''}.mp4"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}.part.mp4")
        with av.open(unfinished, "w") as container:
            video = container.add_stream("libx264", rate=clip.rate, options={"crf": "16", "preset": "veryfast"})
            video.width, video.height, video.pix_fmt = clip.width, clip.height, "yuv420p"
            sound = container.add_stream("aac", rate=48000) if tone else None
            for picture in clip.frames():
                container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(video.encode(None))
            if sound is not None:
                for samples in [*_tone(clip.seconds), None]:
                    container.mux(sound.encode(samples))
        unfinished.replace(path)
    return path


def write_mjpeg(clip: Clip, *, folder: Path = FOLDER) -> Path:
    """The clip as Chromium's fake camera takes it (--use-file-for-fake-video-capture, 30 fps, loops); made once."""
    path = folder / f"{clip.name}.mjpeg"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        with unfinished.open("wb") as file:
            for picture in clip.frames():
                _, jpeg = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
                file.write(jpeg.tobytes())
        unfinished.replace(path)
    return path


def write_y4m(clip: Clip, *, folder: Path = FOLDER) -> Path:
    """The same in a format that also contains the frame rate; large, so only for small and short clips."""
    path = folder / f"{clip.name}.y4m"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        with unfinished.open("wb") as file:
            file.write(f"YUV4MPEG2 W{clip.width} H{clip.height} F{clip.rate}:1 Ip A1:1 C420jpeg\n".encode())
            for picture in clip.frames():
                file.write(b"FRAME\n" + cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420).tobytes())
        unfinished.replace(path)
    return path


def _lid(since: float) -> float:
    """How far the lids are down, `since` seconds after they reached the bottom: fast down, slower up."""
    if since < 0:
        return max(0.0, 1 + since / LID_FALLS)
    return float(np.clip(1 - (since - LID_RESTS) / LID_RISES, 0, 1))


def _tone(seconds: float) -> Iterator[av.AudioFrame]:
    count, step = int(seconds * 48000), 1024
    wave = (8000 * np.sin(2 * pi * 440 * np.arange(count) / 48000)).astype(np.int16)
    for start in range(0, count, step):
        samples = av.AudioFrame.from_ndarray(wave[None, start : start + step], format="s16", layout="mono")
        samples.sample_rate, samples.pts, samples.time_base = 48000, start, Fraction(1, 48000)
        yield samples
