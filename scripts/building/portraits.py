"""Fetch the public-domain portraits that the tests' faces are made from, out of the package face_recognition's tests.

They are in its source archive only, which pip downloads; existing portraits are kept.
"""

import sys
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from relay.errors import ModelError
from relay.machine.fetch import File, download

FOLDER: Final = user_cache_path("eyeline") / "portraits"
PACKAGE: Final = "face_recognition"
VERSION: Final = "1.3.0"
SHA256: Final = "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec"
MEGABYTES: Final = 3.2
PORTRAITS: Final = {
    "president.jpg": ("obama.jpg", "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6"),
    "vice_president.jpg": ("biden.jpg", "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c"),
    "president_speaking.jpg": ("obama2.jpg", "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6"),
    "president_standing.jpg": ("obama3.jpg", "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3"),
}


@dataclass(frozen=True)
class Picture:
    """One of the package's test images."""

    name: str

    def __str__(self) -> str:
        return f"{self.name} in {PACKAGE}=={VERSION}, by pip"

    def read(self) -> bytes:
        """Its content. Raises OSError."""
        try:
            return _images()[f"{PACKAGE}-{VERSION}/tests/test_images/{self.name}"]
        except (KeyError, tarfile.TarError) as error:
            raise OSError(str(error)) from error


@cache
def _images() -> dict[str, bytes]:
    """Every JPEG in the archive, by its path there."""
    with tempfile.TemporaryDirectory() as folder:
        archive = download(f"{PACKAGE}=={VERSION}", SHA256, Path(folder), f"--no-binary={PACKAGE}")
        with tarfile.open(archive) as source:
            members = [member for member in source if member.isfile() and member.name.endswith(".jpg")]
            return {member.name: file.read() for member in members if (file := source.extractfile(member))}


def main(folder: Path = FOLDER) -> str | None:
    """Fetch missing portraits. Returns an error message, or None."""
    try:
        for name, (inside, sha256) in PORTRAITS.items():
            portrait = File(f"the portrait {name}", sha256, MEGABYTES / len(PORTRAITS), (Picture(inside),))
            if not portrait.is_at(folder / name):
                portrait.fetch(folder / name, _log)
    except ModelError as error:
        return str(error)
    return None


def _log(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
