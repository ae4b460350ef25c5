"""Firefox for the tests: Debian's firefox-esr or Firefox, driven by puppeteer-core through Node.

As a program it gets puppeteer-core ready, or says what is missing (status 1).
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
    """A program that is needed is not there; says which, and how to get it."""


def prepare() -> tuple[str, str]:
    """Firefox's and Node's programs, once puppeteer-core is there. Raises MissingError."""
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
    command += ["--prefer-offline", "--fetch-retries=1", "--fetch-retry-maxtimeout=10000"]  # else it takes minutes
    try:
        run = subprocess.run([*command, PUPPETEER], capture_output=True, text=True, check=False, timeout=300)
    except subprocess.TimeoutExpired as error:
        raise MissingError(f"{PUPPETEER} cannot be had from npm: no answer within 5 minutes") from error
    if run.returncode or not LIBRARY.exists():
        raise MissingError(f"{PUPPETEER} cannot be had from npm:\n{run.stderr.strip()}")


class Firefox:
    """A headless Firefox with one page; its camera and microphone are Firefox's own false ones."""

    def __init__(self) -> None:
        firefox, node = prepare()
        self._process = subprocess.Popen(
            [node, str(ROOT / "tests" / "firefox.mjs"), firefox, str(LIBRARY)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.version = str(self._hear())

    def prepare(self, script: str) -> None:
        """Let each page that is opened from now on begin with this JavaScript."""
        self._do("prepare", script)

    def open(self, address: str) -> None:
        """Go there, and wait until it is loaded."""
        self._do("open", address)

    def click(self, selector: str) -> None:
        """Press what this names."""
        self._do("click", selector)

    def evaluate(self, expression: str) -> Any:
        """The value of this JavaScript; of a promise, what comes of it."""
        return self._do("evaluate", expression)

    def picture(self, path: Path) -> None:
        """A picture of the page, as PNG."""
        self._do("picture", str(path))

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

    def _do(self, name: str, argument: str) -> Any:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({name: argument}) + "\n")
        self._process.stdin.flush()
        return self._hear()

    def _hear(self) -> Any:
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
