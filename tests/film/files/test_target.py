import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from relay.errors import MediaError
from relay.film.files.draft import Draft
from relay.film.files.orientation import Orientation
from relay.film.files.source import Source
from relay.film.files.span import Span
from relay.film.files.target import Target
from tests.films import Film, luma, pictures, planes, samples, seconds, sound_packets

UNEVEN = Film(times=[0, 3000, 4501, 9000, 12000, 12750, 18000, 21000], last=90000)
VP9 = Film("libvpx-vp9", options=(("crf", "8"), ("deadline", "realtime"), ("cpu-used", "8")))


def rewrite(path: Path, target: Path, span: Span = Span()) -> list[str]:  # noqa: B008
    """Copy every frame and packet of a file into another one. Returns the notes."""
    with Source(path, span) as source, Draft(target) as draft:
        recording = source.recording
        with Target(draft, source.format, (*recording.audio, *recording.subtitles), recording.metadata) as written:
            for item in source.read():
                if isinstance(item, av.VideoFrame):
                    written.write(item)
                else:
                    written.copy(item)
        return written.notes


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Limit file sizes to this many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", ["b.mp4", "b.m4v", "b.mov"])
def test_every_time_stamp_is_kept_where_the_rate_varies(tmp_path: Path, name: str) -> None:
    path = UNEVEN.write(tmp_path / "a.mp4")
    rewrite(path, tmp_path / name)
    assert seconds(tmp_path / name) == [Fraction(time, 90000) for time in UNEVEN.times]


@pytest.mark.parametrize("name", ["b.mkv", "b.webm"])
def test_matroska_keeps_them_to_the_millisecond(tmp_path: Path, name: str) -> None:
    rewrite(UNEVEN.write(tmp_path / "a.mp4"), tmp_path / name)
    found = [float(time) for time in seconds(tmp_path / name)]
    assert found == pytest.approx([time / 90000 for time in UNEVEN.times], abs=0.00051)


@pytest.mark.parametrize("name", ["b.mp4", "b.mov", "b.mkv", "b.webm"])
@pytest.mark.parametrize("last", [3000, 90000])
def test_the_last_picture_stands_as_long_as_it_did(tmp_path: Path, name: str, last: int) -> None:
    film = Film(times=range(0, 45 * 3000, 3000), last=last)
    rewrite(film.write(tmp_path / "a.mkv"), tmp_path / name)
    with av.open(tmp_path / name) as container:
        assert container.duration == pytest.approx((44 * 3000 + last) / 0.09, abs=1100)


@pytest.mark.parametrize("name", ["b.mp4", "b.mov", "b.mkv", "b.webm"])
def test_a_steady_rate_stays_what_it_was(tmp_path: Path, name: str) -> None:
    film = Film(times=range(0, 30 * 3003, 3003), last=3003)
    rewrite(film.write(tmp_path / "a.mp4"), tmp_path / name)
    with av.open(tmp_path / name) as container:
        assert float(container.streams.video[0].average_rate or 0) == pytest.approx(29.97, abs=0.001)


@pytest.mark.parametrize("name", ["b.mp4", "b.mov", "b.mkv", "b.webm"])
@pytest.mark.parametrize("size", [(64, 48), (65, 49), (64, 49), (65, 48)])
def test_any_size_is_kept_and_the_picture_looks_the_same(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    path = Film("ffv1", size, options=()).write(tmp_path / "a.mkv")
    rewrite(path, tmp_path / name)
    before, after = pictures(path), pictures(tmp_path / name)
    assert len(after) == len(before)
    for one, other in zip(before, after, strict=True):
        assert (other.width, other.height) == size
        difference = np.abs(luma(one).astype(int) - luma(other))
        assert difference.mean() < 1
        assert difference.max() < 12


def test_chroma_passes_through_4_4_4_without_a_shift(tmp_path: Path) -> None:
    path = Film("ffv1", (65, 49), options=()).write(tmp_path / "a.mkv")
    rewrite(path, tmp_path / "b.mov")
    before, after = pictures(path)[0], pictures(tmp_path / "b.mov")[0]
    assert after.format.name == "yuv444p"
    for one, other in zip(planes(before)[1:], planes(after)[1:], strict=True):
        assert np.abs(one.astype(int) - other[::2, ::2]).mean() < 1


@pytest.mark.parametrize("name", ["b.mp4", "b.mov", "b.mkv", "b.webm"])
@pytest.mark.parametrize(("turn", "mirrored"), [(90, False), (-90, False), (180, False), (90, True), (0, True)])
def test_it_is_seen_the_same_way_up(tmp_path: Path, name: str, turn: int, mirrored: bool) -> None:
    path = Film(turn=turn, mirrored=mirrored).write(tmp_path / "a.mp4")
    rewrite(path, tmp_path / name)
    before, after = (Orientation.of(pictures(each)[0]) for each in (path, tmp_path / name))
    assert after == before != Orientation()


@pytest.mark.parametrize("name", ["b.mp4", "b.mov", "b.mkv", "b.webm"])
@pytest.mark.parametrize("colours", [(1, 1, 1, 1), (2, 5, 6, 6), (1, 9, 16, 9), (0, 2, 2, 2)])
def test_colours_mean_the_same(tmp_path: Path, name: str, colours: tuple[int, int, int, int]) -> None:
    path = Film(colours=colours).write(tmp_path / "a.mp4")
    rewrite(path, tmp_path / name)
    first = pictures(tmp_path / name)[0]
    found = (first.color_range, first.color_primaries, first.color_trc, first.colorspace)
    assert found[1:] == colours[1:]
    assert found[0] in {colours[0], 1 if colours[0] == 0 else colours[0]}, (
        "unknown may become limited, which is its meaning"
    )


@pytest.mark.parametrize("name", ["b.mp4", "b.mov", "b.mkv"])
def test_pixels_keep_their_shape(tmp_path: Path, name: str) -> None:
    path = Film(aspect=Fraction(16, 11)).write(tmp_path / "a.mp4")
    rewrite(path, tmp_path / name)
    with av.open(tmp_path / name) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(16, 11)


def test_fields_stay_fields(tmp_path: Path) -> None:
    rewrite(Film(interlaced=True).write(tmp_path / "a.mp4"), tmp_path / "b.mp4")
    assert all(picture.interlaced_frame for picture in pictures(tmp_path / "b.mp4"))


@pytest.mark.parametrize(
    ("sound", "name"),
    [("aac", "b.mp4"), ("aac", "b.mov"), ("aac", "b.mkv"), ("libopus", "b.webm"), ("libmp3lame", "b.mp4")],
)
def test_sound_is_copied_bit_by_bit_and_keeps_its_time(tmp_path: Path, sound: str, name: str) -> None:
    path = Film(sound=sound).write(tmp_path / "a.mkv")
    assert rewrite(path, tmp_path / name) == []
    assert sound_packets(tmp_path / name) == sound_packets(path)
    assert in_sync(path, tmp_path / name)


@pytest.mark.parametrize(
    ("sound", "name", "coded"),
    [("aac", "b.webm", "opus"), ("libopus", "b.mov", "aac"), ("pcm_s16le", "b.webm", "opus"), ("flac", "b.mov", "aac")],
)
def test_sound_that_the_format_cannot_hold_is_coded_anew(tmp_path: Path, sound: str, name: str, coded: str) -> None:
    path = Film(times=range(0, 60 * 3000, 3000), sound=sound, sound_rate=48000).write(tmp_path / "a.mkv")
    assert [note.split(" (")[0] for note in rewrite(path, tmp_path / name)] == ["audio is re-encoded"]
    with av.open(tmp_path / name) as container:
        assert container.streams.audio[0].codec_context.name.endswith(coded)
    assert in_sync(path, tmp_path / name)


def in_sync(path: Path, other: Path) -> bool:
    """Whether the audio of both files, relative to the first frame, is aligned within 2 ms."""
    before, after = (samples(each)[round(float(seconds(each)[0]) * 48000) :] for each in (path, other))
    size = 2 * max(len(before), len(after))
    spectra = np.fft.rfft(before, size), np.fft.rfft(after, size)
    lag = int(np.argmax(np.fft.irfft(spectra[0] * spectra[1].conj(), size)))
    return min(lag, size - lag) <= 96


def test_subtitles_are_copied_where_the_format_takes_them(tmp_path: Path) -> None:
    path, text = tmp_path / "a.mkv", tmp_path / "a.srt"
    text.write_text("1\n00:00:00,100 --> 00:00:00,300\nhello\n")
    with av.open(Film().write(tmp_path / "plain.mp4")) as film, av.open(text) as words, av.open(path, "w") as container:
        for read in (film, words):
            container.add_stream_from_template(read.streams[0], opaque=True)
        for index, read in enumerate((film, words)):
            for packet in read.demux():
                if packet.dts is not None:
                    packet.stream = container.streams[index]
                    container.mux(packet)
    assert rewrite(path, tmp_path / "b.mkv") == []
    with av.open(tmp_path / "b.mkv") as container:
        assert [bytes(packet) for packet in container.demux(subtitles=0) if packet.size] == [b"hello"]
    assert rewrite(path, tmp_path / "b.mp4") == ["subtitles are dropped: mp4 cannot hold subrip"]


def test_title_and_the_like_are_kept_and_what_a_container_says_of_itself_is_not(tmp_path: Path) -> None:
    path = Film(tags=(("title", "Eye to eye"), ("comment", "nobody's"))).write(tmp_path / "a.mp4")
    rewrite(path, tmp_path / "b.mkv")
    with av.open(tmp_path / "b.mkv") as container:
        assert container.metadata["title"] == "Eye to eye"
        tags = {key.lower(): value for key, value in container.metadata.items()}
    assert tags["comment"] == "nobody's"
    assert "major_brand" not in tags


def test_a_span_has_its_sound(tmp_path: Path) -> None:
    path = Film(times=range(0, 90 * 3000, 3000), sound="aac").write(tmp_path / "a.mp4")
    rewrite(path, tmp_path / "b.mp4", Span.of(1, 2))
    whole, part = samples(path), samples(tmp_path / "b.mp4")
    assert len(part) == pytest.approx(48000, abs=2100)
    for second in (0.2, 0.5, 0.8):  # the tone's loudness encodes the time
        here, there = (sound[round(at * 48000) :][:960].std() for sound, at in ((part, second), (whole, 1 + second)))
        assert here == pytest.approx(there, rel=0.03)


def test_a_late_beginning_stays_late(tmp_path: Path) -> None:
    film = Film(times=range(45000, 90000, 3000), sound="aac")
    rewrite(film.write(tmp_path / "a.mp4"), tmp_path / "b.mp4")
    assert seconds(tmp_path / "b.mp4")[0] == Fraction(1, 2)


def test_nothing_is_left_of_what_was_given_up(tmp_path: Path) -> None:
    path = Film().write(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").write_bytes(b"old")
    with (
        suppress(ZeroDivisionError),
        Source(path, Span()) as source,
        Draft(tmp_path / "b.mp4") as draft,
        Target(draft, source.format, (), {}) as target,
    ):
        target.write(next(item for item in source.read() if isinstance(item, av.VideoFrame)))
        raise ZeroDivisionError
    assert (tmp_path / "b.mp4").read_bytes() == b"old"
    assert {each.name for each in tmp_path.iterdir()} == {"a.mp4", "b.mp4"}


@pytest.mark.parametrize("name", ["b.mp4", "b.mkv", "b.webm"])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    path = Film("ffv1", (320, 240), options=()).write(tmp_path / "a.mkv")
    with pytest.raises(MediaError, match=r"b\.\w+ cannot be written: .* allows no larger file"), file_size_limit(2000):
        rewrite(path, tmp_path / name)
    assert {each.name for each in tmp_path.iterdir()} == {"a.mkv"}
