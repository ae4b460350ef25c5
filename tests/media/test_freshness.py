import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config.lines import Lines
from relay.media.freshness import FADE, MAX_AGE, Ages, Fade

LIMITS = Lines.model_validate({"max_landmark_age": 3, "max_field_age": 5})
FRESH, STALE = Ages(1, 1, 0.03), Ages(4, 1, 0.13)
STEP = 1 / 30


def run(fade: Fade, ages: Ages, begin: int, count: int) -> list[float]:
    return [fade(ages, (begin + number) * STEP) for number in range(count)]


@pytest.mark.parametrize(
    ("ages", "within"), [(Ages(3, 5), True), (Ages(4, 5), False), (Ages(3, 6), False), (Ages(0, 0), True)]
)
def test_both_ages_have_their_limit(ages: Ages, within: bool) -> None:
    """Claim 26: a setting determines how far apart the frames may be."""
    assert ages.are_within(LIMITS) is within


def test_what_is_fresh_from_the_start_is_shown_whole() -> None:
    assert run(Fade(LIMITS), FRESH, 0, 3) == [1, 1, 1]


def test_what_is_stale_from_the_start_is_not_shown() -> None:
    assert Fade(LIMITS)(STALE, 0.0) == 0


def test_beyond_the_limits_it_fades_out_over_150_ms_and_back_in_the_same_way() -> None:
    """Claim 26, and nothing snaps."""
    fade = Fade(LIMITS)
    run(fade, FRESH, 0, 3)
    out = run(fade, STALE, 3, 6)
    assert out == pytest.approx([1 - (number + 1) * STEP / FADE for number in range(4)] + [0, 0])
    back = run(fade, FRESH, 9, 6)
    assert back == pytest.approx([(number + 1) * STEP / FADE for number in range(4)] + [1, 1])


def test_what_is_very_old_is_not_even_faded_out() -> None:
    fade = Fade(LIMITS)
    run(fade, FRESH, 0, 3)
    assert fade(Ages(1, 1, MAX_AGE + 0.01), 3 * STEP) == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.floats(0, 0.4)), min_size=1, max_size=60))
def test_it_stays_between_none_and_all_and_never_moves_faster_than_it_may(steps: list[tuple[int, int, float]]) -> None:
    fade, time = Fade(LIMITS), 0.0
    before = fade(FRESH, time)
    for landmarks, field, step in steps:
        time += step
        share = fade(Ages(landmarks, field, 0.1), time)
        assert 0 <= share <= 1
        assert abs(share - before) <= step / FADE + 1e-9
        before = share


def test_a_clock_that_runs_back_does_no_harm() -> None:
    fade = Fade(LIMITS)
    fade(FRESH, 10.0)
    assert fade(STALE, 9.0) == 1
