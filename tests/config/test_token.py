import pytest

from relay.config.token import Token, parse_duration
from relay.errors import ConfigError


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("12h", 43200), ("7d", 604800)])
def test_a_duration_has_a_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


def test_rights_are_words_with_commas_between() -> None:
    assert Token.read(["--subject", "anna", "--rights", "session, watch"], "x").rights == ["session", "watch"]


def test_without_a_key_it_is_said_where_to_set_it() -> None:
    with pytest.raises(ConfigError, match="EYELINE_TOKEN_KEY"):
        _ = Token.read(["--subject", "anna"], "x").key
