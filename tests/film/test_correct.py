import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest

from relay.__main__ import main
from relay.config.correct import Correct
from relay.config.correction import Correction
from relay.config.engine import Engine
from relay.errors import ConfigError, MediaError
from relay.film.correct import SIGNALS, run
from relay.film.files.target import Target
from relay.frame import Frame, Shown, Verdict
from relay.gaze.face import Face, Faces
from tests.clips import Clip, write_mp4
from tests.deadlines import scaled
from tests.films import Film, luma, pictures, planes, seconds, sound_packets

ROOT = Path(__file__).parents[2]


class Painter:
    """A corrector that finds a face in every frame and paints the frame's middle white.

    calls: each call with its frame's time. before: called before each frame is shown.
    """

    def __init__(self, engine: Engine, correction: Correction) -> None:
        self.correction = correction
        self.calls: list[tuple[str, *tuple[float, ...]]] = []
        self.rotations: set[int] = set()
        self.before: Callable[[Frame], None] = lambda frame: None
        self.closed = False

    def find_faces(self, frame: Frame) -> Faces:
        self.calls.append(("find_faces", frame.time))
        self.rotations.add(frame.rotation)
        return Faces(frame.time, frame.size, faces=(cast("Face", "somebody"),))

    def make_fields(self, frame: Frame, faces: Faces) -> float:
        self.calls.append(("make_fields", frame.time, faces.time))
        return faces.time

    def show(self, frame: Frame, faces: Faces, fields: float) -> Shown:
        self.calls.append(("show", frame.time, faces.time, fields))
        self.before(frame)
        y = frame.y.copy()
        y[middle(y)] = 235
        return Shown(Frame(y, frame.u, frame.v, frame.time, frame.rotation), Verdict.CORRECTED)

    def close(self) -> None:
        self.closed = True


def middle(plane: np.ndarray[Any, Any]) -> tuple[slice, slice]:
    height, width = plane.shape
    return slice(height // 3, 2 * height // 3), slice(width // 3, 2 * width // 3)


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> Painter:
    """Replaces the corrector."""
    settings = Correct.read(["a", "b"], "tests")
    painter = Painter(settings, settings.correction)
    monkeypatch.setattr("relay.film.correct.Corrector", lambda engine, correction: painter)
    return painter


def correct(source: Path, target: Path, *flags: str) -> int:
    return run(Correct.read([str(source), str(target), *flags], "relay correct"))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def is_painted(plane: np.ndarray[Any, Any]) -> bool:
    return float(np.median(plane[middle(plane)])) > 220


def test_every_picture_is_corrected_and_nothing_else_changes(tmp_path: Path, painter: Painter) -> None:
    film = Film(times=[0, 3000, 4501, 9000, 12000, 12750], sound="aac")
    path, target = film.write(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    assert correct(path, target) == 0
    assert seconds(target) == [Fraction(time, 90000) for time in film.times]
    assert sound_packets(target) == sound_packets(path)
    for before, after in zip(pictures(path), pictures(target), strict=True):
        assert is_painted(luma(after))
        assert np.abs(luma(before)[:8].astype(int) - luma(after)[:8]).max() < 12
    assert painter.closed


def test_sequential_pictures_wait_for_their_own_faces_and_fields(tmp_path: Path, painter: Painter) -> None:
    path = Film(times=range(0, 9000, 3000)).write(tmp_path / "a.mp4")
    correct(path, tmp_path / "b.mp4")
    assert [call for call in painter.calls if call[0] == "show"] == [
        ("show", time, time, time) for time in (0, 3000 / 90000, 6000 / 90000)
    ]


def test_pipelined_pictures_take_those_of_the_picture_before(
    tmp_path: Path, painter: Painter, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Film(times=range(0, 9000, 3000)).write(tmp_path / "a.mp4")
    correct(path, tmp_path / "b.mp4", "--pipeline", "pipelined", "--json")
    second, third = 3000 / 90000, 6000 / 90000
    assert [call for call in painter.calls if call[0] == "show"] == [
        ("show", second, 0, 0),
        ("show", third, second, second),
    ]
    assert [is_painted(luma(picture)) for picture in pictures(tmp_path / "b.mp4")] == [False, True, True]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["passed"] == {"warming_up": 1}


def test_the_same_file_gives_the_same_result(tmp_path: Path, painter: Painter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared before encoding: x264's AVX-512 code is not deterministic, by one grey level."""
    path, encoded = Film().write(tmp_path / "a.mp4"), list[list[bytes]]()
    write = Target.write

    def record(target: Target, picture: av.VideoFrame) -> None:
        encoded[-1].append(repr(picture.pts).encode() + b"".join(plane.tobytes() for plane in planes(picture)))
        write(target, picture)

    monkeypatch.setattr(Target, "write", record)
    for name in ("b.mkv", "c.mkv"):
        encoded.append([])
        correct(path, tmp_path / name, "--lines", "1,2,3")
    assert len(encoded[0]) == 20
    assert encoded[0] == encoded[1]


def test_a_trace_says_who_worked_on_which_picture(tmp_path: Path, painter: Painter) -> None:
    trace = tmp_path / "trace.json"
    correct(Film().write(tmp_path / "a.mp4"), tmp_path / "b.mp4", "--lines", "1,2,3", "--trace", str(trace))
    events = json.loads(trace.read_text())
    worked = {event["name"] for event in events if event["ph"] == "X"}
    assert worked >= {"landmarks 0", "landmarks 19", "field 1", "field 19", "warp 3", "warp 19"}
    shown = {event["name"]: event["args"] for event in events if event["ph"] == "i"}
    assert shown["shown 19"] == {"frame": 19, "landmarks_of": 18, "field_of": 17, "verdict": "corrected"}
    assert shown["shown 2"]["landmarks_of"] is None


def test_a_trace_that_cannot_be_written_is_a_wrong_setting(tmp_path: Path, painter: Painter) -> None:
    film = Film().write(tmp_path / "a.mp4")
    with pytest.raises(ConfigError, match=r"trace: .*cannot be written"):
        correct(film, tmp_path / "b.mp4", "--trace", str(tmp_path / "nowhere" / "trace.json"))
    assert names(tmp_path) == {"a.mp4"}


@pytest.mark.parametrize(("turn", "upright"), [(0, 0), (90, 270), (-90, 90), (180, 180)])
def test_the_corrector_learns_how_the_picture_is_turned(
    tmp_path: Path, painter: Painter, turn: int, upright: int
) -> None:
    correct(Film(turn=turn).write(tmp_path / "a.mp4"), tmp_path / "b.mp4")
    assert painter.rotations == {upright}
    assert (pictures(tmp_path / "b.mp4")[0].rotation - turn) % 360 == 0


@pytest.mark.parametrize("turn", [0, 90, -90, 180])
@pytest.mark.parametrize("size", [(64, 48), (65, 49)])
def test_side_by_side_the_viewer_sees_the_original_on_the_left(
    tmp_path: Path, painter: Painter, turn: int, size: tuple[int, int]
) -> None:
    path = Film(turn=turn, size=size, codec="libvpx-vp9", options=()).write(tmp_path / "a.mp4")
    assert correct(path, tmp_path / "b.mp4", "--side-by-side") == 0
    picture = pictures(tmp_path / "b.mp4")[0]
    assert (picture.rotation - turn) % 360 == 0
    seen = np.rot90(luma(picture), turn // 90)
    halves = np.split(seen, 2, axis=1)
    assert [is_painted(half) for half in halves] == [False, True]
    shape = np.rot90(luma(pictures(path)[0]), turn // 90).shape
    assert halves[0].shape == (shape[0], shape[1] + shape[1] % 2)


def test_start_and_end_choose_frames(tmp_path: Path, painter: Painter) -> None:
    path = Film(times=range(0, 60 * 3000, 3000), sound="aac").write(tmp_path / "a.mp4")
    correct(path, tmp_path / "b.mp4", "--start", "0.5", "--end", "1")
    assert len(pictures(tmp_path / "b.mp4")) == 15
    assert painter.calls[0] == ("find_faces", 0.0)


def test_the_flags_reach_the_corrector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Correction] = []

    def make(engine: Engine, correction: Correction) -> Painter:
        given.append(correction)
        return Painter(engine, correction)

    monkeypatch.setattr("relay.film.correct.Corrector", make)
    flags = ["--mode", "teleprompter", "--pitch", "3", "--yaw=-2", "--strength", "50"]
    correct(Film().write(tmp_path / "a.mp4"), tmp_path / "b.mp4", *flags)
    assert given == [Correction(enabled=True, mode="teleprompter", pitch=3, yaw=-2, strength=50)]


def test_json_is_the_last_line_and_says_it_all(
    tmp_path: Path, painter: Painter, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Film("ffv1", pixels="yuv420p10le", sound="aac", options=()).write(tmp_path / "a.mkv")
    correct(path, tmp_path / "b.webm", "--json")
    output = capsys.readouterr()
    summary = json.loads(output.out.splitlines()[-1])
    assert summary["frames"] == summary["corrected"] == summary["faces_found"] == 20
    assert (summary["width"], summary["height"], summary["most_faces"]) == (64, 48, 1)
    assert summary["duration_s"] == pytest.approx(20 / 30, abs=0.002)
    assert set(summary["stages_ms"]) == {"landmarks", "field", "warp"}
    assert set(summary["stages_ms"]["warp"]) == {"p50", "p95"}
    assert summary["fps"] > 0
    assert len(summary["notes"]) == 2
    assert "10 bits per colour" in output.err
    assert "audio is re-encoded" in output.err


def test_without_a_terminal_there_is_no_bar(
    tmp_path: Path, painter: Painter, capsys: pytest.CaptureFixture[str]
) -> None:
    correct(Film().write(tmp_path / "a.mp4"), tmp_path / "b.mp4")
    output = capsys.readouterr()
    assert output.err == ""
    assert output.out.startswith(f"{tmp_path / 'b.mp4'}: 20 frames in ")


def test_on_a_terminal_there_is_a_bar(
    tmp_path: Path, painter: Painter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    correct(Film().write(tmp_path / "a.mp4"), tmp_path / "b.mp4")
    assert "20/20" in capsys.readouterr().err


def test_a_picture_on_which_a_stage_fails_stays_as_it_is(
    tmp_path: Path, painter: Painter, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(frame: Frame) -> None:
        if 0.1 <= frame.time < 0.2:
            raise ValueError("a stage failed")

    painter.before = fail
    assert correct(Film().write(tmp_path / "a.mp4"), tmp_path / "b.mp4", "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["passed"] == {"failed": 3}
    assert len(caplog.records) == 1
    painted = [is_painted(luma(picture)) for picture in pictures(tmp_path / "b.mp4")]
    assert [number for number, is_one in enumerate(painted) if not is_one] == [3, 4, 5]


@pytest.mark.parametrize("pipeline", ["sequential", "pipelined"])
def test_where_every_picture_fails_there_is_no_result(tmp_path: Path, painter: Painter, pipeline: str) -> None:
    def fail(frame: Frame) -> None:
        raise ValueError("a stage failed")

    painter.before = fail
    with pytest.raises(MediaError, match="no frame of"):
        correct(Film().write(tmp_path / "a.mp4"), tmp_path / "b.mp4", "--pipeline", pipeline)
    assert names(tmp_path) == {"a.mp4"}


@pytest.mark.parametrize(
    ("source", "target", "flags", "says"),
    [
        ("nowhere.mp4", "b.mp4", [], r"nowhere\.mp4 does not exist"),
        (".", "b.mp4", [], "is a folder: name a video file"),
        ("a.txt", "b.mp4", [], "is not a video file"),
        ("a.mp4", "b.avi", [], r"must end in \.mp4"),
        ("a.mp4", "b", [], r"must end in \.mp4"),
        ("a.mp4", "nowhere/b.mp4", [], "there is no folder"),
        ("a.mp4", "a.mp4", [], "is the source itself"),
        ("a.mp4", "folder.mp4", [], "is a folder: name a file"),
        ("a.mp4", "b.mp4", ["--start", "99"], "no frame between --start and --end"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    tmp_path: Path, painter: Painter, source: str, target: str, flags: list[str], says: str
) -> None:
    Film().write(tmp_path / "a.mp4")
    (tmp_path / "a.txt").write_text("no film\n" * 100)
    (tmp_path / "folder.mp4").mkdir()
    before = names(tmp_path), (tmp_path / "a.mp4").read_bytes()
    with pytest.raises(MediaError, match=says):
        correct(tmp_path / source, tmp_path / target, *flags)
    assert (names(tmp_path), (tmp_path / "a.mp4").read_bytes()) == before


def test_an_end_before_the_start_is_a_wrong_setting(tmp_path: Path, painter: Painter) -> None:
    with pytest.raises(ConfigError, match=r"end: 1\.0 is not right: it must be later than start, 2\.0 s"):
        correct(Film().write(tmp_path / "a.mp4"), tmp_path / "b.mp4", "--start", "2", "--end", "1")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_it_with_a_message_and_the_old_file_untouched(
    tmp_path: Path, painter: Painter, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    def stop(frame: Frame) -> None:
        if frame.time > 0.3:
            signal.raise_signal(number)

    painter.before = stop
    handlers = [signal.getsignal(each) for each in SIGNALS]
    (tmp_path / "b.mp4").write_bytes(b"old")
    assert correct(Film().write(tmp_path / "a.mp4"), tmp_path / "b.mp4") == 128 + number
    assert capsys.readouterr().err == f"relay correct: stopped; {tmp_path / 'b.mp4'} has not been written\n"
    assert (tmp_path / "b.mp4").read_bytes() == b"old"
    assert names(tmp_path) == {"a.mp4", "b.mp4"}
    assert painter.closed
    assert [signal.getsignal(each) for each in SIGNALS] == handlers


def test_the_command_is_interrupted_from_outside(tmp_path: Path, model: Path, weights: Path) -> None:
    path = Film(size=(320, 240), times=range(0, 400 * 3000, 3000)).write(tmp_path / "a.mkv")
    words = [sys.executable, "-m", "relay", "correct", str(path), str(tmp_path / "b.mp4")]
    words += ["--model", str(model), "--weights", str(weights)]
    running = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while not any(tmp_path.glob(".relay-*")) and running.poll() is None:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, error = running.communicate(timeout=scaled(30))
    assert running.returncode == 130
    # MediaPipe's threads may still log after it.
    assert f"relay correct: stopped; {tmp_path / 'b.mp4'} has not been written" in error.splitlines()
    assert names(tmp_path) == {"a.mkv"}


def test_a_real_face_is_corrected_and_the_rest_suffers_the_codec_only(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = Clip(width=320, height=240, eye_width=32, sway=8, seconds=1)
    path, target = write_mp4(clip, tone=True), tmp_path / "b.mp4"
    assert correct(path, target, "--model", str(model), "--json") == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["frames"] == len(clip)
    assert summary["corrected"] > 0.7 * len(clip)
    assert sound_packets(target) == sound_packets(path)
    number = len(clip) - 5
    before, after = (luma(pictures(each)[number]).astype(int) for each in (path, target))
    rows, columns = np.mgrid[0 : clip.height, 0 : clip.width]
    eyes = np.zeros(before.shape, bool)
    for eye in (eye for pair in clip.eyes(number) for eye in pair):
        eyes |= np.hypot(columns - eye.x, rows - eye.y) < 1.2 * eye.width
    assert np.abs(after - before)[eyes].max() > 40
    assert np.abs(after - before)[~eyes].max() < 20


def test_an_error_is_one_line_and_a_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("relay.__main__.logs.configure", lambda _: None)
    monkeypatch.setattr("relay.__main__._cap_threads", lambda _: None)
    words = ["correct", str(tmp_path / "nowhere.mp4"), str(tmp_path / "b.mp4")]
    assert main(words) == 1
    assert capsys.readouterr().err == f"relay correct: {words[1]} does not exist: check the name and the folder\n"
    assert names(tmp_path) == set()
