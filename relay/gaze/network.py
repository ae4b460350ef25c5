"""Runs the warping network: eyes cut out and angles in, Fields out. The only module that imports onnxruntime.

Knows nothing of faces, frames or torch; what it shares with those who train the network is spec.py and cutout.py.
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

# From 1.29 on, official builds for Linux and macOS too report to Microsoft within seconds of being used, and keep an
# identifier in the user's cache folder. Only this, said before they are loaded, stops all of it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

CUDA: Final = "CUDAExecutionProvider"
CPU: Final = "CPUExecutionProvider"
SILENT: Final = 4  # of onnxruntime's log levels: crashes alone. Errors arrive as exceptions
WARM_UP: Final = (1, 2, 4)  # eyes; the first run with each number is slow
SHAPES: Final[dict[str, tuple[int, ...]]] = {
    "picture": (3, *spec.GRID),
    "maps": (2, *spec.GRID),
    "aim": (2,),
    "radius": (),
    "flow": (2, *spec.GRID),
    "rest": (2, *spec.GRID),
    "mask": (1, *spec.GRID),
    "light": (1, *spec.GRID),
}  # of one eye: the number of eyes comes before
REMEDY: Final = (
    "take the weights that belong to this version of the relay, export them anew with its models/export.py, "
    "or do without: --field geometric"
)

Tensor = NDArray[np.float32]
Session = Any  # onnxruntime.InferenceSession, which is not annotated

log = logging.getLogger(__name__)


class Network:
    """The network, loaded and warm. Several threads may call it at once.

    path: the weights in use. provider: what they run on, in onnxruntime's words.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Load the weights. threads: of one call.

        Where onnxruntime can use a GPU it does, with NAME_fp16.onnx in place of NAME.onnx where there is one.
        Raises ModelError where a file is missing, broken or made for another spec.
        """
        self.path, self._session = _on_gpu(path, threads) or _on_cpu(path, threads)
        self.provider = str(self._session.get_providers()[0])
        log.info("the network %s runs on %s", self.path, self.provider)

    def __call__(self, crops: Sequence[EyeCrop], aims: Sequence[Angles]) -> list[Field]:
        """The field of each eye, all in one batch. aims: inside the patch (Patch.aim); cut to spec.MAX_AIM.

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
    """The network, loaded once and then shared by all persons. Raises ModelError."""
    return Network(path, threads)


def _on_gpu(path: Path, threads: int) -> tuple[Path, Session] | None:
    """None where there is no GPU that works. Raises ModelError."""
    if not _has_driver():
        return None
    half = path.with_stem(f"{path.stem}_fp16")
    chosen = half if half.is_file() else path
    try:
        # CUDA and cuDNN may lie among the Python packages, where a linker does not look; what fails is printed.
        with redirect_stdout(io.StringIO()):
            onnxruntime.preload_dlls()
        return chosen, _ready(chosen, threads, CUDA)
    except ModelError:
        raise
    except Exception as error:  # onnxruntime's own have no base in common
        log.warning("there is a GPU, but the network cannot run on it: %s", _first_line(error))
        return None


def _on_cpu(path: Path, threads: int) -> tuple[Path, Session]:
    """Raises ModelError."""
    try:
        return path, _ready(path, threads, CPU)
    except ModelError:
        raise
    except Exception as error:  # as above
        raise ModelError(f"the network's weights {path} cannot be used ({_first_line(error)}): {REMEDY}") from error


def _has_driver() -> bool:
    """Whether CUDA is worth a try: it is built in, and this machine has NVIDIA's driver."""
    if CUDA not in onnxruntime.get_available_providers():
        return False
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def _ready(path: Path, threads: int, provider: str) -> Session:
    """A session that has been looked at and run. Raises ModelError, and whatever onnxruntime does."""
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
    onnxruntime.set_default_logger_severity(SILENT)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = SILENT
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # Threads that spin while they wait take the processor from the event loop, until ICE gives up.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    wanted = [provider] if provider == CPU else [provider, CPU]  # what a GPU has no kernel for
    session = onnxruntime.InferenceSession(content, options, providers=wanted, enable_fallback=0)
    if session.get_providers()[0] != provider:
        raise RuntimeError(f"onnxruntime {onnxruntime.__version__} found no CUDA and cuDNN of the version it needs")
    return session


def _check_stamp(session: Session, path: Path) -> None:
    """Raises ModelError where the weights were made for another spec."""
    said = session.get_modelmeta().custom_metadata_map
    for key, wanted in spec.stamp().items():
        _expect(path, key, said.get(key, "nothing"), wanted)


def _check_tensors(session: Session, path: Path) -> None:
    """Raises ModelError where names, types or shapes are not those of the spec, or the number of eyes is fixed."""
    for kind, found, names in (
        ("inputs", session.get_inputs(), spec.INPUTS),
        ("outputs", session.get_outputs(), spec.OUTPUTS),
    ):
        _expect(path, kind, " ".join(sorted(one.name for one in found)), " ".join(sorted(names)))
        for one in found:
            _expect(path, f"type of {one.name}", one.type, "tensor(float)")
            wanted: tuple[int | str, ...] = ("n", *SHAPES[one.name])
            if not _fits(one.shape, wanted):
                _expect(path, f"shape of {one.name}", _text(one.shape), _text(wanted))


def _fits(shape: Sequence[int | str | None], wanted: Sequence[int | str]) -> bool:
    """Whether a declared shape allows the wanted one; what it leaves open, the first run decides."""
    if len(shape) != len(wanted):
        return False
    return all(size == other for size, other in zip(shape, wanted, strict=True) if isinstance(size, int))


def _expect(path: Path, what: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise ModelError(f"{path} was made for another relay: its {what} is '{found}', needed is '{wanted}': {REMEDY}")


def _run(session: Session, path: Path, *inputs: Tensor) -> list[Tensor]:
    """Tensors in the order of spec.INPUTS -> those of spec.OUTPUTS. Raises NotFiniteError."""
    outputs: list[Tensor] = session.run(list(spec.OUTPUTS), dict(zip(spec.INPUTS, inputs, strict=True)))
    for name, output in zip(spec.OUTPUTS, outputs, strict=True):
        if not np.isfinite(output).all():
            raise NotFiniteError(f"the network {path} gave a {name} that is not finite: {REMEDY}")
    return outputs


def _by_node(layers: Tensor) -> Tensor:
    """(n, layers, h, w) -> (n, h, w, layers), in one piece."""
    return np.ascontiguousarray(np.moveaxis(layers, 1, -1))


def _text(shape: Sequence[int | str | None]) -> str:
    return " x ".join(str(size) for size in shape)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
