import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import jwt
import pytest

from relay.__main__ import COMMANDS, main
from relay.config.check import Check
from relay.config.correct import Correct
from relay.config.fetch import Fetch
from relay.config.serve import Serve
from relay.config.token import Token
from relay.media.aiortc_patches import codec
from tests.deadlines import scaled

ROOT = Path(__file__).parents[1]


def relay(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "relay", *words]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=scaled(60),
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"eyeline {metadata.version('eyeline')}\n"


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert all(f"{name}: " in shown for name in COMMANDS)


@pytest.mark.parametrize(
    ("name", "settings"), [("serve", Serve), ("correct", Correct), ("check", Check), ("fetch", Fetch), ("token", Token)]
)
def test_help_of_a_command_lists_its_flags(
    name: str, settings: type[Serve | Correct | Check | Fetch | Token], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([name, "--help"])
    assert exit_.value.code == 0
    shown = capsys.readouterr().out
    assert f"usage: relay {name}" in shown
    for field, about in settings.model_fields.items():
        if field not in {"source", "target"}:
            assert f"--{about.alias or field.replace('_', '-')}" in shown


@pytest.mark.parametrize("words", [[], ["dance"], ["serve", "--dance"], ["serve", "--mode", "stare"]])
def test_a_wrong_command_line_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status: object = main(words)
    except SystemExit as exit_:
        status = exit_.code
    assert status == 2
    assert "relay" in capsys.readouterr().err


def test_a_wrong_setting_is_one_line_with_its_name_and_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "99999"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert re.match(r"relay serve: port: '?99999'? is not right: .*65535", line)


def test_a_wrong_setting_in_the_environment_is_told_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EYELINE_MAX_SESSIONS", "many")
    assert main(["serve"]) == 2
    assert "max_sessions: 'many' is not right" in capsys.readouterr().err


Say = pytest.CaptureFixture[str]


def test_missing_weights_are_1_and_one_line_that_says_what_to_do(tmp_path: Path, model: Path) -> None:
    done = relay("serve", "--port", "0", "--model", str(model), "--weights", str(tmp_path / "none.onnx"))
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"relay serve: the network's weights {tmp_path / 'none.onnx'} cannot be read")
    assert "--field geometric" in line


@pytest.mark.usefixtures("alone")
def test_a_taken_port_is_2_and_says_so(model: Path, weights: Path, capsys: Say) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        models = ("--model", str(model), "--weights", str(weights))
        assert main(["serve", "--host", "127.0.0.1", "--port", port, *models]) == 2
    assert f"relay serve: port: {port} is taken" in capsys.readouterr().err


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`relay serve` in this process changes nothing that outlasts the test."""
    monkeypatch.setattr("relay.__main__.logs.configure", lambda *_: None)
    monkeypatch.setattr("relay.__main__._cap_threads", lambda _: None)
    before = {(module, name): getattr(module, name) for module, names in codec.CONSTANTS.items() for name in names}
    yield
    for (module, name), value in before.items():
        setattr(module, name, value)


def test_serving_begins_with_an_address_and_ends_on_ctrl_c(model: Path, weights: Path) -> None:
    models = ("--model", str(model), "--weights", str(weights))
    command = [sys.executable, "-m", "relay", "serve", "--port", "0", *models]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert re.search(r"http://localhost:\d+", line)
        process.send_signal(signal.SIGINT)
        assert process.wait(scaled(20)) == 0
        said = process.stderr.read()
        assert "Traceback" not in said
        assert len(re.findall(rf"the network {weights} runs on \w+ExecutionProvider", said)) == 1


def test_a_token_is_printed_for_whoever_is_named() -> None:
    key = "a key of thirty-two bytes or more"
    words = ("token", "--subject", "anna", "--rights", "session,watch", "--room", "1234", "--ttl", "2h")
    done = relay(*words, EYELINE_TOKEN_KEY=key)
    assert done.returncode == 0, done.stderr
    claims = jwt.decode(done.stdout.strip(), key, ["HS256"])
    assert (claims["sub"], claims["rights"], claims["room"]) == ("anna", ["session", "watch"], "1234")
    assert claims["exp"] - claims["iat"] == 7200


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], "token_key"),
        (["--token-key", "secret"], "token_key: is too short"),
        (["--ttl", "1y"], "ttl: '1y' is not right"),
        (["--rights", "session,fly"], "rights.1: 'fly' is not right"),
    ],
)
def test_a_token_that_cannot_be_made_is_one_line_without_the_key(
    flags: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if flags and "--token-key" not in flags:
        monkeypatch.setenv("EYELINE_TOKEN_KEY", 32 * "k")
    assert main(["token", "--subject", "anna", *flags]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"relay token: {said}")
    assert "secret" not in line
    assert 32 * "k" not in line


def test_check_says_that_everything_is_there(
    model: Path, weights: Path, capsys: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.__main__.logs.configure", lambda *_: None)
    monkeypatch.setattr("relay.__main__.cap_threads", lambda _: None)
    status, said = main(["check", "--model", str(model), "--weights", str(weights)]), capsys.readouterr().out
    assert status == 0, said
    assert "MISSING" not in said


def test_check_goes_on_without_a_model_that_cannot_be_fetched(tmp_path: Path, weights: Path) -> None:
    nobody = {"https_proxy": "http://127.0.0.1:9", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    done = relay("check", "--model", str(tmp_path / "none.task"), "--weights", str(weights), **nobody)
    assert done.returncode == 1
    assert "could not be fetched" in done.stderr
    assert re.search(r"^MISSING landmark model", done.stdout, re.M)
    assert re.search(r"^ok +network", done.stdout, re.M)


def test_fetch_says_where_the_model_is(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch"]) == 0
    assert capsys.readouterr() == (f"The landmark model is at {model}.\n", "")


def test_numeric_libraries_get_as_many_threads_as_asked_for() -> None:
    program = (
        "import sys; from relay.__main__ import _cap_threads; assert 'numpy' not in sys.modules; _cap_threads(3); "
        "import cv2, os; print(cv2.getNumThreads(), os.environ['OMP_NUM_THREADS'])"
    )
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=clean, cwd=ROOT, check=False
    )
    assert done.stdout.split() == ["3", "3"], done.stderr
