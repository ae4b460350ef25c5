"""An open video file: its streams, and what comes out of them in the order in which they lie in it.

Knows nothing of what happens to the pictures. Reads local files only, whatever a playlist names.
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

NOT_FILMS: Final = {"tty", "image2"}  # FFmpeg would play a text or a photograph as a film
BACKWARDS: Final = Fraction(1)  # seconds by which a time stamp may go back and still be mended
MISSING: Final = Fraction(1)  # seconds that a file may be shorter than it says before it counts as cut off


class Recording:
    """Reads pictures of the best video stream and packets of the others. Read it once, then close it.

    video: the stream that is decoded. sound, subtitles: streams whose packets come as they are. begin: time
    stamp at which the recording begins, seconds. rate: pictures a second, on average. duration: seconds, as
    the file says, or None. position: of the newest picture, seconds since begin. damaged: pictures that the
    decoder had to patch.
    """

    def __init__(self, path: Path, until: Fraction | None = None) -> None:
        """Open the file; no picture is decoded once one at until [s since begin] has come.

        Raises MediaError where it is no video file, or has no video stream that can be decoded.
        """
        self._path, self._until = path, until
        self._container = _open(path)
        try:
            self.video = _best(path, self._container)
        except MediaError:
            self.close()
            raise
        self.video.thread_type = "AUTO"
        # Time stamps that FFmpeg makes up for packets come in the wrong order where the file has B-frames (AVI).
        self._container.flags &= ~cast("int", Flags.gen_pts.value)
        self.sound = tuple(s for s in self._container.streams.audio if s.codec_context)
        self.subtitles = tuple(s for s in self._container.streams.subtitles if s.codec_context)
        self.begin = _begin((self.video, *self.sound))
        self.rate = self.video.average_rate or self.video.guessed_rate or Fraction(30)
        self.metadata = self._container.metadata
        self.position, self.damaged = Fraction(0), 0
        self._latest: int | None = None
        self._heard = Fraction(0)

    @property
    def time_base(self) -> Fraction:
        """Seconds in one tick of a picture's time stamp."""
        return self.video.time_base or 1 / self.rate

    @property
    def duration(self) -> Fraction | None:
        """Seconds, as the file says."""
        microseconds = self._container.duration
        return None if microseconds is None else Fraction(microseconds, 1_000_000)

    @property
    def is_cut_off(self) -> bool:
        """Whether, having been read, it was shorter than the index or header of its container promised."""
        promised = self.duration if {"mov", "matroska"} & set(self._container.format.name.split(",")) else None
        return promised is not None and promised - max(self.position, self._heard) > MISSING

    def go_to(self, time: Fraction) -> None:
        """Go on reading at a key frame before this time [s since begin], if the file allows. Raises MediaError."""
        with self._reading():
            self._container.seek(int((self.begin + time) / self.time_base), stream=self.video)

    def items(self) -> Iterator[Item]:
        """Pictures in the order of their time, among the packets of the other streams.

        Every picture has a time stamp, later than the last one's, and a duration. Raises MediaError at damage
        that cannot be patched; what comes before the first key frame is passed over.
        """
        with self._reading():
            for packet in self._container.demux(self.video, *self.sound, *self.subtitles):
                # The empty packets at the end all claim to be of stream 0; only `stream` tells them apart.
                if packet.stream is self.video:
                    yield from self._decode(packet)
                elif packet.dts is not None or packet.pts is not None:
                    self._heard = max(self._heard, item_time(packet) - self.begin)
                    yield packet

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _decode(self, packet: Packet) -> Iterator[av.VideoFrame]:
        """The pictures that this packet completes."""
        if self._until is not None and self.position >= self._until:
            return
        if packet.is_corrupt and self._container.format.name != "mpegts":
            raise self._broken("it ends in the middle of a picture")
        try:
            pictures = self.video.decode(packet)
        except FFmpegError:
            if self._latest is None:
                return
            raise
        for picture in pictures:
            self._stamp(picture)
            self.damaged += picture.is_corrupt
            self.position = item_time(picture) - self.begin
            yield picture

    def _stamp(self, picture: av.VideoFrame) -> None:
        """Mend missing, equal and slightly disordered time stamps; encoders take none of them."""
        usual = max(1, round(1 / self.rate / self.time_base))
        expected = 0 if self._latest is None else self._latest + usual
        # Where only decoding times are stored, they come out with the pictures that are due then.
        found = next((stamp for stamp in (picture.pts, picture.dts) if stamp is not None), expected)
        if self._latest is not None:
            if (self._latest - found) * self.time_base > BACKWARDS:
                raise self._broken("its time stamps jump back")
            found = max(found, self._latest + 1)
        self._latest = picture.pts = found
        picture.time_base = self.time_base
        picture.duration = picture.duration or usual

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except FFmpegError as error:
            raise self._broken(error.strerror or "FFmpeg cannot read on") from error

    def _broken(self, reason: str) -> MediaError:
        """What is wrong, where, and how to keep the rest."""
        second = int(10 * self.position) / 10
        return MediaError(
            f"{self._path} is damaged at {second} s ({reason}): repair it, for example with "
            f"`ffmpeg -i IN -c copy OUT`, or keep what comes before with --end {second}"
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
        raise MediaError(f"{path} is not a video file that FFmpeg can read, or not all of it is there") from error
    if container.format.name in NOT_FILMS or container.format.name.endswith("_pipe"):
        container.close()
        raise MediaError(f"{path} is not a video file")
    return container


def _best(path: Path, container: InputContainer) -> VideoStream:
    """The stream that a player would show: not a cover picture; the default one, else the largest."""
    films = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not films:
        raise MediaError(f"{path} has no video stream" + (", only a cover picture" * bool(container.streams.video)))
    known = [s for s in films if s.codec_context]
    if not known:
        raise MediaError(f"{path} is coded in a way that this FFmpeg cannot decode")
    return max(known, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height))


def _begin(streams: tuple[av.stream.Stream, ...]) -> Fraction:
    """Time stamp of the first stream's beginning, seconds.

    A negative one is the run-up that a sound decoder needs (RFC 7845, 4.2), before the film's beginning.
    """
    starts = [s.start_time * s.time_base for s in streams if s.start_time is not None and s.time_base]
    return max(Fraction(0), min(starts, default=Fraction(0)))
