import json
from pathlib import Path
from typing import Any

import pytest

from relay.errors import ConfigError
from relay.frame import Verdict
from relay.media.trace import MAX_NOTES, RecentNotes, Span, TraceFile, Use

SPAN = Span("field", 7, 1.5, 1.5075)
USE = Use(9, 1.6, 8, 7, Verdict.CORRECTED)


def events(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())
    return found


def test_a_span_is_a_complete_event_in_microseconds(tmp_path: Path) -> None:
    with TraceFile(tmp_path / "trace.json") as trace:
        trace.session("session")(SPAN)
    [event] = [event for event in events(tmp_path / "trace.json") if event["ph"] == "X"]
    assert (event["name"], event["ts"], event["dur"]) == ("field 7", 1_500_000, 7_500)
    assert event["args"] == {"frame": 7}


def test_a_shown_frame_names_the_frames_it_was_shown_with(tmp_path: Path) -> None:
    with TraceFile(tmp_path / "trace.json") as trace:
        trace.session("session")(USE)
    found = events(tmp_path / "trace.json")
    [shown] = [event for event in found if event["ph"] == "i"]
    assert shown["args"] == {"frame": 9, "landmarks_of": 8, "field_of": 7, "verdict": "corrected"}
    [ages] = [event for event in found if event["ph"] == "C"]
    assert ages["args"] == {"landmarks": 1, "field": 2}


def test_a_frame_without_results_has_no_ages(tmp_path: Path) -> None:
    with TraceFile(tmp_path / "trace.json") as trace:
        trace.session("session")(Use(0, 0.0, None, None, Verdict.WARMING_UP))
    assert not [event for event in events(tmp_path / "trace.json") if event["ph"] == "C"]


def test_each_line_is_a_row_and_each_session_a_process(tmp_path: Path) -> None:
    with TraceFile(tmp_path / "trace.json") as trace:
        for _ in range(2):
            write = trace.session("session")
            for line in ("landmarks", "field", "warp"):
                write(Span(line, 0, 0.0, 1.0))
    found = events(tmp_path / "trace.json")
    spans = {(event["pid"], event["tid"]) for event in found if event["ph"] == "X"}
    assert len(spans) == 6
    names = [event["args"]["name"] for event in found if event["name"] == "process_name"]
    assert names == ["session 1", "session 2"]


def test_what_comes_after_the_end_is_left_out(tmp_path: Path) -> None:
    trace = TraceFile(tmp_path / "trace.json")
    write = trace.session("session")
    trace.close()
    write(SPAN)
    trace.close()
    assert not [event for event in events(tmp_path / "trace.json") if event["ph"] == "X"]


def test_a_full_disk_ends_the_trace_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no full device")
    with TraceFile(full) as trace:
        write = trace.session("session")
        for _ in range(1000):
            write(SPAN)
    assert len(caplog.records) == 1
    assert "the trace ends here" in caplog.text


def test_a_trace_of_nothing_is_a_trace(tmp_path: Path) -> None:
    TraceFile(tmp_path / "trace.json").close()
    assert events(tmp_path / "trace.json") == []


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"trace: .*nowhere.*cannot be written"):
        TraceFile(tmp_path / "nowhere" / "trace.json")


def test_the_newest_notes_are_given_once() -> None:
    recent = RecentNotes()
    recent(SPAN)
    recent(USE)
    assert recent.take(2.0) == {
        "now": 2.0,
        "spans": [["field", 7, 1.5, 1.5075]],
        "shown": [[9, 1.6, 8, 7, "corrected"]],
    }
    assert recent.take(3.0) == {"now": 3.0, "spans": [], "shown": []}


def test_notes_that_nobody_takes_are_forgotten() -> None:
    recent = RecentNotes()
    for number in range(MAX_NOTES + 5):
        recent(Span("field", number, 0.0, 1.0))
    assert [span[1] for span in recent.take(0.0)["spans"]] == list(range(5, MAX_NOTES + 5))
