"""Tiny video files of any format, whose frames can be told apart. Knows nothing of faces."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import pi
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from relay.film.files.span import item_time

TICK = Fraction(1, 90000)


@dataclass(frozen=True)
class Film:
    """The recipe of a file.

    times: timestamps, in units of tick [s]; the last frame lasts `last` ticks, the others until the next one. pixels:
    pixel format. turn: display rotation, degrees counter-clockwise. colours: FFmpeg's numbers for range, primaries,
    transfer, matrix. aspect: of a pixel. sound: an audio encoder, "" for none. tags: metadata.
    """

    codec: str = "libx264"
    size: tuple[int, int] = (64, 48)
    times: Sequence[int] = tuple(range(0, 20 * 3000, 3000))
    tick: Fraction = TICK
    last: int = 3000
    pixels: str = "yuv420p"
    turn: int = 0
    mirrored: bool = False
    colours: tuple[int, int, int, int] = (0, 2, 2, 2)
    aspect: Fraction = Fraction(1)
    sound: str = ""
    sound_rate: int = 48000
    options: tuple[tuple[str, str], ...] = (("crf", "8"),)
    interlaced: bool = False
    tags: tuple[tuple[str, str], ...] = ()

    def write(self, path: Path) -> Path:
        """Write the file; its suffix selects the container."""
        with av.open(path, "w") as container:
            container.metadata.update(dict(self.tags))
            video, sound = self._add_video(container), self._add_audio(container)
            for number in range(len(self.times)):
                container.mux(video.encode(self.picture(number)))
            container.mux(video.encode(None))
            if sound:
                for samples in [*self._tone(), None]:
                    container.mux(sound.encode(samples))
        return path

    def picture(self, number: int) -> av.VideoFrame:
        """Brighter with every number, brighter towards the right, red below."""
        width, height = self.size
        luma = np.broadcast_to(40 + 6 * (number % 24) + np.linspace(0, 60, width), (height, width))
        red = np.zeros((height, width))
        red[height // 2 :] = 40
        rgb = np.stack([luma + red, luma, luma], 2).clip(0, 255).astype(np.uint8)
        picture = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=self.pixels)
        ends = [*self.times[1:], self.times[-1] + self.last]
        picture.pts, picture.time_base = self.times[number], self.tick
        picture.duration = ends[number] - self.times[number]
        picture.color_range, picture.color_primaries, picture.color_trc, picture.colorspace = self.colours
        return picture

    def _add_video(self, container: OutputContainer) -> VideoStream:
        rate = round(1 / (self.tick * (self.times[1] - self.times[0]))) if len(self.times) > 1 else 30
        video = cast("VideoStream", container.add_stream(self.codec, rate, dict(self.options)))
        context = video.codec_context
        context.width, context.height = self.size
        context.pix_fmt, context.time_base = self.pixels, self.tick
        context.sample_aspect_ratio = self.aspect
        context.color_range, context.color_primaries, context.color_trc, context.colorspace = self.colours
        context.flags |= Flags.frame_duration
        if self.interlaced:
            context.flags |= Flags.interlaced_dct | Flags.interlaced_me
            context.options["x264-params"] = "tff=1"
        if self.turn or self.mirrored:
            video.set_display_rotation(self.turn, hflip=self.mirrored)
        return video

    def _add_audio(self, container: OutputContainer) -> AudioStream | None:
        return cast("AudioStream", container.add_stream(self.sound, self.sound_rate)) if self.sound else None

    def _tone(self) -> list[av.AudioFrame]:
        """As long as the video; louder and higher with time, so that shifts can be detected."""
        rate, step = self.sound_rate, 1024
        seconds = float((self.times[-1] + self.last) * self.tick)
        times = np.arange(round(seconds * rate)) / rate
        wave = (30000 * times / seconds * np.sin(2 * pi * (300 + 400 * times) * times)).astype(np.int16)
        frames = []
        for start in range(0, len(wave), step):
            samples = av.AudioFrame.from_ndarray(wave[None, start : start + step], format="s16", layout="mono")
            samples.sample_rate, samples.pts, samples.time_base = rate, start, Fraction(1, rate)
            frames.append(samples)
        return frames


def pictures(path: Path) -> list[av.VideoFrame]:
    """All frames of the first video stream."""
    with av.open(path) as container:
        return list(container.decode(video=0))


def seconds(path: Path) -> list[Fraction]:
    """The presentation time of each frame, seconds."""
    return [item_time(picture) for picture in pictures(path)]


def planes(picture: av.VideoFrame) -> list[NDArray[np.uint8]]:
    """Luma and chroma planes, (height, width) each."""
    views = []
    for plane in picture.planes:
        lines: NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        views.append(lines[: plane.height, : plane.width])
    return views


def luma(picture: av.VideoFrame) -> NDArray[np.uint8]:
    """The luma plane, (height, width)."""
    return planes(picture)[0]


def sound_packets(path: Path) -> list[bytes]:
    """The encoded packets of the first audio stream."""
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def samples(path: Path) -> NDArray[np.float32]:
    """The decoded samples of the first audio stream, mono at 48 kHz, from time 0."""
    resampler = av.AudioResampler("flt", "mono", 48000)
    with av.open(path) as container:
        frames = [frame for decoded in container.decode(audio=0) for frame in resampler.resample(decoded)]
        start = frames[0].time or 0.0
    sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return np.concatenate([np.zeros(max(0, round(start * 48000)), np.float32), sound[max(0, round(-start * 48000)) :]])
