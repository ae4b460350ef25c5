"""Which container and video encoder a file gets: by its name's extension and its frames' shape.

Knows nothing of streams and packets.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from relay.errors import MediaError


@dataclass(frozen=True)
class Encoder:
    """An encoder of FFmpeg, its pixel format, and options for visually lossless quality."""

    name: str
    pixels: str
    options: tuple[tuple[str, str], ...]


_X264: Final = (("crf", "16"), ("preset", "fast"))
H264: Final = Encoder("libx264", "yuv420p", _X264)
# H.264 counts the lines it crops in chroma lines (7.4.2.1.1), so only 4:4:4 holds an odd width or height.
H264_ODD: Final = Encoder("libx264", "yuv444p", _X264)
# VP9 holds any size in 4:2:0, but no pixel aspect ratio: the container must. FFmpeg's Matroska does so for H.264 only.
VP9: Final = Encoder(
    "libvpx-vp9", "yuv420p", (("crf", "14"), ("deadline", "realtime"), ("cpu-used", "5"), ("row-mt", "1"))
)


@dataclass(frozen=True)
class Kind:
    """A container of FFmpeg, with its options, and the encoder for audio that it cannot hold unchanged."""

    container: str
    audio: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def counts_by_decoding(self) -> bool:
        """Whether a track's duration is that of its samples in decoding order (ISO/IEC 14496-12, 8.6.1.2)."""
        return self.container in {"mp4", "mov"}


# With the index first, playback over HTTP starts before the download is complete.
_INDEX_FIRST: Final = (("movflags", "+faststart"),)
KINDS: Final = {
    ".mp4": Kind("mp4", "aac", _INDEX_FIRST),
    ".m4v": Kind("mp4", "aac", _INDEX_FIRST),
    ".mov": Kind("mov", "aac", _INDEX_FIRST),
    ".mkv": Kind("matroska", "aac"),
    ".webm": Kind("webm", "libopus"),
}


def kind_of(target: Path) -> Kind:
    """The kind for this name's extension. Raises MediaError where it is none of KINDS."""
    kind = KINDS.get(target.suffix.lower())
    if kind is None:
        raise MediaError(f"{target} must end in {', '.join(KINDS)}: the extension selects the format")
    return kind


def encoder_for(target: Path, size: tuple[int, int], pixel_aspect: Fraction) -> Encoder:
    """The encoder that keeps size and pixel aspect ratio. Raises MediaError where the format has none."""
    kind = kind_of(target)
    is_even = size[0] % 2 == 0 and size[1] % 2 == 0
    is_square = pixel_aspect == 1
    if kind.container == "webm":
        if not is_square:
            raise MediaError(f"{target}: WebM cannot keep pixels that are {pixel_aspect} as wide as high; use .mp4")
        return VP9
    if is_even:
        return H264
    if kind.container == "mp4" or (kind.container == "matroska" and is_square):
        return VP9
    return H264_ODD
