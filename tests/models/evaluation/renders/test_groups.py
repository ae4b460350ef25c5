import pytest

from models.evaluation.renders.groups import Person, compare


def person(tone: float = 0.1, iris: str = "blue", glasses: bool = False, width: float = 40.0) -> Person:
    return Person(tone, iris, glasses, width)


@pytest.mark.parametrize(
    ("one", "group"),
    [
        (person(tone=0.0), "light skin"),
        (person(tone=0.5), "medium skin"),
        (person(tone=1.0), "dark skin"),
        (person(iris="dark_brown"), "dark brown iris"),
        (person(glasses=True), "glasses"),
        (person(width=12), "under 18 px"),
        (person(width=18), "18-30 px"),
        (person(width=30), "30-50 px"),
        (person(width=70), "50+ px"),
    ],
)
def test_everybody_is_in_four_groups(one: Person, group: str) -> None:
    assert group in one.groups
    assert len(one.groups) == 4


def test_a_group_that_is_served_worse_shows() -> None:
    people = [person()] * 20 + [person(glasses=True)] * 10
    metrics = {one.subject: one for one in compare("gaze", people, [1.0] * 20 + [3.0] * 10)}
    assert metrics["glasses"].value == 3
    assert metrics["glasses"].met is False
    assert metrics["no glasses"].value == 1
    assert metrics["worst group"].value == 3


def test_groups_of_a_few_are_not_told() -> None:
    names = {one.subject for one in compare("L1", [person()] * 20 + [person(glasses=True)] * 3, [1.0] * 23)}
    assert "glasses" not in names
    assert compare("L1", [person()], [None]) == []
