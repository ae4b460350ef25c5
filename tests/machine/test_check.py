import importlib
import re
from pathlib import Path

import pytest

from relay.config.check import Check
from relay.gaze import spec
from relay.gaze.network import Network
from relay.gaze.tracking.landmarks import Landmarker
from relay.machine import check
from relay.machine.check import Finding, check_codec, check_landmarks, check_model, check_network, check_package, report
from tests.gaze.weights import write_network


def settings(model: Path, *flags: str) -> Check:
    return Check.read(["--model", str(model), *flags], "test")


def test_everything_is_there(model: Path, weights: Path) -> None:
    said: list[str] = []
    assert report(settings(model, "--weights", str(weights)), said.append) == 0
    assert said[-1] == "nothing is missing"
    assert all(line.startswith("ok ") for line in said[:-1])


def test_a_missing_model_is_said_with_what_to_do(tmp_path: Path, weights: Path) -> None:
    said: list[str] = []
    assert report(settings(tmp_path / "none.task", "--weights", str(weights)), said.append) == 1
    assert any(line.startswith("MISSING landmark model") for line in said)
    assert any("-> " in line and "relay fetch" in line for line in said)
    assert said[-1] == "2 missing"


def test_another_file_is_not_the_model(tmp_path: Path) -> None:
    other = tmp_path / "other.task"
    other.write_bytes(b"something else")
    assert "checksum" in check_model(other).remedy


def test_the_network_is_said_with_its_spec_provider_and_time(model: Path, weights: Path) -> None:
    found = check_network(settings(model, "--weights", str(weights)))
    parts = f"{weights}, spec {spec.VERSION}, on {Network(weights).provider}, "
    assert re.fullmatch(re.escape(parts) + r"\d+\.\d ms for two eyes", found.detail)
    assert not found.remedy


def test_the_shipped_weights_are_there_and_fit(model: Path) -> None:
    found = check_network(settings(model))
    assert not found.remedy
    assert "models/weights/eyeline" in found.detail


def test_missing_and_strange_weights_are_said_and_hide_nothing_else(model: Path, tmp_path: Path) -> None:
    strange = write_network(tmp_path / "old.onnx", stamp={**spec.stamp(), "eyeline.spec": "0"})
    for path, word in ((tmp_path / "none.onnx", "cannot be read"), (strange, "eyeline.spec is '0'")):
        chosen = settings(model, "--weights", str(path))
        found = check_network(chosen)
        assert found.detail == str(path)
        assert word in found.remedy
        assert not check_landmarks(chosen).remedy


def test_without_a_network_no_weights_are_missed(model: Path, tmp_path: Path) -> None:
    chosen = settings(model, "--weights", str(tmp_path / "none.onnx"), "--field", "geometric")
    assert check_network(chosen) == Finding("network", "not used: --field geometric")


def test_a_missing_package_and_one_that_does_not_load() -> None:
    assert check_package("no-such-package", "math").remedy
    assert check_package("numpy", "numpy.nothing").remedy
    assert not check_package("numpy", "numpy").remedy


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("libGL.so.1: cannot open shared object file: No such file", "apt install libgl1"),
        (
            "libstrange-2.so.7: cannot open shared object file",
            "install the system package that provides libstrange-2.so.7",
        ),
        ("No module named 'cv2'", check.REINSTALL),
    ],
)
def test_a_missing_library_is_named(error: str, remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise ImportError(error)

    monkeypatch.setattr(importlib, "import_module", refuse)
    assert check_package("numpy", "numpy") == Finding("numpy", error, remedy)


def test_a_missing_codec_is_said() -> None:
    assert check_codec("libnothing", "w").remedy
    assert not check_codec("libvpx", "w").remedy


def test_a_model_that_sees_a_face_where_there_is_none_is_wrong(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("cannot run")

    assert not check_landmarks(settings(model)).remedy
    monkeypatch.setattr(Landmarker, "_detect", fail)
    assert "cannot run" in check_landmarks(settings(model)).detail
