"""`relay check`: checks everything the relay needs on this machine, and reports how to fix what is missing.

Imports each dependency only while checking it, so that a missing one does not hide the others.
"""

import importlib
import platform
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import numpy as np

from relay.config.check import Check
from relay.config.correction import Correction
from relay.errors import ModelError
from relay.frame import Frame
from relay.gaze.face import Angles
from relay.gaze.spec import GRID, VERSION
from relay.gaze.tracking.model import read_model

ONNXRUNTIME: Final = (  # as in pyproject.toml
    "onnxruntime-gpu" if (sys.platform, platform.machine()) == ("linux", "x86_64") else "onnxruntime"
)
# Distribution -> the module that loads its shared libraries.
PACKAGES: Final = {
    "aiohttp": "aiohttp",
    "aiortc": "aiortc",
    "av": "av",
    "mediapipe": "relay.gaze.tracking.landmarks",
    "numpy": "numpy",
    ONNXRUNTIME: "relay.gaze.network",
    "opencv-contrib-python": "cv2",
    "pydantic-settings": "pydantic_settings",
}
# Shared libraries that minimal systems lack -> the Debian and Ubuntu packages that provide them.
LIBRARIES: Final = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLESv2.so.2": "libgles2",
    "libgthread-2.0.so.0": "libglib2.0-0",
}
CODECS: Final = (("libvpx", "w"), ("vp8", "r"), ("libx264", "w"), ("h264", "r"), ("libopus", "w"))
REINSTALL: Final = "install the relay again: delete .venv and run scripts/run"


@dataclass(frozen=True)
class Finding:
    """One line of the table. remedy: how to fix it; empty where nothing is wrong."""

    name: str
    detail: str
    remedy: str = ""


def report(settings: Check, write_line: Callable[[str], None]) -> int:
    """Write a line for each finding. Returns 0 where nothing is missing, else 1."""
    missing = 0
    for finding in inspect(settings):
        missing += bool(finding.remedy)
        write_line(f"{'MISSING' if finding.remedy else 'ok':8}{finding.name:24}{finding.detail}")
        if finding.remedy:
            write_line(f"{'':8}{'':24}-> {finding.remedy}")
    write_line(f"{missing} missing" if missing else "nothing is missing")
    return 1 if missing else 0


def inspect(settings: Check) -> Iterator[Finding]:
    """All findings: interpreter, packages, codecs, models."""
    yield Finding("python", f"{platform.python_version()} on {platform.platform()}")
    for name, module in PACKAGES.items():
        yield check_package(name, module)
    for name, mode in CODECS:
        yield check_codec(name, mode)
    yield check_model(settings.model)
    yield check_landmarks(settings)
    yield check_network(settings)


def check_package(name: str, module: str) -> Finding:
    """Whether it is installed and its shared libraries load."""
    try:
        version = metadata.version(name)
        importlib.import_module(module)
    except metadata.PackageNotFoundError:
        return Finding(name, "not installed", REINSTALL)
    except (ImportError, OSError) as error:
        return Finding(name, str(error), _library_remedy(str(error)))
    return Finding(name, version)


def check_codec(name: str, mode: str) -> Finding:
    """Whether the FFmpeg that av ships has this encoder (w) or decoder (r)."""
    label = f"{'encoder' if mode == 'w' else 'decoder'} {name}"
    try:
        codec = importlib.import_module("av").codec.Codec(name, mode)
    except (ImportError, ValueError) as error:
        return Finding(label, str(error), REINSTALL)
    return Finding(label, codec.long_name)


def check_model(path: Path) -> Finding:
    """Whether the landmark model is there and has the expected checksum."""
    try:
        content = read_model(path)
    except ModelError as error:
        return Finding("landmark model", str(path), str(error))
    return Finding("landmark model", f"{path}, {len(content)} bytes, checksum matches")


def check_landmarks(settings: Check) -> Finding:
    """Whether the landmark model runs. It must find no face in an empty grey frame."""
    without_network = settings.model_copy(update={"field": "geometric"})  # the network is checked separately
    try:
        module = importlib.import_module("relay.gaze.corrector")
        corrector = module.Corrector(without_network, Correction.model_validate({}))
    except (ImportError, OSError, RuntimeError, ModelError):
        return Finding("landmarks", "cannot be tested", "fix what is missing above first")
    faces = corrector.find_faces(_grey(320, 240))
    corrector.close()
    if faces.problem or faces.faces:
        detail = faces.problem or f"{len(faces.faces)} faces in an empty frame"
        return Finding("landmarks", detail, REINSTALL)
    return Finding("landmarks", "no face in an empty frame, as expected")


def check_network(settings: Check) -> Finding:
    """Whether the network's weights load, which provider runs them, and how long two eyes take."""
    if settings.field == "geometric":
        return Finding("network", "not used: --field geometric")
    try:
        network = importlib.import_module("relay.gaze.network").load(settings.weights, settings.compute_threads)
    except (ImportError, OSError) as error:
        return Finding("network", f"cannot be tested without its package: {error}", REINSTALL)
    except ModelError as error:
        return Finding("network", str(settings.weights), str(error))
    duration = f"{1000 * _measure_inference(network):.1f} ms for two eyes"
    return Finding("network", f"{network.path}, spec {VERSION}, on {network.provider}, {duration}")


def _measure_inference(network: Any) -> float:
    """Seconds for two eyes, median of twenty runs."""
    eye = importlib.import_module("relay.gaze.eye_crop").EyeCrop(
        np.zeros((3, *GRID), np.float32), np.zeros((2, *GRID), np.float32), radius=0.2
    )
    times = []
    for _ in range(20):
        start = perf_counter()
        network([eye, eye], [Angles(8.0, 0.0)] * 2)
        times.append(perf_counter() - start)
    return median(times)


def _grey(width: int, height: int) -> Frame:
    half = np.full((height // 2, width // 2), 128, np.uint8)
    return Frame(np.full((height, width), 128, np.uint8), half, half, time=0.0)


def _library_remedy(error: str) -> str:
    found = re.search(r"lib[\w.+-]+\.so[.\d]*", error)
    if not found:
        return REINSTALL
    package = LIBRARIES.get(found[0])
    return f"apt install {package}" if package else f"install the system package that provides {found[0]}"
