"""Converts a decoder's av.VideoFrame to the planes of relay.frame and back. Knows nothing of the planes' processing.

A decoder keeps references to the frames it returned and predicts the next ones from them: nothing here ever
writes into memory that a decoder still holds.
"""

from dataclasses import dataclass
from typing import Final, Self

import av
import numpy as np
from av.video.plane import VideoPlane

from relay.frame import Frame, Plane, Rotation

PLANAR: Final = ("yuv420p", "yuvj420p")  # the second is the first with full range


@dataclass(frozen=True)
class DecodedFrame:
    """A decoded av frame and its planes.

    original: as decoded. planar: the same object, or, where its format is neither yuv420p nor yuvj420p, its
    conversion to yuv420p (done once, here; the original is then sent only where nothing is corrected).
    frame: read-only views of planar's memory without line padding; they keep it alive.
    """

    original: av.VideoFrame
    planar: av.VideoFrame
    frame: Frame

    @classmethod
    def of(cls, decoded: av.VideoFrame, rotation: Rotation = 0, stamp: int = 0) -> Self:
        """Wrap a decoded frame; planar 4:2:0 is not copied. time is 0 where it has no timestamp."""
        planar = decoded if decoded.format.name in PLANAR else decoded.reformat(format="yuv420p")
        y, u, v = (_view(plane) for plane in planar.planes)
        for view in (y, u, v):
            view.flags.writeable = False
        return cls(decoded, planar, Frame(y, u, v, media_time(decoded), rotation, stamp))

    def write(self, frame: Frame) -> av.VideoFrame:
        """The av frame to encode for this one: same timestamp, time base and colour properties.

        The original itself where frame is self.frame, else a new av frame. frame must have the original's size.
        """
        if frame is self.frame:
            return self.original
        written = _in_place(frame, self.planar.format.name) or _copied(frame, self.planar.format.name)
        written.pts = self.original.pts
        if self.original.time_base is not None:
            written.time_base = self.original.time_base
        written.colorspace = self.planar.colorspace
        written.color_range = self.planar.color_range
        written.color_primaries = self.planar.color_primaries
        written.color_trc = self.planar.color_trc
        return written

    def overwrite(self, frame: Frame) -> av.VideoFrame:
        """The av frame to encode for this one: planar itself, with these pixels and all its other properties.

        Only for an exclusive owner of the frame. Keeps interlacing, captions and duration, which cannot be set on a
        new frame. The decoder keeps its own copy where it needs one. self.frame is invalid afterwards.
        """
        if frame is not self.frame:
            self.planar.make_writable()
            for plane, pixels in zip(self.planar.planes, frame.planes, strict=True):
                _view(plane)[:] = pixels
        return self.planar


def _in_place(frame: Frame, pixel_format: str) -> av.VideoFrame | None:
    """An av frame that shares this one's memory, where its planes are contiguous in av's layout; else None."""
    memory, (width, height) = frame.y.base, frame.size
    if width % 2 or height % 2 or not isinstance(memory, np.ndarray) or memory.shape != (width * height * 3 // 2,):
        return None
    places = [plane.ctypes.data - memory.ctypes.data for plane in frame.planes]
    if places != [0, width * height, width * height * 5 // 4] or not memory.flags.writeable:
        return None
    return av.VideoFrame.from_numpy_buffer(memory.reshape(-1, width), format=pixel_format)


def _copied(frame: Frame, pixel_format: str) -> av.VideoFrame:
    """A new av frame with this one's pixels."""
    written = av.VideoFrame(frame.width, frame.height, pixel_format)
    for plane, pixels in zip(written.planes, frame.planes, strict=True):
        _view(plane)[:] = pixels
    return written


def media_time(decoded: av.VideoFrame) -> float:
    """Timestamp in seconds, 0 where there is none."""
    if decoded.pts is None or decoded.time_base is None:
        return 0.0
    return float(decoded.pts * decoded.time_base)


def _view(plane: VideoPlane) -> Plane:
    """(height, width) of the plane's memory; lines are line_size bytes apart, of which width are pixels."""
    lines: Plane = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
    return lines[: plane.height, : plane.width]
