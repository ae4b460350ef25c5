"""A video file being written: frames are encoded, other streams are copied where possible.

Knows nothing of where the frames come from, nor of what was done to them.
"""

from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from types import TracebackType
from typing import Final, Self, cast

import av
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.error import FFmpegError
from av.subtitles.stream import SubtitleStream
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream

from relay.film.files.draft import Draft, writing
from relay.film.files.kind import encoder_for, kind_of
from relay.film.files.orientation import UPRIGHT
from relay.film.files.soundtrack import Copy, Track, Transcoder, can_hold
from relay.film.files.source import Format
from relay.film.files.span import Packet

# Metadata that describes the container itself, and so is not copied.
CONTAINER_TAGS: Final = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration"}


class Target:
    """Writes one file. Use as a context manager: the draft is committed only where no exception occurred.

    notes: which streams were re-encoded or dropped, as messages for the user.
    """

    def __init__(
        self,
        draft: Draft,
        format_: Format,
        others: Sequence[AudioStream | SubtitleStream],
        metadata: dict[str, str],
    ) -> None:
        """Begin the file. others: the streams whose packets will be copied. Raises MediaError."""
        self._draft, self._format = draft, format_
        self._kind = kind_of(draft.target)
        self._encoder = encoder_for(draft.target, format_.size, format_.pixel_aspect)
        self.notes: list[str] = []
        with writing(draft.target):
            options = dict(self._kind.options)
            self._container = av.open(str(draft.path), "w", format=self._kind.container, options=options)
            self._video = self._add_video()
            self._tracks = {stream.index: track for stream in others if (track := self._add_track(stream))}
        self._container.metadata.update({k: v for k, v in metadata.items() if k.lower() not in CONTAINER_TAGS})
        self._end = 0  # of the last frame, ticks
        self._decode_lead: int | None = None  # ticks by which decoding is ahead of presentation

    @property
    def duration(self) -> Fraction:
        """From time 0 to the end of the last frame, seconds."""
        return self._end * self._format.time_base

    def write(self, frame: av.VideoFrame) -> None:
        """Encode the next frame; its timestamp is later than the previous one's. Raises MediaError."""
        self._end = (frame.pts or 0) + frame.duration
        # A decoded frame keeps its picture type, which would force the encoder to use it.
        frame.pict_type = 0
        if self._encoder.pixels == "yuv444p":
            frame = frame.reformat(format="yuv444p", interpolation=Interpolation.POINT)
        with writing(self._draft.target):
            self._mux(self._video.encode(frame))

    def copy(self, packet: Packet) -> None:
        """Write the next packet of one of the other streams. Raises MediaError."""
        if track := self._tracks.get(packet.stream_index):
            with writing(self._draft.target):
                track.write(packet)

    def finish(self) -> None:
        """Complete the file and commit the draft. Raises MediaError."""
        with writing(self._draft.target):
            self._mux(self._video.encode(None), is_last=True)
            for track in self._tracks.values():
                track.finish()
            self._container.close()
        self._draft.commit()

    def discard(self) -> None:
        """Discard what has been written."""
        # Removed first: on close, FFmpeg completes a file and rereads all of it, but not one that is deleted.
        self._draft.discard()
        with suppress(FFmpegError):
            self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        else:
            self.discard()

    def _mux(self, packets: list[Packet], *, is_last: bool = False) -> None:
        if packets and self._decode_lead is None:
            self._decode_lead = (packets[0].pts or 0) - (packets[0].dts or 0)
        if packets and is_last and self._kind.counts_by_decoding:
            # Otherwise a last frame of long duration would be shortened.
            packets[-1].duration = max(0, self._end - (self._decode_lead or 0) - (packets[-1].dts or 0))
        self._container.mux(packets)

    def _add_video(self) -> VideoStream:
        form, encoder = self._format, self._encoder
        stream = cast("VideoStream", self._container.add_stream(encoder.name, form.rate, dict(encoder.options)))
        context = stream.codec_context
        context.width, context.height = form.size
        context.pix_fmt = encoder.pixels
        context.time_base = form.time_base
        context.sample_aspect_ratio = form.pixel_aspect
        context.color_range, context.color_primaries, context.color_trc, context.colorspace = form.colours
        # Frame threading: the encoder works while the next frame is decoded and corrected.
        context.thread_type = "AUTO"
        context.flags |= Flags.frame_duration
        if form.field_order and encoder.name == "libx264":
            context.flags |= Flags.interlaced_dct | Flags.interlaced_me
            context.field_order = form.field_order
        if form.orientation.matrix != UPRIGHT:
            stream.set_display_matrix(form.orientation.matrix)
        return stream

    def _add_track(self, stream: AudioStream | SubtitleStream) -> Track | None:
        """How this stream is written; None where the container cannot hold it."""
        name, container = stream.codec_context.codec.canonical_name, self._container
        if can_hold(self._kind, stream):
            return Copy(container, stream)
        if isinstance(stream, AudioStream):
            self.notes.append(f"audio is re-encoded ({self._kind.audio}): {container.format.name} cannot hold {name}")
            return Transcoder(container, stream, self._kind.audio)
        self.notes.append(f"subtitles are dropped: {container.format.name} cannot hold {name}")
        return None
