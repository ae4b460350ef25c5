"""A relay in a process of its own, started by its command line."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.deadlines import STARTING

ROOT = Path(__file__).parents[1]
ADDRESS = re.compile(r"http://[\w.:\[\]-]+")


class RunningRelay:
    """`relay serve` with these flags; `prefix`: the words of a command that runs it, if any.

    scripted: with the stages of tests/scripted.py, which know where the eyes of the clip are and cost almost nothing.

    address: as printed, without a slash at the end. lines: its output so far.
    """

    def __init__(self, *flags: str, prefix: Sequence[str] = (), scripted: bool = False) -> None:
        program = ["tests.scripted"] if scripted else ["relay", "serve"]
        command = [*prefix, sys.executable, "-u", "-m", *program, *flags]
        self.lines: list[str] = []
        self.address = ""
        self._ready = threading.Event()
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read, name="relay's output")
        self._reader.start()
        if not self._ready.wait(STARTING) or not self.address:
            self.kill()
            raise RuntimeError(f"the relay did not start ({' '.join(command)}):\n" + "\n".join(self.lines))

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        return int(self.address.rpartition(":")[2])

    def stop(self) -> int:
        """Stop it with SIGINT, as Ctrl-C does, and wait. Returns its exit code."""
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(STARTING)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._reader.join()
        return code

    def kill(self) -> None:
        """Kill it, as a crash does."""
        self.process.kill()
        self.process.wait()
        self._reader.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.stop()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line.rstrip())
                if not self.address and (found := ADDRESS.search(line)):
                    self.address = found[0]
                    self._ready.set()
        self._ready.set()
