"""Runs a compose file with docker compose or podman-compose. Knows nothing of the services."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

PROJECT: Final = "eyeline-check"  # a project of its own, so its containers and volumes are not shared
LABEL: Final = "com.docker.compose"
SETTLED: Final = 2  # seconds between two health checks

REMOVAL: Final = ("--project-name", PROJECT, "down", "--volumes", "--timeout", "10")
READ: Final = "import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1]).read())"

Kind = Literal["docker", "podman"]


class EngineError(Exception):
    """A command of the engine failed; the message has the command and the end of its output."""


@dataclass(frozen=True)
class Engine:
    """Runs the compose file in a folder, as a project of its own.

    compose: the command before its verbs. build_words: more arguments for building. environment: of the compose file.
    """

    kind: Kind
    folder: Path
    compose: tuple[str, ...]
    build_words: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def build(self) -> None:
        """Build the images of all services that start without a profile. Raises EngineError."""
        self._compose(*self.build_words, "--project-name", PROJECT, "build")

    def start(self) -> None:
        """Start them in the background. Raises EngineError."""
        self._compose("--project-name", PROJECT, "up", "--detach", "--no-build")

    def remove(self) -> None:
        """Stop all services and delete their volumes. Raises EngineError."""
        self._compose(*REMOVAL)

    @property
    def removal(self) -> list[str]:
        """The command that `remove` runs."""
        return [*self.compose, *REMOVAL]

    def wait_healthy(self, services: Sequence[str], timeout: float, report: Callable[[str], None]) -> None:
        """Wait until each service is healthy. timeout: seconds. Raises EngineError naming those that are not."""
        end, reported = time.monotonic() + timeout, ""
        while ill := [name for name in services if not self.is_healthy(name)]:
            if time.monotonic() > end:
                report("\n".join(self.logs(name) for name in ill))
                raise EngineError(f"not healthy after {timeout:.0f} s: {', '.join(ill)}")
            if reported != (reported := f"waiting for {', '.join(ill)}"):
                report(reported)
            time.sleep(SETTLED)

    def is_healthy(self, service: str) -> bool:
        """Whether the service runs and its health check passes."""
        container = self.container(service)
        if not container:
            return False
        if self.kind == "podman":  # without systemd podman runs no health checks by itself
            return self._run("podman", "healthcheck", "run", container).returncode == 0
        state = self._run("docker", "inspect", "--format", "{{.State.Health.Status}}", container)
        return state.stdout.strip() == "healthy"

    def container(self, service: str) -> str:
        """The id of its container; empty where it has none."""
        labels = f"label={LABEL}.project={PROJECT}", f"label={LABEL}.service={service}"
        found = self._run(self.kind, "ps", "--all", "--quiet", "--filter", labels[0], "--filter", labels[1])
        return found.stdout.split()[0] if found.stdout.split() else ""

    def user(self, service: str) -> str:
        """The number of the user that its first process runs as."""
        return self._run(self.kind, "exec", self.container(service), "id", "-u").stdout.strip()

    def read(self, service: str, path: str) -> str:
        """Response of the service, which has Python, to an HTTP request from inside. Raises EngineError."""
        words = ("/opt/eyeline/bin/python", "-c", READ, f"http://127.0.0.1:8080{path}")
        run = self._run(self.kind, "exec", self.container(service), *words)
        if run.returncode:
            raise EngineError(f"{service} does not answer at {path}:\n{_end(run.stderr)}")
        return run.stdout

    def logs(self, service: str, lines: int = 20) -> str:
        """The end of its log."""
        run = self._run(self.kind, "logs", "--tail", str(lines), self.container(service))
        return run.stdout + run.stderr

    def version(self) -> str:
        """Its name and version."""
        run = self._run(self.kind, "version", "--format", "json")
        try:
            return f"{self.kind} {json.loads(run.stdout)['Client']['Version']}"
        except (ValueError, KeyError):
            return self.kind

    def _compose(self, *words: str) -> None:
        run = self._run(*self.compose, *words)
        if run.returncode:
            raise EngineError(f"{' '.join([*self.compose, *words])} failed:\n{_end(run.stdout + run.stderr)}")

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=self.folder, env=os.environ | self.environment, capture_output=True, text=True, check=False
        )


def find_engine(folder: Path, wanted: Kind | None, build_arguments: str, environment: dict[str, str]) -> Engine | None:
    """The requested engine, else the first available one; None where there is none.

    build_arguments: more arguments for `podman build`. Docker has no equivalent.
    """
    beside = Path(sys.executable).parent / "podman-compose"
    podman_compose = str(beside) if beside.exists() else shutil.which("podman-compose")
    if wanted != "podman" and _answers("docker", "compose", "version") and _answers("docker", "info"):
        return Engine("docker", folder, ("docker", "compose"), environment=environment)
    if wanted != "docker" and podman_compose and _answers("podman", "info"):
        words = (f"--podman-build-args={build_arguments}",) if build_arguments else ()
        return Engine("podman", folder, (podman_compose,), words, environment)
    return None


def _answers(*words: str) -> bool:
    try:
        return subprocess.run(words, capture_output=True, check=False, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _end(text: str, lines: int = 25) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])
