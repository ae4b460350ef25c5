"""Firefox for the tests: Debian's firefox-esr or Firefox, driven by puppeteer-core through Node.

As a program it installs puppeteer-core, or prints what is missing (status 1).
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

ROOT: Final = Path(__file__).parents[1]
PUPPETEER: Final = "puppeteer-core@24.43.1"  # the newest that runs on Node 20
FOLDER: Final = ROOT / ".cache" / "firefox" / PUPPETEER
LIBRARY: Final = FOLDER / "node_modules" / "puppeteer-core" / "lib" / "esm" / "puppeteer" / "puppeteer-core.js"
NAMES: Final = ("firefox-esr", "firefox")


class MissingError(Exception):
    """A required program is missing; the message says which, and how to install it."""


def prepare() -> tuple[str, str]:
    """Install puppeteer-core if needed. Returns the paths of Firefox and Node. Raises MissingError."""
    firefox = next((path for name in NAMES if (path := shutil.which(name))), None)
    node, npm = shutil.which("node"), shutil.which("npm")
    if firefox is None:
        raise MissingError("no Firefox: install the Debian package firefox-esr, or Firefox")
    if node is None or npm is None:
        raise MissingError("no Node to drive Firefox with: install the Debian packages nodejs and npm")
    if not LIBRARY.exists():
        _install(npm)
    return firefox, node


def _install(npm: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--prefix", str(FOLDER), "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]
    command += [
        "--prefer-offline",
        "--fetch-retries=1",
        "--fetch-retry-maxtimeout=10000",
    ]  # otherwise a failure takes minutes
    try:
        run = subprocess.run([*command, PUPPETEER], capture_output=True, text=True, check=False, timeout=300)
    except subprocess.TimeoutExpired as error:
        raise MissingError(f"{PUPPETEER} cannot be installed with npm: no answer within 5 minutes") from error
    if run.returncode or not LIBRARY.exists():
        raise MissingError(f"{PUPPETEER} cannot be installed with npm:\n{run.stderr.strip()}")


class Firefox:
    """A headless Firefox with one page, and with Firefox's own fake camera and microphone."""

    def __init__(self) -> None:
        firefox, node = prepare()
        self._process = subprocess.Popen(
            [node, str(ROOT / "tests" / "firefox.mjs"), firefox, str(LIBRARY)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.version = str(self._read_answer())

    def prepare(self, script: str) -> None:
        """Run this JavaScript first in each page that is opened from now on."""
        self._command("prepare", script)

    def open(self, address: str) -> None:
        """Open an address, and wait until the page is loaded."""
        self._command("open", address)

    def click(self, selector: str) -> None:
        """Click the element that this selects."""
        self._command("click", selector)

    def evaluate(self, expression: str) -> Any:
        """The value of this JavaScript; of a promise, its result."""
        return self._command("evaluate", expression)

    def picture(self, path: Path) -> None:
        """Write a screenshot of the page, as PNG."""
        self._command("picture", str(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _command(self, name: str, argument: str) -> Any:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({name: argument}) + "\n")
        self._process.stdin.flush()
        return self._read_answer()

    def _read_answer(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("Firefox, or the Node that drives it, has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"Firefox: {answer['error']}")
        return answer["value"]


if __name__ == "__main__":
    try:
        prepare()
    except MissingError as missing:
        sys.exit(str(missing))
