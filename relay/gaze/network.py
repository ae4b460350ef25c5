"""Runs the warping network: eye crops and angles in, Fields out. The only module that imports onnxruntime.

Knows nothing of faces, frames or torch; it shares spec.py and eye_crop.py with the training code.
"""

import ctypes
import io
import logging
import os
from collections.abc import Sequence
from contextlib import redirect_stdout
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from relay.errors import ModelError, NotFiniteError
from relay.gaze import spec
from relay.gaze.eye_crop import EyeCrop
from relay.gaze.face import Angles, Field

# From 1.29 on, official builds for Linux and macOS too send telemetry to Microsoft within seconds of use, and store an
# identifier in the user's cache folder. Only this variable, set before the import, disables both.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

CUDA: Final = "CUDAExecutionProvider"
CPU: Final = "CPUExecutionProvider"
LOG_FATAL: Final = 4  # onnxruntime's log level for fatal errors only; others are raised as exceptions
WARM_UP: Final = (1, 2, 4)  # batch sizes; the first run with each is slow
SHAPES: Final[dict[str, tuple[int, ...]]] = {
    "picture": (3, *spec.GRID),
    "maps": (2, *spec.GRID),
    "aim": (2,),
    "radius": (),
    "flow": (2, *spec.GRID),
    "rest": (2, *spec.GRID),
    "mask": (1, *spec.GRID),
    "light": (1, *spec.GRID),
}  # of one eye, without the batch dimension
REMEDY: Final = (
    "use the weights of this version of the relay, export them again with its models/export.py, "
    "or run without a network: --field geometric"
)

Tensor = NDArray[np.float32]
Session = Any  # onnxruntime.InferenceSession, which is not annotated

log = logging.getLogger(__name__)


class Network:
    """The network, loaded and warmed up. Thread-safe.

    path: the weights in use. provider: onnxruntime's execution provider.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Load the weights. threads: per call.

        Uses a GPU where onnxruntime can, with NAME_fp16.onnx instead of NAME.onnx where it exists.
        Raises ModelError where a file is missing, invalid or made for another spec.
        """
        self.path, self._session = _on_gpu(path, threads) or _on_cpu(path, threads)
        self.provider = str(self._session.get_providers()[0])
        log.info("the network %s runs on %s", self.path, self.provider)

    def __call__(self, crops: Sequence[EyeCrop], aims: Sequence[Angles]) -> list[Field]:
        """The field of each eye, all in one batch. aims: in patch coordinates (Patch.aim); clipped to spec.MAX_AIM.

        Raises NotFiniteError.
        """
        if not crops:
            return []
        flow, rest, mask, light = _run(
            self._session,
            self.path,
            np.stack([one.picture for one in crops]),
            np.stack([one.maps for one in crops]),
            np.array([(aim.pitch, aim.yaw) for aim in aims], np.float32).clip(-spec.MAX_AIM, spec.MAX_AIM),
            np.array([one.radius for one in crops], np.float32),
        )
        return [Field(*layers) for layers in zip(_by_node(flow), mask[:, 0], _by_node(rest), light[:, 0], strict=True)]


@lru_cache(maxsize=1)
def load(path: Path, threads: int) -> Network:
    """The network, loaded once and shared by all sessions. Raises ModelError."""
    return Network(path, threads)


def _on_gpu(path: Path, threads: int) -> tuple[Path, Session] | None:
    """None where there is no usable GPU. Raises ModelError."""
    if not _has_driver():
        return None
    half = path.with_stem(f"{path.stem}_fp16")
    chosen = half if half.is_file() else path
    try:
        # CUDA and cuDNN may be Python packages, which the linker does not search; failures are printed.
        with redirect_stdout(io.StringIO()):
            onnxruntime.preload_dlls()
        return chosen, _load_session(chosen, threads, CUDA)
    except ModelError:
        raise
    except Exception as error:  # onnxruntime's exceptions have no common base
        log.warning("the network cannot run on the GPU: %s", _first_line(error))
        return None


def _on_cpu(path: Path, threads: int) -> tuple[Path, Session]:
    """Raises ModelError."""
    try:
        return path, _load_session(path, threads, CPU)
    except ModelError:
        raise
    except Exception as error:  # as above
        raise ModelError(f"the network's weights {path} cannot be used ({_first_line(error)}): {REMEDY}") from error


def _has_driver() -> bool:
    """Whether CUDA is built in and this machine has NVIDIA's driver."""
    if CUDA not in onnxruntime.get_available_providers():
        return False
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def _load_session(path: Path, threads: int, provider: str) -> Session:
    """A validated and warmed-up session. Raises ModelError and onnxruntime's exceptions."""
    session = _open(path, threads, provider)
    _check_stamp(session, path)
    _check_tensors(session, path)
    for eyes in WARM_UP:
        outputs = _run(session, path, *(np.zeros((eyes, *SHAPES[name]), np.float32) for name in spec.INPUTS))
        for name, output in zip(spec.OUTPUTS, outputs, strict=True):
            _expect(path, f"shape of {name}", _text(output.shape), _text((eyes, *SHAPES[name])))
    return session


def _open(path: Path, threads: int, provider: str) -> Session:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"the network's weights {path} cannot be read ({error.strerror}): {REMEDY}") from error
    onnxruntime.set_default_logger_severity(LOG_FATAL)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = LOG_FATAL
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # Threads that spin while they wait starve the event loop until ICE times out.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = [provider] if provider == CPU else [provider, CPU]  # CPU: operators without a GPU kernel
    session = onnxruntime.InferenceSession(content, options, providers=providers, enable_fallback=0)
    if session.get_providers()[0] != provider:
        raise RuntimeError(f"onnxruntime {onnxruntime.__version__} found no CUDA and cuDNN of the required version")
    return session


def _check_stamp(session: Session, path: Path) -> None:
    """Raises ModelError where the weights were made for another spec."""
    metadata = session.get_modelmeta().custom_metadata_map
    for key, expected in spec.stamp().items():
        _expect(path, key, metadata.get(key, "nothing"), expected)


def _check_tensors(session: Session, path: Path) -> None:
    """Raises ModelError where names, types or shapes are not those of the spec, or the number of eyes is fixed."""
    for kind, found, names in (
        ("inputs", session.get_inputs(), spec.INPUTS),
        ("outputs", session.get_outputs(), spec.OUTPUTS),
    ):
        _expect(path, kind, " ".join(sorted(one.name for one in found)), " ".join(sorted(names)))
        for one in found:
            _expect(path, f"type of {one.name}", one.type, "tensor(float)")
            expected: tuple[int | str, ...] = ("n", *SHAPES[one.name])
            if not _fits(one.shape, expected):
                _expect(path, f"shape of {one.name}", _text(one.shape), _text(expected))


def _fits(shape: Sequence[int | str | None], expected: Sequence[int | str]) -> bool:
    """Whether a declared shape allows the expected one; dynamic sizes are checked by the first run."""
    if len(shape) != len(expected):
        return False
    return all(size == other for size, other in zip(shape, expected, strict=True) if isinstance(size, int))


def _expect(path: Path, what: str, found: str, expected: str) -> None:
    if found != expected:
        raise ModelError(
            f"{path} was made for another relay: its {what} is '{found}', expected is '{expected}': {REMEDY}"
        )


def _run(session: Session, path: Path, *inputs: Tensor) -> list[Tensor]:
    """Tensors in the order of spec.INPUTS -> those of spec.OUTPUTS. Raises NotFiniteError."""
    outputs: list[Tensor] = session.run(list(spec.OUTPUTS), dict(zip(spec.INPUTS, inputs, strict=True)))
    for name, output in zip(spec.OUTPUTS, outputs, strict=True):
        if not np.isfinite(output).all():
            raise NotFiniteError(f"the network {path} returned a {name} that is not finite: {REMEDY}")
    return outputs


def _by_node(layers: Tensor) -> Tensor:
    """(n, layers, h, w) -> (n, h, w, layers), contiguous."""
    return np.ascontiguousarray(np.moveaxis(layers, 1, -1))


def _text(shape: Sequence[int | str | None]) -> str:
    return " x ".join(str(size) for size in shape)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
