"""An open video file: its streams, and their frames and packets in file order.

Knows nothing of what happens to the frames. Reads local files only, whatever a playlist refers to.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

import av
from av.container import InputContainer
from av.container.core import Flags
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from relay.errors import MediaError
from relay.film.files.span import Item, Packet, item_time

NOT_VIDEO: Final = {"tty", "image2"}  # FFmpeg would read a text or a photograph as video
MAX_STEP_BACK: Final = Fraction(1)  # seconds by which a timestamp may go back and still be repaired
MAX_SHORTFALL: Final = Fraction(1)  # seconds by which a file may be shorter than declared; beyond it, it is truncated


class Recording:
    """Reads frames of the best video stream and packets of the others. Read it once, then close it.

    video: the stream that is decoded. audio, subtitles: streams whose packets are passed on unchanged. begin:
    timestamp at which the recording begins, seconds. rate: frames per second, on average. duration: seconds, as
    declared by the file, or None. position: of the newest frame, seconds since begin. damaged: frames that the
    decoder had to conceal.
    """

    def __init__(self, path: Path, until: Fraction | None = None) -> None:
        """Open the file. Decoding stops after the first frame at or after until [s since begin].

        Raises MediaError where it is not a video file, or has no video stream that can be decoded.
        """
        self._path, self._until = path, until
        self._container = _open(path)
        try:
            self.video = _best(path, self._container)
        except MediaError:
            self.close()
            raise
        self.video.thread_type = "AUTO"
        # Timestamps that FFmpeg generates for packets are in the wrong order where the file has B-frames (AVI).
        self._container.flags &= ~cast("int", Flags.gen_pts.value)
        self.audio = tuple(s for s in self._container.streams.audio if s.codec_context)
        self.subtitles = tuple(s for s in self._container.streams.subtitles if s.codec_context)
        self.begin = _begin((self.video, *self.audio))
        self.rate = self.video.average_rate or self.video.guessed_rate or Fraction(30)
        self.metadata = self._container.metadata
        self.position, self.damaged = Fraction(0), 0
        self._latest: int | None = None
        self._audio_position = Fraction(0)

    @property
    def time_base(self) -> Fraction:
        """Seconds in one tick of a frame's timestamp."""
        return self.video.time_base or 1 / self.rate

    @property
    def duration(self) -> Fraction | None:
        """Seconds, as declared by the file."""
        microseconds = self._container.duration
        return None if microseconds is None else Fraction(microseconds, 1_000_000)

    @property
    def is_cut_off(self) -> bool:
        """Whether the file, once read, was shorter than its container's index or header declares."""
        declared = self.duration if {"mov", "matroska"} & set(self._container.format.name.split(",")) else None
        return declared is not None and declared - max(self.position, self._audio_position) > MAX_SHORTFALL

    def seek(self, time: Fraction) -> None:
        """Continue at a key frame before this time [s since begin], where the file can seek. Raises MediaError."""
        with self._reading():
            self._container.seek(int((self.begin + time) / self.time_base), stream=self.video)

    def items(self) -> Iterator[Item]:
        """Frames in presentation order, interleaved with the packets of the other streams.

        Every frame has a duration and a timestamp later than the previous one's. Raises MediaError at damage
        that cannot be concealed. What comes before the first key frame is skipped.
        """
        with self._reading():
            for packet in self._container.demux(self.video, *self.audio, *self.subtitles):
                # The empty packets at the end all have stream_index 0; only `stream` distinguishes them.
                if packet.stream is self.video:
                    yield from self._decode(packet)
                elif packet.dts is not None or packet.pts is not None:
                    self._audio_position = max(self._audio_position, item_time(packet) - self.begin)
                    yield packet

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _decode(self, packet: Packet) -> Iterator[av.VideoFrame]:
        """The frames that this packet completes."""
        if self._until is not None and self.position >= self._until:
            return
        if packet.is_corrupt and self._container.format.name != "mpegts":
            raise self._damage("it ends in the middle of a frame")
        try:
            frames = self.video.decode(packet)
        except FFmpegError:
            if self._latest is None:
                return
            raise
        for frame in frames:
            self._repair_timestamp(frame)
            self.damaged += frame.is_corrupt
            self.position = item_time(frame) - self.begin
            yield frame

    def _repair_timestamp(self, frame: av.VideoFrame) -> None:
        """Repair missing, equal and slightly disordered timestamps: encoders refuse them."""
        usual = max(1, round(1 / self.rate / self.time_base))
        expected = 0 if self._latest is None else self._latest + usual
        # Where only decoding times are stored, they are attached to the frames due at that time.
        found = next((stamp for stamp in (frame.pts, frame.dts) if stamp is not None), expected)
        if self._latest is not None:
            if (self._latest - found) * self.time_base > MAX_STEP_BACK:
                raise self._damage("its timestamps jump back")
            found = max(found, self._latest + 1)
        self._latest = frame.pts = found
        frame.time_base = self.time_base
        frame.duration = frame.duration or usual

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except FFmpegError as error:
            raise self._damage(error.strerror or "FFmpeg cannot continue reading") from error

    def _damage(self, reason: str) -> MediaError:
        """An error with the reason, the position and how to keep the rest."""
        second = int(10 * self.position) / 10
        return MediaError(
            f"{self._path} is damaged at {second} s ({reason}): repair it, for example with "
            f"`ffmpeg -i IN -c copy OUT`, or keep the part before it with --end {second}"
        )


def _open(path: Path) -> InputContainer:
    if not path.exists():
        raise MediaError(f"{path} does not exist: check the name and the folder")
    if path.is_dir():
        raise MediaError(f"{path} is a folder: name a video file in it")
    try:
        # An absolute path, so that no name is taken for a protocol ("a:b.mp4"); metadata in any encoding.
        options = {"protocol_whitelist": "file"}
        container = av.open(str(path.absolute()), options=options, metadata_errors="replace")
    except PermissionError as error:
        raise MediaError(f"{path} cannot be read: permission denied") from error
    except (FFmpegError, OSError) as error:
        raise MediaError(f"{path} is not a video file that FFmpeg can read, or it is incomplete") from error
    if container.format.name in NOT_VIDEO or container.format.name.endswith("_pipe"):
        container.close()
        raise MediaError(f"{path} is not a video file")
    return container


def _best(path: Path, container: InputContainer) -> VideoStream:
    """The stream that a player would show: the default one, else the largest; never a cover picture."""
    videos = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not videos:
        raise MediaError(f"{path} has no video stream" + (", only a cover picture" * bool(container.streams.video)))
    decodable = [s for s in videos if s.codec_context]
    if not decodable:
        raise MediaError(f"{path} has a codec that this FFmpeg cannot decode")
    return max(decodable, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height))


def _begin(streams: tuple[av.stream.Stream, ...]) -> Fraction:
    """Timestamp at which the first stream begins, seconds.

    A negative one is the pre-skip that an audio decoder needs (RFC 7845, 4.2), before the recording begins.
    """
    starts = [s.start_time * s.time_base for s in streams if s.start_time is not None and s.time_base]
    return max(Fraction(0), min(starts, default=Fraction(0)))
