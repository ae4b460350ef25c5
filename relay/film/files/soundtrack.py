"""Audio and subtitle streams: copied packet by packet, or audio re-encoded where necessary.

Knows nothing of video frames.
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

RATE: Final = 48000  # samples per second; supported by every decoder of AAC and of Opus (RFC 6716, 2)
BITS_PER_CHANNEL: Final = 96_000  # per second; transparent


class Track(Protocol):
    """A stream of the written file."""

    def write(self, packet: Packet) -> None:
        """Process the next packet of the source stream."""

    def finish(self) -> None:
        """Write what is still buffered."""


class Copy:
    """Copies packets unchanged."""

    def __init__(self, container: OutputContainer, read: AudioStream | SubtitleStream) -> None:
        self._container = container
        self._stream = container.add_stream_from_template(read)
        _describe(self._stream, read)
        self._latest: int | None = None

    def write(self, packet: Packet) -> None:
        """Process the next packet of the source stream."""
        dts = packet.pts if packet.dts is None else packet.dts
        if dts is None or (self._latest is not None and dts <= self._latest):
            return  # a step back, as in an interrupted recording: no container accepts it
        self._latest = packet.dts = dts
        packet.stream = self._stream
        self._container.mux(packet)

    def finish(self) -> None:
        """Nothing is buffered."""


class Transcoder:
    """Decodes audio and re-encodes it."""

    def __init__(self, container: OutputContainer, read: AudioStream, codec: str) -> None:
        self._container, self._read = container, read
        self._stream = cast("AudioStream", container.add_stream(codec, RATE))
        self._stream.codec_context.layout = read.layout
        self._stream.codec_context.bit_rate = BITS_PER_CHANNEL * read.channels
        _describe(self._stream, read)

    def write(self, packet: Packet) -> None:
        """Process the next packet of the source stream."""
        try:
            frames = self._read.decode(packet)
        except FFmpegError:
            return  # leaves a gap of one packet: a decoder that starts in mid-stream may fail on the first ones
        for frame in frames:
            self._encode(frame)

    def finish(self) -> None:
        """Flush the decoder and the encoder."""
        for frame in self._read.decode(None):
            self._encode(frame)
        self._encode(None)

    def _encode(self, frame: AudioFrame | None) -> None:
        self._container.mux(self._stream.encode(frame))


def can_hold(kind: Kind, read: AudioStream | SubtitleStream) -> bool:
    """Whether FFmpeg can store this stream in such a container: tested by starting one in memory."""
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
    """Copy language, title and disposition; not what the container writes itself (durations, sizes, muxer)."""
    written.metadata.update({key: read.metadata[key] for key in ("language", "title") if key in read.metadata})
    written.disposition = read.disposition
