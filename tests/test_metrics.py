import json

import pytest

from relay.frame import Verdict
from relay.metrics import MAX_VALUES, WINDOW, Meter, Percentiles, RecentValues


def test_percentiles_of_a_known_set() -> None:
    found = Percentiles.of(range(101))
    assert found is not None
    assert (found.p50, found.p95) == (50, 95)
    assert Percentiles.of([]) is None


def test_figures_older_than_the_window_are_forgotten() -> None:
    recent = RecentValues()
    recent.add(0, 1)
    recent.add(WINDOW / 2, 2)
    assert recent.values(WINDOW * 0.9) == [1, 2]
    assert recent.values(WINDOW * 1.1) == [2]
    assert recent.values(WINDOW * 2) == []


def test_no_rate_makes_memory_grow() -> None:
    recent = RecentValues()
    for number in range(3 * MAX_VALUES):
        recent.add(number / 1e6, number)
    assert len(recent.values(1)) == MAX_VALUES


def test_the_rate_is_that_of_the_last_seconds() -> None:
    recent = RecentValues()
    assert recent.rate(0) == 0
    for number in range(60):
        recent.add(10 + number / 30, 1)
    assert recent.rate(12) == pytest.approx(30)
    assert recent.rate(12 + WINDOW) < 1


def test_frames_add_up() -> None:
    meter = Meter("pipelined", begun=0)
    for number in range(10):
        meter.arrive(number / 30, (640, 360))
    for number in range(7):
        verdict = Verdict.CORRECTED if number < 4 else Verdict.NO_FACE
        meter.depart(number / 30, verdict, 0.002)
    report = meter.report(1, dropped=3, faces=2)
    assert (report.frames.arrived, report.frames.out, report.frames.dropped) == (10, 7, 3)
    assert report.frames.corrected + sum(report.frames.passed.values()) == report.frames.out
    assert report.frames.passed == {Verdict.NO_FACE: 3}
    assert (report.width, report.height, report.faces) == (640, 360, 2)
    assert report.delay_ms == Percentiles(p50=2, p95=2)


def test_timings_are_milliseconds_by_stage() -> None:
    meter = Meter("sequential", begun=5)
    for number in range(20):
        meter.time(6, "landmarks", 0.010 + number / 1e6)
    meter.time(6, "warp", 0.001)
    meter.age(6, "field", 3)
    report = meter.report(7)
    assert report.stages_ms["landmarks"].p50 == pytest.approx(10.01, abs=0.01)
    assert report.stages_ms["warp"].p95 == 1
    assert report.age_frames == {"field": Percentiles(p50=3, p95=3)}
    assert report.uptime_s == 2


def test_the_message_has_the_documented_names() -> None:
    meter = Meter("pipelined", begun=0)
    meter.arrive(0.1, (4, 2))
    meter.depart(0.2, Verdict.WARMING_UP, 0.1)
    message = json.loads(meter.report(1).to_json())
    assert message["type"] == "stats"
    assert message["frames"] == {"in": 1, "out": 1, "dropped": 0, "corrected": 0, "passed": {"warming_up": 1}}
    assert message["delay_ms"] == {"p50": 100, "p95": 100}
    assert set(message) == {
        "type",
        "uptime_s",
        "pipeline",
        "returns",
        "width",
        "height",
        "fps_in",
        "fps_out",
        "frames",
        "faces",
        "delay_ms",
        "stages_ms",
        "age_frames",
    }


def test_before_the_first_frame_there_is_no_delay() -> None:
    assert Meter("pipelined", begun=0).report(1).delay_ms is None
