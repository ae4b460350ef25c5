import json
from pathlib import Path

from relay.film.summary import Summary, SummaryCounter
from relay.frame import Verdict


def counter() -> SummaryCounter:
    counted = SummaryCounter()
    counted.verdicts.update([Verdict.CORRECTED] * 8 + [Verdict.EYES_CLOSED, Verdict.NO_FACE])
    for number in range(1, 101):
        counted.time("warp", number / 1000)
    return counted


def summary(counted: SummaryCounter) -> Summary:
    return Summary(
        source=Path("a.mp4"),
        target=Path("b.mp4"),
        lines="0,0,0",
        width=64,
        height=48,
        duration_s=0.333,
        took_s=2,
        fps=5,
        frames=counted.frames,
        faces_found=9,
        most_faces=1,
        corrected=counted.verdicts[Verdict.CORRECTED],
        passed=counted.passed,
        stages_ms=counted.stages_ms,
        damaged=0,
        notes=["one thing"],
    )


def test_frames_are_counted_by_what_became_of_them() -> None:
    assert counter().frames == 10
    assert counter().passed == {Verdict.EYES_CLOSED: 1, Verdict.NO_FACE: 1}


def test_stage_times_are_milliseconds() -> None:
    warp = counter().stages_ms["warp"]
    assert (warp.p50, warp.p95) == (50.5, 95.05)


def test_the_summary_is_one_line_of_json() -> None:
    line = summary(counter()).model_dump_json()
    assert "\n" not in line
    assert json.loads(line)["passed"] == {"eyes_closed": 1, "no_face": 1}
    assert json.loads(line)["stages_ms"] == {"warp": {"p50": 50.5, "p95": 95.05}}


def test_the_summary_is_a_sentence_too() -> None:
    assert str(summary(counter())) == (
        "b.mp4: 10 frames in 2.0 s (5.0 per second), 8 corrected, the others unchanged (eyes closed 1, no face 1)"
    )
