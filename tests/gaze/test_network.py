import logging
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto

from relay.errors import ModelError, NotFiniteError
from relay.gaze import network, spec
from relay.gaze.eye_crop import EyeCrop
from relay.gaze.face import Angles, Field
from relay.gaze.network import CPU, CUDA, Network
from tests.gaze.weights import RELIABLE, expected, write_network

ROOT = Path(__file__).parents[2]
onnxruntime = sys.modules["onnxruntime"]  # not imported here: telemetry must be disabled first


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run these tests on the CPU, also where there is a GPU."""
    monkeypatch.setattr(network, "_has_driver", lambda: False)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_network(tmp_path_factory.mktemp("weights") / "tiny.onnx")


@pytest.fixture(scope="module")
def tiny(path: Path) -> Network:
    return Network(path)


def eyes(count: int, seed: int = 0) -> list[EyeCrop]:
    random = np.random.default_rng(seed)
    return [
        EyeCrop(
            random.random((3, *spec.GRID), np.float32),
            random.random((2, *spec.GRID), np.float32),
            random.uniform(0.1, 0.3),
        )
        for _ in range(count)
    ]


def aims(count: int, seed: int = 1) -> list[Angles]:
    return [Angles(*pair) for pair in np.random.default_rng(seed).uniform(-20, 20, (count, 2))]


def assert_same(made: Field, wanted: Field) -> None:
    assert made.rest is not None
    assert wanted.rest is not None
    np.testing.assert_allclose(made.flow, wanted.flow, atol=1e-6)
    np.testing.assert_allclose(made.rest, wanted.rest, atol=1e-6)
    np.testing.assert_array_equal(made.mask, wanted.mask)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 16])
def test_each_eye_gets_its_own_field_whatever_the_number_of_eyes(tiny: Network, count: int) -> None:
    crops, turns = eyes(count), aims(count)
    fields = tiny(crops, turns)
    assert len(fields) == count
    for field, crop, aim in zip(fields, crops, turns, strict=True):
        assert_same(field, expected(crop, aim))


def test_a_field_is_laid_out_as_the_warp_takes_it(tiny: Network) -> None:
    for field in tiny(eyes(2), aims(2)):
        assert field.rest is not None
        shapes = {"flow": (*spec.GRID, 2), "mask": spec.GRID, "rest": (*spec.GRID, 2)}
        for name, shape in shapes.items():
            layer = getattr(field, name)
            assert layer.shape == shape
            assert layer.dtype == np.float32
            assert layer.flags.c_contiguous


def test_nobody_is_no_field(tiny: Network) -> None:
    assert tiny([], []) == []


@given(pitch=st.floats(-1e4, 1e4), yaw=st.floats(-1e4, 1e4))
def test_a_turn_is_cut_to_what_the_spec_allows(tiny: Network, pitch: float, yaw: float) -> None:
    (eye,) = eyes(1)
    within = Angles(*(max(-spec.MAX_AIM, min(spec.MAX_AIM, angle)) for angle in (pitch, yaw)))
    assert_same(tiny([eye], [Angles(pitch, yaw)])[0], expected(eye, within))


def test_several_threads_may_ask_at_once(tiny: Network) -> None:
    asked = [(eyes(count, count), aims(count, count)) for count in (1, 2, 4, 6) * 8]
    with ThreadPoolExecutor(4) as executor:
        answers = list(executor.map(lambda one: tiny(*one), asked))
    for (crops, turns), fields in zip(asked, answers, strict=True):
        for field, crop, aim in zip(fields, crops, turns, strict=True):
            assert_same(field, expected(crop, aim))


def test_what_is_no_number_is_an_error(tmp_path: Path) -> None:
    fragile = Network(write_network(tmp_path / "fragile.onnx", fragile=True))
    (eye,) = eyes(1)
    assert_same(fragile([eye], [Angles(5, 5)])[0], expected(eye, Angles(5, 5)))
    with pytest.raises(NotFiniteError, match="flow"):
        fragile([eye, eye], [Angles(5, 5), Angles(RELIABLE + 2, 0)])


@pytest.mark.parametrize("key", list(spec.stamp()))
@pytest.mark.parametrize("said", ["something else", None])
def test_weights_for_another_spec_are_refused(tmp_path: Path, key: str, said: str | None) -> None:
    stamp = {**spec.stamp(), key: said}
    path = write_network(tmp_path / "a.onnx", stamp={name: text for name, text in stamp.items() if text is not None})
    with pytest.raises(ModelError) as caught:
        Network(path)
    for word in (str(path), key, said or "nothing", spec.stamp()[key], "models/export.py", "--field geometric"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"names": {"aim": "angle"}}, ["inputs", "'angle maps picture radius'", "'aim maps picture radius'"]),
        ({"names": {"rest": "remainder"}}, ["outputs", "'flow light mask remainder'", "'flow light mask rest'"]),
        ({"grid": (24, 32)}, ["shape of picture", "'n x 3 x 24 x 32'", "'n x 3 x 48 x 64'"]),
        ({"eyes": 2}, ["shape of picture", "'2 x 3 x 48 x 64'", "'n x 3 x 48 x 64'"]),
        ({"kind": TensorProto.DOUBLE}, ["type of picture", "'tensor(double)'", "'tensor(float)'"]),
        ({"fixed": 2}, ["shape of flow", "'2 x 2 x 48 x 64'", "'n x 2 x 48 x 64'"]),
    ],
)
def test_weights_with_other_tensors_are_refused(tmp_path: Path, wrong: dict[str, Any], words: list[str]) -> None:
    path = write_network(tmp_path / "a.onnx", **wrong)
    with pytest.raises(ModelError) as caught:
        Network(path)
    for word in (str(path), "models/export.py", "--field geometric", *words):
        assert word in str(caught.value)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize(
    "damage", [cut_short, lambda path: path.write_bytes(b"no network"), lambda path: path.write_bytes(b"")]
)
def test_a_broken_file_is_told_in_one_line(
    tmp_path: Path, damage: Callable[[Path], None], capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_network(tmp_path / "a.onnx")
    damage(path)
    with pytest.raises(ModelError) as caught:
        Network(path)
    message = str(caught.value)
    assert str(path) in message
    assert "--field geometric" in message
    assert "\n" not in message
    assert capfd.readouterr() == ("", "")


def test_a_missing_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.onnx cannot be read \(No such file.*--field geometric"):
        Network(tmp_path / "none.onnx")


@pytest.mark.skipif(sys.platform != "linux", reason="counts the process's threads in /proc")
@pytest.mark.parametrize("threads", [1, 3])
def test_it_takes_no_more_threads_than_it_may(path: Path, threads: int) -> None:
    before = len(os.listdir("/proc/self/task"))
    one = Network(path, threads)
    assert len(os.listdir("/proc/self/task")) - before == threads - 1  # the caller's own is the first
    assert len(one(eyes(4), aims(4))) == 4


def test_its_threads_do_not_spin_and_its_nodes_take_turns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = onnxruntime.InferenceSession

    def record(content: bytes, options: Any, **others: Any) -> Any:
        seen.append(options)
        return real(content, options, **others)

    monkeypatch.setattr(onnxruntime, "InferenceSession", record)
    Network(path, 2)
    (options,) = seen
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)
    assert options.execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL


def test_without_a_gpu_it_runs_on_the_processor_and_says_so_in_the_log_alone(
    path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO):
        one = Network(path)
    assert (one.provider, one.path) == (CPU, path)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", f"the network {path} runs on {CPU}")
    ]
    assert capfd.readouterr() == ("", "")


class Gpu:
    """Replaces onnxruntime with CUDA: its sessions are CPU sessions that report another provider."""

    def __init__(self, problem: str = "") -> None:
        self.problem = problem
        self._make = onnxruntime.InferenceSession

    def __call__(self, content: bytes, options: Any, providers: list[str], **others: Any) -> Any:
        session = self._make(content, options, providers=[CPU], **others)
        if CUDA in providers and self.problem:
            raise RuntimeError(self.problem)
        session.get_providers = lambda: providers
        return session


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Gpu:
    one = Gpu()
    monkeypatch.setattr(network, "_has_driver", lambda: True)
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: sys.stdout.write("Failed to load a library\n"))
    monkeypatch.setattr(onnxruntime, "InferenceSession", one)
    return one


def test_a_gpu_is_used_where_there_is_one(gpu: Gpu, path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one = Network(path)
    assert (one.provider, one.path) == (CUDA, path)
    assert capfd.readouterr() == ("", "")


def test_a_gpu_takes_the_half_precision_file_beside_the_other(gpu: Gpu, tmp_path: Path) -> None:
    path, half = (write_network(tmp_path / name) for name in ("eyeline.onnx", "eyeline_fp16.onnx"))
    assert Network(path).path == half
    gpu.problem = "no kernel"
    assert Network(path).path == path


def test_a_gpu_that_fails_is_told_and_done_without(gpu: Gpu, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    gpu.problem = "the driver is too old\nand more"
    one = Network(path)
    assert one.provider == CPU
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warning.endswith("cannot run on the GPU: the driver is too old")


def test_a_try_at_a_gpu_makes_no_noise(
    path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """With the real libraries, whether they are installed or not."""
    monkeypatch.setattr(network, "_has_driver", lambda: True)
    assert Network(path).provider in {CPU, CUDA}
    assert capfd.readouterr() == ("", "")


def test_weights_for_another_spec_are_refused_on_a_gpu_too(gpu: Gpu, tmp_path: Path) -> None:
    path = write_network(tmp_path / "eyeline.onnx")
    write_network(tmp_path / "eyeline_fp16.onnx", stamp={**spec.stamp(), "eyeline.spec": "0"})
    with pytest.raises(ModelError, match=r"eyeline_fp16\.onnx .* eyeline\.spec is '0'"):
        Network(path)


def test_all_persons_share_one_network(path: Path, tmp_path: Path) -> None:
    shared = network.load(path, 1)
    assert network.load(path, 1) is shared
    assert network.load(write_network(tmp_path / "other.onnx"), 1) is not shared


def test_onnxruntime_keeps_no_account_of_its_use(path: Path, tmp_path: Path) -> None:
    """By default it stores an identifier and events in the home folder, and sends them."""
    program = f"from pathlib import Path; from relay.gaze.network import Network; Network(Path({str(path)!r}))"
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / ".cache")}
    free = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={**free, **home}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.rglob("*")) == []
