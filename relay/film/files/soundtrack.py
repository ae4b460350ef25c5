"""Streams beside the pictures, sound above all: copied packet by packet, or coded anew where they have to be.

Knows nothing of pictures.
"""

import io
from contextlib import suppress
from typing import Final, Protocol, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.subtitles.stream import SubtitleStream

from relay.film.files.kind import Kind
from relay.film.files.span import Packet

RATE: Final = 48000  # samples a second; every decoder of AAC and of Opus (RFC 6716, 2) knows it
BITS_A_CHANNEL: Final = 96_000  # a second; nobody hears the difference


class Track(Protocol):
    """A stream of the file that is written."""

    def write(self, packet: Packet) -> None:
        """Take the next packet of the stream that is read."""

    def finish(self) -> None:
        """Write what is left."""


class Copy:
    """Packets as they are."""

    def __init__(self, container: OutputContainer, read: AudioStream | SubtitleStream) -> None:
        self._container = container
        self._stream = container.add_stream_from_template(read)
        _describe(self._stream, read)
        self._latest: int | None = None

    def write(self, packet: Packet) -> None:
        """Take the next packet of the stream that is read."""
        dts = packet.pts if packet.dts is None else packet.dts
        if dts is None or (self._latest is not None and dts <= self._latest):
            return  # a step back, as in a recording that was interrupted: no container takes it
        self._latest = packet.dts = dts
        packet.stream = self._stream
        self._container.mux(packet)

    def finish(self) -> None:
        """Nothing is left."""


class Transcoder:
    """Sound that is decoded and coded anew."""

    def __init__(self, container: OutputContainer, read: AudioStream, codec: str) -> None:
        self._container, self._read = container, read
        self._stream = cast("AudioStream", container.add_stream(codec, RATE))
        self._stream.codec_context.layout = read.layout
        self._stream.codec_context.bit_rate = BITS_A_CHANNEL * read.channels
        _describe(self._stream, read)

    def write(self, packet: Packet) -> None:
        """Take the next packet of the stream that is read."""
        try:
            frames = self._read.decode(packet)
        except FFmpegError:
            return  # a gap as long as the packet: a decoder that begins in mid-stream may need one to find its feet
        for frame in frames:
            self._encode(frame)

    def finish(self) -> None:
        """Write what the decoder and the encoder still hold."""
        for frame in self._read.decode(None):
            self._encode(frame)
        self._encode(None)

    def _encode(self, frame: AudioFrame | None) -> None:
        self._container.mux(self._stream.encode(frame))


def can_hold(kind: Kind, read: AudioStream | SubtitleStream) -> bool:
    """Whether FFmpeg would put this stream into such a container: it is asked to begin one in memory."""
    trial = av.open(io.BytesIO(), "w", format=kind.container)
    try:
        trial.add_stream_from_template(read)
        trial.start_encoding()
    except (FFmpegError, ValueError):
        return False
    finally:
        with suppress(FFmpegError):
            trial.close()
    return True


def _describe(written: AudioStream | SubtitleStream, read: AudioStream | SubtitleStream) -> None:
    """Language, title and role; what a container writes of itself (times, sizes, its maker) is not copied."""
    written.metadata.update({key: read.metadata[key] for key in ("language", "title") if key in read.metadata})
    written.disposition = read.disposition
