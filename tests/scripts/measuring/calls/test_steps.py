from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from relay.config.lines import Lines, ReturnMode
from scripts.measuring.calls.knee import Line, draw
from scripts.measuring.calls.steps import (
    HEAD,
    Session,
    Step,
    compare,
    is_held,
    knee,
    row,
    summarise,
    summarise_returns,
    worst_of,
)

FINE = Session(
    sent=30.0,
    out=29.9,
    dropped=0.0,
    ages={"landmarks": 2.0, "field": 3.0},
    way=(90.0, 100.0),
    halves=(90.0, 90.0),
    in_relay=4.0,
)
LIMITS = Lines.model_validate({"max_landmark_age": 4, "max_field_age": 6})


def step(sessions: int, *, held: bool, worst: Session = FINE) -> Step:
    return Step("pipelined", "video", sessions, 0.5, 0.1, worst, held)


def test_the_worst_of_each_figure_may_be_of_another_session() -> None:
    slow = replace(FINE, out=12.0, ages={"landmarks": 2.0, "field": 9.0}, unread=1)
    growing = replace(FINE, way=(300.0, 400.0), halves=(200.0, 400.0), dropped=0.5)
    high = replace(FINE, halves=(500.0, 501.0), unread=2)
    worst = worst_of([FINE, slow, growing, high])
    assert (worst.out, worst.dropped, worst.way, worst.unread) == (12.0, 0.5, (300.0, 400.0), 3)
    assert worst.ages == {"landmarks": 2.0, "field": 9.0}
    assert worst.halves == (200.0, 400.0)


def test_a_figure_that_one_session_lacks_is_the_worst() -> None:
    silent = replace(FINE, ages={"landmarks": None, "field": 3.0}, halves=(90.0, None))
    worst = worst_of([silent, FINE])
    assert worst.ages == {"landmarks": None, "field": 3.0}
    assert worst.halves == (90.0, None)


@pytest.mark.parametrize(
    ("returns", "out", "landmarks", "field", "held"),
    [
        ("video", 25.0, 4.0, 6.0, True),
        ("video", 24.9, 4.0, 6.0, False),
        ("video", 30.0, 4.1, 6.0, False),
        ("video", 30.0, 4.0, 6.1, False),
        ("video", 30.0, None, 6.0, False),
        ("field", 15.0, 4.0, 6.0, True),  # the camera's own frames are shown, all of them
        ("field", 15.0, 4.0, 6.1, False),
    ],
)
def test_a_step_is_held_within_the_settings(
    returns: ReturnMode, out: float, landmarks: float | None, field: float | None, held: bool
) -> None:
    assert is_held(returns, replace(FINE, out=out, ages={"landmarks": landmarks, "field": field}), LIMITS) == held


@pytest.mark.parametrize(
    ("held", "most"), [([True, True, False, False], 2), ([False, False], 0), ([True, False, True], 1), ([True], 1)]
)
def test_the_knee_is_the_last_step_before_the_first_that_is_not_held(held: list[bool], most: int) -> None:
    assert knee([step(number, held=one) for number, one in enumerate(held, 1)]) == most


def test_a_sweep_is_told_with_what_happens_beyond_its_knee() -> None:
    beyond = replace(FINE, dropped=0.4, halves=(120.0, 121.0))
    assert "2 sessions held; with 3, 40 % of the frames are dropped" in (
        summary := summarise([step(1, held=True), step(2, held=True), step(3, held=False, worst=beyond)])
    )
    assert "120 ms and 121 ms" in summary
    assert summarise([step(1, held=True)]).endswith("1 sessions held, as many as were asked for")


def test_the_returns_are_compared_over_all_turns() -> None:
    def turn(cores: float | None, dropped: float = 0.0) -> Step:
        return replace(step(1, held=True, worst=replace(FINE, dropped=dropped)), relay_cores=cores)

    found = compare({"video": [turn(0.6), turn(0.8)], "field": [turn(0.3), turn(0.4, dropped=0.02)]})
    assert found["field_to_video"] == pytest.approx(0.5)
    assert summarise_returns(found) == "video return takes 70 % of a core, field return 35 %, which is 50 % of it"
    busy = compare({"video": [turn(0.6)], "field": [turn(0.3, dropped=0.4)]})
    assert summarise_returns(busy).endswith("but 40 % of the frames were dropped")
    assert "cannot be measured" in summarise_returns(compare({"video": [turn(None)], "field": [turn(0.3)]}))


def test_a_row_has_a_cell_for_each_head() -> None:
    assert dict(zip(HEAD, row(step(2, held=True)), strict=True))["relay cpu %"] == 50.0


def test_each_kind_of_session_is_drawn_in_its_colour_also_where_a_figure_is_missing(tmp_path: Path) -> None:
    lines = [
        Line(
            name,
            [1, 2],
            ages=[{"landmarks": age, "field": None}] * 2,
            rates=[30.0, 20.0 - age],
            delays=[(90, 90 + age), (None, None)],
            knee=1,
        )
        for name, age in (("one", 1.0), ("another", 2.0))
    ]
    draw(tmp_path / "load.png", lines, LIMITS)
    picture = cv2.imread(str(tmp_path / "load.png"))
    assert picture is not None
    for colour in ((0x99, 0x6E, 0x0B), (0x5B, 0x49, 0xD1)):
        assert (picture == colour).all(axis=2).sum() > 100
