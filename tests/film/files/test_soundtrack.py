from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from relay.film.files.kind import KINDS
from relay.film.files.soundtrack import Copy, Transcoder, can_hold
from tests.films import Film, samples, sound_packets


def packets(container: av.container.InputContainer) -> list["av.Packet[Any]"]:
    return [packet for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize(
    ("codec", "holders"),
    [
        ("aac", {".mp4", ".m4v", ".mov", ".mkv"}),
        ("libopus", {".mp4", ".m4v", ".mkv", ".webm"}),
        ("flac", {".mp4", ".m4v", ".mkv"}),
        ("pcm_s16be", {".mp4", ".m4v", ".mov", ".mkv"}),
        ("libmp3lame", {".mp4", ".m4v", ".mov", ".mkv"}),
    ],
)
def test_a_container_is_asked_what_it_can_hold(tmp_path: Path, codec: str, holders: set[str]) -> None:
    with av.open(Film(sound=codec).write(tmp_path / "a.mkv")) as container:
        stream = container.streams.audio[0]
        assert {ending for ending, kind in KINDS.items() if can_hold(kind, stream)} == holders


def test_language_and_title_are_copied(tmp_path: Path) -> None:
    path = Film(sound="aac").write(tmp_path / "a.mkv")
    with av.open(path) as read, av.open(tmp_path / "b.mkv", "w") as container:
        stream = read.streams.audio[0]
        stream.metadata.update({"language": "fin", "title": "Commentary", "DURATION": "00:00:09"})
        track = Copy(container, stream)
        for packet in packets(read):
            track.write(packet)
        track.finish()
    with av.open(tmp_path / "b.mkv") as container:
        stream = container.streams.audio[0]
        assert stream.metadata["language"] == "fin"
        assert stream.metadata["title"] == "Commentary"
        assert stream.metadata["DURATION"] != "00:00:09"
    assert sound_packets(tmp_path / "b.mkv") == sound_packets(path)


def test_a_step_back_is_taken_by_no_container(tmp_path: Path) -> None:
    path = Film(sound="aac").write(tmp_path / "a.mkv")
    with av.open(path) as read, av.open(tmp_path / "b.mp4", "w") as container:
        track = Copy(container, read.streams.audio[0])
        for number, packet in enumerate(packets(read)):
            if number == 9 and packet.dts is not None:
                packet.dts -= 50
            track.write(packet)
    assert len(sound_packets(tmp_path / "b.mp4")) == len(sound_packets(path)) - 1


@pytest.mark.parametrize(("codec", "rate"), [("pcm_s16le", 44100), ("pcm_s16le", 8000), ("libmp3lame", 32000)])
def test_coding_anew_keeps_length_and_loudness(tmp_path: Path, codec: str, rate: int) -> None:
    film = Film(times=range(0, 60 * 3000, 3000), sound=codec, sound_rate=rate)
    path = film.write(tmp_path / "a.mkv")
    with av.open(path) as read, av.open(tmp_path / "b.webm", "w") as container:
        track = Transcoder(container, read.streams.audio[0], "libopus")
        for packet in packets(read):
            track.write(packet)
        track.finish()
    before, after = samples(path), samples(tmp_path / "b.webm")
    assert len(after) == pytest.approx(len(before), abs=2000)
    assert float(np.std(after)) == pytest.approx(float(np.std(before)), rel=0.05)


def test_a_packet_that_cannot_be_decoded_is_passed_over(tmp_path: Path) -> None:
    path = Film(sound="aac").write(tmp_path / "a.mkv")
    with av.open(path) as read, av.open(tmp_path / "b.webm", "w") as container:
        track = Transcoder(container, read.streams.audio[0], "libopus")
        for number, packet in enumerate(packets(read)):
            if number == 3:
                packet.update(b"\xff" * packet.size)
            track.write(packet)
        track.finish()
    assert len(samples(tmp_path / "b.webm")) > 24000


def test_time_bases_may_differ(tmp_path: Path) -> None:
    path = Film(sound="aac").write(tmp_path / "a.mp4")
    with av.open(path) as read, av.open(tmp_path / "b.mkv", "w") as container:
        track = Copy(container, read.streams.audio[0])
        for packet in packets(read):
            assert packet.time_base == Fraction(1, 48000)
            track.write(packet)
    assert len(samples(tmp_path / "b.mkv")) == pytest.approx(len(samples(path)), abs=1100)
