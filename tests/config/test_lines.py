import pytest

from relay.config.lines import Lines, Schedule
from relay.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1,2", "three whole numbers"),
        ("1,2,-3", "three whole numbers"),
        ("3,2,4", "m must be at least n, 3"),
        ("1,3,2", "q must be at least m, 3"),
        ("1,2,31", "q must be at most 30"),
    ],
)
def test_distances_that_cannot_be_are_told(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Schedule.parse(text)


def test_distances_are_read_and_written_alike() -> None:
    assert str(Schedule.model_validate(Schedule.parse("1, 2,3"))) == "1,2,3"


def test_a_result_comes_before_the_one_before_it_is_too_old() -> None:
    with pytest.raises(ConfigError, match="landmark_every: 6"):
        Lines(landmark_every=6)


def test_where_the_receiver_warps_every_second_frame_is_enough() -> None:
    assert (Lines().every("video"), Lines().every("field")) == ((1, 1), (2, 2))
    assert Lines(landmark_every=3).every("field") == (3, 2)
