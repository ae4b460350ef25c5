from pathlib import Path

import pytest

from relay.config import engine
from relay.config.check import Check
from relay.config.correct import Correct
from relay.config.engine import Engine, shipped_weights
from relay.config.serve import Serve


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
    assert shipped_weights() == Path(__file__).parents[2] / "models" / "weights" / "eyeline.onnx"
    monkeypatch.setattr(engine, "__file__", str(tmp_path / "relay" / "config" / "engine.py"))
    (tmp_path / "relay" / "weights").mkdir(parents=True)
    assert shipped_weights() == tmp_path / "relay" / "weights" / "eyeline.onnx"
