from dataclasses import replace

from scripts.measuring.calls.offers import HEAD, Offered, row, summarise
from scripts.measuring.calls.steps import Session, Step

GOOD = Session(30, 29, 0.02, {"landmarks": 2, "field": 2}, (40, 60), (40, 41), 3)
BAD = Session(30, 11, 0.6, {"landmarks": 9, "field": 9}, (300, 900), (200, 400), 40)
ON = Offered(True, 6, ["busy"] * 4, 0, Step("pipelined", "video", 2, 1.1, 0.4, GOOD, held=True))
OFF = Offered(False, 6, [], 1, Step("pipelined", "video", 5, 1.5, 0.5, BAD, held=False))


def test_a_row_has_a_figure_for_each_column() -> None:
    assert len(row(ON)) == len(HEAD)
    assert row(ON)[:6] == ["on", 6, 2, 4, 0, "yes"]
    assert row(OFF)[:6] == ["off", 6, 6, 0, 1, "no"]


def test_it_says_what_admission_was_good_for() -> None:
    summary = summarise([ON, OFF])
    assert "2 of 6 are let in and keep 25 frames a second" in summary
    assert "4 get 503" in summary
    assert "1 of 6 break off and the worst of the others has 11" in summary


def test_it_says_when_admission_failed() -> None:
    assert "do NOT keep" in summarise([replace(ON, step=replace(ON.step, held=False)), OFF])
    assert "do NOT keep" in summarise([replace(ON, broke_off=1), OFF])


def test_it_says_when_too_few_came_to_tell() -> None:
    assert "offer more" in summarise([ON, replace(OFF, broke_off=0, step=replace(OFF.step, held=True))])
