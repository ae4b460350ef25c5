"""The frames of a span of a video file in one format: 8-bit 4:2:0, one size, timestamps from zero.

Knows nothing of what happens to the frames, nor of where they are written.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from relay.errors import MediaError
from relay.film.files.orientation import Orientation
from relay.film.files.recording import Recording
from relay.film.files.span import Item, Span, item_time
from relay.media.frame import PLANAR

PREROLL: Final = Fraction(1)  # seconds to seek before the start: audio may be stored that far ahead of its frame


@dataclass(frozen=True)
class Format:
    """What all frames have in common.

    size: (width, height), stored pixels. time_base: seconds in one tick of a timestamp. rate: frames per
    second, on average. pixel_aspect: width of a pixel over its height. colours: FFmpeg's numbers for range,
    primaries, transfer and matrix. field_order: FFmpeg's number where the frames are interlaced, else 0.
    """

    size: tuple[int, int]
    time_base: Fraction
    rate: Fraction
    pixel_aspect: Fraction
    colours: tuple[int, int, int, int]
    orientation: Orientation
    field_order: int


class Source:
    """Reads a span of a file once. Use as a context manager.

    recording: the open file. format: of the frames that are read.
    """

    def __init__(self, path: Path, span: Span) -> None:
        """Open the file and find its first frame. Raises MediaError."""
        self._span = span
        self.recording, self._items, first = _at_span(path, span)
        planar = _planar(first, (first.width, first.height))
        self.format = _format(self.recording, first, planar)
        self._losses = _losses(first)

    @property
    def expected_frames(self) -> int | None:
        """Approximate number of frames; None where the file declares no duration."""
        if self.recording.duration is None:
            return None
        end = min(self.recording.duration, self._span.end or self.recording.duration)
        return max(0, round((end - self._span.start) * self.format.rate))

    @property
    def notes(self) -> list[str]:
        """What is lost in the conversion, and, once the file has been read, its defects."""
        notes = list(self._losses)
        if damaged := self.recording.damaged:
            notes.append(f"{damaged} frames are damaged in the source and were concealed by FFmpeg")
        if self._span.end is None and self.recording.is_cut_off:
            notes.append(
                f"the source ends at {float(self.recording.position):.1f} s, before its declared end: it is truncated"
            )
        return notes

    def read(self) -> Iterator[Item]:
        """The frames and packets of the span, shifted so that it begins at time 0. Raises MediaError.

        A frame of another size than the first is scaled to the first one's size.
        """
        recording = self.recording
        for item in self._span.cut(self._items, recording.begin, [s.index for s in recording.audio]):
            yield _planar(item, self.format.size) if isinstance(item, av.VideoFrame) else item

    def close(self) -> None:
        """Close the file."""
        self.recording.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _at_span(path: Path, span: Span) -> tuple[Recording, Iterator[Item], av.VideoFrame]:
    """The file, positioned at the span's start or shortly before, its items, and the first frame among them."""
    if span.start > PREROLL:
        recording = Recording(path, span.end)
        with suppress(MediaError):
            recording.seek(span.start - PREROLL)
            items, first = _peek(path, recording)
            # Not every file can seek exactly; such a file is read from its beginning.
            if item_time(first) - recording.begin <= span.start:
                return recording, items, first
        recording.close()
    recording = Recording(path, span.end)
    try:
        return recording, *_peek(path, recording)
    except BaseException:
        recording.close()
        raise


def _peek(path: Path, recording: Recording) -> tuple[Iterator[Item], av.VideoFrame]:
    """All items, and the first frame among them."""
    items = recording.items()
    read: list[Item] = []
    for item in items:
        read.append(item)
        if isinstance(item, av.VideoFrame):
            return chain(read, items), item
    raise MediaError(f"{path} has a video stream, but no frame of it can be decoded")


def _planar(frame: av.VideoFrame, size: tuple[int, int]) -> av.VideoFrame:
    """The frame as 8-bit planar 4:2:0 of that size; the same object where it already is."""
    if frame.format.name in PLANAR and (frame.width, frame.height) == size:
        return frame
    bicubic = Interpolation.BICUBIC
    if frame.format.is_rgb or frame.format.has_palette:
        bt709, limited = Colorspace.ITU709, ColorRange.MPEG
        return frame.reformat(*size, "yuv420p", None, bt709, bicubic, dst_color_range=limited)
    return frame.reformat(*size, "yuv420p", interpolation=bicubic)


def _format(recording: Recording, first: av.VideoFrame, planar: av.VideoFrame) -> Format:
    return Format(
        size=(first.width, first.height),
        time_base=recording.time_base,
        rate=recording.rate,
        pixel_aspect=recording.video.sample_aspect_ratio or Fraction(1),
        colours=(planar.color_range, planar.color_primaries, planar.color_trc, planar.colorspace),
        orientation=Orientation.of(first),
        field_order=recording.video.codec_context.field_order if first.interlaced_frame else 0,
    )


def _losses(stored: av.VideoFrame) -> list[str]:
    """What 8-bit 4:2:0 cannot represent of this frame, as messages for the user."""
    bits = max((component.bits for component in stored.format.components), default=8)
    losses = []
    if bits > 8:
        losses.append(f"the source has {bits} bits per colour, the result has 8")
    if any(component.is_alpha for component in stored.format.components):
        losses.append("the source is partly transparent, the result is not")
    return losses
