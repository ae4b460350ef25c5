from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from relay.errors import MediaError
from relay.film.files.source import Source
from relay.film.files.span import Span, item_time
from tests.films import Film, luma, planes, seconds

WHOLE = Span()
LONG = Film(times=range(120), tick=Fraction(1, 30), last=1, options=(("crf", "8"), ("g", "25"), ("bf", "2")))


def decoded(path: Path, span: Span = WHOLE) -> list[av.VideoFrame]:
    with Source(path, span) as source:
        return [item for item in source.read() if isinstance(item, av.VideoFrame)]


def test_planar_pictures_pass_as_they_are(tmp_path: Path) -> None:
    path = Film().write(tmp_path / "a.mp4")
    with Source(path, Span()) as source:
        assert source.format.size == (64, 48)
        assert source.format.rate == 30
        assert source.notes == []
    assert {picture.format.name for picture in decoded(path)} == {"yuv420p"}


@pytest.mark.parametrize(
    ("codec", "pixels", "note"),
    [
        ("ffv1", "yuv420p10le", "10 bits per colour, the result has 8"),
        ("ffv1", "yuva420p", "partly transparent, the result is not"),
    ],
)
def test_what_gets_lost_is_noted(tmp_path: Path, codec: str, pixels: str, note: str) -> None:
    path = Film(codec, pixels=pixels, options=()).write(tmp_path / "a.mkv")
    with Source(path, Span()) as source:
        assert any(note in each for each in source.notes)
        assert {each.format.name for each in source.read() if isinstance(each, av.VideoFrame)} == {"yuv420p"}


@pytest.mark.parametrize(("pixels", "space"), [("yuv422p", 1), ("yuv444p", 6), ("yuv420p10le", 9)])
@pytest.mark.parametrize("range_", [1, 2])
def test_conversion_keeps_range_and_matrix(tmp_path: Path, pixels: str, space: int, range_: int) -> None:
    colours = (range_, 1, 1, space)
    film = Film("ffv1", pixels=pixels, colours=colours, options=())
    with Source(film.write(tmp_path / "a.mkv"), Span()) as source:
        assert source.format.colours == colours
    [stored, *_], [planar, *_] = (av.open(tmp_path / "a.mkv").decode(video=0), decoded(tmp_path / "a.mkv"))
    shift = 2 if "10" in pixels else 0
    bright = stored.to_ndarray()[:48, :64] if shift else luma(stored)
    assert np.abs(luma(planar).astype(int) - (bright.astype(int) >> shift)).max() <= 1


def test_rgb_becomes_bt709_and_is_called_so(tmp_path: Path) -> None:
    path = Film("png", pixels="rgb24", options=()).write(tmp_path / "a.mov")
    with Source(path, Span()) as source:
        assert source.format.colours[0] == 1
        assert source.format.colours[3] == 1
    rgb = next(iter(av.open(path).decode(video=0))).to_ndarray()[40, 60].astype(float) / 255
    y = rgb @ (0.2126, 0.7152, 0.0722)
    u, v = (rgb[2] - y) / 1.8556, (rgb[0] - y) / 1.5748
    found = [int(plane[-2, -2]) for plane in planes(decoded(path)[0])]
    assert found == pytest.approx([16 + 219 * y, 128 + 224 * u, 128 + 224 * v], abs=1.5)


def test_another_size_in_mid_stream_is_scaled_to_the_first(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(path, "w") as container:
        stream = container.add_stream("mjpeg", 25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number, size in enumerate([(64, 48), (32, 24), (96, 96)]):
            film = Film("mjpeg", size, range(9), Fraction(1, 25), pixels="yuvj420p", options=())
            encoder = av.CodecContext.create("mjpeg", "w")
            encoder.width, encoder.height = size
            encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1, 25)
            for packet in encoder.encode(film.picture(number)):
                packet.stream = stream
                container.mux(packet)
    pictures = decoded(path)
    assert [(picture.width, picture.height) for picture in pictures] == [(64, 48)] * 3
    assert [float(luma(picture).mean()) for picture in pictures] == pytest.approx([78, 84, 90], abs=4)


def test_fields_are_known(tmp_path: Path) -> None:
    with Source(Film(interlaced=True).write(tmp_path / "a.mp4"), Span()) as source:
        assert source.format.field_order == 2  # AV_FIELD_TT
        assert all(each.interlaced_frame for each in source.read() if isinstance(each, av.VideoFrame))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.h264"])
@pytest.mark.parametrize("start", [0.5, 1.7, 3.3])
def test_the_start_is_exact_in_every_container(tmp_path: Path, name: str, start: float) -> None:
    path = LONG.write(tmp_path / name)
    whole = decoded(path)
    expected = [picture for picture in whole if item_time(picture) > start - 0.0005]
    kept = decoded(path, Span.of(start, None))
    assert 0 < len(kept) < 120
    assert all((luma(a) == luma(b)).all() for a, b in zip(kept, expected, strict=True))
    assert kept[0].pts == 0


def test_the_end_is_exact(tmp_path: Path) -> None:
    path = LONG.write(tmp_path / "a.mp4")
    assert len(decoded(path, Span.of(0.5, 2))) == 45
    with Source(path, Span.of(0.5, 2)) as source:
        assert source.expected_frames == 45


def test_seeking_saves_reading_what_is_not_wanted(tmp_path: Path) -> None:
    with Source(LONG.write(tmp_path / "a.mp4"), Span.of(3.5, None)) as source:
        first = next(item for item in source._items if isinstance(item, av.VideoFrame))
        assert first.pts is not None
        assert first.pts * LONG.tick > 1.5


def test_a_start_behind_the_end_yields_nothing(tmp_path: Path) -> None:
    assert decoded(LONG.write(tmp_path / "a.mp4"), Span.of(9, None)) == []


def test_a_stream_without_a_picture_is_said_so(tmp_path: Path) -> None:
    path = Film(sound="aac").write(tmp_path / "a.mkv")
    with av.open(path) as container, av.open(tmp_path / "b.mkv", "w") as empty:
        streams: list[Any] = [empty.add_stream_from_template(stream, opaque=True) for stream in container.streams]
        for packet in container.demux(audio=0):
            if packet.dts is not None:
                packet.stream = streams[1]
                empty.mux(packet)
    with pytest.raises(MediaError, match="no frame of it can be decoded"):
        Source(tmp_path / "b.mkv", Span())


def test_what_was_amiss_is_noted_in_the_end(tmp_path: Path) -> None:
    path = Film("libvpx", times=range(0, 90 * 3000, 3000), options=()).write(tmp_path / "a.webm")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with Source(path, Span()) as source:
        source.recording.damaged = 2
        assert len(list(source.read())) < 90
        damaged, cut_off = source.notes
    assert damaged.startswith("2 frames are damaged in the source")
    assert cut_off.endswith("before its declared end: it is truncated")


def test_times_are_exact_where_the_rate_varies(tmp_path: Path) -> None:
    film = Film(times=[0, 1501, 4502, 9000, 9100, 45000])
    path = film.write(tmp_path / "a.mp4")
    assert [picture.pts for picture in decoded(path)] == film.times
    assert seconds(path) == [Fraction(time, 90000) for time in film.times]
