"""Which container and which video encoder a file gets: by the ending of its name, and by its pictures' shape.

Knows nothing of streams and packets.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from relay.errors import MediaError


@dataclass(frozen=True)
class Encoder:
    """An encoder of FFmpeg, what it stores (pixel format), and options with which one sees no difference."""

    name: str
    pixels: str
    options: tuple[tuple[str, str], ...]


_X264: Final = (("crf", "16"), ("preset", "fast"))
H264: Final = Encoder("libx264", "yuv420p", _X264)
# H.264 counts the lines it crops in chroma lines (7.4.2.1.1), so only 4:4:4 holds an odd width or height.
H264_ODD: Final = Encoder("libx264", "yuv444p", _X264)
# VP9 holds any size in 4:2:0, but no shape of pixels: a container has to. FFmpeg's Matroska has that from H.264 only.
VP9: Final = Encoder(
    "libvpx-vp9", "yuv420p", (("crf", "14"), ("deadline", "realtime"), ("cpu-used", "5"), ("row-mt", "1"))
)


@dataclass(frozen=True)
class Kind:
    """A container of FFmpeg, with its options, and the audio encoder for sound that it cannot hold as it is."""

    container: str
    audio: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def counts_by_decoding(self) -> bool:
        """Whether a track lasts as long as its samples in decoding order do (ISO/IEC 14496-12, 8.6.1.2)."""
        return self.container in {"mp4", "mov"}


# With its index in front a film plays from the web before all of it has arrived.
_INDEX_FIRST: Final = (("movflags", "+faststart"),)
KINDS: Final = {
    ".mp4": Kind("mp4", "aac", _INDEX_FIRST),
    ".m4v": Kind("mp4", "aac", _INDEX_FIRST),
    ".mov": Kind("mov", "aac", _INDEX_FIRST),
    ".mkv": Kind("matroska", "aac"),
    ".webm": Kind("webm", "libopus"),
}


def kind_of(target: Path) -> Kind:
    """What the name's ending asks for. Raises MediaError where it is none of KINDS."""
    kind = KINDS.get(target.suffix.lower())
    if kind is None:
        raise MediaError(f"{target} must end in {', '.join(KINDS)}: the ending names the format")
    return kind


def encoder_for(target: Path, size: tuple[int, int], pixel_aspect: Fraction) -> Encoder:
    """The encoder that keeps these pictures as they are. Raises MediaError where the format has none."""
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
