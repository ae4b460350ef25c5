import pytest

from relay.capacity.admission import Admission, Load
from relay.config.serve import Serve
from relay.errors import BusyError


def admission(*flags: str, cores: float = 2) -> Admission:
    return Admission(Serve.read(["--admission", *flags], "test"), cores)


def short(one: Admission, sessions: int) -> str:
    """What is short for one more session beside so many; empty where it is admitted."""
    try:
        one.check(sessions)
    except BusyError as error:
        return error.short
    return ""


def settled(sessions: int, processor: float = 0.1, lag: float = 0.001, lateness: float = 0.2) -> Load:
    return Load(processor, lag, lateness, sessions, sessions)


def test_the_first_one_is_let_in_whatever_the_neighbours_do() -> None:
    one = admission()
    one.update(settled(0, processor=1, lag=1))
    assert short(one, 0) == ""


def test_while_there_is_room_everybody_is_let_in() -> None:
    one = admission()
    one.update(settled(2, processor=0.3))
    assert short(one, 2) == ""


def test_what_one_more_would_take_is_looked_at_before_it_is_taken() -> None:
    one = admission("--admit-processor", "80")
    one.update(settled(2, processor=0.5))
    assert short(one, 2) == ""  # 75 %
    one.update(settled(3, processor=0.75))
    assert short(one, 3) == "processor"  # 100 %
    with pytest.raises(BusyError, match="100 %, over 80 %"):
        one.check(3)


def test_who_has_just_come_is_counted_before_being_measured() -> None:
    one = admission("--admit-processor", "80")
    one.update(settled(1, processor=0.25))
    assert [short(one, sessions) for sessions in (1, 2, 3)] == ["", "", "processor"]
    one.update(Load(0.3, 0.001, 0.2, sessions=3, settled=1))
    assert one.cost == 0.25
    assert short(one, 3) == "processor"


@pytest.mark.parametrize(("cores", "at_once"), [(0.5, 1), (2, 2), (16, 16)])
def test_before_anything_is_measured_as_many_as_cores_are_let_in(cores: float, at_once: int) -> None:
    one = admission(cores=cores)
    assert [short(one, sessions) for sessions in range(at_once + 1)] == [""] * at_once + ["measuring"]
    one.update(Load(0.1, 0.001, 0.2, sessions=at_once, settled=at_once - 1))
    assert short(one, at_once) == "measuring"
    one.update(settled(at_once))
    assert short(one, at_once) == ""


def test_a_late_loop_lets_nobody_in() -> None:
    one = admission("--admit-lag", "40")
    one.update(settled(2, lag=0.05))
    assert short(one, 2) == "event_loop"
    with pytest.raises(BusyError, match="50 ms late, over 40 ms; try again later"):
        one.check(2)


def test_a_session_that_is_late_lets_nobody_in() -> None:
    one = admission("--admit-lateness", "60")
    one.update(settled(2, lateness=0.8))
    assert short(one, 2) == "lateness"
    with pytest.raises(BusyError, match="80 % of its time, over 60 %"):
        one.check(2)


@pytest.mark.parametrize(
    ("over", "between", "under"),
    [
        (settled(2, lag=0.06), settled(2, lag=0.046), settled(2, lag=0.04)),
        (settled(2, lateness=0.9), settled(2, lateness=0.65), settled(2, lateness=0.5)),
        (settled(2, processor=0.7), settled(2, processor=0.52), settled(2, processor=0.4)),
    ],
)
def test_it_does_not_waver_at_a_limit(over: Load, between: Load, under: Load) -> None:
    one = admission()
    one.update(between)
    assert short(one, 2) == ""
    one.update(over)
    refused = short(one, 2)
    assert refused
    one.update(between)
    assert short(one, 2) == refused
    one.update(under)
    assert short(one, 2) == ""
    one.update(between)
    assert short(one, 2) == ""


def test_when_all_have_gone_the_next_may_come() -> None:
    one = admission()
    one.update(settled(3, processor=0.9))
    assert short(one, 3) == "processor"
    one.update(settled(0, processor=0))
    assert one.cost == pytest.approx(0.3)
    assert [short(one, sessions) for sessions in range(4)] == ["", "", "processor", "processor"]


def test_switched_off_it_lets_everybody_in() -> None:
    one = Admission(Serve.read(["--no-admission"], "test"), 1)
    one.update(settled(9, processor=1, lag=9, lateness=9))
    assert short(one, 9) == ""
    assert one.ratios(9)["event_loop"] > 1
