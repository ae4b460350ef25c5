import socket
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from relay.errors import MediaError
from relay.film.files.recording import Recording
from relay.film.files.span import Item, item_time
from tests.films import Film


def read(path: Path, until: Fraction | None = None) -> tuple[Recording, list[Item]]:
    recording = Recording(path, until)
    return recording, list(recording.items())


def times(path: Path) -> list[float]:
    return [float(item_time(item)) for item in read(path)[1] if isinstance(item, av.VideoFrame)]


def corrupt(path: Path, start: float, end: float) -> Path:
    """Overwrite a part of the file, between two fractions of its length, with noise."""
    content = bytearray(path.read_bytes())
    first, last = int(start * len(content)), int(end * len(content))
    content[first:last] = np.random.default_rng(1).bytes(last - first)
    path.write_bytes(content)
    return path


def stamped(path: Path, stamps: Sequence[int]) -> Path:
    """A Matroska file with exactly these timestamps, milliseconds."""
    film = Film("mjpeg", times=range(20), tick=Fraction(1, 25), pixels="yuvj420p", options=())
    with av.open(path, "w") as container:
        video = container.add_stream("mjpeg", 25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuvj420p"
        for number, stamp in enumerate(stamps):
            for packet in video.encode(film.picture(number)):
                packet.time_base = Fraction(1, 1000)
                packet.pts, packet.dts = stamp, number
                container.mux(packet)
    return path


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "mjpeg", "yuvj422p"),
        ("a.mkv", "libvpx-vp9", "yuv444p"),
        ("a.webm", "libvpx", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.mpg", "mpeg2video", "yuv420p"),
        ("a.ts", "libx264", "yuv420p"),
        ("a.flv", "flv", "yuv420p"),
        ("a.gif", "gif", "rgb8"),
        ("a.h264", "libx264", "yuv420p"),
        ("a.nut", "ffv1", "yuv422p10le"),
    ],
)
def test_any_file_that_ffmpeg_reads(tmp_path: Path, name: str, codec: str, pixels: str) -> None:
    film = Film(codec, times=range(20), tick=Fraction(1, 25), last=1, pixels=pixels, options=())
    found = times(film.write(tmp_path / name))
    assert len(found) == 20
    assert np.diff(found) == pytest.approx(0.04, abs=0.0011)


def test_pictures_and_sound_come_as_they_lie_in_the_file(tmp_path: Path) -> None:
    recording, items = read(Film(sound="aac").write(tmp_path / "a.mp4"))
    sounds = [item for item in items if isinstance(item, av.Packet)]
    assert len(items) - len(sounds) == 20
    assert {packet.stream_index for packet in sounds} == {1}
    assert sounds[0].pts == -1024, "the priming samples that an AAC decoder needs are missing"
    assert recording.begin == 0
    assert recording.position == Fraction(19, 30)
    assert recording.rate == 30


def test_the_beginning_is_that_of_the_first_stream(tmp_path: Path) -> None:
    film = Film(times=range(9000, 18000, 3000))
    assert read(film.write(tmp_path / "a.mp4"))[0].begin == Fraction(1, 10)


def test_missing_equal_and_disordered_time_stamps_are_mended(tmp_path: Path) -> None:
    recording, items = read(stamped(tmp_path / "a.mkv", [0, 40, 40, 30, 200]))
    assert [item.pts for item in items] == [0, 40, 41, 42, 200]
    assert {item.duration for item in items} == {40}
    assert recording.time_base == Fraction(1, 1000)


def test_time_stamps_that_jump_back_are_damage(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"damaged at 5\.0 s \(its timestamps jump back\)"):
        read(stamped(tmp_path / "a.mkv", [0, 5000, 1000]))


def test_no_picture_is_decoded_behind_the_last_one_wanted(tmp_path: Path) -> None:
    path = Film(sound="aac", options=(("crf", "8"), ("bf", "0"))).write(tmp_path / "a.mp4")
    recording, items = read(path, Fraction(1, 10))
    assert len([item for item in items if isinstance(item, av.VideoFrame)]) < 20
    assert recording.position >= Fraction(1, 10)
    assert len([item for item in items if isinstance(item, av.Packet)]) > 30


def test_reading_can_begin_further_on(tmp_path: Path) -> None:
    recording = Recording(Film(options=(("crf", "8"), ("g", "5"))).write(tmp_path / "a.mp4"))
    recording.seek(Fraction(1, 2))
    first = next(item for item in recording.items() if isinstance(item, av.VideoFrame))
    recording.close()
    assert 0 < item_time(first) <= Fraction(1, 2)


def test_the_stream_is_the_one_that_a_player_shows(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(path, "w") as container:
        streams = [container.add_stream(codec, 25) for codec in ("mpeg4", "mpeg4", "mjpeg")]
        for stream, (width, height) in zip(streams, ((32, 32), (64, 48), (640, 480)), strict=True):
            stream.width, stream.height = width, height
            stream.pix_fmt = "yuvj420p" if stream is streams[2] else "yuv420p"
        streams[1].disposition = Disposition.default
        streams[2].disposition = Disposition.attached_pic
        for stream in streams:
            container.mux([*stream.encode(av.VideoFrame(stream.width, stream.height, "yuv420p")), *stream.encode(None)])
    recording = Recording(path)
    assert (recording.video.width, recording.video.height) == (64, 48)


def test_damage_is_said_with_its_second_and_what_comes_before_can_be_kept(tmp_path: Path) -> None:
    film = Film(times=range(0, 90 * 3000, 3000), sound="aac", options=(("crf", "8"), ("g", "10")))
    path = corrupt(film.write(tmp_path / "a.mp4"), 0.5, 0.7)
    with pytest.raises(MediaError, match=r"a\.mp4 is damaged at 1\.\d s .*--end 1\.\d$") as caught:
        read(path)
    end = str(caught.value).split()[-1]
    assert read(path, Fraction(end))[0].position >= Fraction(end)


def test_a_file_that_ends_in_a_picture_is_damaged(tmp_path: Path) -> None:
    film = Film("mpeg4", (320, 240), times=range(50), tick=Fraction(1, 25), last=1, options=())
    path = film.write(tmp_path / "a.avi")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.raises(MediaError, match="ends in the middle of a frame"):
        read(path)


def test_a_file_that_is_shorter_than_it_says_is_known_for_it(tmp_path: Path) -> None:
    path = Film("libvpx", times=range(0, 90 * 3000, 3000), options=()).write(tmp_path / "a.webm")
    assert not read(path)[0].is_cut_off
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    assert read(path)[0].is_cut_off


def test_a_picture_that_the_decoder_had_to_patch_is_counted(tmp_path: Path) -> None:
    film = Film("mpeg4", (320, 240), times=range(40), tick=Fraction(1, 25), last=1, options=(("g", "40"),))
    recording, _ = read(corrupt(film.write(tmp_path / "a.avi"), 0.5, 0.51))
    assert recording.damaged > 0


@pytest.mark.parametrize("content", [b"", b"what is written here is no film\n" * 99, bytes(5000)])
@pytest.mark.parametrize("name", ["a.mp4", "a.txt", "a"])
def test_what_is_no_video_is_said_so(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MediaError, match="is not a video file"):
        Recording(path)


def test_a_photograph_is_no_video(tmp_path: Path) -> None:
    with av.open(tmp_path / "a.png", "w", format="image2", options={"update": "1"}) as container:
        image = container.add_stream("png")
        image.width, image.height, image.pix_fmt = 64, 48, "rgb24"
        container.mux([*image.encode(av.VideoFrame(64, 48, "rgb24")), *image.encode(None)])
    with pytest.raises(MediaError, match="is not a video file"):
        Recording(tmp_path / "a.png")


def test_sound_alone_has_no_video_stream(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    with av.open(path, "w") as container:
        sound = container.add_stream("aac", 48000)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.int16), format="s16", layout="mono")
        samples.sample_rate = 48000
        container.mux([*sound.encode(samples), *sound.encode(None)])
    with pytest.raises(MediaError, match=r"no video stream$"):
        Recording(path)


def test_a_cover_picture_is_no_video_stream(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(path, "w") as container:
        cover = container.add_stream("mjpeg")
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        container.mux([*cover.encode(av.VideoFrame(64, 48, "yuvj420p")), *cover.encode(None)])
    with pytest.raises(MediaError, match="no video stream, only a cover picture"):
        Recording(path)


def test_a_missing_file_and_a_folder_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="does not exist"):
        Recording(tmp_path / "nowhere.mp4")
    with pytest.raises(MediaError, match="is a folder"):
        Recording(tmp_path)


def test_a_name_is_never_taken_for_a_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Film().write(tmp_path / "plain.mp4").rename("concat:b.mp4")
    assert len(times(Path("concat:b.mp4"))) == 20


def test_a_playlist_opens_no_connection(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        path = tmp_path / "a.m3u8"
        entry = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{entry}\n#EXT-X-ENDLIST\n")
        with pytest.raises(MediaError):
            read(path)
        with pytest.raises(TimeoutError):
            server.accept()
