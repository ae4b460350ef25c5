import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from relay import config
from relay.config import Check, Correct, Correction, Engine, Limits, Serve, cap_threads, shipped_weights
from relay.errors import ConfigError


def test_the_defaults_are_valid_and_frozen() -> None:
    settings = Serve.read([], "relay serve")
    assert settings.correction == Correction()
    assert settings.limits == Limits()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.correction.pitch = 1  # type: ignore[misc]


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


def test_ice_servers_are_a_list() -> None:
    assert Serve.read([], "x").ice_servers == []
    two = Serve.read(["--ice-servers", '["stun:one:3478", "turn:two:3478"]'], "x").ice_servers
    assert two == ["stun:one:3478", "turn:two:3478"]


def test_correct_takes_files_and_its_own_defaults() -> None:
    settings = Correct.read(["in.mp4", "out.mp4", "--pitch", "3", "--json", "--side-by-side"], "relay correct")
    assert (settings.source, settings.target) == (Path("in.mp4"), Path("out.mp4"))
    assert (settings.pipeline, settings.json_summary, settings.side_by_side) == ("sequential", True, True)
    assert settings.correction == Correction(pitch=3)


def test_correct_needs_both_files() -> None:
    with pytest.raises(SystemExit) as exit_:
        Correct.read(["in.mp4"], "relay correct")
    assert exit_.value.code == 2


def test_every_command_has_an_engine_that_runs_the_shipped_network() -> None:
    for settings in (Serve.read([], "x"), Correct.read(["a", "b"], "x"), Check.read([], "x")):
        assert isinstance(settings, Engine)
        assert (settings.field, settings.weights) == ("network", shipped_weights())


def test_every_command_takes_another_field_and_other_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EYELINE_WEIGHTS", "mine.onnx")
    flags = ["--field", "geometric"]
    for settings in (Serve.read(flags, "x"), Correct.read(["a", "b", *flags], "x"), Check.read(flags, "x")):
        assert (settings.field, settings.weights) == ("geometric", Path("mine.onnx"))


def test_the_weights_lie_under_models_in_a_source_tree_and_in_the_package_once_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shipped_weights() == Path(__file__).parents[1] / "models" / "weights" / "eyeline.onnx"
    monkeypatch.setattr(config, "__file__", str(tmp_path / "relay" / "config.py"))
    (tmp_path / "relay" / "weights").mkdir(parents=True)
    assert shipped_weights() == tmp_path / "relay" / "weights" / "eyeline.onnx"


def test_unknown_settings_of_a_correction_are_refused() -> None:
    with pytest.raises(ValidationError):
        Correction.model_validate({"brightness": 3})


def test_thread_pools_are_capped_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    cap_threads(2)
    assert (os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"]) == ("7", "2")
