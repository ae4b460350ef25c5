"""`relay check`: looks at everything the relay needs on this machine, and says what to do about what is missing.

Imports what it checks only while checking it, so that one thing missing does not hide the others.
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
# Shared libraries that minimal systems lack -> the Debian and Ubuntu packages that have them.
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
    """One line of the table. remedy: what to do; empty where all is well."""

    name: str
    detail: str
    remedy: str = ""


def report(settings: Check, say: Callable[[str], None]) -> int:
    """Say a line for each finding; 0 where nothing is missing, else 1."""
    missing = 0
    for finding in look(settings):
        missing += bool(finding.remedy)
        say(f"{'MISSING' if finding.remedy else 'ok':8}{finding.name:24}{finding.detail}")
        if finding.remedy:
            say(f"{'':8}{'':24}-> {finding.remedy}")
    say(f"{missing} missing" if missing else "everything is there")
    return 1 if missing else 0


def look(settings: Check) -> Iterator[Finding]:
    """Everything, from the bottom up."""
    yield Finding("python", f"{platform.python_version()} on {platform.platform()}")
    for name, module in PACKAGES.items():
        yield check_package(name, module)
    for name, mode in CODECS:
        yield check_codec(name, mode)
    yield check_model(settings.model)
    yield check_sight(settings)
    yield check_network(settings)


def check_package(name: str, module: str) -> Finding:
    """Is it installed, and do its shared libraries load?"""
    try:
        version = metadata.version(name)
        importlib.import_module(module)
    except metadata.PackageNotFoundError:
        return Finding(name, "not installed", REINSTALL)
    except (ImportError, OSError) as error:
        return Finding(name, str(error), _library_remedy(str(error)))
    return Finding(name, version)


def check_codec(name: str, mode: str) -> Finding:
    """Does FFmpeg, as av brings it, have this encoder (w) or decoder (r)?"""
    label = f"{'encoder' if mode == 'w' else 'decoder'} {name}"
    try:
        codec = importlib.import_module("av").codec.Codec(name, mode)
    except (ImportError, ValueError) as error:
        return Finding(label, str(error), REINSTALL)
    return Finding(label, codec.long_name)


def check_model(path: Path) -> Finding:
    """Is the landmark model there, and the right one?"""
    try:
        content = read_model(path)
    except ModelError as error:
        return Finding("landmark model", str(path), str(error))
    return Finding("landmark model", f"{path}, {len(content)} bytes, checksum as expected")


def check_sight(settings: Check) -> Finding:
    """Does the landmark model run? In an empty grey picture it must find nobody."""
    alone = settings.model_copy(update={"field": "geometric"})  # the network is looked at by itself
    try:
        eyes = importlib.import_module("relay.gaze.corrector").Corrector(alone, Correction.model_validate({}))
    except (ImportError, OSError, RuntimeError, ModelError):
        return Finding("landmarks", "cannot be tried", "see to what is missing above first")
    faces = eyes.find_faces(_grey(320, 240))
    eyes.close()
    if faces.problem or faces.faces:
        detail = faces.problem or f"{len(faces.faces)} faces in an empty picture"
        return Finding("landmarks", detail, REINSTALL)
    return Finding("landmarks", "found nobody in an empty picture, as it should")


def check_network(settings: Check) -> Finding:
    """Do the network's weights load, on what do they run, and how long do two eyes take?"""
    if settings.field == "geometric":
        return Finding("network", "not asked for: --field geometric")
    try:
        network = importlib.import_module("relay.gaze.network").load(settings.weights, settings.compute_threads)
    except (ImportError, OSError) as error:
        return Finding("network", f"cannot be tried without its package: {error}", REINSTALL)
    except ModelError as error:
        return Finding("network", str(settings.weights), str(error))
    spent = f"{1000 * _time_two_eyes(network):.1f} ms for two eyes"
    return Finding("network", f"{network.path}, spec {VERSION}, on {network.provider}, {spent}")


def _time_two_eyes(network: Any) -> float:
    """Seconds, the middle of twenty runs."""
    eye = importlib.import_module("relay.gaze.eye_crop").EyeCrop(
        np.zeros((3, *GRID), np.float32), np.zeros((2, *GRID), np.float32), radius=0.2
    )
    times = []
    for _ in range(20):
        begun = perf_counter()
        network([eye, eye], [Angles(8.0, 0.0)] * 2)
        times.append(perf_counter() - begun)
    return median(times)


def _grey(width: int, height: int) -> Frame:
    half = np.full((height // 2, width // 2), 128, np.uint8)
    return Frame(np.full((height, width), 128, np.uint8), half, half, time=0.0)


def _library_remedy(error: str) -> str:
    found = re.search(r"lib[\w.+-]+\.so[.\d]*", error)
    if not found:
        return REINSTALL
    package = LIBRARIES.get(found[0])
    return f"apt install {package}" if package else f"install the system package that has {found[0]}"
