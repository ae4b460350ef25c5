from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.frame import Frame
from relay.media.frame import DecodedFrame

SIZES = st.tuples(st.integers(2, 99), st.integers(2, 99))


def noise(width: int, height: int, name: str = "yuv420p") -> av.VideoFrame:
    """Random planes, with a timestamp and colour properties that are not the defaults."""
    random = np.random.default_rng(width * 1000 + height)
    frame = av.VideoFrame(width, height, name)
    for plane in frame.planes:
        plane.update(random.integers(0, 256, plane.buffer_size, np.uint8).tobytes())
    frame.pts, frame.time_base = 12345, Fraction(1, 90000)
    frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc = 1, 1, 1, 1
    return frame


def encoded_clip(width: int, height: int) -> list[av.VideoFrame]:
    """Frames as a decoder returns them, inter-predicted."""
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = Fraction(1, 30)
    decoder = av.CodecContext.create("vp8", "r")
    packets = []
    for number in range(6):
        frame = noise(width, height)
        frame.pts, frame.time_base = number, Fraction(1, 30)
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return [frame for packet in [*packets, None] for frame in decoder.decode(packet)]


@given(size=SIZES)
@settings(deadline=None)
def test_planes_are_what_av_says_whatever_the_padding(size: tuple[int, int]) -> None:
    width, height = size
    decoded = noise(width, height)
    frame = DecodedFrame.of(decoded).frame
    assert frame.size == size
    assert frame.u.shape == frame.v.shape == ((height + 1) // 2, (width + 1) // 2)
    for view, plane in zip((frame.y, frame.u, frame.v), decoded.planes, strict=True):
        lines = np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)
        assert np.array_equal(view, lines[: plane.height, : plane.width])


def test_planes_are_views_that_cannot_be_written() -> None:
    decoded = noise(64, 48)
    frame = DecodedFrame.of(decoded).frame
    decoded.planes[0].update(bytes(decoded.planes[0].buffer_size))
    assert not frame.y.any()
    with pytest.raises(ValueError, match="read-only"):
        frame.y[0, 0] = 1


def test_views_outlive_the_decoded_frame() -> None:
    decoded = noise(64, 48)
    expected = decoded.to_ndarray()
    frame = DecodedFrame.of(decoded).frame
    del decoded
    noise(64, 48)
    assert np.array_equal(frame.y, expected[:48])


@pytest.mark.parametrize("name", ["yuv420p", "yuvj420p", "rgb24", "gray", "nv12", "yuv422p", "yuv420p10le"])
def test_the_picture_itself_comes_back_untouched(name: str) -> None:
    decoded = noise(99, 33, name)
    wrapped = DecodedFrame.of(decoded)
    assert wrapped.frame.size == (99, 33)
    assert wrapped.write(wrapped.frame) is decoded


@pytest.mark.parametrize("name", ["yuv420p", "yuvj420p"])
def test_planar_formats_are_not_converted(name: str) -> None:
    decoded = noise(98, 34, name)
    wrapped = DecodedFrame.of(decoded)
    assert wrapped.planar is decoded
    assert wrapped.write(replace(wrapped.frame)).format.name == name


@given(size=SIZES)
@settings(deadline=None)
def test_a_new_frame_is_written_whole_and_keeps_what_is_not_pixels(size: tuple[int, int]) -> None:
    decoded = noise(*size)
    wrapped = DecodedFrame.of(decoded)
    y, u, v = 255 - wrapped.frame.y, 255 - wrapped.frame.u, 255 - wrapped.frame.v
    written = wrapped.write(replace(wrapped.frame, y=y, u=u, v=v))
    again = DecodedFrame.of(written).frame
    assert np.array_equal(again.y, y)
    assert np.array_equal(again.u, u)
    assert np.array_equal(again.v, v)
    for name in ("pts", "time_base", "colorspace", "color_range", "color_primaries", "color_trc"):
        assert getattr(written, name) == getattr(decoded, name), name


def test_writing_leaves_the_decoder_its_frames() -> None:
    untouched = [frame.to_ndarray() for frame in encoded_clip(160, 90)]
    kept = []
    for decoded in encoded_clip(160, 90):
        wrapped = DecodedFrame.of(decoded)
        wrapped.write(replace(wrapped.frame, y=255 - wrapped.frame.y))
        kept.append(decoded.to_ndarray())
    assert len(kept) == 6
    assert all(np.array_equal(one, other) for one, other in zip(kept, untouched, strict=True))


def test_time_is_seconds_of_media() -> None:
    decoded = noise(16, 16)
    assert DecodedFrame.of(decoded).frame.time == pytest.approx(12345 / 90000)
    assert DecodedFrame.of(decoded, rotation=90).frame.rotation == 90
    assert DecodedFrame.of(av.VideoFrame(16, 16, "yuv420p")).frame.time == 0


@pytest.mark.parametrize("name", ["yuv420p", "yuvj420p"])
@pytest.mark.parametrize("size", [(64, 48), (65, 49)])
def test_planes_in_one_piece_and_planes_apart_are_written_alike(size: tuple[int, int], name: str) -> None:
    width, height = size
    wrapped = DecodedFrame.of(av.VideoFrame(width, height, name))
    half = (height + 1) // 2, (width + 1) // 2
    y, u, v = np.split(
        np.arange(width * height + 2 * half[0] * half[1], dtype=np.uint32).astype(np.uint8),
        [width * height, width * height + half[0] * half[1]],
    )
    together = Frame(y.reshape(height, width), u.reshape(half), v.reshape(half), time=0)
    apart = Frame(together.y.copy(), together.u.copy(), together.v.copy(), time=0)
    one, other = wrapped.write(together), wrapped.write(apart)
    assert one.format.name == other.format.name == name
    for left, right in zip(DecodedFrame.of(one).frame.planes, DecodedFrame.of(other).frame.planes, strict=True):
        assert np.array_equal(left, right)
