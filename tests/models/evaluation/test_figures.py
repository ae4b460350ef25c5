import pytest

from models.evaluation.figures import Metric, Section, known, mean, median, percentile


@pytest.mark.parametrize(
    ("value", "low", "high", "met", "wanted"),
    [
        (1.0, 0.95, 1.05, True, "0.95 to 1.05"),
        (1.1, 0.95, 1.05, False, "0.95 to 1.05"),
        (0.9, 0.95, None, False, "at least 0.95"),
        (0.0, None, 0.0, True, "at most 0"),
        (None, 0.95, None, None, "at least 0.95"),
        (3.0, None, None, None, ""),
    ],
)
def test_what_is_wanted(
    value: float | None, low: float | None, high: float | None, met: bool | None, wanted: str
) -> None:
    one = Metric(Section.REAL, "gain", value, 1, low, high)
    assert one.met is met
    assert one.wanted == wanted


def test_statistics_of_what_is_known() -> None:
    values = known([1.0, None, float("nan"), 4.0, 2.0])
    assert values == [1, 4, 2]
    assert [median(values), mean(values), percentile(values, 100)] == pytest.approx([2, 7 / 3, 4])
    assert median([]) is mean([]) is percentile([], 95) is None
