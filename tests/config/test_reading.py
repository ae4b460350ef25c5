import os

import pytest

from relay.config.reading import cap_threads
from relay.config.serve import Serve
from relay.errors import ConfigError


def test_flags_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EYELINE_PORT", "1234")
    monkeypatch.setenv("EYELINE_YAW", "-4")
    settings = Serve.read(["--port", "4321", "--no-enabled"], "relay serve")
    assert (settings.port, settings.yaw, settings.enabled) == (4321, -4, False)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--port", "x"], ["port", "'x'", "integer"]),
        (["--port", "70000"], ["port", "70000", "65535"]),
        (["--pitch", "26"], ["pitch", "26", "25"]),
        (["--pitch", "nan"], ["pitch", "nan", "finite"]),
        (["--strength", "101"], ["strength", "101", "100"]),
        (["--faces", "0"], ["faces", "0", "1"]),
        (["--vanish-timeout", "0.1"], ["vanish_timeout", "0.1", "1"]),
        (["--start-bitrate", "6000"], ["start_bitrate", "6000", "5000"]),
        (["--field", "magic"], ["field", "magic", "'network' or 'geometric'"]),
        (["--ice-servers", "[1]"], ["ice_servers"]),
        (["--ice-servers", '["http://host"]'], ["ice_servers", "http://host", "stun"]),
    ],
)
def test_an_error_names_key_value_and_what_would_be_right(flags: list[str], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        Serve.read(flags, "relay serve")
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_broken_json_in_the_environment_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EYELINE_ICE_SERVERS", "[oops")
    with pytest.raises(ConfigError, match="ice_servers"):
        Serve.read([], "relay serve")


def test_thread_pools_are_capped_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    cap_threads(2)
    assert (os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"]) == ("7", "2")
